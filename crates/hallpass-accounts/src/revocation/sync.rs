//! Revocation sync: reads the revocations of other nodes and operators into this node's revocation
//! list, and publishes this node's revocations to the logs outside the store.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hallpass_core::{Role, UnixTime};
use tokio::{
    sync::{Mutex, Notify},
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    accounts::{Accounts, CLOCKS_APART},
    event::Event,
    revocation::store::{Cursor, Revocation},
    store::{DynRevocationLog, ErasedNotifier, StoreFault, StoreSet},
};

/// Keeps the revocation list of one site up to date, while [`run`](Self::run) is polled.
///
/// Cheap to clone; clones share the position in the log.
///
/// ```no_run
/// # use hallpass_accounts::{Accounts, RevocationSync, StoreFault};
/// # use hallpass_core::Role;
/// async fn ready<R: Role>(accounts: &Accounts<R>) -> Result<RevocationSync<R>, StoreFault> {
///     let sync = RevocationSync::new(accounts);
///     sync.read().await?; // earlier revocations apply from the first request on
///     let task = sync.clone();
///     tokio::spawn(async move { task.run().await });
///     assert!(sync.is_ready());
///     Ok(sync)
/// }
/// ```
pub struct RevocationSync<R> {
    accounts: Accounts<R>,
    log: Arc<LogState>,
}

/// The position in the log, and whether the last read failed.
#[derive(Default)]
struct LogState {
    cursor: Mutex<Cursor>,
    is_silent: AtomicBool,
}

impl<R: Role> RevocationSync<R> {
    /// Creates a sync at the start of the site's revocation log. Nothing is read yet.
    #[must_use]
    pub fn new(accounts: &Accounts<R>) -> Self {
        Self { accounts: accounts.clone(), log: Arc::default() }
    }

    /// Reads the log every second, and immediately when a notifier wakes it, publishes this node's
    /// revocations, and deletes old entries every minute. Returns only if the site has no
    /// revocation log.
    ///
    /// An error is logged, and the operation is repeated a second later.
    pub async fn run(&self) {
        let stores = self.accounts.stores();
        if stores.revocation_log.is_none() {
            return;
        }
        let woken = Arc::new(Notify::new());
        // The tasks are aborted when this future is dropped.
        let mut tasks = JoinSet::new();
        for log in stores.logs() {
            tasks.spawn(wait_for_news(log.notifier(), Arc::clone(&woken)));
        }
        tasks.spawn(publish(self.accounts.clone()));
        let mut ticks = interval(PERIOD);
        // After a pause, of the machine for example, one read is enough.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut purge_at = UnixTime::from_secs(0);
        loop {
            tick_or(&mut ticks, &woken).await;
            if self.read().await.is_err() {
                continue;
            }
            let now = self.accounts.now();
            if now >= purge_at {
                purge_at = now.saturating_add(PURGE_PERIOD);
                if let Err(error) = self.purge().await {
                    let source = error.source();
                    tracing::warn!(target: "hallpass", %error, source, "old revocations could not be deleted");
                }
            }
        }
    }

    /// Reads the log to its end into the revocation list, and marks the list as current. Does
    /// nothing if the site has no revocation log.
    ///
    /// # Errors
    /// The error of the store. The list keeps its entries and becomes stale, and its policy decides
    /// what happens. The next call starts from the same position.
    pub async fn read(&self) -> Result<(), StoreFault> {
        let (accounts, list) = (&self.accounts, &self.accounts.settings().revocation_list);
        let Some(log) = &accounts.stores().revocation_log else {
            return Ok(());
        };
        let mut cursor = self.log.cursor.lock().await;
        // The time before the read: a change that is written during it is part of the next read.
        let now = accounts.now();
        let read = self.read_on(log, *cursor).await;
        let was_silent = self.log.is_silent.swap(read.is_err(), Ordering::Relaxed);
        match (&read, was_silent) {
            (Err(error), false) => {
                let source = error.source();
                tracing::error!(target: "hallpass", %error, source, "the revocation log is not available");
                accounts.events().happened(Event::RevocationLogSilent);
            }
            (Ok(_), true) => {
                let staleness = list.staleness(now).unwrap_or_default();
                accounts.events().happened(Event::RevocationLogAnswers { staleness });
            }
            _ => {}
        }
        #[cfg(feature = "metrics")]
        crate::event::metric::list_entries(list.len());
        *cursor = read?;
        list.synced(now);
        #[cfg(feature = "metrics")]
        crate::event::metric::list_synced(now);
        Ok(())
    }

