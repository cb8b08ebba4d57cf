//! The layers, guards and login routes on actix-web.

use std::sync::Arc;

use actix_web::{
    Error, HttpMessage, HttpResponse,
    dev::{AppService, HttpServiceFactory, Service, ServiceRequest, ServiceResponse, Transform},
    guard::{Guard, GuardContext},
    http::header::HeaderValue,
};
use hallpass_core::{Authentication, Role};

use crate::{
    layer::{AuthLayer, OriginLayer, RejectedRequest, RejectionPage, SecurityHeadersLayer},
    require::RequireLayer,
    site::LoginRoutes,
};

impl<S, B, R, P, T> Transform<S, ServiceRequest> for AuthLayer<R, P, T>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    R: Role,
    P: RejectionPage<HttpResponse> + Send + Sync + 'static,
{
    type Response = <hallpass_actix::AuthLayer<R> as Transform<S, ServiceRequest>>::Response;
    type Error = Error;
    type Transform = <hallpass_actix::AuthLayer<R> as Transform<S, ServiceRequest>>::Transform;
    type InitError = ();
    type Future = <hallpass_actix::AuthLayer<R> as Transform<S, ServiceRequest>>::Future;

    fn new_transform(&self, inner: S) -> Self::Future {
        let page = Arc::clone(&self.page);
        let layer = self.actix.clone().on_rejection(move |rejection, request| {
            let header = |name: &str| request.headers().get(name).map(HeaderValue::as_bytes);
            let who = request.extensions().get().cloned().unwrap_or_else(Authentication::anonymous);
            let rejected = RejectedRequest {
                method: request.method().as_str(),
                target: request.uri().path_and_query().map_or("/", |target| target.as_str()),
                header: &header,
                authentication: &who,
                actix: Some(request),
            };
            page.page(rejection, &rejected)
        });
        layer.new_transform(inner)
    }
}

impl<S, B> Transform<S, ServiceRequest> for OriginLayer
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = <hallpass_actix::OriginLayer as Transform<S, ServiceRequest>>::Response;
    type Error = Error;
    type Transform = <hallpass_actix::OriginLayer as Transform<S, ServiceRequest>>::Transform;
    type InitError = ();
    type Future = <hallpass_actix::OriginLayer as Transform<S, ServiceRequest>>::Future;

    fn new_transform(&self, inner: S) -> Self::Future {
        self.actix.new_transform(inner)
    }
}

impl<S, B> Transform<S, ServiceRequest> for SecurityHeadersLayer
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response =
        <hallpass_actix::SecurityHeadersLayer as Transform<S, ServiceRequest>>::Response;
    type Error = Error;
    type Transform =
        <hallpass_actix::SecurityHeadersLayer as Transform<S, ServiceRequest>>::Transform;
    type InitError = ();
    type Future = <hallpass_actix::SecurityHeadersLayer as Transform<S, ServiceRequest>>::Future;

    fn new_transform(&self, inner: S) -> Self::Future {
        self.actix().new_transform(inner)
    }
}

impl<S, B> Transform<S, ServiceRequest> for RequireLayer
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = <hallpass_actix::RequireLayer as Transform<S, ServiceRequest>>::Response;
    type Error = Error;
    type Transform = <hallpass_actix::RequireLayer as Transform<S, ServiceRequest>>::Transform;
    type InitError = ();
    type Future = <hallpass_actix::RequireLayer as Transform<S, ServiceRequest>>::Future;

    fn new_transform(&self, inner: S) -> Self::Future {
        hallpass_actix::RequireLayer::new(*self.requirement()).new_transform(inner)
    }
}

impl Guard for RequireLayer {
    fn check(&self, context: &GuardContext<'_>) -> bool {
        hallpass_actix::RequireLayer::new(*self.requirement()).check(context)
    }
}

impl<R: Role> HttpServiceFactory for LoginRoutes<R> {
    fn register(self, config: &mut AppService) {
        hallpass_actix::routes(&self.0).register(config);
    }
}
