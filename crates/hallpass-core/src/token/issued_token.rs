//! Issued tokens and their kinds.
//!
//! The kind is a type parameter, so that a token that waits for a code cannot be passed to the
//! function that sets the access cookie. `Debug` does not print the token, because a token in a log
//! gives access to the session.

use std::{fmt, marker::PhantomData, time::Duration};

use zeroize::Zeroizing;

use crate::{keys::signature::TokenType, time::unix_time::UnixTime};

/// A signed token of kind `K`, ready for a cookie.
#[must_use]
pub struct Token<K> {
    text: Zeroizing<String>,
    expires_at: UnixTime,
    kind: PhantomData<fn() -> K>,
}

/// A kind of token: [`Access`], [`MfaPending`] or [`EnrolmentPending`].
pub trait TokenKind: sealed::Sealed {}

/// A kind without roles, which no route accepts: every kind except [`Access`].
pub trait Unprivileged: TokenKind {}

/// A token that identifies a logged-in user to the routes.
///
/// It is exhaustive, because it has no value.
#[derive(Debug)]
pub enum Access {}

/// A token for an account whose password was accepted and whose second factor is required. Only the
/// code page accepts it, for five minutes.
///
/// It is exhaustive, because it has no value.
#[derive(Debug)]
pub enum MfaPending {}

/// A token for an account whose password was accepted and that must set up a second factor. Only
/// the setup page accepts it, for 15 minutes.
///
/// It is exhaustive, because it has no value.
#[derive(Debug)]
pub enum EnrolmentPending {}

pub(crate) mod sealed {
    use super::{Duration, TokenType};

    pub trait Sealed {
        /// The `typ` of the header.
        const TYPE: TokenType;
        /// The lifetime, or `None` for the lifetime of the issuer.
        const LIFETIME: Option<Duration>;
    }
}

impl sealed::Sealed for Access {
    const TYPE: TokenType = TokenType::Access;
    const LIFETIME: Option<Duration> = None;
}

impl sealed::Sealed for MfaPending {
    const TYPE: TokenType = TokenType::Pending;
    /// The time to find the phone and type a code.
    const LIFETIME: Option<Duration> = Some(Duration::from_secs(5 * 60));
}

impl sealed::Sealed for EnrolmentPending {
    const TYPE: TokenType = TokenType::Enrolment;
    /// The time to install an authenticator app.
    const LIFETIME: Option<Duration> = Some(Duration::from_secs(15 * 60));
}

impl<K: sealed::Sealed> TokenKind for K {}
impl Unprivileged for MfaPending {}
impl Unprivileged for EnrolmentPending {}

impl<K> Token<K> {
    pub(crate) fn new(text: String, expires_at: UnixTime) -> Self {
        Self { text: Zeroizing::new(text), expires_at, kind: PhantomData }
    }

    /// Returns the token as the cookie's value.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the time from which the token is expired.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }
}

// Written by hand, because the derived implementation would require `K: Clone`.
impl<K> Clone for Token<K> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), expires_at: self.expires_at, kind: PhantomData }
    }
}

impl<K> fmt::Debug for Token<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
