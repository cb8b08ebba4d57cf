//! Two-factor authentication (2FA, MFA): the policy, set-up, codes and recovery codes.
//!
//! `store` contains the store trait; `encryption` and `set_up_secret` protect the secret; `flow`
//! and `enrolment` are the flows; `reencryption` is a command of the operator.

pub(crate) mod encryption;
pub(crate) mod enrolment;
mod flow;
pub(crate) mod recovery_code;
pub(crate) mod reencryption;
mod reset;
mod set_up_secret;
pub(crate) mod store;

use std::fmt;

use hallpass_core::{EnrolmentPending, Methods, Role, RoleSet, Token, TotpSecret};
use zeroize::Zeroizing;

use crate::{account::Account, session::Tokens};

/// The accounts that must have a second factor.
///
/// An account that must have one and has none gets **no access token**. Its password leads to an
/// enrolment token, which gives access to `/account/two-factor` only. The first right code there
/// logs the person in. A site needs no checks of its own: a route that requires a login cannot be
/// reached with an enrolment token. After the factor is turned off, enrolment is required again.
///
/// A session that was opened without a second factor before the account received a role that
/// requires one continues without that role: it has the role from the next proof of the factor. A
/// session that was opened before [`RequiredForAll`](Self::RequiredForAll) is not refreshed: it
/// ends when its access token expires.
#[derive(Default)]
#[non_exhaustive]
pub enum TwoFactorPolicy<R> {
    /// No account must have one.
    #[default]
    Optional,
    /// Accounts with any of these roles must have one.
    RequiredFor(RoleSet<R>),
    /// All accounts must have one.
    RequiredForAll,
}

/// The factor that the policy requires in addition to the methods of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub(crate) enum Asked {
    Nothing,
    SecondFactor,
}

impl<R: Role> TwoFactorPolicy<R> {
    /// Returns the factor that the policy requires for an account's session with these methods.
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

    /// Returns whether a session with these methods is not refreshed. A session whose account only
    /// received a role that requires a factor continues without that role.
    pub(crate) fn ends_session(&self, account: &Account, methods: Methods) -> bool {
        matches!(self, Self::RequiredForAll) && self.asks(account, methods) == Asked::SecondFactor
    }

    /// Returns whether the role is withheld from a session with these methods, until a second
    /// factor is proven.
    pub(crate) fn withholds(&self, role: &R, methods: Methods) -> bool {
        match self {
            _ if methods.includes_second_factor() => false,
            Self::Optional => false,
            Self::RequiredForAll => true,
            Self::RequiredFor(asking) => asking.contains_all(role.into()),
        }
    }
}

// Written by hand, because the derived implementation would require `R: Clone`.
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

/// The state of an account's second factor.
///
/// Exhaustive, because a caller must handle both.
#[derive(Debug)]
#[must_use]
pub enum TwoFactor {
    /// The factor is on.
    On,
    /// The factor is off. The value is the data for the authenticator. Nothing has been written to
    /// the store.
    Off(SetUp),
}

/// The data for an authenticator. Redacted in `Debug`.
#[non_exhaustive]
pub struct SetUp {
    /// The secret from which the first code must be computed.
    pub secret: TotpSecret,
    /// The secret as an `otpauth://` URI, for a QR code.
    pub otpauth_uri: Zeroizing<String>,
}

/// The result of turning the second factor off.
///
/// Exhaustive, because a caller must handle both.
#[derive(Debug)]
#[must_use]
pub enum FactorOff {
    /// The session continues with these tokens.
    GoesOn(Tokens),
    /// The account must have a second factor. Every session has ended, and this token gives access
    /// to the page where a new factor is set up.
    EnrolmentRequired(Token<EnrolmentPending>),
}

impl fmt::Debug for SetUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetUp(..)")
    }
}
