//! One request on its way through an endpoint: what it brings, and how the answer is made.

use hallpass_accounts::{
    AccountSummary, Accounts, Enrolling, OpenedSession, RefreshToken, Tokens, Visitor,
};
use hallpass_core::{
    Access, Caller, Device, EnrolmentPending, Identity, MfaPending, Rejection, RejectionKind,
    RejectionResponse, Requirement, Role, SafeNext, SetCookieError, Token, TokenKind, find_cookie,
};
use serde_json::json;

use crate::{
    fields::{Fields, shows_form},
    pages::{Page, Pages, RejectionPage, reader::Reader},
    request::{Body, EndpointRequest},
    response::EndpointResponse,
    routes::table::Endpoint,
};

pub(crate) struct Exchange<'a, R: Role> {
    pub(crate) accounts: &'a Accounts<R>,
    pub(crate) pages: &'a dyn Pages,
    pub(crate) request: &'a EndpointRequest,
    pub(crate) caller: Caller<'a>,
    /// Which of the routes it is; `None` where it is none.
    pub(crate) endpoint: Option<Endpoint>,
}

impl<'a, R: Role> Exchange<'a, R> {
    /// The person that asks, where the endpoint is for those who are signed in.
    pub(crate) fn member(&self) -> Result<Identity<R>, Rejection> {
        Requirement::login().admit(&self.request.who, self.accounts.now())?;
        self.request.who.identity::<R>().ok_or_else(|| RejectionKind::Misconfigured.into())
    }

