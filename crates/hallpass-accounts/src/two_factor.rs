//! The second factor: who must have one, set-up, codes and recovery codes.
//!
//! `store` is what a site's store has to do; `encryption` and `set_up_secret` protect the secret;
//! `flow` and `enrolment` are the flows.

pub(crate) mod encryption;
pub(crate) mod enrolment;
mod flow;
pub(crate) mod recovery_code;
mod set_up_secret;
pub(crate) mod store;

use std::fmt;

use hallpass_core::{EnrolmentPending, Methods, Role, RoleSet, Token, TotpSecret};

use crate::{account::Account, session::Tokens};

/// Who must have a second factor.
///
/// An account that must and has none gets **no access token**: its password leads to an enrolment
/// token, which opens `/profile/two-factor` and nothing else, and the first right code there signs
/// it in. So a site has nothing to remember: there is nothing that a route which only asks for a
/// sign-in could take for one. Where the factor is turned off, enrolment is due again; a session of
/// before the policy ends with its token.
#[derive(Default)]
#[non_exhaustive]
pub enum TwoFactorPolicy<R> {
    /// Nobody must have one.
    #[default]
    Optional,
    /// Accounts with any of these roles must.
    RequiredFor(RoleSet<R>),
    /// All accounts must.
    RequiredForAll,
}

/// What the policy asks of a session beyond what it has shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub(crate) enum Asked {
    Nothing,
    SecondFactor,
}

impl<R: Role> TwoFactorPolicy<R> {
    /// What it asks of an account's session with these methods.
    pub(crate) fn asks(&self, account: &Account, methods: Methods) -> Asked {
        let asks = match self {
            _ if methods.includes_second_factor() => false,
            Self::Optional => false,
            Self::RequiredForAll => true,
            Self::RequiredFor(asking) => account
                .roles()
                .iter()
                .filter_map(|name| R::from_name(name))
                .any(|role| asking.contains(role)),
        };
        if asks { Asked::SecondFactor } else { Asked::Nothing }
    }
}

// By hand, because the derived one would require the same of `R`.
impl<R> Clone for TwoFactorPolicy<R> {
    fn clone(&self) -> Self {
        match self {
            Self::Optional => Self::Optional,
            Self::RequiredFor(roles) => Self::RequiredFor(*roles),
            Self::RequiredForAll => Self::RequiredForAll,
        }
    }
}

impl<R: Role> fmt::Debug for TwoFactorPolicy<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Optional => f.write_str("Optional"),
            Self::RequiredFor(roles) => f.debug_tuple("RequiredFor").field(roles).finish(),
            Self::RequiredForAll => f.write_str("RequiredForAll"),
        }
    }
}

/// How the second factor of an account stands.
///
/// Exhaustive, because a caller must handle both.
#[derive(Debug)]
#[must_use]
pub enum TwoFactor {
    /// It is on.
    On,
    /// It is off; this is what to put into the authenticator. Nothing has been written.
    Off(SetUp),
}

/// What goes into an authenticator. Redacted in `Debug`.
#[non_exhaustive]
pub struct SetUp {
    /// The secret that the first code must come from.
    pub secret: TotpSecret,
    /// The same as an `otpauth://` link, for a QR code.
    pub otpauth_uri: String,
}

/// How it goes on after the second factor was turned off.
///
/// Exhaustive, because a caller must handle both.
#[derive(Debug)]
#[must_use]
pub enum FactorOff {
    /// The session goes on with these.
    GoesOn(Tokens),
    /// The account must have a second factor: every session is over, and this token opens the page
    /// where a new one is set up.
    EnrolmentRequired(Token<EnrolmentPending>),
}

impl fmt::Debug for SetUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetUp(..)")
    }
}
