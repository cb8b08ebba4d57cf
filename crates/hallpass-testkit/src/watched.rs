//! A store that is counted, and can be forbidden.
//!
//! It goes around a site's real store and has every ability that one has. Each call counts, whatever its answer.

use hallpass_accounts::{
    Account, AccountId, Accounts, Actor, Administration, AttemptPolicy, Attempted, Attempts, Change, Changes,
    CommandOutcome, Cursor, Ended, Enrolment, Feed, NewAccount, NewSession, OwnChange, OwnChangeOutcome,
    PasswordChange, Passwords, Push, RecoveryHash, Refreshes, Registered, Registration, Renewal, Renewed, Replaced,
    SecondFactors, Session, SessionId, SessionOpened, Sessions, Spend, Username,
};
use hallpass_core::{TotpDrift, UnixTime};

use crate::{kit::Kit, store_calls::StoreCalls};

impl<R: hallpass_core::Role> Kit<R> {
    /// Watches a store: its calls count for [`assert_no_store_calls`](Self::assert_no_store_calls), and after
    /// [`forbid_store_calls`](Self::forbid_store_calls) they panic.
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// # use hallpass_core::Role;
    /// # use hallpass_accounts::{Account, AccountId, Accounts, Username};
    /// # use hallpass_testkit::Kit;
    /// # #[derive(Role)] enum SiteRole { Admin }
    /// # struct Users;
    /// # impl Accounts for Users {
    /// #     type Error = Infallible;
    /// #     async fn by_username(&self, _: &Username) -> Result<Option<Account>, Infallible> { Ok(None) }
    /// #     async fn by_id(&self, _: &AccountId) -> Result<Option<Account>, Infallible> { Ok(None) }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let kit = Kit::<SiteRole>::new();
    /// let users = kit.watch(Users); // give this to the site's builder
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

/// Writes a trait's methods: count, then pass on.
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

counted!(Accounts {
    type Error;
    fn by_username(name: &Username) -> Option<Account>;
    fn by_id(id: &AccountId) -> Option<Account>;
});

counted!(Registration {
    fn create(account: NewAccount) -> Registered;
});

counted!(Passwords {
    fn replace_hash(id: &AccountId, old_hash: &str, new_hash: &str) -> Replaced;
    fn change(change: PasswordChange) -> OwnChangeOutcome;
});

counted!(SecondFactors {
    fn enable(enrolment: Enrolment) -> OwnChangeOutcome;
    fn spend_step(id: &AccountId, generation: u32, step: u64, drift: TotpDrift) -> Spend;
    fn spend_recovery_code(id: &AccountId, generation: u32, code: &RecoveryHash) -> Spend;
    fn replace_recovery_codes(own: &OwnChange, codes: &[RecoveryHash]) -> OwnChangeOutcome;
    fn disable(own: &OwnChange) -> OwnChangeOutcome;
    fn reseal(id: &AccountId, old_sealed: &[u8], new_sealed: &[u8]) -> Replaced;
});

counted!(Sessions {
    fn open(session: NewSession) -> SessionOpened;
    fn list(account: &AccountId, now: UnixTime) -> Vec<Session>;
    fn end(account: &AccountId, session: &SessionId, by: Option<&Actor>, at: UnixTime) -> Ended;
    fn end_others(own: &OwnChange) -> OwnChangeOutcome;
    fn end_all(account: &AccountId, by: Option<&Actor>, at: UnixTime) -> CommandOutcome;
});

counted!(Refreshes {
    fn renew(session: &SessionId, renewal: &Renewal) -> Renewed;
});

counted!(Administration {
    fn set_roles(id: &AccountId, roles: &[String], by: Option<&Actor>, at: UnixTime) -> CommandOutcome;
    fn set_disabled(id: &AccountId, disabled: bool, by: Option<&Actor>, at: UnixTime) -> CommandOutcome;
    fn list(after: Option<&Username>, limit: u32) -> Vec<Account>;
});

impl<S: Feed> Feed for Watched<S> {
    type Error = S::Error;

    async fn since(&self, cursor: Cursor) -> Result<Changes, Self::Error> {
        self.calls.called("Feed::since");
        self.store.since(cursor).await
    }

    async fn forget(&self, before: UnixTime) -> Result<(), Self::Error> {
        self.calls.called("Feed::forget");
        self.store.forget(before).await
    }

    /// Waiting to be woken asks nothing, and so does not count.
    fn push(&self) -> impl Push {
        self.store.push()
    }

    async fn announce(&self, change: &Change) -> Result<(), Self::Error> {
        self.calls.called("Feed::announce");
        self.store.announce(change).await
    }
}

counted!(Attempts {
    type Error;
    fn try_take(key: &str, policy: &AttemptPolicy, now: UnixTime) -> Attempted;
    fn give_back(key: &str, policy: &AttemptPolicy, now: UnixTime) -> ();
    fn clear(key: &str) -> ();
});
