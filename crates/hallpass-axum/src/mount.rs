//! A router whose routes answer with and without the path prefix of the site.
//!
//! axum selects a route before the layers of a [`Router`] run, so no layer on a router can remove
//! the prefix. This router is put around the whole site instead. Without a prefix nothing is put
//! around the site.
//!
//! The site's routes may have been registered without the prefix, or nested at it. The path of a
//! request is first tried without the prefix and then with it. If neither is a route, the site's
//! fallback receives the path without the prefix. So a site has the same routes behind a proxy that
//! removes the prefix and behind one that passes it on.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::Body,
    response::Response,
    routing::{RouterIntoService, future::RouteFuture},
};
use hallpass_core::PathPrefix;
use http::{Request, Uri};
use tower_service::Service;

/// Returns a router with the routes of `site` at their paths with and without the prefix.
///
/// ```
/// use axum::{Router, body::Body, http::Request, routing::get};
/// use hallpass_core::PublicOrigin;
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let origin = PublicOrigin::parse("https://site.example/app").unwrap();
/// let site = Router::new().route("/posts", get(|| async { "the posts" }));
/// let site = hallpass_axum::mount(site, origin.prefix());
/// for (path, status) in [("/posts", 200), ("/app/posts", 200), ("/shop/posts", 404)] {
///     let request = Request::get(path).body(Body::empty()).unwrap();
///     assert_eq!(site.clone().oneshot(request).await.unwrap().status(), status, "{path}");
/// }
/// # }
/// ```
pub fn mount(site: Router, prefix: &PathPrefix) -> Router {
    if prefix.is_empty() {
        return site;
    }
    let respell = |router: Router, spelling| Respell {
        router: router.into_service(),
        prefix: prefix.clone(),
        spelling,
    };
    let for_fallback = respell(site.clone(), Spelling::Strip);
    let nested_home = site.clone().fallback_service(for_fallback);
    let nested_home = respell(nested_home, Spelling::NoSlashAfterPrefix);
    let nested = respell(site.clone().fallback_service(nested_home), Spelling::Join);
    let bare = respell(site.fallback_service(nested), Spelling::Strip);
    Router::new().fallback_service(bare)
}

/// A router that receives each path in this spelling.
#[derive(Clone)]
struct Respell {
    router: RouterIntoService<Body>,
    prefix: PathPrefix,
    spelling: Spelling,
}

#[derive(Clone, Copy)]
enum Spelling {
    /// `/app/posts` is `/posts`.
    Strip,
    /// `/posts` is `/app/posts`.
    Join,
    /// `/app/` is `/app`: there `Router::nest` has the route `/` of the nested router.
    NoSlashAfterPrefix,
}

impl Service<Request<Body>> for Respell {
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.router.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let path = request.uri().path();
        let prefix = self.prefix.as_str();
        let respelled = match self.spelling {
            Spelling::Strip => self.prefix.strip(path),
            Spelling::Join => self.prefix.join(path).into(),
            Spelling::NoSlashAfterPrefix if path.strip_prefix(prefix) == Some("/") => prefix.into(),
            Spelling::NoSlashAfterPrefix => path.into(),
        };
        // A target that is not a path (`OPTIONS *`, `CONNECT host:443`) is passed on as it is.
        if path.starts_with('/')
            && respelled != path
            && let Some(uri) = with_path(request.uri(), &respelled)
        {
            *request.uri_mut() = uri;
        }
        self.router.call(request)
    }
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}").parse(),
        None => path.parse(),
    };
    parts.path_and_query = Some(target.ok()?);
    Uri::from_parts(parts).ok()
}
