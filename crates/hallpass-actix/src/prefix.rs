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
    if let Some(uri) = respelled(request, prefix) {
        request.match_info_mut().set(Url::new(uri.clone()));
        request.head_mut().uri = uri;
    }
}

/// Returns the target with another spelling of the path, or `None` if the path stays as it is.
fn respelled(request: &ServiceRequest, prefix: &PathPrefix) -> Option<Uri> {
    let (whole, uri) = (request.match_info(), request.uri());
    let is_app_level = whole.unprocessed().len() == whole.as_str().len();
    // `OPTIONS *` and `CONNECT host:443` have no path.
    if !is_app_level || !uri.path().starts_with('/') {
        return None;
    }
    let bare = prefix.strip(uri.path());
    let nested = prefix.join(&bare);
    // `web::scope("/app")` has its resource "" there.
    let nested_home = if bare == "/" { prefix.as_str() } else { nested.as_str() };
    let routes = request.resource_map();
    let route = [&*bare, nested.as_str(), nested_home]
        .into_iter()
        .filter_map(|path| with_path(uri, path))
        .find(|uri| routes.has_resource(Url::new(uri.clone()).path()));
    route.or_else(|| with_path(uri, &bare)).filter(|respelled| respelled != uri)
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
