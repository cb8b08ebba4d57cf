//! Typed events, which are sent to `tracing`, to the site's hook and to the metrics.
//!
//! No event contains a secret: no password, code, token or hash, and **no user name**, because
//! people type passwords into the name field. An event identifies an account by its id.

pub(crate) mod client;
mod log;
#[cfg(feature = "metrics")]
pub(crate) mod metric;
mod name;
pub(crate) mod rejected;
pub(crate) mod reminder;

use std::{
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hallpass_core::{Clock, Methods, RejectionKind, TokenErrorKind};

use crate::{
    account::AccountId,
    activity::{flow::row_of, recorder::Recorder},
    event::{client::EventClient, reminder::Reminder},
    revocation::readiness::Readiness,
    session::session_id::SessionId,
    store::StoreFault,
};

/// An event in a login or of an account.
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
        /// The client's address, if it is known.
        peer: Option<IpAddr>,
    },
    /// An attempt was rejected. The response does not contain the reason.
    Refused {
        /// The account of the attempt, if it exists.
        account: Option<AccountId>,
        /// The reason.
        reason: RejectionReason,
        /// The client's address, if it is known.
        peer: Option<IpAddr>,
    },
    /// A limit was exceeded, and the attempt was not evaluated.
    Limited {
        /// The account, if the limit is on the changes of its session, on its codes, or on its
        /// known browsers. Otherwise the account of a login is not read from the store.
        account: Option<AccountId>,
        /// The limit.
        limit: RateLimitKind,
        /// The client's address, if it is known.
        peer: Option<IpAddr>,
        /// The time to wait.
        retry_after: Duration,
    },
    /// Five wrong codes were sent after a right password, since the password or the factor was last
    /// changed. Somebody may know the password: consider notifying the owner by mail. Reported
    /// once.
    CodesGuessed {
        /// The account.
        account: AccountId,
        /// The address of the client of the fifth code, if it is known.
        peer: Option<IpAddr>,
    },
    /// The address of clients is not known, so that they share one limit per address: a loopback or
    /// private address sends `X-Forwarded-For` or `Forwarded` and is not a [configured
    /// proxy](crate::Settings::proxies), or the adapter passes no address. Reported at most once
    /// per minute.
    ClientAddressUnknown {
        /// The address of the connection. `None` if the adapter passes no address: serve the site
        /// with the address of each connection.
        peer: Option<IpAddr>,
    },
    /// Requests brought tokens that no issuer of this site has made for it. Reported at most once
    /// per minute and reason.
    TokenForged {
        /// The check that failed.
        reason: TokenErrorKind,
        /// Number of requests since the last report with this reason.
        count: u64,
        /// The address of the client of the last one, if it is known.
        peer: Option<IpAddr>,
    },
    /// Requests were rejected with a 403: a role or the second factor is missing, or another site
    /// sent them. Reported at most once per minute and kind.
    AccessDenied {
        /// The account of the last one, if its caller is logged in.
        account: Option<AccountId>,
        /// The kind of the rejection.
        kind: RejectionKind,
        /// Number of requests since the last report of this kind.
        count: u64,
        /// The address of the client of the last one, if it is known.
        peer: Option<IpAddr>,
    },
    /// The password was changed.
    PasswordChanged {
        /// The account.
        account: AccountId,
    },
    /// A one-time link that sets a new password was created, and all sessions of the account were
    /// ended.
    ResetLinkCreated {
        /// The account.
        account: AccountId,
        /// The person or program that created it.
        actor: EventActor,
    },
    /// The password was changed with a one-time link, and all sessions of the account were ended.
    PasswordReset {
        /// The account.
        account: AccountId,
    },
    /// The stored hash was replaced by an argon2id hash with the current cost and pepper.
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
    /// The second factor and its recovery codes were removed by a command, and all sessions of the
    /// account were ended.
    SecondFactorReset {
        /// The account.
        account: AccountId,
        /// The person or program that removed it.
        actor: EventActor,
    },
    /// The secret was encrypted again, with the key in use.
    SecondFactorReencrypted {
        /// The account.
        account: AccountId,
    },
    /// A recovery code was consumed. Consider notifying the owner by mail.
    RecoveryCodeUsed {
        /// The account.
        account: AccountId,
    },
    /// A new set of recovery codes was generated.
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
    /// The person of a session showed again who they are, at `/session/confirm`.
    SessionConfirmed {
        /// The account.
        account: AccountId,
        /// The session.
        session: SessionId,
        /// The authentication methods that were shown.
        methods: Methods,
    },
    /// A refresh token was presented again after its [grace period](crate::SessionSettings::grace),
    /// so a second client has a copy of it. The session was ended.
    RefreshReused {
        /// The account.
        account: AccountId,
        /// The session.
        session: SessionId,
    },
    /// One session ended, by a logout or from the list of sessions.
    SessionEnded {
        /// The account.
        account: AccountId,
        /// The session.
        session: SessionId,
    },
    /// All sessions of the account, or all but one, were ended by a command for that purpose. A
    /// change that also ends sessions, such as a change of the password, has only its own event.
    SessionsEnded {
        /// The account.
        account: AccountId,
        /// The person or program that ended them.
        actor: EventActor,
    },
    /// The roles were changed.
    RolesChanged {
        /// The account.
        account: AccountId,
        /// The roles before. `None` if another command changed the account at the same moment.
        before: Option<Vec<String>>,
        /// The roles now.
        now: Vec<String>,
        /// The person or program that changed them.
        actor: EventActor,
    },
    /// A role of the account in the store is not in the role enum. It grants nothing.
    UnknownRole {
        /// The account.
        account: AccountId,
        /// The name of the role.
        role: String,
    },
    /// The account must have a second factor and has none: its login led to the enrolment page, or
    /// its session continued without roles.
    EnrolmentRequired {
        /// The account.
        account: AccountId,
    },
    /// The account was disabled.
    Disabled {
        /// The account.
        account: AccountId,
        /// Whether the account was disabled before. `None` if the store could not be read.
        before: Option<bool>,
        /// The person or program that disabled it.
        actor: EventActor,
    },
    /// The account was enabled again.
    Enabled {
        /// The account.
        account: AccountId,
        /// Whether the account was disabled before. `None` if the store could not be read.
        before: Option<bool>,
        /// The person or program that enabled it.
        actor: EventActor,
    },
    /// An operator's command changed the keys or the database, for example `keys rotate`.
    Maintenance {
        /// The command.
        operation: &'static str,
        /// The person or program that ran it.
        actor: EventActor,
    },
    /// No capacity for password hashing was free.
    HashingBusy,
    /// The revocation log is not available. Until it is, this node does not receive revocations
    /// from other nodes.
    RevocationLogSilent,
    /// The revocation log is available again and was read to its end.
    RevocationLogAnswers {
        /// The age of this node's data when the log became available.
        staleness: Duration,
    },
    /// The sessions of the whole site were ended.
    EpochRaised {
        /// The new epoch.
        epoch: u64,
    },
    /// Entries of the revocation log were skipped, because this version cannot read them. The
    /// tokens that they revoke are accepted until they expire.
    RevocationsSkipped {
        /// Number of entries.
        entries: u64,
    },
    /// This node has stopped being ready, for this reason. A load balancer should send it no
    /// requests.
    NotReady {
        /// The reason.
        reason: Readiness,
    },
    /// This node is ready again.
    ReadyAgain,
    /// A failover lost a change of the account that revoked tokens. The tokens stay revoked. A new
    /// password, role or second factor of the last minutes may be lost, and must be set again.
    ChangeLost {
        /// The account.
        account: AccountId,
    },
    /// The response of a login route was not ready within
    /// [`request_timeout`](crate::Settings::request_timeout) and became a 503. The usual cause is
    /// several slow calls of a store.
    Overdue {
        /// The time limit.
        after: Duration,
    },
    /// A call of a store failed or exceeded [`store_timeout`](crate::Settings::store_timeout).
    StoreFailed {
        /// The operation that was called.
        operation: &'static str,
    },
}

