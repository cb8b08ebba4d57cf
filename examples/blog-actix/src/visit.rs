//! One request's asker, and pages for them.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder,
    dev::Payload,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, VARY},
    },
};
use blog::{BlogRole, Content, Notice, Viewer};
use hallpass::{Authentication, Denial};

/// Who asks.
pub(crate) struct Visit {
    pub(crate) viewer: Option<Viewer>,
}

impl Visit {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let identity = request.extensions().get::<Authentication>().and_then(Authentication::identity::<BlogRole>);
        Self { viewer: identity.map(|me| Viewer::new(me.username(), me.roles())) }
    }

    /// The page in the blog's frame. Every page shows who is signed in, so none may be kept for the next person.
    pub(crate) fn page(&self, content: &impl Content) -> HttpResponse {
        self.page_with(StatusCode::OK, content)
    }

    pub(crate) fn page_with(&self, status: StatusCode, content: &impl Content) -> HttpResponse {
        HttpResponseBuilder::new(status)
            .content_type("text/html; charset=utf-8")
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((VARY, "accept, cookie"))
            .body(blog::document(content, self.viewer.as_ref()))
    }
}

impl FromRequest for Visit {
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// The page for a denial; the library's own where the blog has nothing better to say.
pub(crate) fn denied_page(denial: Denial, request: &HttpRequest) -> Option<HttpResponse> {
    // The library sends a browser that is only looking to the log-in, and from there back here.
    if denial.status() == 401 && request.method().is_safe() {
        return None;
    }
    let visit = Visit::of(request);
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let notice = Notice::of_denial(denial.kind(), denial.status(), target, visit.viewer.as_ref())?;
    Some(visit.page_with(StatusCode::from_u16(denial.status()).ok()?, &notice))
}
