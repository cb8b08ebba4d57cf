//! Revocation sync: reads the revocations of other nodes and operators into this node's revocation
//! list, and publishes this node's revocations to the logs outside the store.

mod judge;
mod push;

use std::{
    error::Error,
    sync::{
        Arc, Mutex as StdMutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    time::Duration,
};

use hallpass_core::{MAX_CLOCK_SKEW, Maintenance, Role, UnixTime};
use tokio::{
    sync::{Mutex, Notify},
    task::{AbortHandle, JoinSet},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use crate::{
    accounts::Accounts,
    event::{Event, reminder::Reminder},
    retention::Pruned,
    revocation::{
        readiness::Readiness,
        store::Cursor,
        sync::{
            judge::Verdict,
            push::{publish, wait_for_news},
        },
    },
    site::store::StoreFacts,
    store::{DynRevocationLog, StoreFault},
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

/// The state of the reads, which all clones share.
#[derive(Default)]
struct LogState {
    position: Mutex<Position>,
    /// The fault that the log cannot be read.
    silence: StdMutex<Reminder>,
    /// The fault that the node is not ready for another reason.
    not_ready: StdMutex<Reminder>,
    #[cfg(feature = "metrics")]
    signing_key: StdMutex<Option<String>>,
    readiness: AtomicU8,
    compares_keys: AtomicBool,
    lacks_keys: AtomicBool,
    /// Wakes [`RevocationSync::run`].
    woken: Arc<Notify>,
}

/// The position in the log, and the facts of the store that it belongs to.
#[derive(Default)]
struct Position {
    cursor: Cursor,
    known: Option<StoreFacts>,
}

impl<R: Role> RevocationSync<R> {
    /// Creates a sync at the start of the site's revocation log. Nothing is read yet.
    #[must_use]
    pub fn new(accounts: &Accounts<R>) -> Self {
        let log = Arc::<LogState>::default();
        let woken = Arc::clone(&log.woken);
        // The request path reads no store, so a token with a newer epoch wakes the reader.
        accounts.settings().revocation_list.on_newer_epoch(move || woken.notify_one());
        Self { accounts: accounts.clone(), log }
    }

    /// Reads the log every second, and immediately when a notifier wakes it, publishes this node's
    /// revocations, and deletes old entries every minute. Never returns.
    ///
    /// Many notifications cause few reads: the starts of two reads are at least 50 ms apart. So the
    /// first notification after a quiet time causes a read immediately, and the last one of many
    /// causes a read at most 50 ms later.
    ///
    /// An error is logged, and the operation is repeated a second later.
    ///
    /// While it is polled, [`Identity::revoked`](hallpass_core::Identity::revoked) waits, for
    /// streams and WebSockets. It completes at the expiry of the token even if the store does not
    /// respond, and immediately if this future is dropped.
    pub async fn run(&self) {
        let maintenance = self.accounts.settings().revocation_list.maintain();
        tokio::join!(self.keep_time(maintenance), self.read_for_ever());
    }

    /// Completes the waiters of expired tokens. It makes no call to a store, so an unready node
    /// completes them too (`stream_of_an_unready_node_ends_at_expiry`).
    async fn keep_time(&self, maintenance: Maintenance) {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            maintenance.tick(self.accounts.now());
        }
    }

    async fn read_for_ever(&self) {
        let stores = self.accounts.stores();
        if stores.revocation_log.is_none() {
            return;
        }
        let woken = Arc::clone(&self.log.woken);
        // The tasks are aborted when this future is dropped.
        let mut tasks = JoinSet::new();
        let notifiers = stores.logs().map(DynRevocationLog::notifier).enumerate();
        let notifiers: Vec<_> =
            notifiers.filter(|(_, notifier)| notifier.push().is_some()).collect();
        if notifiers.is_empty() {
            tracing::warn!(target: "hallpass", "revocations are only polled, because no store pushes them");
        }
        for (number, notifier) in notifiers {
            let name = if number == 0 { "store" } else { "shared" };
            tasks.spawn(wait_for_news(name, notifier, Arc::clone(&woken)));
        }
        tasks.spawn(publish(self.accounts.clone()));
        let mut ticks = interval(PERIOD);
        // After a pause, of the machine for example, one read is enough.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut purge_at = UnixTime::from_secs(0);
        let mut purging: Option<AbortHandle> = None;
        let mut next_read = Instant::now();
        loop {
            tick_or(&mut ticks, &woken).await;
            sleep_until(next_read).await;
            // The read covers every notification until now. Later ones cause the next read.
            tokio::select! {
                biased;
                () = woken.notified() => {}
                () = std::future::ready(()) => {}
            }
            next_read = Instant::now() + GAP;
            if self.read().await.is_err() {
                continue;
            }
            // A node that is not ready deletes no shared row, because its clock may be wrong.
            let now = self.accounts.store_now();
            let is_purging = purging.as_ref().is_some_and(|purge| !purge.is_finished());
            if now >= purge_at && self.is_ready() && !is_purging {
                purge_at = now.saturating_add(PURGE_PERIOD);
                // A task of its own: to delete a million rows takes longer than the list may be
                // old (`a_long_purge_does_not_delay_the_reads`).
                purging = Some(tasks.spawn(purge_or_log(self.clone())));
            }
            while tasks.try_join_next().is_some() {}
        }
    }

    /// Begins to use the stores: checks that they [commit together](crate::StoreSet::apart), reads the
    /// log, and separates the site from the other sites in stores that several sites share. Call it
    /// once, before the stores are used.
    ///
    /// # Errors
    /// The error of a store, or of two stores that cannot commit a change and its revocation
    /// together.
    pub async fn begin(&self) -> Result<(), StoreFault> {
        let store_timeout = self.accounts.settings().store_timeout;
        if let Some(apart) = self.accounts.stores().apart(store_timeout).await? {
            return Err(StoreFault::failed(apart));
        }
        self.read().await?;
        if let Some(facts) = self.facts().await {
            self.accounts.stores().scope(&facts.store_id).await?;
        }
        Ok(())
    }

    /// Takes over the time of the store, which then dates the changes of these accounts. Call it
    /// before a command that changes rows without [`run`](Self::run): otherwise the command dates
    /// its changes by the clock of this machine, and with a wrong clock the nodes delete the entry
    /// of a revocation too early, or keep it too long. Does nothing without a revocation log.
    ///
    /// # Errors
    /// The error of the store.
    pub async fn take_time(&self) -> Result<(), StoreFault> {
        let stores = self.accounts.stores();
        let Some(log) = &stores.revocation_log else { return Ok(()) };
        let page = stores.within_bound(log.read_after(Cursor::START)).await?;
        if let Some(facts) = page.facts {
            self.clock_verdict(&facts);
        }
        Ok(())
    }

    /// Compares this node's encryption keys and peppers with those that the store was used with, by
    /// their check values, and records new ones. Returns the number of keys that this node lacks:
    /// with any, the node is not ready. Does nothing without a [`SiteStore`](crate::SiteStore).
    ///
    /// [`run`](Self::run) repeats it every minute if it was called once. Do not call it for keys
    /// that end with the process.
    ///
    /// # Errors
    /// The error of the store.
    pub async fn compare_keys(&self) -> Result<usize, StoreFault> {
        self.log.compares_keys.store(true, Ordering::Relaxed);
        let missing = self.accounts.compare_keys().await?;
        #[cfg(feature = "metrics")]
        crate::event::metric::keys_missing(missing);
        let lacked = self.log.lacks_keys.swap(missing > 0, Ordering::Relaxed);
        match (lacked, missing > 0) {
            (false, true) => {
                let reason = Readiness::KeysMissing;
                self.accounts.events().happened(Event::NotReady { reason });
            }
            (true, false) => self.accounts.events().happened(Event::ReadyAgain),
            _ => {}
        }
        Ok(missing)
    }

    /// Returns the number of keys that the store was used with and that this node lacks. Records
    /// nothing, for a check of the installation.
    ///
    /// # Errors
    /// The error of the store.
    pub async fn lacking_keys(&self) -> Result<usize, StoreFault> {
        self.accounts.lacking_keys().await
    }

    /// Reads the log to its end into the revocation list, and marks the list as current. If the
    /// store is not the one that the site used before, the node becomes not ready instead. Does
    /// nothing if the site has no revocation log.
    ///
    /// # Errors
    /// The error of the store. The list keeps its entries and becomes outdated, and its policy
    /// decides what happens. The next call starts from the same position.
    pub async fn read(&self) -> Result<(), StoreFault> {
        let read = self.read_once().await;
        #[cfg(feature = "metrics")]
        self.measure();
        self.remind();
        read
    }

    async fn read_once(&self) -> Result<(), StoreFault> {
        let (accounts, list) = (&self.accounts, &self.accounts.settings().revocation_list);
        let Some(log) = &accounts.stores().revocation_log else {
            return Ok(());
        };
        let mut position = self.log.position.lock().await;
        // The time and the epochs before the read, because a change during it is part of the next
        // read.
        let (now, newer_epoch) = (accounts.now(), list.newer_epoch());
        let read = self.read_on(log, &mut position).await;
        match &read {
            Err(error) => {
                // The lock is released before the hook of the site runs.
                let due = locked(&self.log.silence).failed();
                if let Some(lasts) = due {
                    let (source, seconds) = (error.source(), lasts.as_secs());
                    tracing::error!(target: "hallpass", %error, source, seconds, "the revocation log is not available");
                    if lasts.is_zero() {
                        accounts.events().happened(Event::RevocationLogSilent);
                    }
                }
            }
            Ok(_) => {
                let recovered = locked(&self.log.silence).recovered();
                if recovered.is_some() {
                    let staleness = list.staleness(now).unwrap_or_default();
                    accounts.events().happened(Event::RevocationLogAnswers { staleness });
                }
            }
        }
        #[cfg(feature = "metrics")]
        crate::event::metric::list_entries(list.len());
        let readiness = read?;
        if let Some(facts) = &position.known {
            list.raise_epoch(facts.epoch, newer_epoch);
        }
        if readiness == Readiness::Ready {
            list.synced(now);
            #[cfg(feature = "metrics")]
            crate::event::metric::list_synced(now);
        } else {
            list.outdated();
        }
        let before = self.log.readiness.swap(readiness as u8, Ordering::Relaxed);
        match (Readiness::from_number(before), readiness) {
            (before, now) if before == now => {}
            (_, Readiness::Ready) => accounts.events().happened(Event::ReadyAgain),
            (_, reason) => accounts.events().happened(Event::NotReady { reason }),
        }
        Ok(())
    }

    /// Repeats the reason while the node is not ready. A log that cannot be read has its own line.
    fn remind(&self) {
        let state = Readiness::from_number(self.log.readiness.load(Ordering::Relaxed));
        let state = match state {
            Readiness::Ready if self.log.lacks_keys.load(Ordering::Relaxed) => {
                Readiness::KeysMissing
            }
            state => state,
        };
        let mut not_ready = locked(&self.log.not_ready);
        if state == Readiness::Ready {
            not_ready.recovered();
        } else if let Some(lasts) = not_ready.failed().filter(|lasts| !lasts.is_zero()) {
            let (reason, seconds) = (state.as_str(), lasts.as_secs());
            tracing::warn!(target: "hallpass", reason, seconds, "this node is still not ready");
        }
    }

    #[cfg(feature = "metrics")]
    fn measure(&self) {
        use crate::event::metric;

        metric::readiness(self.readiness());
        let log = self.accounts.stores().revocation_log.as_ref();
        if let Some(connections) = log.and_then(DynRevocationLog::connections) {
            metric::connections(connections);
        }
        let ring = self.accounts.issuer().keys().current();
        let mut signing_key = locked(&self.log.signing_key);
        *signing_key = metric::signing_keys(&ring, signing_key.take());
    }

    /// Deletes the entries of logs and list that cannot affect a live token any more, and the rows
    /// of the stores that have expired. As [`prune`](Self::prune), without the number of rows.
    ///
    /// # Errors
    /// As [`prune`](Self::prune).
    pub async fn purge(&self) -> Result<(), StoreFault> {
        self.prune().await.map(drop)
    }

    /// Deletes the entries of logs and list that cannot affect a live token any more, and the rows
    /// of the stores that have expired, in pieces of 1,000 rows, and at most a million of each
    /// kind. Returns the number of deleted rows.
    ///
    /// # Errors
    /// The error of the first store that failed. The entries of the list, and the rows of the other
    /// stores, are deleted even then.
    pub async fn prune(&self) -> Result<Pruned, StoreFault> {
        let (accounts, stores) = (&self.accounts, self.accounts.stores());
        accounts.settings().revocation_list.forget(accounts.now());
        let now = accounts.store_now();
        stores.recent.forget(now);
        let before = now.saturating_sub(accounts.issuer().access_lifetime() + MAX_CLOCK_SKEW);
        let (pruned, fault) = stores.prune(now, before).await;
        #[cfg(feature = "metrics")]
        crate::event::metric::pruned(pruned.rows());
        let compared = match self.log.compares_keys.load(Ordering::Relaxed) {
            true => self.compare_keys().await.map(drop),
            false => Ok(()),
        };
        fault.map_or(compared, Err)?;
        Ok(pruned)
    }

    /// Connects each notifier once, for a check of the installation. The connections are closed
    /// again. A log without a notifier is left out.
    ///
    /// # Errors
    /// The error of the first notifier that does not connect within the timeout of a store call.
    pub async fn connect_notifiers(&self) -> Result<(), StoreFault> {
        let stores = self.accounts.stores();
        for log in stores.logs() {
            let mut notifier = log.notifier();
            if notifier.push().is_some() {
                stores.within_bound(notifier.notified()).await?;
            }
        }
        Ok(())
    }

    /// Returns the [kind](crate::Notifier::push) of each push that wakes this node. If the list is
    /// empty, revocations of other nodes are only polled, each second.
    #[must_use]
    pub fn pushes(&self) -> Vec<&'static str> {
        self.accounts.stores().logs().filter_map(|log| log.notifier().push()).collect()
    }

    /// Returns whether the node may serve requests, for `/readyz`. It is judged at each call: a
    /// list that has become older than the documented bound of 5 seconds is not current. Always
    /// true if the site has no revocation log.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.readiness() == Readiness::Ready
    }

    /// Returns whether the node may serve requests, or the reason why not. See
    /// [`is_ready`](Self::is_ready).
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        if self.accounts.stores().revocation_log.is_none() {
            return Readiness::Ready;
        }
        let found = Readiness::from_number(self.log.readiness.load(Ordering::Relaxed));
        let is_current = self.staleness().is_some_and(|age| age <= BOUND);
        match found {
            Readiness::Ready if !is_current => Readiness::Outdated,
            Readiness::Ready if self.log.lacks_keys.load(Ordering::Relaxed) => {
                Readiness::KeysMissing
            }
            found => found,
        }
    }

    /// Returns the time since the log was last read to its end, or `None` if it never was, or if
    /// the store cannot be relied on.
    #[must_use]
    pub fn staleness(&self) -> Option<Duration> {
        let settings = self.accounts.settings();
        settings.revocation_list.staleness(settings.clock.now())
    }

    /// Returns the facts of the store at the last read, or `None` if it keeps none.
    pub async fn facts(&self) -> Option<StoreFacts> {
        self.log.position.lock().await.known.clone()
    }

    async fn read_on(
        &self,
        log: &DynRevocationLog,
        position: &mut Position,
    ) -> Result<Readiness, StoreFault> {
        let stores = self.accounts.stores();
        let mut readiness = Readiness::Ready;
        // A server that takes over during every read must not keep this loop busy.
        for _ in 0..MOST_PAGES {
            let page = stores.within_bound(log.read_after(position.cursor)).await?;
            if page.skipped > 0 {
                self.accounts
                    .events()
                    .happened(Event::RevocationsSkipped { entries: page.skipped });
            }
            for change in &page.changes {
                self.accounts.apply(change);
            }
            if let Some(facts) = page.facts {
                match self.judge(&facts, position).await? {
                    Verdict::Continue => readiness = self.clock_verdict(&facts),
                    Verdict::ReadAgain => {
                        *position = Position { cursor: Cursor::START, known: None };
                        continue;
                    }
                    Verdict::NotReady(reason) => return Ok(reason),
                }
                position.known = Some(facts);
            }
            let is_at_end = page.is_last || page.cursor == position.cursor;
            position.cursor = page.cursor;
            if is_at_end {
                return Ok(readiness);
            }
        }
        Ok(Readiness::Outdated)
    }
}

async fn purge_or_log<R: Role>(sync: RevocationSync<R>) {
    if let Err(error) = sync.purge().await {
        #[cfg(feature = "metrics")]
        crate::event::metric::prune_failed();
        let source = error.source();
        tracing::warn!(target: "hallpass", %error, source, "expired rows could not be deleted");
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
async fn tick_or(ticks: &mut tokio::time::Interval, woken: &Notify) {
    tokio::select! {
        _ = ticks.tick() => {}
        () = woken.notified() => {}
    }
}
fn locked<T>(mutex: &StdMutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
/// The documented bound: a revocation takes effect on every node within this time.
const BOUND: Duration = Duration::from_secs(5);
/// Enough for ten million entries.
const MOST_PAGES: u32 = 10_000;
/// A fifth of the bound, so that the bound holds even if a read fails or is late.
const PERIOD: Duration = Duration::from_secs(1);
/// Minimum time between the starts of two reads: 20 reads per second, however many nodes write.
const GAP: Duration = Duration::from_millis(50);
const PURGE_PERIOD: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_secs(1);
