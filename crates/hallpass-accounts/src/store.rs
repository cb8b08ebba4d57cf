//! The store traits: small traits, one per capability.
//!
//! An application with its own users table implements [`AccountStore`], which has two methods, and
//! has password login. Each further capability is one more trait. A builder that turns a capability
//! on without its trait does not compile.
//!
//! # Contract of all store traits
//! - **Atomic**: where a method requires it, a second caller on another connection, thread or
//!   process sees the state before or after, and of two callers exactly one wins. Use a conditional
//!   `UPDATE` or a transaction that takes its write lock first. Reading and writing in two steps is
//!   not atomic.
//! - **Durable**: once the future has returned `Ok`, a crash does not lose the change.
//! - **Cancel-safe**: the future may be dropped at any await (a timeout, a client that
//!   disconnects). The change then happened completely or not at all.
//! - **An own change checks its conditions again.** A method that takes an [`OwnChange`] or an
//!   [`Actor`] writes only if the account exists and is enabled, the actor's token is not revoked,
//!   and the acting session exists. All of this is checked **in the transaction of the write**. The
//!   method returns the account as written. Otherwise an operator's command that is committed
//!   between the decision and the write would be undone.
//! - Methods that revoke tokens or make them stale raise the account's number and append to the
//!   revocation log **in the transaction of the change itself**. A store without a log does not
//!   append.
//! - `at` and `now` are times of the store, which the engine computes from
//!   [`StoreFacts::now`](crate::StoreFacts::now), or of the engine's clock. A store writes them
//!   unchanged.
//!
//! # Erasure
//! Each trait has an object-safe twin here, so that the type `Accounts` contains a role enum and no
//! store. A twin is implemented for every store of its trait. It boxes the future and wraps the
//! error, which costs one allocation per store call.

use std::{error::Error, fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use hallpass_core::{TotpDrift, UnixTime};
use tokio::time::timeout;

use crate::{
    account::{
        Account, AccountId,
        own_change::{Actor, CommandOutcome, Confirmation, OwnChange, OwnChangeOutcome},
        store::{AccountStore, AdministrationStore},
        username::Username,
    },
    browser::{
        BrowserHash,
        store::{BrowserLogin, BrowserStore, KnownBrowser, WhichBrowsers},
    },
    challenge::{Challenge, ChallengeAttempt, ChallengeOutcome, ChallengedAction},
    error::{AccountsError, AccountsErrorKind},
    event::{Event, Events},
    password::{
        policy::{Breach, BreachedPasswords},
        store::{PasswordChange, PasswordStore, ReplaceOutcome},
    },
    rate_limit::{
        LimitedKey, TakeAllOutcome,
        site_brake::SiteBrake,
        store::{MemoryRateLimits, RateLimitStore},
        turns::Turns,
    },
    registration::{NewAccount, RegistrationOutcome, RegistrationStore},
    revocation::{
        Outbox,
        store::{Cursor, Notifier, Revocation, RevocationLog, RevocationPage, StoreConnections},
    },
    session::{
        refresh_state::Rotation,
        session_id::SessionId,
        store::{
            EndOutcome, NewSession, OpenOutcome, RefreshOutcome, RefreshTokenStore, Session,
            SessionStore,
        },
    },
    settings::SettingsError,
    site::{
        recent::Recent,
        store::{Incarnation, KeyCheck, SiteStore},
    },
    two_factor::{
        recovery_code::RecoveryHash,
        store::{ConsumeOutcome, Enrolment, StoredSecret, TwoFactorStore},
    },
};

/// The error of a store call. The details are for logs; the person receives a 503.
pub struct StoreFault(Cause);

enum Cause {
    Failed(Box<dyn Error + Send + Sync>),
    TimedOut(Duration),
}

impl StoreFault {
    pub(crate) fn failed(source: impl Error + Send + Sync + 'static) -> Self {
        Self(Cause::Failed(Box::new(source)))
    }

    pub(crate) fn timed_out(bound: Duration) -> Self {
        Self(Cause::TimedOut(bound))
    }
}

impl fmt::Display for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::Failed(_) => f.write_str("the store failed"),
            Cause::TimedOut(bound) => {
                write!(f, "the store did not respond within {} ms", bound.as_millis())
            }
        }
    }
}

