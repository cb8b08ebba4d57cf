//! What the sign-in asks of a store: small traits, one ability each.
//!
//! An application with its own users table implements [`Accounts`], two methods, and has password sign-in. Each further
//! ability is one more trait, and the builder does not compile with an ability on whose trait is missing.
//!
//! # Contract that all of them share
//! - **Atomic means atomic**: where a method says so, a second caller on another connection, thread or process sees
//!   the state before or after, and of two callers exactly one wins. A conditional `UPDATE` or a transaction that takes
//!   its write lock first does it; reading and then writing does not.
//! - **Acknowledged means durable**: once the future has answered `Ok`, a crash does not lose the change.
//! - **Cancel-safe**: the future may be dropped at any await (a time bound, a client that left). The change then
//!   happened as a whole or not at all.
//! - **An own change repeats the conditions that it was decided on.** A method that takes an [`OwnChange`] or an [`Actor`]
//!   writes only if the account exists, is not disabled, is still at the actor's generation, and the acting session still
//!   exists; all of it checked **in the transaction of the write**. It returns the account as written. Otherwise an
//!   operator's command that is committed between the decision and the write would be undone.
//! - Methods that void tokens raise the account's generation and append to the revocation feed **in the transaction of
//!   the change itself**. A store without a feed leaves the second half out.
//! - `at` is the sign-in's clock. A store writes it as given and asks no clock of its own.
//!
//! # Erasure
//! Each trait has an object-safe twin here, so that `SignIn` names a role enum and no store. A twin is implemented for every
//! store of its trait; it boxes the future and wraps the error. One allocation per store call, on the sign-in path only.

use std::{
    error::Error,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use hallpass_core::{TotpDrift, UnixTime};
use tokio::time::timeout;

use crate::{
    account::{
        Account, AccountId,
        own_change::{Actor, CommandOutcome, OwnChange, OwnChangeOutcome},
        store::{Accounts, Administration},
        username::Username,
    },
    event::{Event, Events},
    password::{
        policy::{Breach, BreachedPasswords},
        store::{PasswordChange, Passwords, Replaced},
    },
    rate_limit::{AttemptPolicy, Attempted, store::Attempts},
    registration::{NewAccount, Registered, Registration},
    revocation::{
        Outbox,
        store::{Change, Changes, Cursor, Feed, Push},
    },
    session::{
        refresh_state::Renewal,
        session_id::SessionId,
        store::{Ended, NewSession, Refreshes, Renewed, Session, SessionOpened, Sessions},
    },
    sign_in_error::{SignInError, SignInErrorKind},
    two_factor::{
        recovery_code::RecoveryHash,
        store::{Enrolment, SecondFactors, Spend},
    },
};

/// Why a store gave no answer. The detail is for logs; the person sees a 503.
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
                write!(f, "the store did not answer within {} ms", bound.as_millis())
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

/// What the site's store can do. `None` is an ability that is off.
#[derive(Clone)]
pub(crate) struct Stores {
    pub(crate) accounts: Arc<dyn ErasedAccounts>,
    pub(crate) attempts: Arc<dyn ErasedAttempts>,
    pub(crate) registration: Option<Arc<dyn ErasedRegistration>>,
    pub(crate) passwords: Option<Arc<dyn ErasedPasswords>>,
    pub(crate) second_factors: Option<Arc<dyn ErasedSecondFactors>>,
    pub(crate) sessions: Option<Arc<dyn ErasedSessions>>,
    pub(crate) refreshes: Option<Arc<dyn ErasedRefreshes>>,
    pub(crate) administration: Option<Arc<dyn ErasedAdministration>>,
    pub(crate) feed: Option<Arc<dyn ErasedFeed>>,
    /// Told of what is revoked, and listened to, but not read.
    pub(crate) pushes: Vec<Arc<dyn ErasedFeed>>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) feed_is_silent: Arc<AtomicBool>,
    pub(crate) breached: Option<Arc<dyn ErasedBreachedPasswords>>,
    pub(crate) bound: Duration,
    pub(crate) events: Events,
}

impl Stores {
    /// Waits for a store, within the bound. A store that hangs is a store that failed: the person gets a 503 within the
    /// bound, and the call is dropped, which the stores' contract allows at any await.
    pub(crate) async fn ask<T>(&self, operation: &'static str, answer: Answer<'_, T>) -> Result<T, SignInError> {
        self.within_bound(answer).await.map_err(|fault| {
            let source = std::error::Error::source(&fault);
            tracing::error!(target: "hallpass", operation, error = %fault, source, "store");
            self.events.happened(Event::StoreFailed { operation });
            UNAVAILABLE
        })
    }

    pub(crate) async fn within_bound<T>(&self, answer: Answer<'_, T>) -> Result<T, StoreFault> {
        match timeout(self.bound, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(StoreFault::timed_out(self.bound)),
        }
    }
}

/// Asks for an ability that may be off.
pub(crate) fn offered<T: ?Sized>(ability: Option<&Arc<T>>) -> Result<&T, SignInError> {
    ability.map(Arc::as_ref).ok_or(SignInError::new(SignInErrorKind::NotOffered))
}

/// What a fault of store or keys looks like from outside.
pub(crate) const UNAVAILABLE: SignInError =
    SignInError::new(SignInErrorKind::Unavailable { retry_after: Duration::from_secs(1) });