/// The person or program that made a change, for an audit.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EventActor {
    /// A logged-in person, who may be the owner of the changed account.
    Person(AccountId),
    /// The application itself, in a call that names no person.
    Application,
    /// An operator at a terminal.
    Operator,
}

/// The reason that an attempt was rejected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RejectionReason {
    /// No account has the name, or the text is not a valid name.
    UnknownAccount,
    /// The password is wrong.
    WrongPassword,
    /// The code is wrong, or it is a recovery code that was used before.
    WrongCode,
    /// The code of the authenticator was right, but had been used before. The person sent it twice,
    /// or another person saw it (RFC 6238, section 5.2).
    ConsumedCode,
    /// The account is disabled.
    Disabled,
    /// The pending login is not authentic, has expired, or was issued before a change of the
    /// account.
    StalePending,
    /// The account changed during the login, or during a change by its owner.
    AccountChanged,
}

/// The limit that was exceeded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RateLimitKind {
    /// The limits per account, and per account and network, which apply to unknown names too. A
    /// session that confirms a change with a password has a count of its own.
    Account,
    /// The limits of the browsers that the account knows.
    Browser,
    /// The limits of codes after a right password.
    Code,
    /// The limit of registrations per address.
    Registration,
    /// The brake of the site, in this node.
    Site,
    /// The limit per address.
    Address,
    /// The limit per session on changes to its own account.
    Change,
}

