//! Turns a guard's rejection into the response that the caller receives.

use hallpass_core::{Caller, Rejection, RejectionResponse, ReportedKind, SecurityHeaders};
use http::{HeaderName, HeaderValue, Method, Response, header, response::Parts};
use http_body::Body;

use super::Shared;
use crate::rejection::{OnRejection, Rejected, status};

impl<R, P, T> Shared<R, P, T> {
    /// Renders a rejection, for `HEAD` without the body. `guarded` is the guard's response, which
    /// has no body. Headers that layers in between added to it (a policy, a cookie) are kept.
    pub(super) fn render<B>(&self, rejected: Rejected, guarded: Response<B>) -> Response<B>
    where
        P: OnRejection<B>,
        T: TextBody<B>,
        B: Body,
    {
        let head = rejected.request.method() == Method::HEAD;
        let response = self.render_whole(rejected, guarded);
        if head { self.head_of(response) } else { response }
    }

    /// Returns the response to `HEAD`: the headers of the response to `GET`, including the content
    /// length, without the body (RFC 9110 section 9.3.2). hyper drops a body over HTTP/1, but over
    /// HTTP/2 it would reset the stream.
    fn head_of<B>(&self, response: Response<B>) -> Response<B>
    where
        T: TextBody<B>,
        B: Body,
    {
        let (mut parts, body) = response.into_parts();
        if let Some(length) = body.size_hint().exact() {
            parts.headers.entry(header::CONTENT_LENGTH).or_insert(length.into());
        }
        Response::from_parts(parts, self.text_body.body(String::new()))
    }

    fn render_whole<B>(&self, rejected: Rejected, guarded: Response<B>) -> Response<B>
    where
        P: OnRejection<B>,
        T: TextBody<B>,
    {
        let Rejected { rejection, request } = rejected;
        self.meter.rejected(rejection);
        let kind = ReportedKind::Request(rejection.kind());
        let who = request.authentication();
        let now = who.moment().unwrap_or_else(|| self.clock.now());
        self.report(kind, now, who, request.headers(), request.extensions());
        let (mut parts, _no_body) = guarded.into_parts();
        for name in RejectionResponse::BODY_HEADERS {
            parts.headers.remove(name);
        }
        // For outer layers that log or count. `Rejected` has been removed, because an outer layer
        // would render it again.
        parts.extensions.insert(rejection);

        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let caller = Caller::new(request.method().as_str(), target, |name| {
            request.headers().get(name).map(HeaderValue::as_bytes)
        });
        if caller.takes_page()
            && let Some(page) = self.page.page(rejection, &request)
        {
            return self.own_page(rejection, parts, page);
        }
        let RejectionResponse { status: code, headers, body } =
            RejectionResponse::new(rejection, &caller, &self.settings);
        parts.status = status(code);
        for (name, value) in typed(headers) {
            // A policy of a layer of the site in between is kept.
            let is_set = parts.headers.contains_key(&name);
            if !(is_set && SecurityHeaders::contain(name.as_str())) {
                parts.headers.insert(name, value);
            }
        }
        Response::from_parts(parts, self.text_body.body(body))
    }

    /// Renders the site's own page. The response never has a success status and is never cached.
    fn own_page<B>(&self, rejection: Rejection, guarded: Parts, page: Response<B>) -> Response<B> {
        let (page, body) = page.into_parts();
        let mut parts = guarded;
        parts.version = page.version;
        parts.headers.extend(page.headers);
        parts.extensions.extend(page.extensions);
        let has = |name| parts.headers.contains_key(name);
        let RejectionResponse { status: code, headers, .. } =
            RejectionResponse::for_page(rejection, page.status.as_u16(), &self.settings, has);
        parts.status = status(code);
        parts.headers.extend(typed(headers));
        Response::from_parts(parts, body)
    }
}

/// Returns core's headers. They are printable ASCII. Any other header is left out.
fn typed(headers: Vec<(&'static str, String)>) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    headers.into_iter().filter_map(|(name, value)| {
        Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?))
    })
}

/// Makes a response body from text.
///
/// Bodies have no common constructor. Most are made from a `String`, such as axum's and hyper's
/// `Full`. tonic's body and boxed bodies are not. A wrapper around all response bodies would need a
/// box per response.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot make the response body `{B}` from text: it does not implement \
            `TextBody`",
    label = "`TextBody` is not implemented for this type",
    note = "write `.body_with(|text: String| …)` on the layer, with a closure that returns \
            `{B}`; a body that implements `From<String>` does not need it",
    note = "guide: docs/guide/src/axum.md"
)]
pub trait TextBody<B> {
    /// Returns the body that contains this text.
    fn body(&self, text: String) -> B;
}

/// Makes bodies with their `From<String>`.
#[derive(Clone, Copy, Debug, Default)]
pub struct FromText;

// The compile error then names `TextBody` and the fix, not only `From<String>`.
#[diagnostic::do_not_recommend]
impl<B: From<String>> TextBody<B> for FromText {
    fn body(&self, text: String) -> B {
        B::from(text)
    }
}

#[diagnostic::do_not_recommend]
impl<B, F: Fn(String) -> B> TextBody<B> for F {
    fn body(&self, text: String) -> B {
        self(text)
    }
}
