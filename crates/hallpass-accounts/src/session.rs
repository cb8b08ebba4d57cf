//! Sessions: their lifetime, their refresh tokens, and the browsers in which an account is logged
//! in.
//!
//! `store` contains the store traits; `refresh_state` contains the computation of refresh-token
//! rotation, which all stores share.

mod flow;
pub(crate) mod refresh_state;
pub(crate) mod refresh_token;
mod refreshing;
pub(crate) mod remembered;
pub(crate) mod request_refresh;
pub(crate) mod session_id;
pub(crate) mod session_page;
pub(crate) mod single_flight;
pub(crate) mod store;

use std::time::Duration;

use hallpass_core::{Access, Token};

use crate::session::refresh_token::RefreshToken;

/// The lifetime of a session, if the site refreshes sessions. Without refresh tokens a session
/// lasts as long as its access token.
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
    pub(crate) per_account: u32,
}

impl SessionSettings {
    /// Sets the maximum lifetime of a session, regardless of its use (ASVS 5.0, 7.3.2). Defaults to
    /// 30 days, the limit of NIST SP 800-63B-4 section 2.1.3.
    pub fn absolute(mut self, life: Duration) -> Self {
        self.absolute = life;
        self
    }

    /// Sets the lifetime of a session that is not used (ASVS 5.0, 7.3.1). The effective value is at
    /// least twice the lifetime of an access token. Defaults to 7 days.
    pub fn idle(mut self, life: Duration) -> Self {
        self.idle = life;
        self
    }

    /// Sets the time for which a consumed refresh token still leads to the live one. Defaults to 30
    /// seconds, within which every concurrent request has its response.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Sets the maximum number of sessions of one account (ASVS 5.0, 7.1.2). A login above it ends
    /// the session that was not refreshed for the longest time. The effective value is at least 1.
    /// Defaults to 100.
    pub fn per_account(mut self, sessions: u32) -> Self {
        self.per_account = sessions;
        self
    }
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            absolute: Duration::from_secs(30 * 24 * 3600),
            idle: Duration::from_secs(7 * 24 * 3600),
            grace: Duration::from_secs(30),
            per_account: 100,
        }
    }
}

/// The tokens with which a session continues.
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub struct Tokens {
    /// The access token.
    pub access: Token<Access>,
    /// The refresh token, if the site refreshes sessions and this session can be refreshed.
    pub refresh: Option<RefreshToken>,
}
