//! One outcome per form: the result of a change, for a form that arrives twice.
//!
//! A person who presses a button twice, or whose connection breaks after the change, sends the same
//! form again. If the form arrives within 30 seconds of a success, every node returns the first
//! outcome. Another response, such as "the password is wrong" after a change of the password, would
//! describe something that did not happen.
//!
//! - The id is an HMAC over the browser cookie, the random field of the form, the purpose and all
//!   fields. A submission with other fields has another id.
//! - The transaction of a change first inserts its outcome. If the row exists, the change rolls
//!   back and returns the stored outcome. Two parallel submissions therefore cause one change.
//! - Only a success has a row.
//!
//! The login flow does not use this store yet.

pub(crate) mod store;

use std::fmt;

use hallpass_core::UnixTime;

use crate::{
    account::AccountId, kind::stored_as_text, session::session_id::SessionId,
    stored_bytes::stored_bytes,
};

/// The identifier of a submission: an HMAC, 32 bytes. A store compares it for equality.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutcomeId([u8; 32]);

stored_bytes!(OutcomeId);

stored_as_text! {
    /// The change that a form caused. A store keeps the name.
    #[non_exhaustive]
    pub enum OutcomeKind {
        /// An account was created and logged in.
        Registered = "registered",
        /// A person logged in.
        LoggedIn = "logged-in",
        /// A person confirmed who they are, within a session.
        Confirmed = "confirmed",
        /// The password was changed.
        PasswordChanged = "password-changed",
        /// A second factor was turned on.
        SecondFactorEnabled = "second-factor-enabled",
        /// The second factor was turned off.
        SecondFactorDisabled = "second-factor-disabled",
        /// A new set of recovery codes was generated.
        RecoveryCodesReplaced = "recovery-codes-replaced",
        /// One session was ended.
        SessionEnded = "session-ended",
        /// All sessions but the acting one were ended.
        SessionsEnded = "sessions-ended",
    }
}

/// The stored outcome of a change that succeeded.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The submission.
    pub id: OutcomeId,
    /// The change.
    pub kind: OutcomeKind,
    /// The account that was changed. `None` if the change has no account.
    pub account: Option<AccountId>,
    /// The session that acted, or that the change opened.
    pub session: Option<SessionId>,
    /// The account's number *revoked below* after the change. If there is no account, it is 0.
    pub revoked_below: u32,
    /// The values that are shown once, and the refresh token: encrypted under a key that the store
    /// does not have.
    pub sealed: Option<Vec<u8>>,
    /// The time of the change, in the time of the store.
    pub at: UnixTime,
    /// The end of the row: from then on it counts as absent and may be deleted.
    pub keep_until: UnixTime,
}

impl Outcome {
    /// Creates an outcome without account, session and sealed values.
    #[must_use]
    pub fn new(id: OutcomeId, kind: OutcomeKind, at: UnixTime, keep_until: UnixTime) -> Self {
        Self {
            id,
            kind,
            account: None,
            session: None,
            revoked_below: 0,
            sealed: None,
            at,
            keep_until,
        }
    }

    /// Sets the account and its number *revoked below* after the change. Defaults to no account.
    #[must_use]
    pub fn with_account(mut self, account: AccountId, revoked_below: u32) -> Self {
        self.account = Some(account);
        self.revoked_below = revoked_below;
        self
    }

    /// Sets the session. Defaults to `None`.
    #[must_use]
    pub fn with_session(mut self, session: Option<SessionId>) -> Self {
        self.session = session;
        self
    }

    /// Sets the encrypted values. Defaults to `None`.
    #[must_use]
    pub fn with_sealed(mut self, sealed: Option<Vec<u8>>) -> Self {
        self.sealed = sealed;
        self
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("kind", &self.kind)
            .field("account", &self.account)
            .field("session", &self.session)
            .field("revoked_below", &self.revoked_below)
            .field("sealed", &self.sealed.is_some())
            .field("at", &self.at)
            .field("keep_until", &self.keep_until)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_values_and_ids_are_absent_from_debug() {
        let now = UnixTime::from_secs(1);
        let id = OutcomeId::from_bytes([0xee; 32]);
        let outcome =
            Outcome::new(id, OutcomeKind::LoggedIn, now, now).with_sealed(Some(vec![0xdd; 8]));
        let text = format!("{outcome:?} {id:?}");
        assert!(text.contains("sealed: true") && text.ends_with("OutcomeId(..)"), "{text}");
        // 0xdd and 0xee, as a list of numbers.
        assert!(!text.contains("221") && !text.contains("238"), "{text}");
    }
}
