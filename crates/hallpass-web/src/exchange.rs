//! One request to an endpoint: reads the request, and builds the response.

use std::net::IpAddr;

use hallpass_accounts::{
    Ability, AccountSummary, Accounts, BrowserCookie, Enrolling, OpenedSession, Proof, ProofNeeds,
    RefreshToken, Tokens, Visitor,
};
use hallpass_core::{
    Access, Caller, Claims, EnrolmentPending, FieldFault, Identity, MfaPending, PathPrefix,
    Rejection, RejectionKind, RejectionResponse, Requirement, Role, SafeNext, SetCookieError,
    Token, TokenKind, UnixTime, cookie_values, find_cookie,
};
use serde_json::json;

use crate::{
    fields::{Fields, shows_form},
    pages::{Page, Pages, RejectionPage, notice::Notice, reader::Reader},
    request::{Body, EndpointRequest},
    response::{EndpointResponse, with_next},
    routes::table::Endpoint,
};

pub(crate) struct Exchange<'a, R: Role> {
    pub(crate) accounts: &'a Accounts<R>,
    pub(crate) pages: &'a dyn Pages,
    pub(crate) request: &'a EndpointRequest,
    pub(crate) caller: Caller<'a>,
    /// The endpoint of the path, or `None` if the path is not a login route.
    pub(crate) endpoint: Option<Endpoint>,
    /// The address of the client.
    pub(crate) address: Option<IpAddr>,
}

impl<'a, R: Role> Exchange<'a, R> {
    /// Returns the caller, for endpoints that require a login.
    pub(crate) fn member(&self) -> Result<Identity<R>, Rejection> {
        Requirement::login().admit(&self.request.who, self.accounts.now())?;
        self.request.who.identity::<R>().ok_or_else(|| RejectionKind::Internal.into())
    }