    /// Deletes the entries of logs and list that cannot affect a live token any more.
    ///
    /// # Errors
    /// The error of the store. Entries of the list are deleted even then.
    pub async fn purge(&self) -> Result<(), StoreFault> {
        let (accounts, stores) = (&self.accounts, self.accounts.stores());
        let now = accounts.now();
        accounts.settings().revocation_list.forget(now);
        let before = now.saturating_sub(accounts.issuer().access_lifetime() + CLOCKS_APART);
        for log in stores.logs() {
            stores.within_bound(log.purge_before(before)).await?;
        }
        Ok(())
    }

    /// Connects each notifier once, for a check of the installation. The connections are closed
    /// again.
    ///
    /// # Errors
    /// The error of the first notifier that does not connect within the timeout of a store call. A
    /// log without a notifier, which is only polled, does not connect either.
    pub async fn connect_notifiers(&self) -> Result<(), StoreFault> {
        let stores = self.accounts.stores();
        for log in stores.logs() {
            let mut notifier = log.notifier();
            stores.within_bound(notifier.notified()).await?;
        }
        Ok(())
    }

    /// Returns whether the list is current within the documented bound of 5 seconds, for `/readyz`.
    /// Always true if the site has no revocation log.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.accounts.stores().revocation_log.is_none()
            || self.staleness().is_some_and(|age| age <= BOUND)
    }

    /// Returns the time since the log was last read to its end, or `None` if it never was.
    #[must_use]
    pub fn staleness(&self) -> Option<Duration> {
        let settings = self.accounts.settings();
        settings.revocation_list.staleness(settings.clock.now())
    }

    async fn read_on(&self, log: &DynRevocationLog, from: Cursor) -> Result<Cursor, StoreFault> {
        let (mut cursor, stores) = (from, self.accounts.stores());
        loop {
            let page = stores.within_bound(log.read_after(cursor)).await?;
            for change in &page.changes {
                self.apply(change);
            }
            if page.cursor == cursor {
                return Ok(cursor);
            }
            cursor = page.cursor;
        }
    }

    fn apply(&self, change: &Revocation) {
        let (accounts, list) = (&self.accounts, &self.accounts.settings().revocation_list);
        match change {
            Revocation::Generation { account, generation, at } => {
                list.raise_generation(account.as_str(), *generation, accounts.forget_after(*at))
            }
            Revocation::SessionEnded { session, at } => {
                list.end_session(&session.to_string(), accounts.forget_after(*at))
            }
        }
    }
}

impl<R> Clone for RevocationSync<R> {
    fn clone(&self) -> Self {
        Self { accounts: self.accounts.clone(), log: Arc::clone(&self.log) }
    }
}

impl<R> std::fmt::Debug for RevocationSync<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RevocationSync").finish_non_exhaustive()
    }
}

impl StoreSet {
    /// Publishes this node's revocations to the logs outside the store, including those that an
    /// earlier call could not publish.
    ///
    /// # Errors
    /// The error of a log. The next call publishes the rest.
    pub(crate) async fn publish(&self) -> Result<(), StoreFault> {
        while let Some(change) = self.outbox.first() {
            for log in self.logs() {
                self.within_bound(log.publish(&change)).await?;
            }
            self.outbox.told(&change);
        }
        Ok(())
    }
}

async fn tick_or(ticks: &mut tokio::time::Interval, woken: &Notify) {
    tokio::select! {
        _ = ticks.tick() => {}
        () = woken.notified() => {}
    }
}

/// Wakes the reader at each notification, and connects again after an error.
async fn wait_for_news(mut notifier: Box<dyn ErasedNotifier>, woken: Arc<Notify>) {
    let mut is_down = false;
    loop {
        match notifier.notified().await {
            Ok(()) => {
                if std::mem::take(&mut is_down) {
                    tracing::info!(target: "hallpass", "revocations are pushed again");
                }
                woken.notify_one();
            }
            Err(error) => {
                if !std::mem::replace(&mut is_down, true) {
                    let source = error.source();
                    tracing::warn!(target: "hallpass", %error, source, "revocations are only polled, because the notifier is not available");
                }
                sleep(RETRY).await;
            }
        }
    }
}

/// Publishes each revocation of this node immediately, and again after an error.
async fn publish<R: Role>(accounts: Accounts<R>) {
    let stores = accounts.stores();
    let mut is_down = false;
    loop {
        match stores.publish().await {
            Ok(()) => {
                is_down = false;
                stores.outbox.filled.notified().await;
            }
            Err(error) => {
                if !std::mem::replace(&mut is_down, true) {
                    let source = error.source();
                    tracing::warn!(target: "hallpass", %error, source, "revocations of this node cannot be published yet");
                }
                sleep(RETRY).await;
            }
        }
    }
}

/// The documented bound: a revocation takes effect on every node within this time.
const BOUND: Duration = Duration::from_secs(5);
/// A fifth of the bound, so that the bound holds even if a read fails or is late.
const PERIOD: Duration = Duration::from_secs(1);
const PURGE_PERIOD: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_secs(1);
