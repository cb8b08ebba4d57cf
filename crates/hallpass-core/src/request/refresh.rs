//! Refresh of a session inside a request whose access token has expired or is stale.
//!
//! The authenticator has no store. After an adapter has found a request to be anonymous, and before
//! it calls the site, it can call a [`RefreshHook`]. The hook of hallpass-accounts refreshes
//! sessions. A request without a session to refresh causes no wait and no allocation: the only
//! future is created when a refresh is due.

use std::{future::Future, pin::Pin};

use crate::{access::authentication::Authentication, request::origin::OriginFacts};

/// Refreshes sessions for an adapter's outer middleware.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot refresh sessions: it does not implement `RefreshHook`",
    label = "`RefreshHook` is not implemented for this type",
    note = "use `RequestRefresh` of hallpass-accounts, or write `impl RefreshHook for {Self}`",
    note = "guide: docs/guide/src/axum.md"
)]
pub trait RefreshHook: Send + Sync + 'static {
    /// Starts a refresh if this request is due for one. It is called if the request is anonymous.
    /// `cookies` are the values of all its `Cookie` fields. `authorization` is whether it has an
    /// `Authorization` field.
    fn due(
        &self,
        who: &Authentication,
        request: &OriginFacts<'_>,
        cookies: &mut dyn Iterator<Item = &[u8]>,
        authorization: bool,
    ) -> Option<Refreshing>;
}

/// A refresh in progress.
pub type Refreshing = Pin<Box<dyn Future<Output = RefreshedRequest> + Send>>;

/// The result of a refresh for its request.
///
/// It is exhaustive, because a hook constructs it.
#[derive(Debug, Default)]
#[must_use]
pub struct RefreshedRequest {
    /// The caller after the refresh, or `None` if the caller is unchanged.
    pub who: Option<Authentication>,
    /// The `Set-Cookie` values for the response: that of the access token, and then that of the
    /// refresh token.
    pub cookies: Vec<String>,
}

impl RefreshedRequest {
    /// Returns the `Set-Cookie` values to add to a response that already has the `Set-Cookie`
    /// values `already_set`. Returns none if the response sets or removes a cookie of the session,
    /// as login and logout do. The response then takes precedence, because otherwise the refresh
    /// would undo a logout. A response that sets the access cookie only, as a confirmation does,
    /// gets the refresh cookie: the request has consumed the one that the browser still has.
    ///
    /// A response that receives these values must be `no-store`, because a cache may store a
    /// `Set-Cookie` and send it to another client (RFC 9111, section 7.3).
    ///
    /// ```
    /// use hallpass_core::RefreshedRequest;
    ///
    /// let cookies = ["__Host-hallpass=new; Path=/", "__Host-hallpass_refresh=next; Path=/"];
    /// let refreshed = RefreshedRequest { who: None, cookies: cookies.map(str::to_owned).into() };
    /// assert_eq!(refreshed.cookies_beside([&b"theme=dark"[..]]), cookies);
    /// assert!(refreshed.cookies_beside([&b"__Host-hallpass=; Max-Age=0"[..]]).is_empty());
    /// assert_eq!(refreshed.cookies_beside([&b"__Host-hallpass=newer; Path=/"[..]]), &cookies[1..]);
    /// ```
    pub fn cookies_beside<'a>(&self, already_set: impl IntoIterator<Item = &'a [u8]>) -> &[String] {
        let Some((access, others)) = self.cookies.split_first() else { return &[] };
        let mut beside = self.cookies.as_slice();
        for set in already_set {
            if name(set) == name(access.as_bytes()) && has_value(set) {
                beside = others;
            } else if self.cookies.iter().any(|cookie| name(cookie.as_bytes()) == name(set)) {
                return &[];
            }
        }
        beside
    }
}

fn name(set_cookie: &[u8]) -> Option<&[u8]> {
    set_cookie.split(|byte| *byte == b'=').next()
}

/// Returns whether the cookie has a value. A cookie is removed by an empty one.
fn has_value(set_cookie: &[u8]) -> bool {
    let value = set_cookie.splitn(2, |byte| *byte == b'=').nth(1);
    value.and_then(|value| value.first()).is_some_and(|first| *first != b';')
}