    /// Returns the address, the device and the browser of the client, for the rate limits and the
    /// list of sessions.
    pub(crate) fn visitor(&self) -> Visitor<'a> {
        let (peer, device) = (self.address, self.user_agent());
        let browser = self.browser().map(|cookie| cookie.hash());
        let step_up = self.request.who.username().is_some();
        Visitor { peer, device, browser, challenge: None, step_up, remember: false }
    }

    /// Returns the value of `User-Agent`, or empty.
    pub(crate) fn user_agent(&self) -> &'a str {
        let agent = self.request.header("user-agent").unwrap_or_default();
        std::str::from_utf8(agent).unwrap_or_default()
    }

    /// Returns the browser cookie. Returns `None` if it is missing, malformed or sent more than
    /// once.
    fn browser(&self) -> Option<BrowserCookie> {
        browser_cookie(self.accounts, self.request)
    }

    /// Returns the body if it is complete and not too large.
    pub(crate) fn body(&self) -> Result<&'a [u8], Rejection> {
        match &self.request.body {
            // The limit holds even if an adapter reads more than `BODY_LIMIT`.
            Body::Whole(bytes) if bytes.len() > EndpointRequest::BODY_LIMIT => {
                Err(RejectionKind::BodyTooLarge.into())
            }
            Body::Whole(bytes) => Ok(bytes),
            Body::TooLarge => Err(RejectionKind::BodyTooLarge.into()),
            Body::Late => Err(RejectionKind::Timeout.into()),
            Body::Broken => Err(RejectionKind::MalformedBody.into()),
        }
    }

    /// Returns the fields of the body.
    pub(crate) fn fields(&self) -> Result<Fields, Rejection> {
        Ok(Fields::parse(self.request.header("content-type"), self.body()?)?)
    }

    /// Returns the parameter `next` of the query: the path to continue to.
    pub(crate) fn next_of_query(&self) -> SafeNext {
        self.next_of(&self.query())
    }

    /// Returns the parameters of the query.
    pub(crate) fn query(&self) -> Fields {
        Fields::of_form(self.request.query.as_deref().unwrap_or_default().as_bytes())
    }

    /// Returns the field `next`: the path to continue to, with the prefix of the site.
    pub(crate) fn next_of(&self, fields: &Fields) -> SafeNext {
        SafeNext::parse_below(self.prefix(), Some(fields.typed("next")))
    }

    /// Returns the path below which the site is reached.
    pub(crate) fn prefix(&self) -> &'a PathPrefix {
        self.accounts.settings().prefix()
    }

    /// Returns one of the site's own paths with its prefix, for a redirect.
    pub(crate) fn place(&self, path: &str) -> SafeNext {
        SafeNext::parse_below(self.prefix(), Some(&self.prefix().join(path)))
    }

    /// Returns one of the site's own paths as [`place`](Self::place), with `next` as a parameter.
    pub(crate) fn place_with_next(&self, path: &str, next: &SafeNext) -> SafeNext {
        let path = with_next(self.prefix().as_str(), path, next.as_str());
        SafeNext::parse_below(self.prefix(), Some(&path))
    }

    /// Returns the page that a new login leads back to, or the home page.
    fn way_back(&self) -> SafeNext {
        self.place(self.endpoint.map_or("/", Endpoint::page))
    }

    pub(crate) fn wants_json(&self) -> bool {
        self.caller.prefers_json()
    }

    /// Renders a page. A page with a form also sets the browser cookie, unless the request has one.
    pub(crate) fn page(&self, status: u16, page: &Page<'_>) -> EndpointResponse {
        let response = EndpointResponse::page(status, self.render(page));
        let keeps = self.accounts.has(Ability::BrowserStore);
        if !keeps || !page.has_form() || self.browser().is_some() {
            return response;
        }
        // Without random bytes the page is shown without the cookie.
        match self.accounts.new_browser_cookie() {
            Ok(fresh) => self.with_browser(response, &fresh),
            Err(_) => response,
        }
    }

    /// Sets the browser cookie for its whole lifetime.
    fn with_browser(
        &self,
        response: EndpointResponse,
        browser: &BrowserCookie,
    ) -> EndpointResponse {
        let cookies = &self.accounts.settings().cookies;
        match cookies.set_browser(browser.as_str(), BrowserCookie::LIFETIME) {
            Ok(cookie) => response.with_cookie(cookie),
            Err(_) => response,
        }
    }

    /// Returns the notice that the response before has set.
    pub(crate) fn notice(&self) -> Option<Notice> {
        Notice::parse(self.notice_cookie()?)
    }

    fn notice_cookie(&self) -> Option<&'a [u8]> {
        let name = self.accounts.settings().cookies.notice_name();
        find_cookie(self.request.lines("cookie"), name).ok().flatten()
    }

    /// Sets the notice of the next page. A client that receives JSON shows no page.
    pub(crate) fn with_notice(
        &self,
        response: EndpointResponse,
        notice: Notice,
    ) -> EndpointResponse {
        match self.accounts.settings().cookies.set_notice(notice.as_str()) {
            Ok(cookie) if !self.wants_json() => response.with_cookie(cookie),
            _ => response,
        }
    }

    /// Removes the notice that the page has shown.
    pub(crate) fn without_notice(&self, response: EndpointResponse) -> EndpointResponse {
        match self.notice_cookie() {
            Some(_) => response.with_cookie(self.accounts.settings().cookies.remove_notice()),
            None => response,
        }
    }

    /// Renders a rejection: the form again if it can show what to fix, otherwise as
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

    /// Renders a rejection: a problem (RFC 9457) for JSON clients, otherwise a rejection page.
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

    /// Renders a rejection of the caller like the rejection of a guard, but with the page of the
    /// login routes.
    fn reject_caller(&self, rejection: Rejection) -> EndpointResponse {
        self.accounts.meter().rejected(rejection);
        let account = self.request.who.claims().map(Claims::user_id);
        self.accounts.report_rejection(rejection, account, self.address);
        let settings = &self.accounts.settings().rejections;
        let response =
            EndpointResponse::from(RejectionResponse::new(rejection, &self.caller, settings));
        if response.status < 400 || !self.caller.takes_page() {
            return response;
        }
        with_headers(self.rejection_page(rejection), response.headers)
    }

    fn rejection_page(&self, rejection: Rejection) -> EndpointResponse {
        let next = self.way_back();
        let page = RejectionPage::of(rejection).with_next(next.as_str());
        self.page(rejection.status(), &Page::Rejection(page))
    }

    /// Adds the headers that the status requires: the challenge of a 401 (RFC 9110 section
    /// 15.5.2), and the methods of a 405.
    fn with_rejection_headers(
        &self,
        rejection: Rejection,
        response: EndpointResponse,
    ) -> EndpointResponse {
        with_headers(response, self.accounts.settings().rejections.headers(rejection))
    }

    /// Returns the response after a login: the cookies of the session, and a redirect to `next` or
    /// the user as JSON.
    pub(crate) async fn logged_in(
        &self,
        opened: &OpenedSession,
        created: u16,
        next: &SafeNext,
    ) -> Result<EndpointResponse, Rejection> {
        let response = if self.wants_json() {
            self.signed_in(created, &opened.user, opened.access.expires_at())
        } else {
            EndpointResponse::see_other(next)
        };
        self.with_session(response, opened).await
    }

    /// Returns the logged-in user as JSON. `expires_at` is the end of the access token.
    pub(crate) fn signed_in(
        &self,
        status: u16,
        user: &AccountSummary,
        expires_at: UnixTime,
    ) -> EndpointResponse {
        let AccountSummary { id, username, roles, .. } = user;
        let user = json!({ "id": id, "username": username, "roles": roles });
        let expires_at = expires_at.as_secs();
        EndpointResponse::json(
            status,
            &json!({ "status": "signed_in", "user": user, "expires_at": expires_at }),
        )
    }

    /// Sets the cookies of a session that was just opened, and ends the session that the browser
    /// presented. Otherwise its tokens would stay valid, although no browser has them any more
    /// (ASVS 5.0, 7.2.4). Tested in `tests/endpoint/one_session.rs`.
    pub(crate) async fn with_session(
        &self,
        response: EndpointResponse,
        opened: &OpenedSession,
    ) -> Result<EndpointResponse, Rejection> {
        // Not as a logout in this browser: the login has just decided whether it is trusted.
        self.end_presented(&self.accounts.in_browser(None)).await?;
        let response = self.with_token(response, &opened.access)?;
        let response = self.with_refresh(response, opened.refresh.as_ref())?;
        // A login extends the lifetime of the cookie, as it extends that of the stored row.
        let response = match opened.browser.clone().or_else(|| self.browser()) {
            Some(browser) => self.with_browser(response, &browser),
            None => response,
        };
        // A code page that was left open must not continue the login of another person.
        Ok(if self.pending().is_some() {
            response.with_cookie(self.accounts.settings().cookies.remove::<MfaPending>())
        } else {
            response
        })
    }

    /// Returns the value of the pending cookie. Returns `None` if the cookie is missing or sent
    /// more than once.
    pub(crate) fn pending(&self) -> Option<&'a [u8]> {
        find_cookie(self.request.lines("cookie"), self.accounts.settings().cookies.pending_name())
            .ok()
            .flatten()
    }

    /// Returns whether the pending cookie is valid: the password was accepted, and the code is
    /// required next.
    pub(crate) fn awaits_code(&self) -> bool {
        let now = self.accounts.now();
        self.pending().is_some_and(|pending| {
            self.accounts.issuer().verify::<MfaPending>(pending, now).is_ok()
        })
    }

    /// Returns the value of the refresh cookie. Returns `None` if the cookie is missing or sent
    /// more than once.
    pub(crate) fn refresh_cookie(&self) -> Option<&'a [u8]> {
        find_cookie(self.request.lines("cookie"), self.accounts.settings().cookies.refresh_name())
            .ok()
            .flatten()
    }

    /// Ends every session that the request presents, of any account: the one of the caller,
    /// and those of all access and refresh cookies.
    pub(crate) async fn end_presented(&self, accounts: &Accounts<R>) -> Result<(), Rejection> {
        let cookies = &accounts.settings().cookies;
        if let Some(who) = self.request.who.identity::<R>() {
            accounts.log_out(&who).await?;
        }
        let values = |name| cookie_values(self.request.lines("cookie"), name).collect::<Vec<_>>();
        let (access, refresh) = (values(cookies.access_name()), values(cookies.refresh_name()));
        Ok(accounts.end_presented(&access, &refresh).await?)
    }

    /// Returns the proof of a change: the password and the code as typed, and the refresh token of
    /// the session. `password` is the name of the password field.
    pub(crate) fn proof<'f>(
        &'f self,
        fields: &'f Fields,
        password: &'static str,
    ) -> Result<Proof<'f>, Rejection> {
        let typed = fields.optional(password)?;
        let code = fields.optional("code")?.filter(|code| !code.is_empty());
        if typed.is_none() && code.is_some() {
            return Err(Rejection::of_field(password, FieldFault::Missing));
        }
        Ok(Proof::of_refresh(self.refresh_cookie()).with_password(typed).with_code(code))
    }

    /// Returns what the person must type for a change.
    pub(crate) async fn proof_needs(&self, who: &Identity<R>) -> Result<ProofNeeds, Rejection> {
        Ok(self.accounts.proof_needs(who, self.refresh_cookie()).await?)
    }

    /// Returns the needs for a form that is shown again after this rejection, if it is.
    pub(crate) async fn needs_of_form(
        &self,
        who: &Identity<R>,
        rejection: Rejection,
    ) -> ProofNeeds {
        let needs = match shows_form(rejection) && !self.wants_json() {
            true => self.proof_needs(who).await.ok(),
            false => None,
        };
        needs.unwrap_or_default()
    }

    /// A form of this person that can show a password field shows it instead of leading to
    /// `/session/confirm`.
    pub(crate) fn asks_password(&self, rejection: Rejection, field: &'static str) -> Rejection {
        if rejection.kind() == RejectionKind::NotRecent && !self.wants_json() {
            Rejection::of_field(field, FieldFault::Missing)
        } else {
            rejection
        }
    }

    /// Sets the new cookies of a session that continues.
    pub(crate) fn with_tokens(
        &self,
        response: EndpointResponse,
        tokens: &Tokens,
    ) -> Result<EndpointResponse, Rejection> {
        self.with_refresh(self.with_token(response, &tokens.access)?, tokens.refresh.as_ref())
    }

    /// Sets the refresh cookie, until the session expires.
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

    /// Sets the cookie for this kind of token, until the token expires.
    pub(crate) fn with_token<K: TokenKind>(
        &self,
        response: EndpointResponse,
        token: &Token<K>,
    ) -> Result<EndpointResponse, Rejection> {
        let cookie =
            self.accounts.settings().cookies.set(token, self.accounts.now()).map_err(unsettable)?;
        Ok(response.with_cookie(cookie))
    }

    /// Returns the response after a correct password of an account that must set up a second factor
    /// first: a redirect to the set-up page or a JSON status, and the pending cookie for the set-up
    /// page.
    pub(crate) fn enrolment_required(
        &self,
        status: u16,
        token: &Token<EnrolmentPending>,
    ) -> Result<EndpointResponse, Rejection> {
        let response = if self.wants_json() {
            EndpointResponse::json(status, &json!({ "status": "enrolment_required" }))
        } else {
            EndpointResponse::see_other(&self.place("/account/two-factor"))
        };
        self.with_token(response, token)
    }

    /// As [`enrolment_required`](Self::enrolment_required), for a session that has just ended: also
    /// removes the cookies of the session.
    pub(crate) fn enrolment_due_after_session(
        &self,
        token: &Token<EnrolmentPending>,
    ) -> Result<EndpointResponse, Rejection> {
        let cookies = &self.accounts.settings().cookies;
        let response = self.enrolment_required(200, token)?;
        Ok(response.with_cookie(cookies.remove::<Access>()).with_cookie(cookies.remove_refresh()))
    }

    /// Returns the enrolment of the pending cookie, or `None` if the cookie is not of an enrolment.
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

    /// Removes every hallpass cookie except the browser cookie, which names nobody. The browser
    /// stays known, so that a stranger cannot lock the owner out after a logout.
    pub(crate) fn without_cookies(&self, response: EndpointResponse) -> EndpointResponse {
        let cookies = &self.accounts.settings().cookies;
        response
            .with_cookie(cookies.remove::<Access>())
            .with_cookie(cookies.remove_refresh())
            .with_cookie(cookies.remove::<MfaPending>())
    }

    /// Returns the response after a change without content: 204 for JSON, otherwise a redirect to
    /// this page.
    pub(crate) fn done(&self, page: &str) -> EndpointResponse {
        if self.wants_json() {
            EndpointResponse::empty(204)
        } else {
            EndpointResponse::see_other(&self.place(page))
        }
    }

    fn render(&self, page: &Page<'_>) -> String {
        let languages = self.request.header("accept-language").unwrap_or_default();
        let reader = Reader {
            username: self.request.who.username(),
            languages: std::str::from_utf8(languages).unwrap_or_default(),
            prefix: self.prefix().as_str(),
        };
        self.pages.render(page, &reader)
    }
}

/// Returns the browser cookie of the request, if it is valid and sent once.
pub(crate) fn browser_cookie<R: Role>(
    accounts: &Accounts<R>,
    request: &EndpointRequest,
) -> Option<BrowserCookie> {
    let name = accounts.settings().cookies.browser_name();
    BrowserCookie::parse(find_cookie(request.lines("cookie"), name).ok().flatten()?)
}

/// Replaces these headers of the response, except `vary`: the `vary` of a login route lists more
/// headers.
fn with_headers(
    response: EndpointResponse,
    headers: Vec<(&'static str, String)>,
) -> EndpointResponse {
    let headers = headers.into_iter().filter(|(name, _)| *name != "vary");
    headers.fold(response, |response, (name, value)| response.with_only_header(name, value))
}

/// Rejects a token that is too large for a cookie, because of the application's own claims.
fn unsettable(error: SetCookieError) -> Rejection {
    tracing::error!(target: "hallpass", %error, "the token does not fit into a cookie");
    RejectionKind::Internal.into()
}
