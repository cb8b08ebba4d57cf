//! A refusal on its way out: a denial on a bare response, and how it becomes the answer.

use std::fmt;

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    body::BoxBody,
    http::{
        StatusCode,
        header::{
            CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
            WWW_AUTHENTICATE,
        },
        uri::PathAndQuery,
    },
};
use hallpass_core::{AnswerSettings, Caller, Denial, answer, refusal_headers};

/// Marks a response as a refusal that the outer middleware is to word.
struct Refusal(Denial);

/// A bare response with the denial's status: what leaves the service where no outer middleware words it.
pub(crate) fn refuse(denial: Denial) -> HttpResponse {
    let mut response = HttpResponse::new(status(denial.status()));
    response.extensions_mut().insert(Refusal(denial));
    response
}

/// Takes the denial off a response that is a refusal. It stays on it as a plain [`Denial`], for whoever logs or counts further out.
pub(crate) fn take_refusal<B>(response: &mut HttpResponse<B>) -> Option<Denial> {
    let Refusal(denial) = response.extensions_mut().remove()?;
    response.extensions_mut().insert(denial);
    Some(denial)
}

/// The error with which an extractor, or a handler of the site's own, refuses.
#[derive(Clone, Copy, Debug)]
pub struct Refused(Denial);

impl Refused {
    /// A refusal for this reason; for what a site itself refuses (its own limit, a store that is down), so that it looks like the
    /// rest.
    pub fn new(denial: Denial) -> Self {
        Self(denial)
    }

    /// Why.
    pub fn denial(&self) -> Denial {
        self.0
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Refused {}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        status(self.0.status())
    }

    fn error_response(&self) -> HttpResponse {
        refuse(self.0)
    }
}

/// Words a denial as core does. What middleware in between added to the guard's answer (a policy, a cookie) stays.
pub(crate) fn default_answer<B>(
    denial: Denial,
    caller: &Caller<'_>,
    guarded: HttpResponse<B>,
    settings: &AnswerSettings,
) -> HttpResponse {
    let answer = answer(denial, caller, settings);
    let mut response = guarded.set_body(BoxBody::new(answer.body));
    *response.status_mut() = status(answer.status);
    forget_old_body(response.headers_mut());
    for (name, value) in header_map(answer.headers) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// Sends the site's own page, without letting it look like success or be stored.
pub(crate) fn own_page<B>(
    denial: Denial,
    guarded: HttpResponse<B>,
    page: HttpResponse,
    settings: &AnswerSettings,
) -> HttpResponse {
    let (page, body) = page.into_parts();
    let mut response = guarded.set_body(body);
    let refused = page.status().is_success().then(|| status(denial.status()));
    *response.status_mut() = refused.unwrap_or(page.status());
    forget_old_body(response.headers_mut());
    for name in page.headers().keys() {
        response.headers_mut().remove(name);
    }
    for (name, value) in page.headers() {
        response.headers_mut().append(name.clone(), value.clone());
    }
    for (name, value) in header_map(refusal_headers(denial, settings)) {
        // A page that redirects, say, is no 401 any more, and only a 401 carries a challenge.
        let fits = name != WWW_AUTHENTICATE || response.status() == StatusCode::UNAUTHORIZED;
        if fits && !response.headers().contains_key(&name) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The client, as far as the look of an answer depends on it.
pub(crate) fn caller(request: &HttpRequest) -> Caller<'_> {
    let target = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    Caller::new(request.method().as_str(), target, |name| request.headers().get(name).map(HeaderValue::as_bytes))
}

/// A status from core. All that core gives are valid; were one not, the request stays refused.
pub(crate) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::FORBIDDEN)
}

fn forget_old_body(headers: &mut HeaderMap) {
    for of_the_old_body in [CONTENT_LENGTH, CONTENT_TYPE, CONTENT_ENCODING, TRANSFER_ENCODING] {
        headers.remove(of_the_old_body);
    }
}

/// Core's headers as actix-web's. They are made of printable ASCII; one that were not is left out.
fn header_map(said: Vec<(&'static str, String)>) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    said.into_iter()
        .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?)))
}