impl fmt::Debug for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::Failed(source) => f.debug_tuple("Failed").field(source).finish(),
            Cause::TimedOut(bound) => f.debug_tuple("TimedOut").field(bound).finish(),
        }
    }
}

impl Error for StoreFault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Cause::Failed(source) => Some(source.as_ref()),
            Cause::TimedOut(_) => None,
        }
    }
}

/// The future of an erased store call.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreFault>> + Send + 'a>>;

/// The database in which a store of the set commits.
pub(crate) struct Home<'a> {
    /// The trait.
    of: &'static str,
    /// The address of the store in memory. One store commits in one database.
    address: usize,
    /// The id of the database, which is read only if the addresses differ.
    id: Answer<'a, Option<String>>,
}

fn erase<'a, T, E>(answer: impl Future<Output = Result<T, E>> + Send + 'a) -> Answer<'a, T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    Box::pin(async { answer.await.map_err(StoreFault::failed) })
}

/// Erases a call and measures it under the name of its operation, such as `SessionStore::open`.
#[cfg(feature = "metrics")]
fn measured<'a, T, E>(
    operation: &'static str,
    answer: impl Future<Output = Result<T, E>> + Send + 'a,
) -> Answer<'a, T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    Box::pin(async move {
        let call = crate::event::metric::StoreCall::start(operation);
        let answer = answer.await;
        call.ended(answer.is_ok());
        answer.map_err(StoreFault::failed)
    })
}

#[cfg(not(feature = "metrics"))]
fn measured<'a, T, E>(
    _operation: &'static str,
    answer: impl Future<Output = Result<T, E>> + Send + 'a,
) -> Answer<'a, T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    erase(answer)
}

/// Defines the object-safe twin of a store trait, and the public type that contains a store. The
/// trait that returns the database of the store follows after `in`.
macro_rules! twin {
    ($dyn:ident, $twin:ident of $store:ident $(in $home:ident)? { $(fn $method:ident($($arg:ident: $type:ty),*) -> $answer:ty;)* }) => {
        trait $twin: Send + Sync + 'static {
            $(
                #[doc = concat!("Returns the id of the database, by [`", stringify!($home), "`].")]
                fn database_id(&self) -> Answer<'_, Option<String>>;
            )?
            $(fn $method<'a>(&'a self, $($arg: $type),*) -> Answer<'a, $answer>;)*
        }

        impl<S: $store> $twin for S {
            $(fn database_id(&self) -> Answer<'_, Option<String>> {
                erase($home::database_id(self))
            })?

            $(fn $method<'a>(&'a self, $($arg: $type),*) -> Answer<'a, $answer> {
                let operation = concat!(stringify!($store), "::", stringify!($method));
                measured(operation, $store::$method(self, $($arg),*))
            })*
        }

        #[doc = concat!("A [`", stringify!($store), "`](crate::", stringify!($store), ") of any type. Cheap to clone.")]
        #[derive(Clone)]
        pub struct $dyn(Arc<dyn $twin>);

        impl $dyn {
            $(
                #[doc = concat!("Returns the database of the store, by [`", stringify!($home), "`].")]
                pub(crate) fn home(&self) -> Home<'_> {
                    let address = Arc::as_ptr(&self.0).cast::<()>().addr();
                    Home { of: stringify!($store), address, id: self.0.database_id() }
                }
            )?

            $(pub(crate) fn $method<'a>(&'a self, $($arg: $type),*) -> Answer<'a, $answer> {
                self.0.$method($($arg),*)
            })*
        }

        impl<S: $store> From<Arc<S>> for $dyn {
            fn from(store: Arc<S>) -> Self {
                Self(store)
            }
        }

        impl fmt::Debug for $dyn {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($dyn))
            }
        }
    };
}

