//! Sessions: how long one lasts, its refresh tokens, and the browsers that an account is signed in
//! with.
//!
//! `store` is what a site's store has to do; `refresh_state` is the arithmetic of a refresh token,
//! once for all stores.

mod flow;
pub(crate) mod refresh_state;
pub(crate) mod refresh_token;
pub(crate) mod request_refresh;
pub(crate) mod session_id;
pub(crate) mod single_flight;
pub(crate) mod store;

use std::time::Duration;

use hallpass_core::{Access, Token};

use crate::session::refresh_token::RefreshToken;

/// How long a session lasts, where the site renews sessions.
///
/// ```
/// use hallpass_accounts::SessionSettings;
/// use std::time::Duration;
///
/// let bank = SessionSettings::default()
///     .absolute(Duration::from_secs(8 * 3600))
///     .idle(Duration::from_secs(30 * 60));
/// assert_ne!(bank, SessionSettings::default());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub struct SessionSettings {
    pub(crate) absolute: Duration,
    pub(crate) idle: Duration,
    pub(crate) grace: Duration,
}

impl SessionSettings {
    /// Sets how long a session lasts at the latest, however busy it is (ASVS 5.0, 7.3.2). Defaults
    /// to 30 days, because NIST SP 800-63B-4 section 2.1.3 asks for the password again after
    /// that.
    pub fn absolute(mut self, life: Duration) -> Self {
        self.absolute = life;
        self
    }

    /// Sets how long a session lasts that nobody uses (ASVS 5.0, 7.3.1). Never shorter than an
    /// access token's life, which goes by without a renewal. Defaults to 7 days, because a
    /// browser that was not opened for a week is more often lost than on holiday.
    pub fn idle(mut self, life: Duration) -> Self {
        self.idle = life;
        self
    }

    /// Sets how long a consumed refresh token still leads to the live one. Defaults to 30 seconds,
    /// because by then every tab that was under way has its answer; a thief gains no more by
    /// it.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            absolute: Duration::from_secs(30 * 24 * 3600),
            idle: Duration::from_secs(7 * 24 * 3600),
            grace: Duration::from_secs(30),
        }
    }
}

/// What a session goes on with.
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub struct Tokens {
    /// The access token.
    pub access: Token<Access>,
    /// The refresh token, where the site renews sessions and this one can be renewed.
    pub refresh: Option<RefreshToken>,
}
