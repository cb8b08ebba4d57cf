//! The login routes without a framework: requests and responses are bytes and text.
//!
//! The checks run in a fixed order, and tests assert the order:
//!
//! 1. **Origin (CSRF).** An unsafe request that another site made the browser send is rejected
//!    before its path, method, cookies or body are read. This includes login and logout.
//! 2. **Path and method.** 404, or 405 with `Allow`. `HEAD` is `GET` without the body.
//! 3. **Caller.** An endpoint that requires a login checks the caller before it reads the body.
//! 4. **Body.** 408, 413, 415 or 400, then 422 for a field.
//! 5. **Flow.** Its result is sent as a page, a redirect or JSON.
//!
//! A `GET` request never changes state or sets a cookie, except that a page with a form sets the
//! browser cookie, and that the login page removes the notice that it shows and cookies that the
//! request has twice. A rejection never sets or removes another cookie.

#[cfg(feature = "utoipa")]
mod openapi;
pub(crate) mod table;

use std::{fmt, iter, sync::Arc, time::Duration};

use hallpass_accounts::{Ability, Accounts, Event, EventClient};
use hallpass_core::{Caller, Rejection, RejectionKind, Role};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use crate::{
    activity, duplicate_cookies,
    exchange::{Exchange, browser_cookie},
    login::{self, code},
    pages::{Pages, SCRIPT, STYLE_SHEET},
    password::{self, reset},
    register,
    request::{Body, EndpointRequest},
    response::EndpointResponse,
    routes::table::{Endpoint, Route},
    session::{self, confirm},
    two_factor,
};

/// The login routes of a site. Cheap to clone; clones share all state.
pub struct Routes<R> {
    accounts: Accounts<R>,
    pages: Arc<dyn Pages>,
}

impl<R: Role> Routes<R> {
    /// Returns the login routes with the default pages, in English and with the [name of the
    /// site](hallpass_accounts::Settings::site_name).
    #[cfg(feature = "pages")]
    #[must_use]
    pub fn new(accounts: &Accounts<R>) -> Self {
        let pages = crate::pages::default_pages::DefaultPages::new();
        match &accounts.settings().site_name {
            Some(name) => Self::with_pages(accounts, pages.site_name(name)),
            None => Self::with_pages(accounts, pages),
        }
    }

    /// Returns the login routes with the site's own pages.
    #[must_use]
    pub fn with_pages(accounts: &Accounts<R>, pages: impl Pages) -> Self {
        Self { accounts: accounts.clone(), pages: Arc::new(pages) }
    }

    /// Returns the engine that the routes call.
    #[must_use]
    pub fn accounts(&self) -> &Accounts<R> {
        &self.accounts
    }

    /// Returns the routes of the abilities that are turned on. Their paths have no prefix.
    #[must_use]
    pub fn routes(&self) -> Vec<Route> {
        Endpoint::ALL
            .into_iter()
            .filter(|endpoint| self.serves(*endpoint))
            .map(Endpoint::route)
            .collect()
    }