twin!(DynAccountStore, ErasedAccountStore of AccountStore in AccountStore {
    fn prepare() -> ();
    fn by_username(name: &'a Username) -> Option<Account>;
    fn by_id(id: &'a AccountId) -> Option<Account>;
});

twin!(DynRegistrationStore, ErasedRegistrationStore of RegistrationStore in AccountStore {
    fn create(account: NewAccount) -> RegistrationOutcome;
});

twin!(DynPasswordStore, ErasedPasswordStore of PasswordStore in AccountStore {
    fn replace_hash(id: &'a AccountId, old_hash: &'a str, new_hash: &'a str) -> ReplaceOutcome;
    fn change(change: PasswordChange) -> OwnChangeOutcome;
});

twin!(DynTwoFactorStore, ErasedTwoFactorStore of TwoFactorStore in AccountStore {
    fn enable(enrolment: Enrolment) -> OwnChangeOutcome;
    fn consume_step(id: &'a AccountId, generation: u32, step: u64, drift: TotpDrift) -> ConsumeOutcome;
    fn consume_recovery_code(id: &'a AccountId, generation: u32, code: &'a RecoveryHash) -> ConsumeOutcome;
    fn replace_recovery_codes(own: &'a OwnChange, codes: &'a [RecoveryHash]) -> OwnChangeOutcome;
    fn disable(own: &'a OwnChange) -> OwnChangeOutcome;
    fn reset(id: &'a AccountId, by: Option<&'a Actor>, at: UnixTime) -> CommandOutcome;
    fn reencrypt(id: &'a AccountId, old_encrypted: &'a [u8], new_encrypted: &'a [u8]) -> ReplaceOutcome;
    fn list_secrets(after: Option<&'a AccountId>, limit: u32) -> Vec<StoredSecret>;
});

twin!(DynSessionStore, ErasedSessionStore of SessionStore in AccountStore {
    fn open(session: NewSession) -> OpenOutcome;
    fn list(account: &'a AccountId, now: UnixTime) -> Vec<Session>;
    fn prune(now: UnixTime, limit: u32) -> u64;
    fn end(account: &'a AccountId, session: &'a SessionId, by: Option<&'a Actor>, at: UnixTime) -> EndOutcome;
    fn end_others(own: &'a OwnChange) -> OwnChangeOutcome;
    fn confirm(confirmation: &'a Confirmation) -> OwnChangeOutcome;
    fn end_all(account: &'a AccountId, by: Option<&'a Actor>, at: UnixTime) -> CommandOutcome;
});

twin!(DynRefreshTokenStore, ErasedRefreshTokenStore of RefreshTokenStore in AccountStore {
    fn refresh(session: &'a SessionId, rotation: &'a Rotation) -> RefreshOutcome;
});

twin!(DynAdministrationStore, ErasedAdministrationStore of AdministrationStore in AccountStore {
    fn set_roles(id: &'a AccountId, roles: &'a [String], keep: &'a [String], by: Option<&'a Actor>, at: UnixTime) -> CommandOutcome;
    fn set_disabled(id: &'a AccountId, disabled: bool, keep: &'a [String], by: Option<&'a Actor>, at: UnixTime) -> CommandOutcome;
    fn list(after: Option<&'a Username>, limit: u32) -> Vec<Account>;
});

/// Written by hand, because `notifier` returns no future.
trait ErasedRevocationLog: Send + Sync + 'static {
    fn read_after(&self, cursor: Cursor) -> Answer<'_, RevocationPage>;
    fn prune(&self, before: UnixTime, limit: u32) -> Answer<'_, u64>;
    fn publish<'a>(&'a self, change: &'a Revocation) -> Answer<'a, ()>;
    fn scope<'a>(&'a self, store_id: &'a str) -> Answer<'a, ()>;
    fn database_id(&self) -> Answer<'_, Option<String>>;
    fn notifier(&self) -> Box<dyn ErasedNotifier>;
    fn connections(&self) -> Option<StoreConnections>;
}

impl<S: RevocationLog> ErasedRevocationLog for S {
    fn read_after(&self, cursor: Cursor) -> Answer<'_, RevocationPage> {
        measured("RevocationLog::read_after", RevocationLog::read_after(self, cursor))
    }

    fn prune(&self, before: UnixTime, limit: u32) -> Answer<'_, u64> {
        measured("RevocationLog::prune", RevocationLog::prune(self, before, limit))
    }

    fn publish<'a>(&'a self, change: &'a Revocation) -> Answer<'a, ()> {
        measured("RevocationLog::publish", RevocationLog::publish(self, change))
    }

    fn scope<'a>(&'a self, store_id: &'a str) -> Answer<'a, ()> {
        measured("RevocationLog::scope", RevocationLog::scope(self, store_id))
    }

    fn database_id(&self) -> Answer<'_, Option<String>> {
        erase(RevocationLog::database_id(self))
    }

    fn notifier(&self) -> Box<dyn ErasedNotifier> {
        Box::new(RevocationLog::notifier(self))
    }

    fn connections(&self) -> Option<StoreConnections> {
        RevocationLog::connections(self)
    }
}

/// A [`RevocationLog`](crate::RevocationLog) of any type. Cheap to clone.
#[derive(Clone)]
pub struct DynRevocationLog(Arc<dyn ErasedRevocationLog>);

impl DynRevocationLog {
    pub(crate) fn read_after(&self, cursor: Cursor) -> Answer<'_, RevocationPage> {
        self.0.read_after(cursor)
    }

    pub(crate) fn prune(&self, before: UnixTime, limit: u32) -> Answer<'_, u64> {
        self.0.prune(before, limit)
    }

    pub(crate) fn publish<'a>(&'a self, change: &'a Revocation) -> Answer<'a, ()> {
        self.0.publish(change)
    }

    pub(crate) fn scope<'a>(&'a self, store_id: &'a str) -> Answer<'a, ()> {
        self.0.scope(store_id)
    }

    pub(crate) fn notifier(&self) -> Box<dyn ErasedNotifier> {
        self.0.notifier()
    }

    /// Returns the state of the connections. Only metrics read it.
    #[cfg_attr(not(feature = "metrics"), allow(dead_code, reason = "read by metrics"))]
    pub(crate) fn connections(&self) -> Option<StoreConnections> {
        self.0.connections()
    }

    fn home(&self) -> Home<'_> {
        let address = Arc::as_ptr(&self.0).cast::<()>().addr();
        Home { of: "RevocationLog", address, id: self.0.database_id() }
    }
}

impl<S: RevocationLog> From<Arc<S>> for DynRevocationLog {
    fn from(store: Arc<S>) -> Self {
        Self(store)
    }
}

impl fmt::Debug for DynRevocationLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DynRevocationLog")
    }
}

pub(crate) trait ErasedNotifier: Send + 'static {
    fn notified(&mut self) -> Answer<'_, ()>;
    fn push(&self) -> Option<&'static str>;
}

impl<P: Notifier> ErasedNotifier for P {
    fn notified(&mut self) -> Answer<'_, ()> {
        erase(Notifier::notified(self))
    }

    fn push(&self) -> Option<&'static str> {
        Notifier::push(self)
    }
}

twin!(DynSiteStore, ErasedSiteStore of SiteStore in SiteStore {
    fn raise_epoch(at: UnixTime) -> u64;
    fn record_incarnation(old: Option<&'a Incarnation>, new: &'a Incarnation) -> bool;
    fn write_again(lost: &'a [Revocation]) -> Vec<AccountId>;
    fn has_accounts() -> bool;
    fn key_checks() -> Vec<KeyCheck>;
    fn record_key_checks(checks: &'a [KeyCheck], at: UnixTime) -> ();
    fn forget_key_checks(checks: &'a [KeyCheck]) -> ();
});

twin!(DynRateLimitStore, ErasedRateLimitStore of RateLimitStore {
    fn try_take_all(keys: &'a [LimitedKey<'a>], now: UnixTime) -> TakeAllOutcome;
    fn settle(cleared: &'a [&'a str], given_back: &'a [LimitedKey<'a>], now: UnixTime) -> ();
    fn scope(store_id: &'a str) -> ();
    fn prune(now: UnixTime, limit: u32) -> u64;
});

twin!(DynBreachedPasswords, ErasedBreachedPasswords of BreachedPasswords {
    fn look_up(password: &'a str) -> Breach;
});

twin!(DynBrowserStore, ErasedBrowserStore of BrowserStore in AccountStore {
    fn remember(login: &'a BrowserLogin) -> ();
    fn find(account: &'a AccountId, browser: &'a BrowserHash, credential: u32) -> Option<KnownBrowser>;
    fn list(account: &'a AccountId) -> Vec<KnownBrowser>;
    fn untrust(account: &'a AccountId, browser: &'a BrowserHash) -> ();
    fn forget(account: &'a AccountId, which: WhichBrowsers) -> u64;
    fn prune(now: UnixTime, limit: u32) -> u64;
});

/// Written by hand, because `widget` returns no future.
trait ErasedChallenge: Send + Sync + 'static {
    fn check<'a>(&'a self, attempt: &'a ChallengeAttempt<'a>) -> Answer<'a, ChallengeOutcome>;
    fn widget(&self, action: ChallengedAction) -> Option<String>;
}

impl<S: Challenge> ErasedChallenge for S {
    fn check<'a>(&'a self, attempt: &'a ChallengeAttempt<'a>) -> Answer<'a, ChallengeOutcome> {
        measured("Challenge::check", Challenge::check(self, attempt))
    }

    fn widget(&self, action: ChallengedAction) -> Option<String> {
        Challenge::widget(self, action)
    }
}

/// A [`Challenge`](crate::Challenge) of any type. Cheap to clone.
#[derive(Clone)]
pub struct DynChallenge(Arc<dyn ErasedChallenge>);

impl DynChallenge {
    pub(crate) fn check<'a>(
        &'a self,
        attempt: &'a ChallengeAttempt<'a>,
    ) -> Answer<'a, ChallengeOutcome> {
        self.0.check(attempt)
    }

    pub(crate) fn widget(&self, action: ChallengedAction) -> Option<String> {
        self.0.widget(action)
    }
}

