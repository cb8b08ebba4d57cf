//! Renewal inside a request whose access token has just run out, so that nobody loses a
//! half-written form.
//!
//! What an adapter asks here, in this order, is the whole decision; the adapter moves bytes.
//!
//! 1. [`RequestRefresh::due`](RefreshHook::due): is this a request to renew in? The access token
//!    has run out, or is gone, which is what a browser makes of one that has. A forged, ambiguous
//!    or revoked one is not renewed: that would be a way around the refusal. An unsafe request that
//!    another site caused renews nothing, nor does `OPTIONS`, which carries no cookie of the
//!    person's, nor what came with a bearer token.
//! 2. The session is renewed, and the request goes on as its person. Where the store does not
//!    answer, it goes on as one whose token cannot be judged: 503 on a guarded route, and the
//!    cookies stay. Where the session is over it goes on as it came.
//! 3. The answer takes the new cookies, unless it [speaks of them
//!    itself](RefreshedRequest::cookies_beside).

use std::{fmt, sync::Arc};

use hallpass_core::{
    Authentication, OriginFacts, RefreshHook, RefreshedRequest, Refreshing, RequestAuthenticator,
    Role, TokenErrorKind, UnixTime, Verifier, find_cookie,
};
use zeroize::Zeroizing;

use crate::{
    accounts::{Ability, Accounts},
    error::AccountsErrorKind,
    session::Tokens,
};

/// Renews sessions inside requests, for `AuthLayer::refresh` of hallpass-tower and `Auth::refresh`
/// of hallpass-actix. `Hallpass::layer` and `Hallpass::middleware` have it.
///
/// ```
/// # use hallpass_core::Role;
/// # use hallpass_accounts::{RequestRefresh, Accounts};
/// # #[derive(Role)] enum SiteRole { Guest }
/// fn rotation(accounts: &Accounts<SiteRole>) -> RequestRefresh<SiteRole> {
///     let authenticator = accounts.request_authenticator();
///     RequestRefresh::new(accounts, &authenticator)
/// }
/// ```
pub struct RequestRefresh<R> {
    accounts: Accounts<R>,
    verifier: Arc<Verifier<R>>,
    bearer: bool,
}

impl<R: Role> RequestRefresh<R> {
    /// Renews by this sign-in, whose tokens the authenticator verifies.
    pub fn new(accounts: &Accounts<R>, authenticator: &RequestAuthenticator<R>) -> Self {
        let verifier = Arc::new(authenticator.verifier().clone());
        Self { accounts: accounts.clone(), verifier, bearer: authenticator.accepts_bearer() }
    }
}

impl<R: Role> RefreshHook for RequestRefresh<R> {
    fn due(
        &self,
        who: &Authentication,
        request: &OriginFacts<'_>,
        cookies: &mut dyn Iterator<Item = &[u8]>,
        authorization: bool,
    ) -> Option<Refreshing> {
        // What came as a bearer token is not renewed by a cookie.
        if self.bearer && authorization {
            return None;
        }
        let token = Zeroizing::new(self.presented(who, request, cookies)?.to_vec());
        let at = who.moment().unwrap_or_else(|| self.accounts.settings().clock.now());
        let (accounts, verifier) = (self.accounts.clone(), Arc::clone(&self.verifier));
        Some(Box::pin(async move { refreshed(&accounts, &token, &verifier, at).await }))
    }
}

impl<R> fmt::Debug for RequestRefresh<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestRefresh").finish_non_exhaustive()
    }
}

impl<R: Role> RequestRefresh<R> {
    /// Finds the refresh token, where the request is one to renew in.
    fn presented<'h>(
        &self,
        who: &Authentication,
        request: &OriginFacts<'_>,
        cookies: impl IntoIterator<Item = &'h [u8]>,
    ) -> Option<&'h [u8]> {
        let has_run_out = who.username().is_none()
            && matches!(who.reason(), None | Some(TokenErrorKind::Expired));
        if !has_run_out
            || !self.accounts.has(Ability::RefreshTokenStore)
            || matches!(request.method, "OPTIONS" | "TRACE")
        {
            return None;
        }
        let token =
            find_cookie(cookies, self.accounts.settings().cookies.refresh_name()).ok()??;
        self.accounts.settings().origin_check.check(request).ok()?;
        Some(token)
    }
}

/// Renews the session of the token. `verifier` is the one behind the authenticator, and `at` the
/// moment of the request.
async fn refreshed<R: Role>(
    accounts: &Accounts<R>,
    token: &[u8],
    verifier: &Verifier<R>,
    at: UnixTime,
) -> RefreshedRequest {
    let (who, cookies) = match accounts.refresh(token).await {
        Ok(tokens) => match verifier.verify(tokens.access.as_str().as_bytes(), accounts.now()) {
            Ok(identity) => {
                (Some(Authentication::identified(identity)), cookies_of(accounts, &tokens))
            }
            // Revoked between the two, or not the verifier of this sign-in.
            Err(refusal) => (Some(Authentication::rejected(refusal.kind())), None),
        },
        Err(error) if error.kind() == AccountsErrorKind::NotLoggedIn => (None, None),
        Err(_) => (Some(Authentication::rejected(TokenErrorKind::Unavailable)), None),
    };
    RefreshedRequest {
        who: who.map(|who| who.checked_at(at)),
        cookies: cookies.unwrap_or_default(),
    }
}

fn cookies_of<R: Role>(accounts: &Accounts<R>, tokens: &Tokens) -> Option<Vec<String>> {
    let (cookies, now) = (&accounts.settings().cookies, accounts.now());
    let access = cookies.set(&tokens.access, now);
    let refresh = tokens.refresh.as_ref();
    let refresh =
        refresh.map(|token| cookies.set_refresh(token.as_str(), token.expires_at().since(now)));
    let all: Result<Vec<_>, _> = std::iter::once(access).chain(refresh).collect();
    all.inspect_err(
        |error| tracing::error!(target: "hallpass", %error, "a token does not fit into a cookie"),
    )
    .ok()
}
