//! Tokens just issued, on their way into a cookie.
//!
//! Each kind is a type of its own, so that a pending token cannot be handed to the function that sets the access cookie. `Debug`
//! shows neither: a token in a log is a session in a log.

use std::fmt;

use zeroize::Zeroizing;

use crate::UnixTime;

/// The token that carries a signed-in user through the routes.
#[must_use]
pub struct AccessToken {
    text: Zeroizing<String>,
    expires_at: UnixTime,
}

/// The token that opens the code page and nothing else.
#[must_use]
pub struct PendingToken {
    text: Zeroizing<String>,
    expires_at: UnixTime,
}

impl AccessToken {
    pub(crate) fn new(text: String, expires_at: UnixTime) -> Self {
        Self { text: Zeroizing::new(text), expires_at }
    }

    /// The token as it goes into the cookie.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The moment from which it is dead.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }
}

impl PendingToken {
    pub(crate) fn new(text: String, expires_at: UnixTime) -> Self {
        Self { text: Zeroizing::new(text), expires_at }
    }

    /// The token as it goes into the cookie.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The moment from which it is dead.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl fmt::Debug for PendingToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingToken").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
