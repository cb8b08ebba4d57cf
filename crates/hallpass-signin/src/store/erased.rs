//! The object-safe twins of the store traits, so that `SignIn` names a role enum and no store.
//!
//! Each twin is implemented for every store of its trait; it boxes the future and wraps the error. One allocation per
//! store call, on the sign-in path only.

use std::{future::Future, pin::Pin};

use hallpass_core::{TotpDrift, UnixTime};

use crate::{
    account::{Account, AccountId},
    attempt::{AttemptPolicy, Attempted},
    breached::{Breach, BreachedPasswords},
    recovery_code::RecoveryHash,
    refresh_state::Renewal,
    session_id::SessionId,
    store::{
        Accounts, Actor, Administration, Attempts, Change, Changes, CommandOutcome, Cursor, Ended, Enrolment, Feed,
        NewAccount, NewSession, OwnChange, OwnChangeOutcome, PasswordChange, Passwords, Push, Refreshes, Registered,
        Registration, Renewed, Replaced, SecondFactors, Session, SessionOpened, Sessions, Spend, StoreFault,
    },
    username::Username,
};

/// The answer of an erased store, on its way.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreFault>> + Send + 'a>>;

fn erase<'a, T, E>(answer: impl Future<Output = Result<T, E>> + Send + 'a) -> Answer<'a, T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    Box::pin(async { answer.await.map_err(StoreFault::failed) })
}

/// Writes a twin: the same methods, their answers boxed.
macro_rules! twin {
    ($twin:ident of $store:ident { $(fn $method:ident($($arg:ident: $type:ty),*) -> $answer:ty;)* }) => {
        pub(crate) trait $twin: Send + Sync + 'static {
            $(fn $method<'a>(&'a self, $($arg: $type),*) -> Answer<'a, $answer>;)*
        }

        impl<S: $store> $twin for S {
            $(fn $method<'a>(&'a self, $($arg: $type),*) -> Answer<'a, $answer> {
                erase($store::$method(self, $($arg),*))
            })*
        }
    };
}

twin!(ErasedAccounts of Accounts {
    fn by_username(name: &'a Username) -> Option<Account>;
    fn by_id(id: &'a AccountId) -> Option<Account>;
});

twin!(ErasedRegistration of Registration {
    fn create(account: NewAccount) -> Registered;
});

twin!(ErasedPasswords of Passwords {
    fn replace_hash(id: &'a AccountId, old_hash: &'a str, new_hash: &'a str) -> Replaced;
    fn change(change: PasswordChange) -> OwnChangeOutcome;
});

twin!(ErasedSecondFactors of SecondFactors {
    fn enable(enrolment: Enrolment) -> OwnChangeOutcome;
    fn spend_step(id: &'a AccountId, generation: u32, step: u64, drift: TotpDrift) -> Spend;
    fn spend_recovery_code(id: &'a AccountId, generation: u32, code: &'a RecoveryHash) -> Spend;
    fn replace_recovery_codes(own: &'a OwnChange, codes: &'a [RecoveryHash]) -> OwnChangeOutcome;
    fn disable(own: &'a OwnChange) -> OwnChangeOutcome;
    fn reseal(id: &'a AccountId, old_sealed: &'a [u8], new_sealed: &'a [u8]) -> Replaced;
});

twin!(ErasedSessions of Sessions {
    fn open(session: NewSession) -> SessionOpened;
    fn list(account: &'a AccountId, now: UnixTime) -> Vec<Session>;
    fn end(account: &'a AccountId, session: &'a SessionId, by: Option<&'a Actor>, at: UnixTime) -> Ended;
    fn end_others(own: &'a OwnChange) -> OwnChangeOutcome;
    fn end_all(account: &'a AccountId, by: Option<&'a Actor>, at: UnixTime) -> CommandOutcome;
});

twin!(ErasedRefreshes of Refreshes {
    fn renew(session: &'a SessionId, renewal: &'a Renewal) -> Renewed;
});

twin!(ErasedAdministration of Administration {
    fn set_roles(id: &'a AccountId, roles: &'a [String], by: Option<&'a Actor>, at: UnixTime) -> CommandOutcome;
    fn set_disabled(id: &'a AccountId, disabled: bool, by: Option<&'a Actor>, at: UnixTime) -> CommandOutcome;
    fn list(after: Option<&'a Username>, limit: u32) -> Vec<Account>;
});

/// By hand, since a push is made and not asked for.
pub(crate) trait ErasedFeed: Send + Sync + 'static {
    fn since(&self, cursor: Cursor) -> Answer<'_, Changes>;
    fn forget(&self, before: UnixTime) -> Answer<'_, ()>;
    fn announce<'a>(&'a self, change: &'a Change) -> Answer<'a, ()>;
    fn push(&self) -> Box<dyn ErasedPush>;
}

impl<S: Feed> ErasedFeed for S {
    fn since(&self, cursor: Cursor) -> Answer<'_, Changes> {
        erase(Feed::since(self, cursor))
    }

    fn forget(&self, before: UnixTime) -> Answer<'_, ()> {
        erase(Feed::forget(self, before))
    }

    fn announce<'a>(&'a self, change: &'a Change) -> Answer<'a, ()> {
        erase(Feed::announce(self, change))
    }

    fn push(&self) -> Box<dyn ErasedPush> {
        Box::new(Feed::push(self))
    }
}

pub(crate) trait ErasedPush: Send + 'static {
    fn news(&mut self) -> Answer<'_, ()>;
}

impl<P: Push> ErasedPush for P {
    fn news(&mut self) -> Answer<'_, ()> {
        erase(Push::news(self))
    }
}

twin!(ErasedAttempts of Attempts {
    fn try_take(key: &'a str, policy: &'a AttemptPolicy, now: UnixTime) -> Attempted;
    fn give_back(key: &'a str, policy: &'a AttemptPolicy, now: UnixTime) -> ();
    fn clear(key: &'a str) -> ();
});

twin!(ErasedBreachedPasswords of BreachedPasswords {
    fn look_up(password: &'a str) -> Breach;
});
