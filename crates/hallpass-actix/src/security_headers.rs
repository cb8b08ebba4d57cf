//! The security headers for the site's own responses.
//!
//! The responses of the library have these headers already. This middleware is for the site's own
//! pages. Pass it to the last call of `App::wrap`. A header that a route has set is kept, so that a
//! page with another policy sets its own.

use std::sync::Arc;

use actix_web::{
    body::EitherBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, HeaderValue},
};
use hallpass_core::{Refreshing, Rejection, SecurityHeaders};

use crate::around::{Around, transform};

/// Adds the [`SecurityHeaders`] that a response does not have.
///
/// ```
/// use actix_web::{App, HttpResponse, test, web};
/// use hallpass_actix::SecurityHeadersLayer;
/// use hallpass_core::SecurityHeaders;
///
/// # #[actix_web::main]
/// # async fn main() {
/// let page = || async { HttpResponse::Ok().insert_header(("referrer-policy", "no-referrer")).finish() };
/// let app = App::new()
///     .route("/", web::get().to(page))
///     .wrap(SecurityHeadersLayer::new(&SecurityHeaders::new()));
/// let app = test::init_service(app).await;
/// let page = test::call_service(&app, test::TestRequest::get().uri("/").to_request()).await;
/// assert_eq!(page.headers().get("x-frame-options").unwrap(), "DENY");
/// assert_eq!(page.headers().get("referrer-policy").unwrap(), "no-referrer", "the route's own");
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SecurityHeadersLayer {
    headers: Arc<[(HeaderName, HeaderValue)]>,
}

impl SecurityHeadersLayer {
    /// Creates middleware with these headers.
    pub fn new(headers: &SecurityHeaders) -> Self {
        let typed = headers.iter().filter_map(|(name, value)| {
            Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
        });
        Self { headers: typed.collect() }
    }
}

transform!(SecurityHeadersLayer);

impl Around for SecurityHeadersLayer {
    fn before(&self, _: &ServiceRequest) -> Result<Option<Refreshing>, Rejection> {
        Ok(None)
    }

    fn after<B>(&self, mut answer: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
        let headers = answer.headers_mut();
        for (name, value) in self.headers.iter() {
            let own = headers.get(name);
            if own.is_none_or(|own| SecurityHeaders::replace(name.as_str(), own.as_bytes())) {
                headers.insert(name.clone(), value.clone());
            }
        }
        answer.map_into_left_body()
    }
}