impl<S: Challenge> From<Arc<S>> for DynChallenge {
    fn from(challenge: Arc<S>) -> Self {
        Self(challenge)
    }
}

impl fmt::Debug for DynChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DynChallenge")
    }
}

pub use without_flow::{DynActivityStore, DynConsumedStore, DynOutcomeStore};

/// The twins of the stores that no flow uses yet.
#[allow(dead_code, reason = "the flows that call these twins do not exist yet")]
mod without_flow {
    use super::*;
    use crate::{
        activity::{Activity, store::ActivityStore},
        consumed::{OneTimeHash, OneTimePurpose, store::ConsumedStore},
        outcome::{
            Outcome, OutcomeId,
            store::{OutcomeStore, PutOutcome},
        },
    };

    twin!(DynOutcomeStore, ErasedOutcomeStore of OutcomeStore in AccountStore {
        fn find(id: &'a OutcomeId, now: UnixTime) -> Option<Outcome>;
        fn put(outcome: &'a Outcome) -> PutOutcome;
        fn delete(seen: &'a Outcome) -> u64;
        fn prune(now: UnixTime, limit: u32) -> u64;
    });

    twin!(DynConsumedStore, ErasedConsumedStore of ConsumedStore {
        fn consume(purpose: OneTimePurpose, hash: &'a OneTimeHash, expires: UnixTime) -> ConsumeOutcome;
        fn prune(now: UnixTime, limit: u32) -> u64;
    });

    twin!(DynActivityStore, ErasedActivityStore of ActivityStore in AccountStore {
        fn record(account: &'a AccountId, activity: &'a Activity) -> ();
        fn recent(account: &'a AccountId, limit: u32) -> Vec<Activity>;
        fn prune(before: UnixTime, limit: u32) -> u64;
    });
}

/// The capabilities of the site's store. `None` is a capability that is off.
///
/// ```
/// use hallpass_accounts::{AccountStore, RegistrationStore, StoreSet};
/// use std::sync::Arc;
///
/// fn registration_only<S: AccountStore + RegistrationStore>(store: Arc<S>) -> StoreSet {
///     let mut stores = StoreSet::new(Arc::clone(&store));
///     stores.registration = Some(store.into());
///     stores
/// }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct StoreSet {
    /// The accounts.
    pub accounts: DynAccountStore,
    /// Registration: `/register`.
    pub registration: Option<DynRegistrationStore>,
    /// The change of passwords (`/account/password`), and the upgrade of weak hashes at login.
    pub passwords: Option<DynPasswordStore>,
    /// Second factors: `/account/two-factor`, and the code at login.
    ///
    /// If it is off, an account that has a factor in the store **cannot log in**, because a factor
    /// that cannot be checked is not skipped.
    pub two_factor: Option<DynTwoFactorStore>,
    /// Sessions: `/account/sessions`, and logouts that are effective on every node.
    pub sessions: Option<DynSessionStore>,
    /// Refresh tokens: `/session/refresh`, and refresh within a request. Needs `sessions`.
    pub refresh_tokens: Option<DynRefreshTokenStore>,
    /// Roles and disabling, by an application or an operator.
    pub administration: Option<DynAdministrationStore>,
    /// Counts attempts. [`StoreSet::new`] counts them in memory, which suffices for one node that
    /// is seldom restarted.
    pub rate_limits: DynRateLimitStore,
    /// The revocation log that is read.
    pub revocation_log: Option<DynRevocationLog>,
    /// Logs that are written to and wake the reader, but are not read.
    pub notifiers: Vec<DynRevocationLog>,
    /// The facts of the store that is read: its epoch, its incarnation, and the keys in use.
    pub site: Option<DynSiteStore>,
    /// Known browsers, and trusted devices. If it is off, every browser is unknown at each login.
    pub browsers: Option<DynBrowserStore>,
    /// The outcome of each form. The login flow does not use this store yet.
    pub outcomes: Option<DynOutcomeStore>,
    /// Consumed one-time values. The login flow does not use this store yet.
    pub consumed: Option<DynConsumedStore>,
    /// The recent activity of accounts: `/account/activity`. It is written after the response.
    pub activity: Option<DynActivityStore>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) recent: Arc<Recent>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) brake: Arc<SiteBrake>,
    pub(crate) timeout: Duration,
    pub(crate) events: Events,
}

impl fmt::Debug for StoreSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreSet").finish_non_exhaustive()
    }
}

