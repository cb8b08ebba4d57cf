//! A wrapper around a store, which counts the calls or rejects them by a panic.
//!
//! It wraps a site's real store and implements the same traits. A failed call is counted too. Not
//! counted are waits for notifications, which read nothing.

use hallpass_accounts::{
    Account, AccountId, AccountStore, Actor, AdministrationStore, AttemptOutcome, CommandOutcome,
    Confirmation, ConsumeOutcome, Cursor, EndOutcome, Enrolment, Incarnation, KeyCheck, LimitedKey,
    NewAccount, NewSession, Notifier, OpenOutcome, OwnChange, OwnChangeOutcome, PasswordChange,
    PasswordStore, RateLimit, RateLimitStore, RecoveryHash, RefreshOutcome, RefreshTokenStore,
    RegistrationOutcome, RegistrationStore, ReplaceOutcome, Revocation, RevocationLog,
    RevocationPage, Rotation, Session, SessionId, SessionStore, SiteStore, StoreConnections,
    StoredSecret, TakeAllOutcome, TwoFactorStore, Username,
};
use hallpass_accounts::{
    Activity, ActivityStore, BrowserHash, BrowserLogin, BrowserStore, ConsumedStore, KnownBrowser,
    OneTimeHash, OneTimePurpose, Outcome, OutcomeId, OutcomeStore, PutOutcome, WhichBrowsers,
};
use hallpass_core::{TotpDrift, UnixTime};

use crate::kit::{Kit, StoreCalls};

impl<R: hallpass_core::Role> Kit<R> {
    /// Watches a store: its calls are counted for
    /// [`assert_no_store_calls`](Self::assert_no_store_calls), and panic after
    /// [`forbid_store_calls`](Self::forbid_store_calls).
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// # use hallpass_core::Role;
    /// # use hallpass_accounts::{Account, AccountId, AccountStore, Username};
    /// # use hallpass_testkit::Kit;
    /// # #[derive(Role)] enum SiteRole { Admin }
    /// # struct Users;
    /// # impl AccountStore for Users {
    /// #     type Error = Infallible;
    /// #     async fn by_username(&self, _: &Username) -> Result<Option<Account>, Infallible> { Ok(None) }
    /// #     async fn by_id(&self, _: &AccountId) -> Result<Option<Account>, Infallible> { Ok(None) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let kit = Kit::<SiteRole>::new();
    /// let users = kit.watch(Users); // pass this to the site's builder
    /// kit.assert_no_store_calls();
    ///
    /// let _ = users.by_id(&AccountId::new("1")).await;
    /// assert_eq!(kit.store_calls(), 1);
    /// # }
    /// ```
    pub fn watch<S>(&self, store: S) -> Watched<S> {
        Watched { store, calls: self.store_calls.clone() }
    }
}

/// A store whose calls a [`Kit`] counts.
#[derive(Clone, Debug)]
pub struct Watched<S> {
    store: S,
    calls: StoreCalls,
}

/// Implements a trait: each method counts the call and passes it on.
macro_rules! counted {
    ($store:ident { $(type $error:ident;)? $(fn $method:ident($($arg:ident: $type:ty),*) -> $answer:ty;)* }) => {
        impl<S: $store> $store for Watched<S> {
            $(type $error = S::$error;)?

            $(async fn $method(&self, $($arg: $type),*) -> Result<$answer, Self::Error> {
                self.calls.called(concat!(stringify!($store), "::", stringify!($method)));
                $store::$method(&self.store, $($arg),*).await
            })*
        }
    };
}

counted!(AccountStore {
    type Error;
    fn prepare() -> ();
    fn database_id() -> Option<String>;
    fn by_username(name: &Username) -> Option<Account>;
    fn by_id(id: &AccountId) -> Option<Account>;
});

counted!(RegistrationStore {
    fn create(account: NewAccount) -> RegistrationOutcome;
});

counted!(PasswordStore {
    fn replace_hash(id: &AccountId, old_hash: &str, new_hash: &str) -> ReplaceOutcome;
    fn change(change: PasswordChange) -> OwnChangeOutcome;
});

counted!(TwoFactorStore {
    fn enable(enrolment: Enrolment) -> OwnChangeOutcome;
    fn consume_step(id: &AccountId, generation: u32, step: u64, drift: TotpDrift) -> ConsumeOutcome;
    fn consume_recovery_code(id: &AccountId, generation: u32, code: &RecoveryHash) -> ConsumeOutcome;
    fn replace_recovery_codes(own: &OwnChange, codes: &[RecoveryHash]) -> OwnChangeOutcome;
    fn disable(own: &OwnChange) -> OwnChangeOutcome;
    fn reset(id: &AccountId, by: Option<&Actor>, at: UnixTime) -> CommandOutcome;
    fn reencrypt(id: &AccountId, old_encrypted: &[u8], new_encrypted: &[u8]) -> ReplaceOutcome;
    fn list_secrets(after: Option<&AccountId>, limit: u32) -> Vec<StoredSecret>;
});

