//! What is worth knowing: one typed event each, to `tracing`, to a hook of the site's own and to
//! its metrics.
//!
//! No event holds a secret: no password, code, token or hash, and **no user name that was only
//! typed**, since people type passwords into the name field. A name stands here once an account has
//! it.

mod log;
#[cfg(feature = "metrics")]
pub(crate) mod metric;
mod name;

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use hallpass_core::Methods;

use crate::{account::AccountId, session::session_id::SessionId};

/// Something that happened in a sign-in or to an account.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// An account was made.
    Registered {
        /// Whose.
        account: AccountId,
    },
    /// Somebody signed in.
    LoggedIn {
        /// Whose.
        account: AccountId,
        /// Which session.
        session: SessionId,
        /// What was shown.
        methods: Methods,
    },
    /// An attempt was refused. The person is told none of this.
    Refused {
        /// Whose account it was aimed at, where there is one.
        account: Option<AccountId>,
        /// What it was.
        reason: RejectionReason,
        /// From where, if that is known.
        peer: Option<IpAddr>,
    },
    /// A limit was hit, and the attempt not looked at.
    Limited {
        /// Which limit.
        limit: RateLimitKind,
        /// From where, if that is known.
        peer: Option<IpAddr>,
        /// How long to wait.
        retry_after: Duration,
    },
    /// The password was changed.
    PasswordChanged {
        /// Whose.
        account: AccountId,
    },
    /// The stored hash was replaced by one of the present cost.
    PasswordHashUpgraded {
        /// Whose.
        account: AccountId,
    },
    /// A second factor went live.
    SecondFactorEnabled {
        /// Whose.
        account: AccountId,
    },
    /// The second factor was turned off.
    SecondFactorDisabled {
        /// Whose.
        account: AccountId,
    },
    /// The secret was encrypted anew under the key in use.
    SecondFactorReencrypted {
        /// Whose.
        account: AccountId,
    },
    /// A recovery code was consumed: worth a mail to the owner.
    RecoveryCodeUsed {
        /// Whose.
        account: AccountId,
    },
    /// A new set of recovery codes was made.
    RecoveryCodesReplaced {
        /// Whose.
        account: AccountId,
    },
    /// A session was renewed.
    SessionRefreshed {
        /// Whose.
        account: AccountId,
        /// Which session.
        session: SessionId,
    },
    /// A refresh token came back long after it was consumed: somebody has a copy of it. The session
    /// was ended.
    RefreshReused {
        /// Whose.
        account: AccountId,
        /// Which session.
        session: SessionId,
    },
    /// One session ended, by log-out or from the list.
    SessionEnded {
        /// Whose.
        account: AccountId,
        /// Which session.
        session: SessionId,
    },
    /// All sessions of the account, or all but one, were ended.
    SessionsEnded {
        /// Whose.
        account: AccountId,
    },
    /// The roles were changed.
    RolesChanged {
        /// Whose.
        account: AccountId,
    },
    /// The account has a role in the store that the role enum does not know; it grants nothing.
    UnknownRole {
        /// Whose.
        account: AccountId,
        /// The name of the role.
        role: String,
    },
    /// Roles were withheld: the account must have a second factor and has none.
    EnrolmentRequired {
        /// Whose.
        account: AccountId,
    },
    /// The account was disabled.
    Disabled {
        /// Whose.
        account: AccountId,
    },
    /// The account was enabled again.
    Enabled {
        /// Whose.
        account: AccountId,
    },
    /// No hashing capacity was left.
    HashingBusy,
    /// The revocation log does not answer: what is revoked elsewhere counts here no more, until it
    /// is back.
    RevocationLogSilent,
    /// The revocation log answers again, and was read to its end.
    RevocationLogAnswers {
        /// How old this node's picture of it had become.
        staleness: Duration,
    },
    /// An answer was not ready in time, so that it became a 503: a store that is slow at each call.
    Overdue {
        /// The time that it had.
        after: Duration,
    },
    /// A store did not answer.
    StoreFailed {
        /// What was asked of it.
        operation: &'static str,
    },
}

/// Why an attempt was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RejectionReason {
    /// No account has the name.
    UnknownAccount,
    /// The password is wrong.
    WrongPassword,
    /// The code is wrong.
    WrongCode,
    /// The code was right, and had been used before: a slip, or somebody looked over a shoulder
    /// (RFC 6238, 5.2).
    ConsumedCode,
    /// The account is disabled.
    Disabled,
    /// The pending sign-in is forged, over, or of before a change of the account.
    StalePending,
    /// The account changed while the sign-in was under way.
    AccountChanged,
}

/// Which limit was hit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RateLimitKind {
    /// The one per account, whether there is such an account or not.
    Account,
    /// The one per address.
    Address,
    /// The one per session on changes to its own account.
    Change,
}

/// A function that is called with each [`Event`].
pub type EventHook = Arc<dyn Fn(&Event) + Send + Sync>;

/// Where events go.
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
    /// Whether an operator should look: attacks, faults, and what a thief of a session would do.
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
