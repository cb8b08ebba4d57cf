//! Refreshes the session within a request whose access token has expired or is stale, so that a
//! person does not lose a form that they have filled in.
//!
//! The engine decides in these steps, and the adapter only transports bytes:
//!
//! 1. [`RequestRefresh::due`](RefreshHook::due) checks whether the request may be refreshed. It
//!    must have the refresh token of the session. The access token must be expired, stale (the
//!    roles of the account have changed) or missing, because a browser deletes an expired cookie,
//!    or it begins in the future, because the clock of the node that issued it was wrong. It may
//!    also be revoked: during a change of the password another tab may have set the older access
//!    cookie again, and the session is live. The store decides by the refresh token, which a client
//!    can also send alone. A token that is not authentic or ambiguous is not refreshed. An unsafe
//!    cross-site request is not refreshed (CSRF), nor is `OPTIONS`, which carries no cookie of the
//!    person, nor a request with a bearer token.
//! 2. The session is refreshed, and the request continues with its identity and the current roles,
//!    whatever its method is. Requests of other tabs with the same tokens share the result. If the
//!    store is not available, the request continues as one whose token cannot be verified: a
//!    guarded route returns a 503, and the cookies stay. After a fault that does not pass by
//!    itself, a guarded route returns a 500. If the session has ended, the request continues
//!    unchanged.
//! 3. The response sets the new cookies, unless it [sets them
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

/// Refreshes sessions within requests, for `AuthLayer::refresh` of hallpass-tower and
/// `Auth::refresh` of hallpass-actix. `Hallpass::layer` and `Hallpass::middleware` include it.
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
    /// Creates a hook that refreshes with these accounts. The authenticator verifies their tokens.
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
        // A request with a bearer token is not refreshed by a cookie.
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
    /// Returns the refresh token, if the request may be refreshed.
    fn presented<'h>(
        &self,
        who: &Authentication,
        request: &OriginFacts<'_>,
        cookies: impl IntoIterator<Item = &'h [u8]>,
    ) -> Option<&'h [u8]> {
        use TokenErrorKind::{Expired, NotYetValid, Revoked, Stale};
        let has_run_out = who.username().is_none()
            && matches!(who.reason(), None | Some(Expired | NotYetValid | Revoked | Stale));
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

/// Refreshes the session of the token. `verifier` is that of the authenticator, and `at` is the
/// time of the request.
async fn refreshed<R: Role>(
    accounts: &Accounts<R>,
    token: &[u8],
    verifier: &Verifier<R>,
    at: UnixTime,
) -> RefreshedRequest {
    let (mut who, mut cookies) = once(accounts, token, verifier).await;
    // The roles were changed again after the store was read. Tested in `stale.rs` of the suite of
    // hallpass-conformance.
    for _ in 0..CHANGES {
        if who.as_ref().and_then(Authentication::reason) != Some(TokenErrorKind::Stale) {
            break;
        }
        (who, cookies) = once(accounts, token, verifier).await;
    }
    RefreshedRequest {
        who: who.map(|who| who.checked_at(at)),
        cookies: cookies.unwrap_or_default(),
    }
}

/// Refreshes the session once. Returns the caller, or `None` if the caller is unchanged.
async fn once<R: Role>(
    accounts: &Accounts<R>,
    token: &[u8],
    verifier: &Verifier<R>,
) -> (Option<Authentication>, Option<Vec<String>>) {
    match accounts.refresh_in_passing(token).await {
        Ok(tokens) => match verifier.verify(tokens.access.as_str().as_bytes(), accounts.now()) {
            Ok(identity) => {
                (Some(Authentication::identified(identity)), cookies_of(accounts, &tokens))
            }
            // Revoked between the two calls, or the verifier is not that of these accounts.
            Err(refusal) => (Some(Authentication::rejected(refusal.kind())), None),
        },
        Err(error) if error.kind() == AccountsErrorKind::NotLoggedIn => (None, None),
        Err(error) => {
            let kind = match error.kind() {
                AccountsErrorKind::Internal => TokenErrorKind::Internal,
                _ => TokenErrorKind::Unavailable,
            };
            (Some(Authentication::rejected(kind)), None)
        }
    }
}

/// Maximum number of further changes of roles during one request.
const CHANGES: usize = 3;

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
