//! The client of a request: the identity, and the preferred format of the response.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder,
    dev::Payload,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, LOCATION, VARY},
    },
    web,
};
use blog::{BlogRole, Content, Data, Failure, Notice, Site, Viewer};
use hallpass::Rejection;
use hallpass::request::{Caller, PathPrefix, RejectedRequest};
use hallpass::token::Authentication;

/// The identity of the client, and whether it prefers JSON.
pub(crate) struct Visit {
    pub(crate) viewer: Option<Viewer>,
    pub(crate) prefix: PathPrefix,
    json: bool,
}

impl Visit {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let identity = request
            .extensions()
            .get::<Authentication>()
            .and_then(Authentication::identity::<BlogRole>);
        let header = |name: &str| request.headers().get(name).map(|value| value.as_bytes());
        let caller = Caller::new(request.method().as_str(), request.path(), header);
        let site = request.app_data::<web::Data<Site>>();
        Self {
            viewer: identity.map(|me| Viewer::new(me.username(), me.roles())),
            prefix: site.map(|site| site.hallpass.prefix().clone()).unwrap_or_default(),
            json: caller.prefers_json(),
        }
    }

    pub(crate) fn wants_json(&self) -> bool {
        self.json
    }

    /// Renders the page in the blog's frame.
    pub(crate) fn page(&self, content: &impl Content) -> HttpResponse {
        self.page_with(StatusCode::OK, content)
    }

    /// Redirects to one of the blog's own paths.
    pub(crate) fn see_other(&self, path: &str) -> HttpResponse {
        HttpResponse::SeeOther().insert_header((LOCATION, self.prefix.join(path))).finish()
    }

    pub(crate) fn page_with(&self, status: StatusCode, content: &impl Content) -> HttpResponse {
        let document = blog::document(content, self.viewer.as_ref(), self.prefix.as_str());
        personal(status).content_type("text/html; charset=utf-8").body(document)
    }

    /// Renders the page as HTML, or its data as JSON.
    pub(crate) fn answer(&self, page: &impl Data) -> HttpResponse {
        if self.json {
            personal(StatusCode::OK).json(page.json(self.prefix.as_str()))
        } else {
            self.page(page)
        }
    }

    /// Renders a failure as a page or as problem details (RFC 9457).
    pub(crate) fn failure(&self, failure: &Failure) -> HttpResponse {
        let status =
            StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if self.json {
            personal(status)
                .content_type("application/problem+json")
                .body(failure.problem().to_string())
        } else {
            self.page_with(status, &failure.notice())
        }
    }
}

/// Returns a response that no cache may store, because every page shows the name of the person who
/// is logged in.
fn personal(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponseBuilder::new(status);
    response.insert_header((CACHE_CONTROL, "no-store")).insert_header((VARY, "accept, cookie"));
    response
}

impl FromRequest for Visit {
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// Returns the blog's page for a rejection, or `None` to use hallpass's own response.
pub(crate) fn rejection_page(
    rejection: Rejection,
    request: &RejectedRequest<'_>,
) -> Option<HttpResponse> {
    // hallpass redirects a `GET` to the login page, and after the login back to this page.
    if rejection.status() == 401 && matches!(request.method(), "GET" | "HEAD") {
        return None;
    }
    let visit = Visit::of(request.actix()?);
    let notice =
        Notice::of_denial(rejection, request.target(), visit.viewer.as_ref(), &visit.prefix)?;
    Some(visit.page_with(StatusCode::from_u16(rejection.status()).ok()?, &notice))
}