    /// Returns every path that an adapter registers: each path of the [`routes`](Self::routes), and
    /// the same path below the prefix of the site, for a reverse proxy that passes the prefix on.
    /// The paths below `/.well-known` are at the root of the host only.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let prefix = self.accounts.settings().prefix();
        let below = |path: &str| {
            (!prefix.is_empty() && !path.starts_with("/.well-known/")).then(|| prefix.join(path))
        };
        self.routes()
            .into_iter()
            .flat_map(|route| iter::once(route.path.to_owned()).chain(below(route.path)))
            .collect()
    }

    /// Handles a request to one of the [`routes`](Self::routes), with or without the prefix of the
    /// site.
    ///
    /// A rejection is a response too. Another path gets a 404. A request that is not complete
    /// within [`request_timeout`](hallpass_accounts::Settings::request_timeout) gets a 503.
    pub async fn handle(&self, request: EndpointRequest) -> EndpointResponse {
        self.handle_by(request, self.deadline()).await
    }

    /// Handles a request whose body is still to be read: [`handle`](Self::handle) with one deadline
    /// over the body and the response. An adapter uses this method, because a client that sends
    /// half a body would otherwise keep its connection and the memory of its request for ever
    /// (slow-body attack; tested in `suite/deadline.rs` of hallpass-conformance). A body that is
    /// [`Late`](Body::Late) gets a 408. The body of `head` is not used.
    pub async fn handle_reading(
        &self,
        head: EndpointRequest,
        body: impl Future<Output = Body>,
    ) -> EndpointResponse {
        let deadline = self.deadline();
        let body = timeout_at(deadline, body).await.unwrap_or(Body::Late);
        self.handle_by(EndpointRequest { body, ..head }, deadline).await
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.accounts.settings().request_timeout
    }

    async fn handle_by(&self, request: EndpointRequest, deadline: Instant) -> EndpointResponse {
        let endpoint = self.endpoint(&request.path);
        // The path from the table of routes, not the path of the request.
        let route = endpoint.map(|endpoint| endpoint.route().path);
        let span =
            tracing::info_span!(target: "hallpass", "login_routes", method = request.method, route);
        let response = self.respond(&request, endpoint, deadline).instrument(span).await;
        response.secured(self.accounts.settings().rejections.security())
    }

    async fn respond(
        &self,
        request: &EndpointRequest,
        endpoint: Option<Endpoint>,
        deadline: Instant,
    ) -> EndpointResponse {
        let target = match &request.query {
            Some(query) => format!("{}?{query}", request.path),
            None => request.path.clone(),
        };
        let caller = Caller::new(&request.method, &target, |name| request.header(name));
        let browser = browser_cookie(&self.accounts, request).map(|cookie| cookie.hash());
        let (accounts, pages) = (&self.accounts.in_browser(browser), &*self.pages);
        let address = accounts.client_address(request.peer, |name| request.lines(name));
        let exchange = Exchange { accounts, pages, request, caller, endpoint, address };
        let client = EventClient::new(address, exchange.user_agent());
        let dispatched = client.scope(self.dispatch(&exchange));
        let response = match timeout_at(deadline, dispatched).await {
            Ok(Ok(response)) => response,
            Ok(Err(rejection)) => exchange.reject_without_form(rejection),
            Err(_) => exchange.reject_without_form(self.overdue()),
        };
        let response = match endpoint {
            // The address contains the token of the link.
            Some(Endpoint::Reset) => response.with_only_header("referrer-policy", "no-referrer"),
            _ => response,
        };
        let cookies = &self.accounts.settings().cookies;
        let response = duplicate_cookies::remove_variants(response, request, cookies);
        if request.method == "HEAD" { response.without_body() } else { response }
    }

    /// Reports a request that exceeded `request_timeout`. Each call to a store has a timeout, but a
    /// request makes several calls, so the request has its own timeout. The flow may be dropped at
    /// any await: its completed writes stay in the store, and no success was sent to the client.
    fn overdue(&self) -> Rejection {
        self.accounts.report(Event::Overdue { after: self.accounts.settings().request_timeout });
        Rejection::new(RejectionKind::Unavailable).with_retry_after(Duration::from_secs(1))
    }

    async fn dispatch(&self, exchange: &Exchange<'_, R>) -> Result<EndpointResponse, Rejection> {
        let request = exchange.request;
        let settings = self.accounts.settings();
        settings.origin_check.check_and_log(&request.origin_facts(), &*settings.clock)?;
        let endpoint = exchange.endpoint.ok_or(RejectionKind::NotFound)?;
        let route = endpoint.route();
        if !route.methods.contains(&request.method.as_str()) {
            return Err(Rejection::method_not_allowed(route.allow()));
        }
        // The deadline has passed, so nothing that waits could be completed.
        if matches!(request.body, Body::Late) {
            let late = Rejection::new(RejectionKind::Timeout);
            self.accounts.meter().rejected(late);
            return Err(late);
        }
        match (endpoint, request.method == "POST") {
            (Endpoint::Register, false) => Ok(register::show(exchange)),
            (Endpoint::Register, true) => register::submit(exchange).await,
            (Endpoint::Login, false) => Ok(login::show(exchange)),
            (Endpoint::Login, true) => login::submit(exchange).await,
            (Endpoint::Code, false) => code::show(exchange),
            (Endpoint::Code, true) => code::submit(exchange).await,
            (Endpoint::Reset, false) => reset::show(exchange).await,
            (Endpoint::Reset, true) => reset::submit(exchange).await,
            (Endpoint::Logout, _) => session::log_out(exchange).await,
            (Endpoint::TwoFactor, false) => two_factor::show(exchange).await,
            (Endpoint::TwoFactor, true) => two_factor::enable(exchange).await,
            (Endpoint::DisableTwoFactor, _) => two_factor::disable(exchange).await,
            (Endpoint::RecoveryCodes, _) => two_factor::renew_codes(exchange).await,
            (Endpoint::Password, false) => password::show(exchange).await,
            (Endpoint::Password, true) => password::change(exchange).await,
            (Endpoint::Sessions, _) => session::list(exchange).await,
            (Endpoint::RevokeSession, _) => session::revoke(exchange).await,
            (Endpoint::Confirm, false) => confirm::show(exchange).await,
            (Endpoint::Confirm, true) => confirm::submit(exchange).await,
            (Endpoint::Activity, _) => activity::show(exchange).await,
            (Endpoint::Refresh, _) => session::refresh(exchange).await,
            (Endpoint::Jwks, _) => Ok(jwks(exchange)),
            (Endpoint::StyleSheet, _) => {
                Ok(EndpointResponse::public("text/css; charset=utf-8", 3600, STYLE_SHEET.into()))
            }
            (Endpoint::Script, _) => {
                Ok(EndpointResponse::public("text/javascript; charset=utf-8", 3600, SCRIPT.into()))
            }
        }
    }

    fn endpoint(&self, path: &str) -> Option<Endpoint> {
        let path = self.accounts.settings().prefix().strip(path);
        Endpoint::ALL
            .into_iter()
            .find(|endpoint| endpoint.route().path == path && self.serves(*endpoint))
    }

    fn serves(&self, endpoint: Endpoint) -> bool {
        match endpoint {
            Endpoint::Register => self.accounts.has(Ability::RegistrationStore),
            Endpoint::Code
            | Endpoint::TwoFactor
            | Endpoint::DisableTwoFactor
            | Endpoint::RecoveryCodes => self.accounts.has(Ability::TwoFactorStore),
            Endpoint::Password | Endpoint::Reset => self.accounts.has(Ability::PasswordStore),
            Endpoint::Sessions | Endpoint::RevokeSession => {
                self.accounts.has(Ability::SessionStore)
            }
            Endpoint::Activity => self.accounts.has(Ability::ActivityStore),
            Endpoint::Refresh => self.accounts.has(Ability::RefreshTokenStore),
            Endpoint::Login
            | Endpoint::Logout
            | Endpoint::Confirm
            | Endpoint::Jwks
            | Endpoint::StyleSheet
            | Endpoint::Script => true,
        }
    }
}

impl<R> Clone for Routes<R> {
    fn clone(&self) -> Self {
        Self { accounts: self.accounts.clone(), pages: Arc::clone(&self.pages) }
    }
}

impl<R> fmt::Debug for Routes<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes").field("accounts", &self.accounts).finish_non_exhaustive()
    }
}

/// `/.well-known/jwks.json`: the public keys, for services that only verify tokens. The set is
/// empty for HMAC keys, which are secret.
fn jwks<R: Role>(exchange: &Exchange<'_, R>) -> EndpointResponse {
    EndpointResponse::public(
        "application/jwk-set+json",
        KEPT,
        exchange.accounts.issuer().keys().current().to_jwks(),
    )
}

/// The time that a verifier may cache the keys, in seconds: 5 minutes, a third of the default token
/// lifetime. So a verifier has a new key long before the tokens of the old key expire.
const KEPT: u32 = 300;