impl StoreSet {
    /// Creates a set that can only find accounts.
    pub fn new(store: Arc<impl AccountStore>) -> Self {
        Self {
            accounts: store.into(),
            registration: None,
            passwords: None,
            two_factor: None,
            sessions: None,
            refresh_tokens: None,
            administration: None,
            rate_limits: Arc::new(MemoryRateLimits::default()).into(),
            revocation_log: None,
            notifiers: Vec::new(),
            site: None,
            browsers: None,
            outcomes: None,
            consumed: None,
            activity: None,
            outbox: Arc::default(),
            recent: Arc::default(),
            turns: Arc::default(),
            brake: Arc::default(),
            timeout: Duration::ZERO,
            events: Events::default(),
        }
    }

    /// Creates a set with all capabilities of a store.
    pub fn all<S>(store: &Arc<S>) -> Self
    where
        S: RegistrationStore
            + PasswordStore
            + TwoFactorStore
            + RefreshTokenStore
            + AdministrationStore
            + RateLimitStore
            + RevocationLog
            + SiteStore
            + BrowserStore,
    {
        Self {
            registration: Some(store.clone().into()),
            passwords: Some(store.clone().into()),
            two_factor: Some(store.clone().into()),
            sessions: Some(store.clone().into()),
            refresh_tokens: Some(store.clone().into()),
            administration: Some(store.clone().into()),
            rate_limits: store.clone().into(),
            revocation_log: Some(store.clone().into()),
            site: Some(store.clone().into()),
            browsers: Some(store.clone().into()),
            ..Self::new(store.clone())
        }
    }

