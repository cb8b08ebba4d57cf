//! A counted attempt, from the count to its end.
//!
//! An attempt that was not evaluated must not stay counted: a flood that ends in 503 would
//! otherwise use up the attempts of everybody who has the right password. Every path that ends
//! without a verdict gives the attempt back, also a request that is dropped because its client has
//! disconnected or its time is over.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicBool, Ordering},
};

use hallpass_core::UnixTime;

use crate::{
    event::RateLimitKind,
    rate_limit::{LimitedKey, RateLimit},
    store::StoreSet,
};

/// Proof that an attempt was counted and may be evaluated.
///
/// If it is dropped before [`keep`](Self::keep) and before its end, the attempt is given back.
#[must_use]
pub(crate) struct Counted {
    pub(super) taken: Vec<Taken>,
    pub(super) peer: Option<IpAddr>,
    /// Whether the attempt counts on the brake of the site.
    pub(super) brakes: bool,
    at: UnixTime,
    stores: StoreSet,
    is_over: AtomicBool,
}

/// One key on which an attempt was counted.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) key: String,
    pub(crate) limit: RateLimit,
    pub(crate) kind: RateLimitKind,
    pub(crate) on_success: OnSuccess,
}

/// The end of a counted attempt after a complete login or change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OnSuccess {
    /// Every attempt on the key is forgotten.
    Clear,
    /// This attempt is subtracted. The earlier ones stay.
    GiveBack,
    /// The attempt stays counted.
    Keep,
}

impl Taken {
    pub(super) fn limited(&self) -> LimitedKey<'_> {
        LimitedKey::new(&self.key, &self.limit)
    }
}

impl Counted {
    pub(super) fn new(
        taken: Vec<Taken>,
        peer: Option<IpAddr>,
        stores: &StoreSet,
        at: UnixTime,
    ) -> Self {
        let is_over = AtomicBool::new(false);
        Self { taken, peer, brakes: false, at, stores: stores.clone(), is_over }
    }

    /// Returns the address of the client.
    pub(crate) fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    /// Keeps the attempt counted: it was evaluated, and was wrong.
    pub(crate) fn keep(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Adds another counted attempt of the same request, so that both end in one call of the store.
    pub(crate) fn and(mut self, mut other: Self) -> Self {
        self.taken.append(&mut other.taken);
        self.brakes |= std::mem::take(&mut other.brakes);
        other.keep();
        self
    }

    /// Subtracts the attempt from every key.
    pub(crate) async fn give_back(&self, now: UnixTime) {
        self.settle(|_| OnSuccess::GiveBack, now).await;
    }

    /// Subtracts the attempt from the keys of passwords, and keeps it on the others: the password
    /// was right and the code was wrong.
    pub(crate) async fn keep_code(&self, now: UnixTime) {
        let end = |taken: &Taken| match taken.kind {
            RateLimitKind::Account | RateLimitKind::Browser => OnSuccess::GiveBack,
            _ => OnSuccess::Keep,
        };
        if self.is_over.swap(true, Ordering::Relaxed) {
            return;
        }
        end_each(&self.stores, &self.taken, end, now).await;
    }

    /// Subtracts the attempt from the account and the brake of the site, and keeps it on the
    /// address or the known browser: the password was not evaluated, but a response to the
    /// [challenge](crate::Challenge) was.
    pub(crate) async fn keep_address(&self, now: UnixTime) {
        let end = |taken: &Taken| match taken.kind {
            RateLimitKind::Account => OnSuccess::GiveBack,
            _ => OnSuccess::Keep,
        };
        self.settle(end, now).await;
    }

    /// Ends the attempt after a complete login or change. An error of the store at this point does
    /// not fail the login.
    pub(crate) async fn succeeded(&self, now: UnixTime) {
        self.settle(|taken| taken.on_success, now).await;
    }

    async fn settle(&self, end: impl Fn(&Taken) -> OnSuccess, now: UnixTime) {
        if self.is_over.swap(true, Ordering::Relaxed) {
            return;
        }
        if self.brakes {
            self.stores.brake.give_back();
        }
        end_each(&self.stores, &self.taken, end, now).await;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if self.is_over.swap(true, Ordering::Relaxed) {
            return;
        }
        if self.brakes {
            self.stores.brake.give_back();
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (stores, taken, at) = (self.stores.clone(), std::mem::take(&mut self.taken), self.at);
        runtime.spawn(async move {
            end_each(&stores, &taken, |_| OnSuccess::GiveBack, at).await;
        });
    }
}

impl std::fmt::Debug for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counted").field("taken", &self.taken).finish_non_exhaustive()
    }
}

/// Ends an attempt on each of its keys. An error of the store is logged and has no other effect.
async fn end_each(
    stores: &StoreSet,
    taken: &[Taken],
    end: impl Fn(&Taken) -> OnSuccess,
    now: UnixTime,
) {
    let (mut cleared, mut given_back) = (Vec::new(), Vec::new());
    for one in taken {
        match end(one) {
            OnSuccess::Clear => cleared.push(one.key.as_str()),
            OnSuccess::GiveBack => given_back.push(one.limited()),
            OnSuccess::Keep => {}
        }
    }
    if cleared.is_empty() && given_back.is_empty() {
        return;
    }
    let settled = stores.rate_limits.settle(&cleared, &given_back, now);
    let _logged = stores.ask("settle attempt", settled).await;
    for key in cleared.into_iter().chain(given_back.iter().map(|key| key.key)) {
        stores.turns.changed(key);
    }
}
