//! All routes of the blog, and the requirement of each route.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use blog::{BlogRole, Failure, Site};
use hallpass::flow::Readiness;
use hallpass::{require_any_role, require_login, require_roles};

use crate::failure::{Failed, render};
use crate::rejected::rejection_page;
use crate::{people, post_pages, profile};

/// Returns the router of the whole site. The last layer in the source runs first. The routes answer
/// with and without the path of the public origin.
pub(crate) fn routes(site: Site) -> Router {
    let admin = || require_roles([BlogRole::Admin]);
    let recent_admin = || admin().and_second_factor().and_recent(TEN_MINUTES);
    let moderator = || require_any_role([BlogRole::Moderator, BlogRole::Admin]);
    let prefix = site.hallpass.prefix().clone();
    let router = Router::new()
        .route("/", get(post_pages::home))
        .route("/posts/{slug}", get(post_pages::post))
        .route("/posts/new", get(post_pages::new).route_layer(admin()))
        .route(
            "/posts",
            post(post_pages::publish).route_layer(admin()).layer(DefaultBodyLimit::max(POST_LIMIT)),
        )
        .route("/posts/{slug}/hide", post(post_pages::hide).route_layer(moderator()))
        .route("/profile", get(profile::profile).route_layer(require_login()))
        .route("/admin", get(people::people).route_layer(recent_admin()))
        .route("/admin/users/{username}/role", post(people::set_role).route_layer(recent_admin()))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route(
            "/style.css",
            get(|| async { asset("text/css; charset=utf-8", blog::style_sheet()) }),
        )
        .route("/favicon.svg", get(|| async { asset("image/svg+xml", blog::FAVICON) }))
        .fallback(|| async { Failed::from(Failure::NotFound) })
        .method_not_allowed_fallback(|| async { Failed::from(Failure::MethodNotAllowed) })
        .with_state(site.clone())
        .merge(site.hallpass.routes())
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .layer(from_fn_with_state(site.clone(), render))
        .layer(
            site.hallpass.layer().on_rejection(move |rejection, request| {
                rejection_page(rejection, request, &prefix)
            }),
        )
        .layer(site.hallpass.security_headers());
    site.hallpass.mount(router)
}

/// Responds with 503 and the reason while this process must not serve requests.
async fn readyz(State(site): State<Site>) -> impl IntoResponse {
    match site.hallpass.readiness() {
        Readiness::Ready => (StatusCode::OK, "ready\n".to_owned()),
        reason => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", reason.as_str())),
    }
}

fn asset(content_type: &'static str, content: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, content_type), (CACHE_CONTROL, "public, max-age=3600")], content)
}

/// Maximum age of the login for the people page and for role changes.
const TEN_MINUTES: Duration = Duration::from_secs(600);
/// Maximum size of a form, in bytes; the same limit as hallpass's own routes have.
const FORM_LIMIT: usize = 8 * 1024;
/// Maximum size of the form for a post, in bytes: 20,000 characters of 4 bytes, 3 bytes for each
/// percent-encoded byte, and a title.
const POST_LIMIT: usize = 256 * 1024;
