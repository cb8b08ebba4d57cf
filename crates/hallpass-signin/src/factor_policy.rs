//! Who must have a second factor, and what an account that must and has not may do.

use std::fmt;

use hallpass_core::{Methods, Role, RoleSet};

/// Who must have a second factor.
///
/// The rule is on what was **shown**, at the one place where tokens are vouched for: a role that asks for a factor is granted to a
/// session that showed one and to no other. An account that must enrol signs in without those roles, so that it can get to the
/// enrolment page; the first right code there brings them. Turning the factor off takes them away again.
///
/// Routes that only ask for a sign-in stay open to it. A site that wants nothing open asks for
/// [`and_second_factor`](hallpass_core::Requirement::and_second_factor) there.
#[derive(Clone)]
#[non_exhaustive]
pub enum FactorPolicy<R> {
    /// Everybody as they like.
    Optional,
    /// Accounts with any of these roles. Others as they like.
    RequiredFor(RoleSet<R>),
    /// All accounts.
    RequiredForAll,
}

/// What a session is granted.
pub(crate) struct Granted<R> {
    pub(crate) roles: RoleSet<R>,
    /// Whether something is withheld until the account has a second factor.
    pub(crate) enrolment_due: bool,
}

impl<R: Role> FactorPolicy<R> {
    /// Grants what these methods are good for.
    pub(crate) fn grant(&self, roles: RoleSet<R>, methods: Methods) -> Granted<R> {
        if methods.includes_second_factor() {
            return Granted { roles, enrolment_due: false };
        }
        match self {
            Self::Optional => Granted { roles, enrolment_due: false },
            Self::RequiredForAll => Granted { roles: RoleSet::EMPTY, enrolment_due: true },
            Self::RequiredFor(asking) => Granted {
                roles: roles.iter().filter(|role| !asking.contains(*role)).collect(),
                enrolment_due: roles.intersects(*asking),
            },
        }
    }
}

impl<R: Role> fmt::Debug for FactorPolicy<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Optional => f.write_str("Optional"),
            Self::RequiredFor(roles) => f.debug_tuple("RequiredFor").field(roles).finish(),
            Self::RequiredForAll => f.write_str("RequiredForAll"),
        }
    }
}
