//! Many notifications cause few reads of the revocation log, and no change waits for long.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use hallpass_accounts::{
    Accounts, Cursor, Notifier, RevocationLog, RevocationPage, RevocationSync, Settings, StoreSet,
};
use hallpass_core::{KeyRing, UnixTime};
use hallpass_test_support::memory_store::MemoryStore;
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

use crate::site::SiteRole;

/// A log that records when it is read, and what was written by then.
#[derive(Clone, Default)]
struct Watched {
    written: Arc<AtomicU32>,
    news: Arc<Notify>,
    reads: Arc<Mutex<Vec<(Instant, u32)>>>,
}

impl Watched {
    fn write(&self) {
        self.written.fetch_add(1, Ordering::SeqCst);
        self.news.notify_one();
    }

    fn reads_since(&self, start: Instant) -> Vec<(Duration, u32)> {
        let reads = self.reads.lock().unwrap();
        let since = reads.iter().filter(|(at, _)| *at >= start);
        since.map(|(at, written)| (*at - start, *written)).collect()
    }
}

impl RevocationLog for Watched {
    type Error = Infallible;

    async fn read_after(&self, cursor: Cursor) -> Result<RevocationPage, Infallible> {
        let written = self.written.load(Ordering::SeqCst);
        self.reads.lock().unwrap().push((Instant::now(), written));
        Ok(RevocationPage { changes: Vec::new(), cursor, skipped: 0, facts: None, is_last: true })
    }

    async fn purge_before(&self, _: UnixTime) -> Result<(), Infallible> {
        Ok(())
    }

    fn notifier(&self) -> impl Notifier {
        Follow(self.news.clone())
    }
}

struct Follow(Arc<Notify>);

impl Notifier for Follow {
    type Error = Infallible;

    async fn notified(&mut self) -> Result<(), Infallible> {
        self.0.notified().await;
        Ok(())
    }
}

/// Starts a sync and waits for a moment at which no read is near: the polls are each second.
async fn running() -> (Watched, tokio::task::JoinHandle<()>) {
    let log = Watched::default();
    let mut stores = StoreSet::new(Arc::new(MemoryStore::default()));
    stores.revocation_log = Some(Arc::new(log.clone()).into());
    let keys = KeyRing::generate_hs256([1; 32], UnixTime::from_secs(0));
    let accounts = Accounts::<SiteRole>::new(keys, stores, Settings::default()).unwrap();
    let sync = RevocationSync::new(&accounts);
    let task = tokio::spawn(async move { sync.run().await });
    sleep(Duration::from_millis(2300)).await;
    (log, task)
}

#[tokio::test(start_paused = true)]
async fn first_notification_is_read_at_once_and_the_last_in_50_ms() {
    let (log, task) = running().await;
    let start = Instant::now();
    log.write();
    sleep(Duration::from_millis(3)).await;
    log.write();
    log.write();
    sleep(Duration::from_millis(600)).await;
    let reads = log.reads_since(start);
    assert_eq!(reads.len(), 2, "{reads:?}");
    assert!(reads[0].0 <= Duration::from_millis(1) && reads[0].1 == 1, "{reads:?}");
    let last = Duration::from_millis(50)..=Duration::from_millis(52);
    assert!(last.contains(&reads[1].0) && reads[1].1 == 3, "{reads:?}");

    // Quiet again, so the next one does not wait either.
    let start = Instant::now();
    log.write();
    sleep(Duration::from_millis(2)).await;
    let reads = log.reads_since(start);
    assert!(matches!(reads[..], [(_, 4)]), "{reads:?}");
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn many_notifications_cause_20_reads_per_second() {
    let (log, task) = running().await;
    let start = Instant::now();
    for _ in 0..700 {
        log.write();
        sleep(Duration::from_millis(7)).await;
    }
    let last = start.elapsed();
    sleep(Duration::from_millis(60)).await;
    let reads = log.reads_since(start);
    let seconds = last.as_secs_f64();
    assert!(seconds > 4.5, "{seconds}");
    let most = 20.0 * seconds + 2.0;
    assert!(f64::from(u32::try_from(reads.len()).unwrap()) <= most, "{} reads", reads.len());
    assert!(reads.len() > 80, "{} reads", reads.len());
    for pair in reads.windows(2) {
        assert!(pair[1].0 - pair[0].0 >= Duration::from_millis(50), "{pair:?}");
        assert!(pair[1].0 - pair[0].0 <= Duration::from_millis(60), "{pair:?}");
    }
    assert_eq!(reads.last().unwrap().1, 700, "the last change is read");
    task.abort();
}