/// A function that is called with each [`Event`], inside the request. It must not block.
pub type EventHook = Arc<dyn Fn(&Event) + Send + Sync>;

/// The receivers of events.
#[derive(Clone, Default)]
pub(crate) struct Events {
    recorder: Option<Recorder>,
    clock: Option<Arc<dyn Clock>>,
    /// When events of a flood were last logged as warnings.
    flood: Arc<Mutex<Reminder>>,
    hook: Option<EventHook>,
    /// When an unknown address of clients was last reported.
    address_unknown: Arc<Mutex<Reminder>>,
    challenge: Arc<Mutex<Reminder>>,
}

impl Events {
    pub(crate) fn to(hook: Option<EventHook>) -> Self {
        Self { hook, ..Self::default() }
    }

    /// Records the activity of accounts, too, with the times of this clock.
    pub(crate) fn recorded_by(self, recorder: Option<Recorder>, clock: Arc<dyn Clock>) -> Self {
        Self { recorder, clock: Some(clock), ..self }
    }

    /// Writes the recorded activity, before the process ends.
    pub(crate) async fn flush(&self) {
        if let Some(recorder) = &self.recorder {
            recorder.flush().await;
        }
    }

    /// Returns whether an event that any client can cause is logged as a warning: the first one,
    /// and then one per minute. The others are `info`, because a guesser would otherwise fill the
    /// log of warnings.
    fn warns_of_flood(&self) -> bool {
        let reminder = self.flood.lock();
        reminder.unwrap_or_else(PoisonError::into_inner).failed().is_some()
    }

    /// Reports the event at most once per minute, and counts each request in the metrics. Any
    /// client may send the header, so one line per request would be a way to fill the log.
    pub(crate) fn client_address_unknown(&self, event: Event) {
        #[cfg(feature = "metrics")]
        crate::event::metric::client_address_unknown();
        let reminder = self.address_unknown.lock();
        if reminder.unwrap_or_else(PoisonError::into_inner).failed().is_some() {
            self.happened(event);
        }
    }

    /// Logs that a challenge could not be checked, at most once per minute.
    pub(crate) fn challenge_failed(&self, fault: &StoreFault) {
        let reminder = self.challenge.lock();
        if reminder.unwrap_or_else(PoisonError::into_inner).failed().is_some() {
            let source = std::error::Error::source(fault);
            tracing::warn!(target: "hallpass", error = %fault, source, "the challenge of a form could not be checked");
        }
    }

