//! The second factor: who must have one, set-up, codes and recovery codes.
//!
//! `store` is what a site's store has to do; `encryption` and `set_up_secret` protect the secret; `second_factor`, `enrolment` and
//! `code` are the flows.

mod code;
pub(crate) mod encryption;
pub(crate) mod enrolment;
pub(crate) mod recovery_code;
pub(crate) mod second_factor;
mod set_up_secret;
pub(crate) mod store;

use std::fmt;

use hallpass_core::{Methods, Role, RoleSet};

use crate::account::Account;

/// Who must have a second factor.
///
/// An account that must and has none gets **no access token**: its password leads to an enrolment token, which opens
/// `/profile/two-factor` and nothing else, and the first right code there signs it in. So a site has nothing to remember: there is
/// nothing that a route which only asks for a sign-in could take for one. Where the factor is turned off, enrolment is due again;
/// a session of before the policy ends with its token.
#[non_exhaustive]
pub enum FactorPolicy<R> {
    /// Everybody as they like.
    Optional,
    /// Accounts with any of these roles. Others as they like.
    RequiredFor(RoleSet<R>),
    /// All accounts.
    RequiredForAll,
}

/// What the policy asks of a session beyond what it has shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub(crate) enum Asked {
    Nothing,
    SecondFactor,
}

impl<R: Role> FactorPolicy<R> {
    /// What it asks of an account's session with these methods.
    pub(crate) fn asks(&self, account: &Account, methods: Methods) -> Asked {
        let asks = match self {
            _ if methods.includes_second_factor() => false,
            Self::Optional => false,
            Self::RequiredForAll => true,
            Self::RequiredFor(asking) => {
                account.roles().iter().filter_map(|name| R::from_name(name)).any(|role| asking.contains(role))
            }
        };
        if asks { Asked::SecondFactor } else { Asked::Nothing }
    }
}

// By hand, because the derived one would require the same of `R`.
impl<R> Clone for FactorPolicy<R> {
    fn clone(&self) -> Self {
        match self {
            Self::Optional => Self::Optional,
            Self::RequiredFor(roles) => Self::RequiredFor(*roles),
            Self::RequiredForAll => Self::RequiredForAll,
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
