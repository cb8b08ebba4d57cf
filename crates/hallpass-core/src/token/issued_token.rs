//! Issued tokens and their kinds.
//!
//! The kind is a type parameter, so that a token that waits for a code cannot be handed to the
//! function that sets the access cookie. `Debug` shows no token: a token in a log is a session in a
//! log.

use std::{fmt, marker::PhantomData, time::Duration};

use zeroize::Zeroizing;

use crate::{keys::signature::TokenType, time::unix_time::UnixTime};

/// A signed token of kind `K`, as it goes into a cookie.
#[must_use]
pub struct Token<K> {
    text: Zeroizing<String>,
    expires_at: UnixTime,
    kind: PhantomData<fn() -> K>,
}

/// A kind of token: [`Access`], [`MfaPending`], [`EnrolmentPending`] or [`Device`].
pub trait TokenKind: sealed::Sealed {}

/// A kind that carries no roles and opens no route: every kind but [`Access`].
pub trait Unprivileged: TokenKind {}

/// Carries a logged-in user through the routes.
///
/// Exhaustive, because it has no value.
#[derive(Debug)]
pub enum Access {}

/// The password was accepted and the second factor is required. Opens the code page only, for five
/// minutes.
///
/// Exhaustive, because it has no value.
#[derive(Debug)]
pub enum MfaPending {}

/// The password was accepted and a second factor must be set up. Opens the page for that only, for
/// a quarter of an hour.
///
/// Exhaustive, because it has no value.
#[derive(Debug)]
pub enum EnrolmentPending {}

/// A browser that an account logged in with before, for half a year. Logs nobody in.
///
/// It tells the owner's browser from a stranger's: for rate limits that a stranger cannot exhaust
/// for the owner (OWASP, "device cookies"), and, where the person asked for it, to leave the code
/// out.
///
/// Exhaustive, because it has no value.
#[derive(Debug)]
pub enum Device {}

pub(crate) mod sealed {
    use super::{Duration, TokenType};

    pub trait Sealed {
        /// The `typ` of the header.
        const TYPE: TokenType;
        /// `None` for the lifetime of the issuer.
        const LIFETIME: Option<Duration>;
    }
}

impl sealed::Sealed for Access {
    const TYPE: TokenType = TokenType::Access;
    const LIFETIME: Option<Duration> = None;
}

impl sealed::Sealed for MfaPending {
    const TYPE: TokenType = TokenType::Pending;
    /// Time to find the telephone and type a code.
    const LIFETIME: Option<Duration> = Some(Duration::from_secs(5 * 60));
}

impl sealed::Sealed for EnrolmentPending {
    const TYPE: TokenType = TokenType::Enrolment;
    /// Time to install an authenticator.
    const LIFETIME: Option<Duration> = Some(Duration::from_secs(15 * 60));
}

impl sealed::Sealed for Device {
    const TYPE: TokenType = TokenType::Device;
    /// Half a year, so that a browser is recognised after a long break.
    const LIFETIME: Option<Duration> = Some(Duration::from_secs(180 * 24 * 60 * 60));
}

impl<K: sealed::Sealed> TokenKind for K {}
impl Unprivileged for MfaPending {}
impl Unprivileged for EnrolmentPending {}
impl Unprivileged for Device {}

impl<K> Token<K> {
    pub(crate) fn new(text: String, expires_at: UnixTime) -> Self {
        Self { text: Zeroizing::new(text), expires_at, kind: PhantomData }
    }

    /// The token as it goes into the cookie.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The moment from which the token is expired.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }
}

impl<K> fmt::Debug for Token<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
