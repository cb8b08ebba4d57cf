//! Why a request was refused.
//!
//! The kind is public, its detail is not: a bad token is [`RejectionKind::NotLoggedIn`] whatever is wrong with it, so that a forger
//! learns nothing from being told which check failed first. 401 ("say who you are") and 403 ("I know, and no") are kept apart
//! here, once, for every adapter. [`RejectionResponse`](crate::RejectionResponse) renders it for a caller.

use std::{error::Error, fmt, time::Duration};

use crate::token::error::TokenErrorKind;

/// A refusal: its kind, and how long to wait where waiting helps.
///
/// ```
/// use hallpass_core::{Rejection, RejectionKind, TokenErrorKind};
///
/// assert_eq!(Rejection::new(RejectionKind::NotLoggedIn).status(), 401);
/// assert_eq!(Rejection::new(RejectionKind::RoleMissing).status(), 403);
/// assert_eq!(Rejection::from(TokenErrorKind::Signature).kind(), RejectionKind::NotLoggedIn);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub struct Rejection {
    kind: RejectionKind,
    retry_after: Option<Duration>,
}

impl Rejection {
    /// A refusal of this kind.
    pub const fn new(kind: RejectionKind) -> Self {
        Self { kind, retry_after: None }
    }

    /// Says how long to wait before trying again, in whole seconds, rounded up.
    pub const fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// What was missing.
    #[must_use]
    pub const fn kind(self) -> RejectionKind {
        self.kind
    }

    /// The HTTP status that the kind stands for.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.kind.status()
    }

    /// How long to wait before trying again.
    #[must_use]
    pub const fn retry_after(self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request refused: {}", self.kind)
    }
}

impl Error for Rejection {}

impl From<RejectionKind> for Rejection {
    fn from(kind: RejectionKind) -> Self {
        Self::new(kind)
    }
}

/// Expiry and revocation show, since an honest client acts on them, and so does a fault of ours, since the token is good once that
/// has passed: a person sent to sign in again would only meet the same fault. Every other fault of a token is "signed out".
impl From<TokenErrorKind> for Rejection {
    fn from(fault: TokenErrorKind) -> Self {
        let rejection = Self::new(match fault {
            TokenErrorKind::Expired => RejectionKind::Expired,
            TokenErrorKind::Revoked => RejectionKind::Revoked,
            TokenErrorKind::Unavailable => RejectionKind::Unavailable,
            _ => RejectionKind::NotLoggedIn,
        });
        match fault {
            TokenErrorKind::Unavailable => rejection.with_retry_after(Duration::from_secs(1)),
            _ => rejection,
        }
    }
}

/// What a refused request lacked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum RejectionKind {
    /// No token, or one that does not verify.
    NotLoggedIn,
    /// The token was right and its time is over.
    Expired,
    /// The token was torn up: log-out, a changed role or password, a disabled account.
    Revoked,
    /// Signed in, without a role that the route asks for.
    RoleMissing,
    /// Signed in with a password alone where the route asks for a second factor.
    SecondFactorMissing,
    /// Signed in too long ago for what the route does.
    NotRecent,
    /// An unsafe request that another site made the browser send.
    CrossOrigin,
    /// Too many attempts.
    Limited,
    /// What is needed to decide cannot be reached.
    Unavailable,
    /// The service's own fault: a guard without its layer, or a guard for another role enum.
    Misconfigured,
}

impl RejectionKind {
    /// Every kind, for tables that must miss none.
    pub const ALL: &'static [Self] = &[
        Self::NotLoggedIn,
        Self::Expired,
        Self::Revoked,
        Self::RoleMissing,
        Self::SecondFactorMissing,
        Self::NotRecent,
        Self::CrossOrigin,
        Self::Limited,
        Self::Unavailable,
        Self::Misconfigured,
    ];

    /// The HTTP status: 401 where signing in (again) is the way on, 403 where it is not.
    ///
    /// A missing factor and a sign-in that is too old are 403: the caller *is* known (RFC 9110 section 15.5.4).
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::NotLoggedIn | Self::Expired | Self::Revoked => 401,
            Self::RoleMissing | Self::SecondFactorMissing | Self::NotRecent | Self::CrossOrigin => 403,
            Self::Limited => 429,
            Self::Unavailable => 503,
            Self::Misconfigured => 500,
        }
    }

    /// A stable kebab-case name: the last part of the problem type, and the label in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotLoggedIn => "signed-out",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::RoleMissing => "role-missing",
            Self::SecondFactorMissing => "second-factor-missing",
            Self::NotRecent => "not-recent",
            Self::CrossOrigin => "cross-origin",
            Self::Limited => "limited",
            Self::Unavailable => "unavailable",
            Self::Misconfigured => "misconfigured",
        }
    }
}

// What a refusal says to a person. Constants only: plain ASCII without quotes, backslashes, `%`, `<` or `&`, so that the same
// words stand in HTML, JSON and a gRPC header as they are; a test holds them to it.
impl RejectionKind {
    /// A heading for a person to read.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.wording().0
    }

    /// A sentence for a person to read: what is wrong, and what to do about it.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        self.wording().1
    }

    const fn wording(self) -> (&'static str, &'static str) {
        match self {
            Self::NotLoggedIn => ("Signed out", "Sign in to go on."),
            Self::Expired => ("Your sign-in has expired", "Sign in again to go on."),
            Self::Revoked => ("You have been signed out", "This sign-in was ended. Sign in again to go on."),
            Self::RoleMissing => ("Access denied", "You are signed in, but your account may not do this."),
            Self::SecondFactorMissing => {
                ("A second factor is needed", "Set one up, or sign in again with its code, to go on.")
            }
            Self::NotRecent => ("A fresh sign-in is needed", "You signed in a while ago. Sign in again to go on."),
            Self::CrossOrigin => ("Refused", "Another site sent this request. Nothing was changed."),
            Self::Limited => ("Too many attempts", "Wait a little, then try again."),
            Self::Unavailable => ("Not available right now", "Try again in a moment."),
            Self::Misconfigured => ("Something is wrong here", "The fault is in the service, not in what you did."),
        }
    }
}

impl fmt::Display for RejectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forger_learns_nothing_from_the_kind() {
        for fault in [
            TokenErrorKind::Ambiguous,
            TokenErrorKind::TooLong,
            TokenErrorKind::Malformed,
            TokenErrorKind::Type,
            TokenErrorKind::Algorithm,
            TokenErrorKind::UnknownKey,
            TokenErrorKind::Signature,
            TokenErrorKind::Claims,
            TokenErrorKind::Issuer,
            TokenErrorKind::Audience,
            TokenErrorKind::NotYetValid,
            TokenErrorKind::LifetimeTooLong,
        ] {
            assert_eq!(Rejection::from(fault).kind(), RejectionKind::NotLoggedIn, "{fault}");
        }
        assert_eq!(Rejection::from(TokenErrorKind::Expired).kind(), RejectionKind::Expired);
        assert_eq!(Rejection::from(TokenErrorKind::Revoked).kind(), RejectionKind::Revoked);
        let fault = Rejection::from(TokenErrorKind::Unavailable);
        assert_eq!((fault.status(), fault.retry_after()), (503, Some(Duration::from_secs(1))));
    }

    #[test]
    fn kinds_have_distinct_names() {
        let names: std::collections::HashSet<_> = RejectionKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(names.len(), RejectionKind::ALL.len());
        assert!(RejectionKind::ALL.iter().enumerate().all(|(place, kind)| *kind as usize == place));
    }
}
