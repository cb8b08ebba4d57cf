//! The caller of a request: a verified caller, or an anonymous one with the reason.
//!
//! The outer layer stores an [`Authentication`] in the request for the guards behind it. An
//! [`Authentication`] makes no decision; [`Requirement`](crate::Requirement) does.

use std::{any::TypeId, fmt, sync::Arc};

use crate::{
    time::unix_time::UnixTime,
    token::{claims::Claims, error::TokenErrorKind, identity::Identity, role::Role},
};

/// The caller of a request, as the outer layer found it: verified, or anonymous with the reason.
///
/// The type is not generic. A guard that only requires a login therefore needs no role enum, and
/// one request extension serves every guard.
///
/// ```
/// use hallpass_core::{Authentication, TokenErrorKind};
///
/// let stranger = Authentication::anonymous();
/// assert_eq!((stranger.username(), stranger.reason()), (None, None));
/// let late = Authentication::rejected(TokenErrorKind::Expired);
/// assert_eq!(late.reason(), Some(TokenErrorKind::Expired));
/// ```
#[derive(Clone)]
pub struct Authentication {
    state: State,
    checked_at: Option<UnixTime>,
}

#[derive(Clone)]
enum State {
    Anonymous,
    Rejected(TokenErrorKind),
    Identified(Arc<Claims<'static>>),
}

impl Authentication {
    /// Creates an anonymous caller of a request without a token.
    pub fn anonymous() -> Self {
        Self::of(State::Anonymous)
    }

    /// Creates an anonymous caller of a request whose token was rejected, and keeps the reason.
    pub fn rejected(kind: TokenErrorKind) -> Self {
        Self::of(State::Rejected(kind))
    }

    /// Creates a verified caller.
    pub fn identified<R: Role>(identity: Identity<R>) -> Self {
        Self::of(State::Identified(identity.into_claims()))
    }

    fn of(state: State) -> Self {
        Self { state, checked_at: None }
    }

    /// Sets the time at which the token was checked.
    #[must_use]
    pub fn checked_at(mut self, now: UnixTime) -> Self {
        self.checked_at = Some(now);
        self
    }

    /// Returns the time at which the token was checked, or `None` if it was not recorded. A guard
    /// that requires a recent login compares with this time, so that both checks use one clock
    /// reading.
    pub fn moment(&self) -> Option<UnixTime> {
        self.checked_at
    }

    /// Returns the verified caller. Returns `None` if the caller is anonymous, or if the token was
    /// verified for another role enum than `R`.
    pub fn identity<R: Role>(&self) -> Option<Identity<R>> {
        match &self.state {
            State::Identified(claims) if claims.roles_of == TypeId::of::<R>() => {
                Some(Identity::new(Arc::clone(claims)))
            }
            _ => None,
        }
    }

    /// Returns the reason why the token was rejected, or `None` if there was no token or it is
    /// valid.
    pub fn reason(&self) -> Option<TokenErrorKind> {
        match self.state {
            State::Rejected(kind) => Some(kind),
            _ => None,
        }
    }

    /// Returns the verified caller's claims, for any role enum.
    pub fn claims(&self) -> Option<&Claims<'static>> {
        match &self.state {
            State::Identified(claims) => Some(claims),
            _ => None,
        }
    }

    /// Returns the verified caller's user name.
    pub fn username(&self) -> Option<&str> {
        self.claims().map(Claims::username)
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            State::Anonymous => f.write_str("Anonymous"),
            State::Rejected(kind) => f.debug_tuple("Rejected").field(kind).finish(),
            State::Identified(claims) => {
                f.debug_tuple("Identified").field(&claims.username()).finish()
            }
        }
    }
}