counted!(SessionStore {
    fn open(session: NewSession) -> OpenOutcome;
    fn list(account: &AccountId, now: UnixTime) -> Vec<Session>;
    fn prune(now: UnixTime, limit: u32) -> u64;
    fn end(account: &AccountId, session: &SessionId, by: Option<&Actor>, at: UnixTime) -> EndOutcome;
    fn end_others(own: &OwnChange) -> OwnChangeOutcome;
    fn confirm(confirmation: &Confirmation) -> OwnChangeOutcome;
    fn end_all(account: &AccountId, by: Option<&Actor>, at: UnixTime) -> CommandOutcome;
});

counted!(RefreshTokenStore {
    fn refresh(session: &SessionId, rotation: &Rotation) -> RefreshOutcome;
});

counted!(AdministrationStore {
    fn set_roles(id: &AccountId, roles: &[String], keep: &[String], by: Option<&Actor>, at: UnixTime) -> CommandOutcome;
    fn set_disabled(id: &AccountId, disabled: bool, keep: &[String], by: Option<&Actor>, at: UnixTime) -> CommandOutcome;
    fn list(after: Option<&Username>, limit: u32) -> Vec<Account>;
});

counted!(BrowserStore {
    fn remember(login: &BrowserLogin) -> ();
    fn find(account: &AccountId, browser: &BrowserHash, credential: u32) -> Option<KnownBrowser>;
    fn list(account: &AccountId) -> Vec<KnownBrowser>;
    fn untrust(account: &AccountId, browser: &BrowserHash) -> ();
    fn forget(account: &AccountId, which: WhichBrowsers) -> u64;
    fn prune(now: UnixTime, limit: u32) -> u64;
});

counted!(OutcomeStore {
    fn find(id: &OutcomeId, now: UnixTime) -> Option<Outcome>;
    fn put(outcome: &Outcome) -> PutOutcome;
    fn delete(seen: &Outcome) -> u64;
    fn prune(now: UnixTime, limit: u32) -> u64;
});

counted!(ConsumedStore {
    type Error;
    fn consume(purpose: OneTimePurpose, hash: &OneTimeHash, expires: UnixTime) -> ConsumeOutcome;
    fn prune(now: UnixTime, limit: u32) -> u64;
});

counted!(ActivityStore {
    fn record(account: &AccountId, activity: &Activity) -> ();
    fn recent(account: &AccountId, limit: u32) -> Vec<Activity>;
    fn prune(before: UnixTime, limit: u32) -> u64;
});

impl<S: RevocationLog> RevocationLog for Watched<S> {
    type Error = S::Error;

    async fn read_after(&self, cursor: Cursor) -> Result<RevocationPage, Self::Error> {
        self.calls.called("RevocationLog::read_after");
        self.store.read_after(cursor).await
    }

    async fn purge_before(&self, before: UnixTime) -> Result<(), Self::Error> {
        self.calls.called("RevocationLog::purge_before");
        self.store.purge_before(before).await
    }

    async fn prune(&self, before: UnixTime, limit: u32) -> Result<u64, Self::Error> {
        self.calls.called("RevocationLog::prune");
        RevocationLog::prune(&self.store, before, limit).await
    }

    async fn scope(&self, store_id: &str) -> Result<(), Self::Error> {
        self.calls.called("RevocationLog::scope");
        self.store.scope(store_id).await
    }

    async fn database_id(&self) -> Result<Option<String>, Self::Error> {
        self.calls.called("RevocationLog::database_id");
        RevocationLog::database_id(&self.store).await
    }

    /// Not counted, because waiting for a notification reads nothing.
    fn notifier(&self) -> impl Notifier {
        self.store.notifier()
    }

    async fn publish(&self, change: &Revocation) -> Result<(), Self::Error> {
        self.calls.called("RevocationLog::publish");
        self.store.publish(change).await
    }

    /// Not counted, because it reads nothing.
    fn connections(&self) -> Option<StoreConnections> {
        self.store.connections()
    }
}

counted!(SiteStore {
    type Error;
    fn database_id() -> Option<String>;
    fn raise_epoch(at: UnixTime) -> u64;
    fn record_incarnation(old: Option<&Incarnation>, new: &Incarnation) -> bool;
    fn write_again(lost: &[Revocation]) -> Vec<AccountId>;
    fn has_accounts() -> bool;
    fn key_checks() -> Vec<KeyCheck>;
    fn record_key_checks(checks: &[KeyCheck], at: UnixTime) -> ();
    fn forget_key_checks(checks: &[KeyCheck]) -> ();
});

counted!(RateLimitStore {
    type Error;
    fn try_take(key: &str, policy: &RateLimit, now: UnixTime) -> AttemptOutcome;
    fn give_back(key: &str, policy: &RateLimit, now: UnixTime) -> ();
    fn clear(key: &str) -> ();
    fn try_take_all(keys: &[LimitedKey<'_>], now: UnixTime) -> TakeAllOutcome;
    fn settle(cleared: &[&str], given_back: &[LimitedKey<'_>], now: UnixTime) -> ();
    fn scope(store_id: &str) -> ();
    fn prune(now: UnixTime, limit: u32) -> u64;
});
