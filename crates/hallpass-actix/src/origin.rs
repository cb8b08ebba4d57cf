//! The cross-origin (CSRF) check as middleware of its own.
//!
//! The [`AuthLayer`](crate::AuthLayer) and the login routes do this check themselves. This
//! middleware is for a part of an app whose `AuthLayer` is without it. Wrap that part in it before
//! the `AuthLayer`, so that a rejection is rendered for the caller. [`OriginCheck`] documents the
//! rules and their reasons.

use std::sync::Arc;

use actix_web::{dev::ServiceRequest, http::header::HeaderValue};
use hallpass_core::{OriginCheck, OriginFacts, Refreshing, Rejection, SystemClock};

use crate::around::{Around, transform};

/// Rejects unsafe requests that another site made the browser send.
///
/// ```
/// use actix_web::{App, http::StatusCode, test, web};
/// use hallpass_actix::OriginLayer;
/// use hallpass_core::OriginCheck;
///
/// # #[actix_web::main]
/// # async fn main() {
/// let app = App::new()
///     .route("/posts", web::post().to(|| async { "posted" }))
///     .wrap(OriginLayer::new(OriginCheck::new()));
/// let app = test::init_service(app).await;
/// let post = |from| {
///     test::TestRequest::post()
///         .uri("/posts")
///         .insert_header(("sec-fetch-site", from))
///         .to_request()
/// };
/// assert_eq!(test::call_service(&app, post("same-origin")).await.status(), StatusCode::OK);
/// assert_eq!(
///     test::call_service(&app, post("cross-site")).await.status(),
///     StatusCode::FORBIDDEN
/// );
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct OriginLayer {
    check: Arc<OriginCheck>,
}

impl OriginLayer {
    /// Creates middleware with this check and its exceptions.
    pub fn new(check: OriginCheck) -> Self {
        Self { check: Arc::new(check) }
    }
}

transform!(OriginLayer);

impl Around for OriginLayer {
    fn before(&self, request: &ServiceRequest) -> Result<Option<Refreshing>, Rejection> {
        let checked = self.check.check_and_log(&origin_facts(request), &SystemClock).inspect_err(|rejection| {
            tracing::debug!(target: "hallpass", kind = rejection.kind().as_str(), "request rejected");
        });
        checked.map(|()| None)
    }
}

pub(crate) fn origin_facts(request: &ServiceRequest) -> OriginFacts<'_> {
    let (uri, headers) = (request.uri(), request.headers());
    let authority = uri.authority().map(|authority| authority.as_str());
    let header = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    OriginFacts::read(request.method().as_str(), authority, uri.path(), header)
}
