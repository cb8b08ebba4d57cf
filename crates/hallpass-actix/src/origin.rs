//! The cross-origin check for a whole site.
//!
//! The sign-in routes check for themselves; this is for the site's own forms. Wrap the app in it before [`Auth`](crate::Auth), so
//! that a refusal is worded for the caller. The rules and their reasons are those of [`OriginCheck`].

use std::sync::Arc;

use actix_web::{
    dev::ServiceRequest,
    http::{header::HeaderValue, uri::Authority},
};
use hallpass_core::{Denial, OriginCheck, OriginFacts};

use crate::guard::{Check, transform};

/// Refuses unsafe requests that another site made the browser send.
///
/// ```
/// use actix_web::{App, http::StatusCode, test, web};
/// use hallpass_actix::SameOrigin;
/// use hallpass_core::OriginCheck;
///
/// # #[actix_web::main]
/// # async fn main() {
/// let app = App::new().route("/posts", web::post().to(|| async { "posted" })).wrap(SameOrigin::new(OriginCheck::new()));
/// let app = test::init_service(app).await;
/// let post = |from| test::TestRequest::post().uri("/posts").insert_header(("sec-fetch-site", from)).to_request();
/// assert_eq!(test::call_service(&app, post("same-origin")).await.status(), StatusCode::OK);
/// assert_eq!(test::call_service(&app, post("cross-site")).await.status(), StatusCode::FORBIDDEN);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SameOrigin {
    check: Arc<OriginCheck>,
}

impl SameOrigin {
    /// Checks with these exceptions.
    pub fn new(check: OriginCheck) -> Self {
        Self { check: Arc::new(check) }
    }
}

impl Check for SameOrigin {
    fn check(&self, request: &ServiceRequest) -> Result<(), Denial> {
        let header = |name: &str| request.headers().get(name).map(HeaderValue::as_bytes);
        // The request target's authority goes before `Host`, and is all there is in HTTP/2 (RFC 9112 section 3.2.2).
        let authority = request.uri().authority().map(Authority::as_str).map(str::as_bytes);
        let facts = OriginFacts {
            method: request.method().as_str(),
            host: authority.or_else(|| header("host")),
            origin: header("origin"),
            sec_fetch_site: header("sec-fetch-site"),
            path: request.uri().path(),
        };
        self.check.check(&facts).map(drop).inspect_err(|denial| {
            tracing::debug!(target: "hallpass", kind = denial.kind().as_str(), "request refused");
        })
    }

    fn asks_who(&self) -> bool {
        false
    }
}

transform!(SameOrigin);
