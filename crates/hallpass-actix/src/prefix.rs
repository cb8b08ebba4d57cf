//! The spelling of a request's path, with or without the path prefix of the site.
//!
//! A reverse proxy may remove the prefix or pass it on, and the app's routes may be registered
//! without the prefix or in a scope at it. Middleware around the app runs before actix-web selects
//! a route, so the path is replaced by the spelling that is a route. A site without a prefix, and
//! middleware inside a scope, change nothing.

use std::borrow::Cow;

use actix_web::{
    dev::{ServiceRequest, Url},
    http::Uri,
};
use hallpass_core::PathPrefix;

/// Replaces the path by the spelling that is a route of the app. If no spelling is a route, the
/// path is left without the prefix.
pub(crate) fn respell(request: &mut ServiceRequest, prefix: &PathPrefix) {
    if prefix.is_empty() {
        return;
    }
    let whole = request.match_info();
    let is_app_level = whole.unprocessed().len() == whole.as_str().len();
    let path = request.uri().path();
    // `OPTIONS *` and `CONNECT host:443` have no path.
    if !is_app_level || !path.starts_with('/') {
        return;
    }
    let bare = prefix.strip(path);
    let nested = prefix.join(&bare);
    // `web::scope("/app")` has its resource "" there.
    let nested_home = if bare == "/" { prefix.as_str() } else { nested.as_str() };
    let candidates = [&*bare, nested.as_str(), nested_home];
    let routes = request.resource_map();
    let is_route = |uri: &Uri| routes.has_resource(Url::new(uri.clone()).path());
    let mut spellings = candidates.into_iter().filter_map(|path| with_path(request.uri(), path));
    let Some(uri) = spellings.find(is_route).or_else(|| with_path(request.uri(), &bare)) else {
        return;
    };
    if *request.uri() != uri {
        request.match_info_mut().set(Url::new(uri.clone()));
        request.head_mut().uri = uri;
    }
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    let target = match uri.query() {
        Some(query) => Cow::Owned(format!("{path}?{query}")),
        None => Cow::Borrowed(path),
    };
    parts.path_and_query = Some(target.parse().ok()?);
    Uri::from_parts(parts).ok()
}
