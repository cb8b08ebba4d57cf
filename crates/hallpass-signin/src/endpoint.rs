//! The sign-in routes without a framework: a request comes in as bytes and text, an answer goes out the same way.
//!
//! The order is fixed, and a test holds each step before the next:
//!
//! 1. **Origin.** An unsafe request that another site made the browser send is refused before its path, method, cookie or body is
//!    looked at, log-in and log-out included.
//! 2. **Path and method.** 404, or 405 with `Allow`. `HEAD` is `GET` without the body.
//! 3. **Who.** What needs a sign-in asks for it before it reads the body.
//! 4. **Body.** 413, 415, 400, then each field: 422.
//! 5. **The flow**, and its answer as page, redirect or JSON.
//!
//! No `GET` changes anything or sets a cookie, and no refusal sets or removes one.

#[cfg(feature = "utoipa")]
mod api;
mod code;
mod exchange;
mod fields;
mod jwks;
mod login;
mod logout;
mod password;
mod recovery_codes;
mod refresh;
mod refused;
mod register;
mod request;
mod response;
mod route;
mod sessions;
mod two_factor;

use std::time::Duration;

use hallpass_core::{Caller, Denial, DenialKind, Role};
use tokio::time::timeout;
use tracing::Instrument;

pub use request::{Body, EndpointRequest};
pub use response::{EndpointResponse, SECURITY_HEADERS};
pub use route::Route;

use self::{exchange::Exchange, refused::Refused, route::Endpoint};
use crate::event::Event;
use crate::page::{SCRIPT, STYLE_SHEET};
use crate::sign_in::{Ability, SignIn};

impl<R: Role> SignIn<R> {
    /// The paths that there are: those of the abilities that are turned on. An adapter registers each for every method.
    #[must_use]
    pub fn routes(&self) -> Vec<Route> {
        Endpoint::ALL.into_iter().filter(|endpoint| self.serves(*endpoint)).map(Endpoint::route).collect()
    }

    /// Answers a request to one of the [`routes`](Self::routes).
    pub async fn handle(&self, request: EndpointRequest) -> EndpointResponse {
        let endpoint = self.endpoint(&request.path);
        // A name of ours, not the path that was typed.
        let route = endpoint.map(|endpoint| endpoint.route().path);
        let span = tracing::info_span!(target: "hallpass", "sign_in", method = request.method, route);
        self.answer(&request, endpoint).instrument(span).await
    }

    async fn answer(&self, request: &EndpointRequest, endpoint: Option<Endpoint>) -> EndpointResponse {
        let target = match &request.query {
            Some(query) => format!("{}?{query}", request.path),
            None => request.path.clone(),
        };
        let caller = Caller::new(&request.method, &target, |name| request.header(name));
        let exchange = Exchange { sign_in: self, request, caller, endpoint };
        let response = match timeout(self.answer_within(), self.dispatch(&exchange)).await {
            Ok(Ok(response)) => response,
            Ok(Err(refused)) => exchange.refuse_plainly(&refused),
            Err(_) => exchange.refuse_plainly(&self.overdue()),
        };
        if request.method == "HEAD" { response.without_body() } else { response }
    }

    /// Each call to a store has its bound, and bounds add up; this is the one for the whole. A flow may be dropped at any await: what
    /// it had written stands, and nothing was acknowledged.
    fn overdue(&self) -> Refused {
        self.events().happened(Event::Overdue { after: self.answer_within() });
        Denial::new(DenialKind::Unavailable).with_retry_after(Duration::from_secs(1)).into()
    }

    async fn dispatch(&self, exchange: &Exchange<'_, R>) -> Result<EndpointResponse, Refused> {
        let request = exchange.request;
        let _same_origin = self.origin_check().check(&request.origin_facts())?;
        let endpoint = exchange.endpoint.ok_or(Refused::NotFound)?;
        let route = endpoint.route();
        if !route.methods.contains(&request.method.as_str()) {
            return Err(Refused::MethodNotAllowed(route.allow()));
        }
        match (endpoint, request.method == "POST") {
            (Endpoint::Register, false) => Ok(register::show(exchange)),
            (Endpoint::Register, true) => register::submit(exchange).await,
            (Endpoint::Login, false) => Ok(login::show(exchange)),
            (Endpoint::Login, true) => login::submit(exchange).await,
            (Endpoint::Code, false) => code::show(exchange),
            (Endpoint::Code, true) => code::submit(exchange).await,
            (Endpoint::Logout, _) => logout::submit(exchange).await,
            (Endpoint::TwoFactor, false) => two_factor::show(exchange).await,
            (Endpoint::TwoFactor, true) => two_factor::enable(exchange).await,
            (Endpoint::DisableTwoFactor, _) => two_factor::disable(exchange).await,
            (Endpoint::RecoveryCodes, _) => recovery_codes::renew(exchange).await,
            (Endpoint::Password, _) => password::change(exchange).await,
            (Endpoint::Sessions, _) => sessions::list(exchange).await,
            (Endpoint::RevokeSession, _) => sessions::revoke(exchange).await,
            (Endpoint::Refresh, _) => refresh::submit(exchange).await,
            (Endpoint::Jwks, _) => Ok(jwks::show(exchange)),
            (Endpoint::StyleSheet, _) => {
                Ok(EndpointResponse::public("text/css; charset=utf-8", 3600, STYLE_SHEET.into()))
            }
            (Endpoint::Script, _) => {
                Ok(EndpointResponse::public("text/javascript; charset=utf-8", 3600, SCRIPT.into()))
            }
        }
    }

    fn endpoint(&self, path: &str) -> Option<Endpoint> {
        Endpoint::ALL.into_iter().find(|endpoint| endpoint.route().path == path && self.serves(*endpoint))
    }

    fn serves(&self, endpoint: Endpoint) -> bool {
        match endpoint {
            Endpoint::Register => self.has(Ability::Registration),
            Endpoint::Code | Endpoint::TwoFactor | Endpoint::DisableTwoFactor | Endpoint::RecoveryCodes => {
                self.has(Ability::SecondFactors)
            }
            Endpoint::Password => self.has(Ability::Passwords),
            Endpoint::Sessions | Endpoint::RevokeSession => self.has(Ability::Sessions),
            Endpoint::Refresh => self.has(Ability::Refreshes),
            Endpoint::Login | Endpoint::Logout | Endpoint::Jwks | Endpoint::StyleSheet | Endpoint::Script => true,
        }
    }
}
