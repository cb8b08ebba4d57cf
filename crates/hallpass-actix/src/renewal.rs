//! Renewal inside a request whose access token has just run out, so that nobody loses a half-written form.
//!
//! What is decided, and why, stands in hallpass-signin, in `request_renewal.rs`; here requests are read and answers completed.

use std::{fmt, sync::Arc};

use actix_web::{
    dev::ServiceRequest,
    http::{
        header::{AUTHORIZATION, COOKIE, HeaderValue},
        uri::Authority,
    },
};
use hallpass_core::{Authentication, Gate, OriginFacts, Role, Verifier};
use hallpass_signin::{RenewedRequest, SignIn};
use zeroize::Zeroizing;

use crate::{Renew, Renewed, Renewing};

/// Renews sessions inside requests, for [`Auth::renew`](crate::Auth::renew). `hallpass::Hallpass::middleware` has it.
///
/// ```
/// # use hallpass_actix::{Auth, Renewal};
/// # use hallpass_core::{Gate, Role};
/// # use hallpass_signin::SignIn;
/// # #[derive(Role, Clone, Copy, Debug, PartialEq, Eq)] enum SiteRole { Guest }
/// fn middleware(sign_in: &SignIn<SiteRole>) -> Auth<SiteRole> {
///     let gate = Gate::new(sign_in.issuer().verifier().revocation(sign_in.view().clone()));
///     let renewal = Renewal::new(sign_in, &gate);
///     Auth::new(gate).renew(renewal)
/// }
/// ```
pub struct Renewal<R: Role> {
    sign_in: SignIn<R>,
    verifier: Arc<Verifier<R>>,
    bearer: bool,
}

impl<R: Role> Renewal<R> {
    /// Renews by this sign-in, whose tokens the gate verifies.
    pub fn new(sign_in: &SignIn<R>, gate: &Gate<R>) -> Self {
        let verifier = Arc::new(gate.verifier().clone());
        Self { sign_in: sign_in.clone(), verifier, bearer: gate.accepts_bearer() }
    }
}

impl<R: Role> Renew for Renewal<R> {
    fn due(&self, who: &Authentication, request: &ServiceRequest) -> Option<Renewing> {
        let headers = request.headers();
        // What came as a bearer token is not renewed by a cookie.
        if self.bearer && headers.contains_key(AUTHORIZATION) {
            return None;
        }
        let header = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
        // The request target's authority goes before `Host`, and is all there is in HTTP/2 (RFC 9112 section 3.2.2).
        let authority = request.uri().authority().map(Authority::as_str).map(str::as_bytes);
        let facts = OriginFacts {
            method: request.method().as_str(),
            host: authority.or_else(|| header("host")),
            origin: header("origin"),
            sec_fetch_site: header("sec-fetch-site"),
            path: request.uri().path(),
        };
        let cookies = headers.get_all(COOKIE).map(HeaderValue::as_bytes);
        let token = Zeroizing::new(self.sign_in.renewable(who, &facts, cookies)?.to_vec());
        let at = who.moment().unwrap_or_else(|| self.sign_in.clock().now());
        let (sign_in, verifier) = (self.sign_in.clone(), Arc::clone(&self.verifier));
        Some(Box::pin(async move {
            let RenewedRequest { who, cookies, .. } = sign_in.renew_request(&token, &verifier, at).await;
            // They are printable ASCII: base64url, and names that were checked at set-up.
            Renewed { who, cookies: cookies.into_iter().filter_map(|cookie| cookie.try_into().ok()).collect() }
        }))
    }

    fn speaks_of_session(&self, set_cookie: &[u8]) -> bool {
        self.sign_in.speaks_of_session(set_cookie)
    }
}

impl<R: Role> fmt::Debug for Renewal<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewal").finish_non_exhaustive()
    }
}
