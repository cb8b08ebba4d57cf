//! Renewal inside a request whose access token has just run out, so that nobody loses a half-written form.
//!
//! What an adapter asks here, in this order, is the whole decision; the adapter moves bytes.
//!
//! 1. [`SignIn::renewable`]: is this a request to renew in? The access token has run out, or is gone, which is what a browser makes of
//!    one that has. A forged, ambiguous or revoked one is not renewed: that would be a way around the refusal.
//!    An unsafe request that another site caused renews nothing, nor does `OPTIONS`, which carries no cookie of the person's.
//! 2. [`SignIn::renew_request`]: the session is renewed, and the request goes on as its person. Where the store does not answer, it
//!    goes on as one whose token cannot be judged: 503 on a guarded route, and the cookies stay. Where the session is over it goes
//!    on as it came.
//! 3. [`SignIn::speaks_of_session`]: an answer that sets or removes a session's cookies itself, as log-in and log-out do, has the
//!    last word. Any other gets the new ones, and `Cache-Control: no-store`, since a cache may keep a `Set-Cookie` (RFC 9111,
//!    section 7.3).

use hallpass_core::{Authentication, OriginFacts, Role, TokenErrorKind, UnixTime, Verifier, find_cookie};

use crate::{
    flow::Tokens,
    sign_in::{Ability, SignIn},
    sign_in_error::SignInErrorKind,
};

/// How a request goes on after [`SignIn::renew_request`].
#[derive(Debug)]
#[must_use]
pub struct RenewedRequest {
    /// Who asks.
    pub who: Option<Authentication>,
    /// The `Set-Cookie` values for the answer.
    pub cookies: Vec<String>,
}

impl<R: Role> SignIn<R> {
    /// Finds the refresh token, where the request is one to renew in. `cookies` are the values of all its `Cookie` fields.
    pub fn renewable<'h>(
        &self,
        who: &Authentication,
        request: &OriginFacts<'_>,
        cookies: impl IntoIterator<Item = &'h [u8]>,
    ) -> Option<&'h [u8]> {
        let has_run_out = who.username().is_none() && matches!(who.reason(), None | Some(TokenErrorKind::Expired));
        if !has_run_out || !self.has(Ability::Refreshes) || matches!(request.method, "OPTIONS" | "TRACE") {
            return None;
        }
        let token = find_cookie(cookies, self.cookies().refresh_name()).ok()??;
        let _same_origin = self.origin_check().check(request).ok()?;
        Some(token)
    }

    /// Renews the session of the token. `verifier` is the one behind the gate, and `at` the moment of the request.
    pub async fn renew_request(&self, token: &[u8], verifier: &Verifier<R>, at: UnixTime) -> RenewedRequest {
        let (who, cookies) = match self.refresh(token).await {
            Ok(tokens) => match verifier.verify(tokens.access.as_str().as_bytes(), self.now()) {
                Ok(identity) => (Some(Authentication::identified(identity)), self.cookies_of(&tokens)),
                // Torn up between the two, or not the verifier of this sign-in.
                Err(refusal) => (Some(Authentication::rejected(refusal.kind())), None),
            },
            Err(error) if error.kind() == SignInErrorKind::SignedOut => (None, None),
            Err(_) => (Some(Authentication::rejected(TokenErrorKind::Unavailable)), None),
        };
        RenewedRequest { who: who.map(|who| who.checked_at(at)), cookies: cookies.unwrap_or_default() }
    }

    /// Whether a `Set-Cookie` value sets or removes a cookie of the session.
    #[must_use]
    pub fn speaks_of_session(&self, set_cookie: &[u8]) -> bool {
        let names = [self.cookies().access_name(), self.cookies().refresh_name()];
        names.iter().any(|name| set_cookie.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b"=")))
    }

    fn cookies_of(&self, tokens: &Tokens) -> Option<Vec<String>> {
        let (cookies, now) = (self.cookies(), self.now());
        let access = cookies.set_access(tokens.access.as_str(), tokens.access.expires_at().since(now));
        let refresh = tokens.refresh.as_ref();
        let refresh = refresh.map(|token| cookies.set_refresh(token.as_str(), token.expires_at().since(now)));
        let all: Result<Vec<_>, _> = std::iter::once(access).chain(refresh).collect();
        all.inspect_err(|error| tracing::error!(target: "hallpass", %error, "a token does not fit into a cookie")).ok()
    }
}
