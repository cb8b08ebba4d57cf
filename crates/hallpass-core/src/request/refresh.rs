//! Renewal inside a request whose access token has run out.
//!
//! The authenticator knows no store. An adapter knows a moment: between finding out that nobody is
//! signed in, and asking the site inside. What is done with it is a [`RefreshHook`]'s; that of
//! hallpass-accounts renews sessions. A request that has nothing to renew passes without a wait
//! or an allocation: the one future here is made where a renewal is due.

use std::{future::Future, pin::Pin};

use crate::{access::authentication::Authentication, request::origin::OriginFacts};

/// Renews sessions for an adapter's outer middleware.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot renew sessions: it does not implement `RefreshHook`",
    label = "`RefreshHook` is not implemented for this type",
    note = "use `RequestRefresh` of hallpass-accounts, or write `impl RefreshHook for {Self}`",
    note = "guide: docs/guide/src/axum.md"
)]
pub trait RefreshHook: Send + Sync + 'static {
    /// Begins a renewal, if this is a request to renew in. Asked where nobody is signed in;
    /// `cookies` are the values of all its `Cookie` fields, `authorization` tells whether it
    /// has an `Authorization` field.
    fn due(
        &self,
        who: &Authentication,
        request: &OriginFacts<'_>,
        cookies: &mut dyn Iterator<Item = &[u8]>,
        authorization: bool,
    ) -> Option<Refreshing>;
}

/// A renewal under way.
pub type Refreshing = Pin<Box<dyn Future<Output = RefreshedRequest> + Send>>;

/// How a request goes on after a renewal.
///
/// Exhaustive, because a hook constructs it.
#[derive(Debug, Default)]
#[must_use]
pub struct RefreshedRequest {
    /// Who asks now; `None` leaves it as it was.
    pub who: Option<Authentication>,
    /// The `Set-Cookie` values for the answer.
    pub cookies: Vec<String>,
}

impl RefreshedRequest {
    /// The `Set-Cookie` values for an answer that sets these cookies itself. None where it sets or
    /// removes one of the session's, as log-in and log-out do: it has the last word, or a
    /// log-out would be undone by the renewal that went before it.
    ///
    /// An answer that takes them is `no-store`: a cache may keep a `Set-Cookie` and hand it to
    /// somebody else (RFC 9111, section 7.3).
    ///
    /// ```
    /// use hallpass_core::RefreshedRequest;
    ///
    /// let refreshed =
    ///     RefreshedRequest { who: None, cookies: vec!["__Host-hallpass=new; Path=/".to_owned()] };
    /// assert_eq!(refreshed.cookies_beside([&b"theme=dark"[..]]).len(), 1);
    /// assert!(refreshed.cookies_beside([&b"__Host-hallpass=; Max-Age=0"[..]]).is_empty());
    /// ```
    pub fn cookies_beside<'a>(&self, already_set: impl IntoIterator<Item = &'a [u8]>) -> &[String] {
        let speaks =
            |set: &[u8]| self.cookies.iter().any(|cookie| name(cookie.as_bytes()) == name(set));
        if already_set.into_iter().any(speaks) { &[] } else { &self.cookies }
    }
}

fn name(set_cookie: &[u8]) -> Option<&[u8]> {
    set_cookie.split(|byte| *byte == b'=').next()
}