    /// Who knocks, where nobody is signed in yet.
    pub(crate) fn visitor(&self) -> Visitor<'a> {
        let agent = self.request.header("user-agent").unwrap_or_default();
        let proxies = &self.accounts.settings().proxies;
        let lines: Vec<&[u8]> =
            proxies.header().into_iter().flat_map(|name| self.request.lines(name)).collect();
        let peer = proxies.client(self.request.peer, lines);
        let device = std::str::from_utf8(agent).unwrap_or_default();
        let known = find_cookie(
            self.request.lines("cookie"),
            self.accounts.settings().cookies.device_name(),
        )
        .ok()
        .flatten();
        let step_up = self.request.who.username().is_some();
        Visitor { peer, device, known, step_up, remember: false }
    }

    /// The body, once it is known to be small and whole.
    pub(crate) fn body(&self) -> Result<&'a [u8], Rejection> {
        match &self.request.body {
            // An adapter that reads more than asked must not widen what the fields are parsed from.
            Body::Whole(bytes) if bytes.len() > EndpointRequest::BODY_LIMIT => {
                Err(RejectionKind::BodyTooLarge.into())
            }
            Body::Whole(bytes) => Ok(bytes),
            Body::TooLarge => Err(RejectionKind::BodyTooLarge.into()),
            Body::Broken => Err(RejectionKind::MalformedBody.into()),
        }
    }

    /// The fields of the body.
    pub(crate) fn fields(&self) -> Result<Fields, Rejection> {
        Ok(Fields::parse(self.request.header("content-type"), self.body()?)?)
    }

    /// Where the query says to go on to.
    pub(crate) fn next_of_query(&self) -> SafeNext {
        let query = Fields::of_form(self.request.query.as_deref().unwrap_or_default().as_bytes());
        SafeNext::parse(Some(query.typed("next")))
    }

    /// The page that the person was on, where signing in again is worth coming back from.
    fn way_back(&self) -> &'static str {
        self.endpoint.map_or("/", Endpoint::page)
    }

    pub(crate) fn wants_json(&self) -> bool {
        self.caller.prefers_json()
    }

    pub(crate) fn page(&self, status: u16, page: &Page<'_>) -> EndpointResponse {
        EndpointResponse::page(status, self.render(page))
    }

    /// Renders a rejection: the form again where it can show what to fix, otherwise as
    /// [`reject_without_form`](Self::reject_without_form).
    pub(crate) fn reject<'p>(
        &self,
        rejection: Rejection,
        form: impl FnOnce(Rejection) -> Page<'p>,
    ) -> EndpointResponse {
        if shows_form(rejection) && !self.wants_json() {
            return self.with_rejection_headers(
                rejection,
                self.page(rejection.status(), &form(rejection)),
            );
        }
        self.reject_without_form(rejection)
    }

    /// Renders a rejection: a problem for JSON, otherwise a page of its own.
    pub(crate) fn reject_without_form(&self, rejection: Rejection) -> EndpointResponse {
        if !rejection.kind().is_about_content() {
            return self.reject_caller(rejection);
        }
        let response = if self.wants_json() {
            EndpointResponse::problem(rejection.status(), rejection.problem())
        } else {
            self.rejection_page(rejection)
        };
        self.with_rejection_headers(rejection, response)
    }

    /// Renders a rejection of the caller as a guard's is rendered, but with the login routes' own
    /// page.
    fn reject_caller(&self, rejection: Rejection) -> EndpointResponse {
        self.accounts.meter().rejected(rejection);
        let settings = &self.accounts.settings().rejections;
        let response =
            EndpointResponse::from(RejectionResponse::new(rejection, &self.caller, settings));
        if response.status < 400 || !self.caller.takes_page() {
            return response;
        }
        with_headers(self.rejection_page(rejection), response.headers)
    }

    fn rejection_page(&self, rejection: Rejection) -> EndpointResponse {
        let page = RejectionPage::of(rejection).with_next(self.way_back());
        self.page(rejection.status(), &Page::Rejection(page))
    }

    /// Adds the headers that the status demands: the challenge of a 401 (RFC 9110 section 15.5.2),
    /// and the methods of a 405.
    fn with_rejection_headers(
        &self,
        rejection: Rejection,
        response: EndpointResponse,
    ) -> EndpointResponse {
        with_headers(response, self.accounts.settings().rejections.headers(rejection))
    }

    /// Signed in: the session's cookies, and where to go on to or who it is.
    pub(crate) fn logged_in(
        &self,
        opened: &OpenedSession,
        created: u16,
        next: &SafeNext,
    ) -> Result<EndpointResponse, Rejection> {
        let AccountSummary { id, username, roles, .. } = &opened.user;
        let response = if self.wants_json() {
            let user = json!({ "id": id, "username": username, "roles": roles });
            let expires_at = opened.access.expires_at().as_secs();
            EndpointResponse::json(
                created,
                &json!({ "status": "signed_in", "user": user, "expires_at": expires_at }),
            )
        } else {
            EndpointResponse::see_other(next)
        };
        self.with_session(response, opened)
    }

    /// Sets the cookies of a session that was just opened.
    pub(crate) fn with_session(
        &self,
        response: EndpointResponse,
        opened: &OpenedSession,
    ) -> Result<EndpointResponse, Rejection> {
        let response = self.with_token(response, &opened.access)?;
        let response = self.with_refresh(response, opened.refresh.as_ref())?;
        let response = self.with_token(response, &opened.device)?;
        // A code page that was left open must not go on with another person's password.
        Ok(if self.pending().is_some() {
            response.with_cookie(self.accounts.settings().cookies.remove::<MfaPending>())
        } else {
            response
        })
    }

    /// The pending cookie's value: `None` where there is none, or more than one.
    pub(crate) fn pending(&self) -> Option<&'a [u8]> {
        find_cookie(self.request.lines("cookie"), self.accounts.settings().cookies.pending_name())
            .ok()
            .flatten()
    }

    /// Whether a password was accepted within the last minutes and its code is awaited.
    pub(crate) fn awaits_code(&self) -> bool {
        let now = self.accounts.now();
        self.pending().is_some_and(|pending| {
            self.accounts.issuer().verify::<MfaPending>(pending, now).is_ok()
        })
    }

    /// The refresh cookie's value: `None` where there is none, or more than one.
    pub(crate) fn refresh_cookie(&self) -> Option<&'a [u8]> {
        find_cookie(self.request.lines("cookie"), self.accounts.settings().cookies.refresh_name())
            .ok()
            .flatten()
    }

    /// Sets the cookies with which a session goes on.
    pub(crate) fn with_tokens(
        &self,
        response: EndpointResponse,
        tokens: &Tokens,
    ) -> Result<EndpointResponse, Rejection> {
        self.with_refresh(self.with_token(response, &tokens.access)?, tokens.refresh.as_ref())
    }

    /// Sets the refresh cookie, for as long as the session can last.
    fn with_refresh(
        &self,
        response: EndpointResponse,
        refresh: Option<&RefreshToken>,
    ) -> Result<EndpointResponse, Rejection> {
        let Some(refresh) = refresh else { return Ok(response) };
        let life = refresh.expires_at().since(self.accounts.now());
        let cookie = self
            .accounts
            .settings()
            .cookies
            .set_refresh(refresh.as_str(), life)
            .map_err(unsettable)?;
        Ok(response.with_cookie(cookie))
    }

    /// Sets the cookie of the token's kind, until the token expires.
    pub(crate) fn with_token<K: TokenKind>(
        &self,
        response: EndpointResponse,
        token: &Token<K>,
    ) -> Result<EndpointResponse, Rejection> {
        let cookie =
            self.accounts.settings().cookies.set(token, self.accounts.now()).map_err(unsettable)?;
        Ok(response.with_cookie(cookie))
    }

    /// The password was right, and a second factor must be set up before anything else: the way
    /// there, and the pending cookie, which opens it.
    pub(crate) fn enrolment_required(
        &self,
        status: u16,
        token: &Token<EnrolmentPending>,
    ) -> Result<EndpointResponse, Rejection> {
        let response = if self.wants_json() {
            EndpointResponse::json(status, &json!({ "status": "enrolment_required" }))
        } else {
            EndpointResponse::see_other(&SafeNext::parse(Some("/profile/two-factor")))
        };
        self.with_token(response, token)
    }

    /// The same where a session has just ended for it.
    pub(crate) fn enrolment_due_after_session(
        &self,
        token: &Token<EnrolmentPending>,
    ) -> Result<EndpointResponse, Rejection> {
        let cookies = &self.accounts.settings().cookies;
        let response = self.enrolment_required(200, token)?;
        Ok(response.with_cookie(cookies.remove::<Access>()).with_cookie(cookies.remove_refresh()))
    }

    /// The enrolment that the pending cookie is of; `None` where it is of none.
    pub(crate) async fn enrolling(&self) -> Result<Option<Enrolling<R>>, Rejection> {
        let (accounts, now) = (self.accounts, self.accounts.now());
        let token = self
            .pending()
            .filter(|token| accounts.issuer().verify::<EnrolmentPending>(token, now).is_ok());
        match token {
            Some(token) => Ok(Some(accounts.enrolling(token).await?)),
            None => Ok(None),
        }
    }

    /// Removes every cookie of ours. The device cookie too, which opens nothing: whoever logs out
    /// leaves this browser, and the next person at it should not read their name there.
    pub(crate) fn without_cookies(&self, response: EndpointResponse) -> EndpointResponse {
        let cookies = &self.accounts.settings().cookies;
        response
            .with_cookie(cookies.remove::<Access>())
            .with_cookie(cookies.remove_refresh())
            .with_cookie(cookies.remove::<MfaPending>())
            .with_cookie(cookies.remove::<Device>())
    }

    /// Done: 204, or back to a page.
    pub(crate) fn done(&self, page: &str) -> EndpointResponse {
        if self.wants_json() {
            EndpointResponse::empty(204)
        } else {
            EndpointResponse::see_other(&SafeNext::parse(Some(page)))
        }
    }

    fn render(&self, page: &Page<'_>) -> String {
        let languages = self.request.header("accept-language").unwrap_or_default();
        let reader = Reader {
            username: self.request.who.username(),
            languages: std::str::from_utf8(languages).unwrap_or_default(),
        };
        self.pages.render(page, &reader)
    }
}

/// Sets these headers in the place of the response's own, except `vary`: that of a login route
/// names more.
fn with_headers(
    response: EndpointResponse,
    headers: Vec<(&'static str, String)>,
) -> EndpointResponse {
    let headers = headers.into_iter().filter(|(name, _)| *name != "vary");
    headers.fold(response, |response, (name, value)| response.with_only_header(name, value))
}

/// A token that no browser would keep: an application's own claims are too large for a cookie.
fn unsettable(error: SetCookieError) -> Rejection {
    tracing::error!(target: "hallpass", %error, "the token does not fit into a cookie");
    RejectionKind::Misconfigured.into()
}
