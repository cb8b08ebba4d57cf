//! Who a request comes from: a verified caller, or anonymous and why.
//!
//! [`Authentication`] is what the outer layer notes for the guards behind it. It decides nothing:
//! that is [`Requirement`](crate::Requirement).

use std::{any::TypeId, fmt, sync::Arc};

use crate::{
    time::unix_time::UnixTime,
    token::{claims::Claims, error::TokenErrorKind, identity::Identity, role::Role},
};

/// What the outer layer found out about a request's caller: verified, or anonymous and why.
///
/// It is not generic, so that a guard which asks for "signed in" needs no role enum, and so that
/// one request extension serves all.
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
    /// No token was there.
    pub fn anonymous() -> Self {
        Self::of(State::Anonymous)
    }

    /// A token was there that does not verify: anonymous, with the reason kept.
    pub fn rejected(kind: TokenErrorKind) -> Self {
        Self::of(State::Rejected(kind))
    }

    /// A verified caller.
    pub fn identified<R: Role>(identity: Identity<R>) -> Self {
        Self::of(State::Identified(identity.into_claims()))
    }

    fn of(state: State) -> Self {
        Self { state, checked_at: None }
    }

    /// Notes by which moment the token was judged.
    #[must_use]
    pub fn checked_at(mut self, now: UnixTime) -> Self {
        self.checked_at = Some(now);
        self
    }

    /// The moment by which the token was judged, so that a guard which asks for freshness judges by
    /// the same clock; `None` where nobody noted it.
    pub fn moment(&self) -> Option<UnixTime> {
        self.checked_at
    }

    /// The verified caller; `None` where there is none, or where it was verified for another role
    /// enum than `R`.
    pub fn identity<R: Role>(&self) -> Option<Identity<R>> {
        match &self.state {
            State::Identified(claims) if claims.roles_of == TypeId::of::<R>() => {
                Some(Identity::new(Arc::clone(claims)))
            }
            _ => None,
        }
    }

    /// Why the token was refused; `None` where it was not, or where there was none.
    pub fn reason(&self) -> Option<TokenErrorKind> {
        match self.state {
            State::Rejected(kind) => Some(kind),
            _ => None,
        }
    }

    /// The verified caller's claims, whatever the role enum.
    pub fn claims(&self) -> Option<&Claims<'static>> {
        match &self.state {
            State::Identified(claims) => Some(claims),
            _ => None,
        }
    }

    /// The verified caller's user name.
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
