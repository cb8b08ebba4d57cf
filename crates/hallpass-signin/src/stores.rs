//! The stores of one sign-in, erased, and the bound on how long each call may take.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use tokio::time::timeout;

use crate::{
    event::{Event, Events},
    outbox::Outbox,
    sign_in_error::{SignInError, SignInErrorKind},
    store::{
        StoreFault,
        erased::{
            Answer, ErasedAccounts, ErasedAdministration, ErasedAttempts, ErasedBreachedPasswords, ErasedFeed,
            ErasedPasswords, ErasedRefreshes, ErasedRegistration, ErasedSecondFactors, ErasedSessions,
        },
    },
};

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