    pub(crate) fn happened(&self, event: Event) {
        let warns = event.is_alarming() && (!event.is_of_flood() || self.warns_of_flood());
        log::log(&event, warns);
        if let (Some(recorder), Some(clock), Some(account)) =
            (&self.recorder, &self.clock, event.account())
            && let Some(row) = row_of(&event, clock.now())
        {
            recorder.record(account.clone(), row);
        }
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
    /// Returns the account, if the event is about one.
    #[must_use]
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Refused { account, .. }
            | Self::Limited { account, .. }
            | Self::AccessDenied { account, .. } => account.as_ref(),
            Self::LoggedIn { account, .. }
            | Self::CodesGuessed { account, .. }
            | Self::UnknownRole { account, .. }
            | Self::SessionRefreshed { account, .. }
            | Self::RefreshReused { account, .. }
            | Self::SessionEnded { account, .. }
            | Self::Registered { account }
            | Self::PasswordChanged { account }
            | Self::PasswordReset { account }
            | Self::ResetLinkCreated { account, .. }
            | Self::SecondFactorReset { account, .. }
            | Self::PasswordHashUpgraded { account }
            | Self::SecondFactorEnabled { account }
            | Self::SecondFactorDisabled { account }
            | Self::SecondFactorReencrypted { account }
            | Self::RecoveryCodeUsed { account }
            | Self::RecoveryCodesReplaced { account }
            | Self::EnrolmentRequired { account }
            | Self::ChangeLost { account }
            | Self::SessionsEnded { account, .. }
            | Self::RolesChanged { account, .. }
            | Self::Disabled { account, .. }
            | Self::Enabled { account, .. } => Some(account),
            _ => None,
        }
    }

    /// Returns the person or program that acted, if the event is about an action: for a person's
    /// own change the person.
    #[must_use]
    pub fn actor(&self) -> Option<EventActor> {
        match self {
            Self::SessionsEnded { actor, .. }
            | Self::ResetLinkCreated { actor, .. }
            | Self::SecondFactorReset { actor, .. }
            | Self::RolesChanged { actor, .. }
            | Self::Disabled { actor, .. }
            | Self::Enabled { actor, .. }
            | Self::Maintenance { actor, .. } => Some(actor.clone()),
            Self::Registered { account }
            | Self::LoggedIn { account, .. }
            | Self::PasswordChanged { account }
            | Self::PasswordReset { account }
            | Self::SecondFactorEnabled { account }
            | Self::SecondFactorDisabled { account }
            | Self::RecoveryCodeUsed { account }
            | Self::RecoveryCodesReplaced { account }
            | Self::SessionEnded { account, .. } => Some(EventActor::Person(account.clone())),
            _ => None,
        }
    }

    /// Returns the address of the client: that of the event, or that of the running task
    /// ([`EventClient`](crate::EventClient)).
    #[must_use]
    pub fn peer(&self) -> Option<IpAddr> {
        let own = match self {
            Self::LoggedIn { peer, .. }
            | Self::Refused { peer, .. }
            | Self::Limited { peer, .. }
            | Self::CodesGuessed { peer, .. }
            | Self::TokenForged { peer, .. }
            | Self::AccessDenied { peer, .. }
            | Self::ClientAddressUnknown { peer } => *peer,
            _ => None,
        };
        own.or_else(|| EventClient::current().address)
    }

    /// Returns whether any client can cause the event without limit.
    fn is_of_flood(&self) -> bool {
        matches!(self, Self::Limited { .. })
    }

    /// Returns whether an operator should look at the event: attacks, faults, and actions that the
    /// thief of a session would take.
    fn is_alarming(&self) -> bool {
        matches!(
            self,
            Self::Limited { .. }
                | Self::CodesGuessed { .. }
                | Self::ClientAddressUnknown { .. }
                | Self::TokenForged { .. }
                | Self::AccessDenied { .. }
                | Self::SecondFactorDisabled { .. }
                | Self::SecondFactorReset { .. }
                | Self::ResetLinkCreated { .. }
                | Self::PasswordReset { .. }
                | Self::RecoveryCodeUsed { .. }
                | Self::RefreshReused { .. }
                | Self::UnknownRole { .. }
                | Self::HashingBusy
                | Self::EpochRaised { .. }
                | Self::RevocationsSkipped { .. }
                | Self::NotReady { .. }
                | Self::ChangeLost { .. }
                | Self::RevocationLogSilent
                | Self::Overdue { .. }
                | Self::StoreFailed { .. }
        )
    }
}