    /// Prepares the store of the accounts at the start of a site.
    ///
    /// # Errors
    /// The store failed. There is no timeout, because it may bring its tables up to date.
    pub async fn prepare(&self) -> Result<(), StoreFault> {
        self.accounts.prepare().await
    }

    /// Returns the error of two stores of this set that are not known to commit in one database. A
    /// change and its entry in the revocation log could then not be committed together.
    ///
    /// Two capabilities commit together if they are turned on with the same [`Arc`], or if both
    /// stores return the same id of a database. The limits and the notifiers may be anywhere. So
    /// may the revocation log of a site whose other stores revoke nothing.
    ///
    /// # Errors
    /// A store failed, or did not respond within the timeout.
    pub async fn apart(
        &self,
        store_timeout: Duration,
    ) -> Result<Option<SettingsError>, StoreFault> {
        let accounts = self.accounts.home();
        let of_accounts = accounts.address;
        let revoking: Vec<Home<'_>> = [
            self.passwords.as_ref().map(DynPasswordStore::home),
            self.two_factor.as_ref().map(DynTwoFactorStore::home),
            self.sessions.as_ref().map(DynSessionStore::home),
            self.refresh_tokens.as_ref().map(DynRefreshTokenStore::home),
            self.administration.as_ref().map(DynAdministrationStore::home),
            self.site.as_ref().map(DynSiteStore::home),
        ]
        .into_iter()
        .flatten()
        .collect();
        let log = match revoking.is_empty() {
            true => None,
            false => self.revocation_log.as_ref().map(DynRevocationLog::home),
        };
        let others = [
            log,
            self.registration.as_ref().map(DynRegistrationStore::home),
            self.browsers.as_ref().map(DynBrowserStore::home),
            self.outcomes.as_ref().map(DynOutcomeStore::home),
            self.activity.as_ref().map(DynActivityStore::home),
        ];
        let all = revoking.into_iter().chain(others.into_iter().flatten());
        let elsewhere: Vec<Home<'_>> = all.filter(|home| home.address != of_accounts).collect();
        if elsewhere.is_empty() {
            return Ok(None);
        }
        let within = async |id| {
            timeout(store_timeout, id).await.map_err(|_| StoreFault::timed_out(store_timeout))?
        };
        let first: Option<String> = within(accounts.id).await?;
        for home in elsewhere {
            let id = within(home.id).await?;
            if id.is_none() || id != first {
                let (one, other) = (accounts.of, home.of);
                return Ok(Some(SettingsError::StoresApart { one, other }));
            }
        }
        Ok(None)
    }

    /// Returns whether the store has an account. Returns `false` for a store without
    /// [`site`](Self::site) and [`administration`](Self::administration), which cannot list
    /// accounts.
    ///
    /// # Errors
    /// The store failed, or did not respond within the timeout.
    pub async fn lists_an_account(&self, store_timeout: Duration) -> Result<bool, StoreFault> {
        if let Some(site) = &self.site {
            let has = timeout(store_timeout, site.has_accounts()).await;
            return has.map_err(|_| StoreFault::timed_out(store_timeout))?;
        }
        let Some(store) = &self.administration else { return Ok(false) };
        let first = timeout(store_timeout, store.list(None, 1)).await;
        Ok(!first.map_err(|_| StoreFault::timed_out(store_timeout))??.is_empty())
    }

    /// Returns the log that is read, and those that are only written to and wake the reader.
    pub(crate) fn logs(&self) -> impl Iterator<Item = &DynRevocationLog> {
        self.revocation_log.iter().chain(&self.notifiers)
    }

    /// Separates this site from the other sites in the stores that several sites share.
    pub(crate) async fn scope(&self, store_id: &str) -> Result<(), StoreFault> {
        self.within_bound(self.rate_limits.scope(store_id)).await?;
        for log in self.logs() {
            self.within_bound(log.scope(store_id)).await?;
        }
        Ok(())
    }

    /// Waits for a store, within the timeout. A store that does not respond counts as failed: the
    /// person receives a 503 within the timeout, and the call is dropped, which the contract of the
    /// stores allows at any await.
    pub(crate) async fn ask<T>(
        &self,
        operation: &'static str,
        answer: Answer<'_, T>,
    ) -> Result<T, AccountsError> {
        self.within_bound(answer).await.map_err(|fault| {
            let source = std::error::Error::source(&fault);
            tracing::error!(target: "hallpass", operation, error = %fault, source, "store");
            self.events.happened(Event::StoreFailed { operation });
            AccountsError::unavailable(fault)
        })
    }

    pub(crate) async fn within_bound<T>(&self, answer: Answer<'_, T>) -> Result<T, StoreFault> {
        match timeout(self.timeout, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(StoreFault::timed_out(self.timeout)),
        }
    }
}

/// Returns the store of a capability, or the error of one that is off.
pub(crate) fn offered<T>(store: Option<&T>) -> Result<&T, AccountsError> {
    store.ok_or(AccountsError::new(AccountsErrorKind::NotOffered))
}
