//! The guards: a requirement around a scope or a resource, or as a routing guard.
//!
//! A guard has no settings. It compares its requirement with the caller that
//! [`AuthLayer`](crate::AuthLayer) found. It leaves a rejection on an empty response, which
//! `AuthLayer` renders. The handler does not run.
//!
//! The response of a guarded route depends on the caller and must not be shared. Unless the handler
//! sets the header, it is sent with `Cache-Control: no-store`. Without that header a cache may
//! store the response to a request with a cookie and send it to another person (RFC 9111 section
//! 3; only `Authorization` forbids that by itself).

use actix_web::{
    HttpMessage,
    body::EitherBody,
    dev::{ServiceRequest, ServiceResponse},
    guard::{Guard, GuardContext},
    http::header::{CACHE_CONTROL, HeaderValue},
};
use hallpass_core::{Refreshing, Rejection};

use crate::{
    around::{Around, transform},
    authentication::{admit, state},
};

hallpass_core::guards! {
    /// A guard around a route: it [wraps](actix_web::Resource::wrap) a resource, a scope or an app.
    ///
    /// It is a routing [`Guard`] too: there a caller who does not meet it does not match, and the
    /// next route is tried.
    ///
    /// ```
    /// use actix_web::web;
    /// use hallpass_actix::require_roles;
    /// # use hallpass_core::Role;
    /// # #[derive(Role)]
    /// # enum SiteRole { Guest, Admin }
    ///
    /// let guarded = web::resource("/admin")
    ///     .wrap(require_roles([SiteRole::Admin]))
    ///     .to(|| async { "the office" });
    /// let routed = web::resource("/")
    ///     .route(web::get().guard(require_roles([SiteRole::Admin])).to(|| async { "the office" }))
    ///     .route(web::get().to(|| async { "the front page" }));
    /// # let _ = (guarded, routed);
    /// ```
}

impl Guard for RequireLayer {
    fn check(&self, context: &GuardContext<'_>) -> bool {
        // Only a match counts as a guard that ran: the next route needs its own.
        let admitted = admit(&self.requirement, context.req_data());
        admitted.map(|_proof| state(context.req_data())).is_ok()
    }
}

transform!(RequireLayer);

impl Around for RequireLayer {
    fn before(&self, request: &ServiceRequest) -> Result<Option<Refreshing>, Rejection> {
        state(request.extensions());
        admit(&self.requirement, request.extensions()).map(|_who| None)
    }

    fn after<B>(&self, mut answer: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
        if !self.requirement.is_open() && !answer.headers().contains_key(CACHE_CONTROL) {
            answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        answer.map_into_left_body()
    }
}
