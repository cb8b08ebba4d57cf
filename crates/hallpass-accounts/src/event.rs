//! Typed events. Each goes to `tracing`, to the site's own hook and to its metrics.
//!
//! No event contains a secret: no password, code, token or hash, and **no user name as typed**,
//! because people type passwords into the name field. An event identifies an account by its id.

mod log;
#[cfg(feature = "metrics")]
pub(crate) mod metric;
mod name;

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use hallpass_core::Methods;

use crate::{account::AccountId, session::session_id::SessionId};

/// An event of a login or of an account.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// An account was created.
    Registered {
        /// The account.
        account: AccountId,
    },
    /// A person logged in.
    LoggedIn {
        /// The account.
        account: AccountId,
        /// The session.
        session: SessionId,
        /// The authentication methods that were used.
        methods: Methods,
    },
    /// An attempt was rejected. The response does not contain the reason.
    Refused {
        /// The account that the attempt was for, if it exists.
        account: Option<AccountId>,
        /// The reason.
        reason: RejectionReason,
        /// The address of the client, if it is known.
        peer: Option<IpAddr>,
    },
    /// A rate limit was reached. The attempt was not evaluated.
    Limited {
        /// The limit.
        limit: RateLimitKind,
        /// The address of the client, if it is known.
        peer: Option<IpAddr>,
        /// The time until the next attempt is evaluated.
        retry_after: Duration,
    },
    /// The password was changed.
    PasswordChanged {
        /// The account.
        account: AccountId,
    },
    /// The stored hash was replaced by one of the current cost.
    PasswordHashUpgraded {
        /// The account.
        account: AccountId,
    },
    /// A second factor was turned on.
    SecondFactorEnabled {
        /// The account.
        account: AccountId,
    },
    /// The second factor was turned off.
    SecondFactorDisabled {
        /// The account.
        account: AccountId,
    },
    /// The secret was encrypted again with the current key.
    SecondFactorReencrypted {
        /// The account.
        account: AccountId,
    },
    /// A recovery code was used. Consider a mail to the owner of the account.
    RecoveryCodeUsed {
        /// The account.
        account: AccountId,
    },
    /// The recovery codes were replaced by a new set.
    RecoveryCodesReplaced {
        /// The account.
        account: AccountId,
    },
    /// A session was refreshed.
    SessionRefreshed {
        /// The account.
        account: AccountId,
        /// The session.
        session: SessionId,
    },
    /// A refresh token was used again after its grace period, so a copy of it exists. The session
    /// was ended.
    RefreshReused {
        /// The account.
        account: AccountId,
        /// The session.
        session: SessionId,
    },
    /// One session was ended, by a logout or from the list of sessions.
    SessionEnded {
        /// The account.
        account: AccountId,
        /// The session.
        session: SessionId,
    },
    /// All sessions of the account, or all but one, were ended.
    SessionsEnded {
        /// The account.
        account: AccountId,
    },
    /// The roles were changed.
    RolesChanged {
        /// The account.
        account: AccountId,
    },
    /// The store has a role that is not in the role enum. The role grants nothing.
    UnknownRole {
        /// The account.
        account: AccountId,
        /// The name of the role.
        role: String,
    },
    /// No access token was issued: the account must have a second factor and has none.
    EnrolmentRequired {
        /// The account.
        account: AccountId,
    },
    /// The account was disabled.
    Disabled {
        /// The account.
        account: AccountId,
    },
    /// The account was enabled again.
    Enabled {
        /// The account.
        account: AccountId,
    },
    /// No capacity for password hashing was free.
    HashingBusy,
    /// The revocation log does not respond. Until it does, revocations on other nodes have no
    /// effect on this node.
    RevocationLogSilent,
    /// The revocation log responds again and was read to its end.
    RevocationLogAnswers {
        /// The age of this node's copy of the log at that moment.
        staleness: Duration,
    },
    /// A response was not ready in time and became a 503: each call to the store is slow.
    Overdue {
        /// The time limit.
        after: Duration,
    },
    /// A call to the store failed.
    StoreFailed {
        /// The name of the call.
        operation: &'static str,
    },
}

/// Why an attempt was rejected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RejectionReason {
    /// No account has the name.
    UnknownAccount,
    /// The password is wrong.
    WrongPassword,
    /// The code is wrong.
    WrongCode,
    /// The code is correct and was used before: a mistake, or a person who watched the screen used
    /// it (RFC 6238, section 5.2).
    ConsumedCode,
    /// The account is disabled.
    Disabled,
    /// The pending login is forged, expired, or older than a change of the account.
    StalePending,
    /// The account changed during the login.
    AccountChanged,
}

/// The rate limit that was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RateLimitKind {
    /// The limit per account. It applies to names without an account too.
    Account,
    /// The limit per address.
    Address,
    /// The limit per session on changes to its own account.
    Change,
}

/// A function that is called with each [`Event`].
pub type EventHook = Arc<dyn Fn(&Event) + Send + Sync>;

/// Logs events, counts them and passes them to the hook.
#[derive(Clone, Default)]
pub(crate) struct Events {
    hook: Option<EventHook>,
}

impl Events {
    pub(crate) fn to(hook: Option<EventHook>) -> Self {
        Self { hook }
    }

    pub(crate) fn happened(&self, event: Event) {
        log::log(&event);
        #[cfg(feature = "metrics")]
        crate::event::metric::happened(&event);
        if let Some(hook) = &self.hook {
            hook(&event);
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

impl Event {
    /// Returns whether an operator should look at it: an attack, a fault, or an action that a thief
    /// of a session would take.
    fn is_alarming(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. }
                | Self::Limited { .. }
                | Self::SecondFactorDisabled { .. }
                | Self::RecoveryCodeUsed { .. }
                | Self::RefreshReused { .. }
                | Self::UnknownRole { .. }
                | Self::HashingBusy
                | Self::RevocationLogSilent
                | Self::Overdue { .. }
                | Self::StoreFailed { .. }
        )
    }
}
