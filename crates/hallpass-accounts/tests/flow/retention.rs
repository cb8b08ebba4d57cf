//! Expired rows of every store are deleted, and the deletion neither delays the reads of the log
//! nor depends on the other stores.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use hallpass_accounts::{
    Accounts, Activity, ActivityKind, ActivityStore, AttemptOutcome, BrowserHash, BrowserId,
    BrowserLogin, BrowserName, BrowserStore, ConsumedStore, Cursor, OneTimeHash, OneTimePurpose,
    Outcome, OutcomeId, OutcomeKind, OutcomeStore, Pruned, RateLimit, RateLimitStore,
    RevocationLog, RevocationPage, RevocationSync, Settings, StoreSet,
};
use hallpass_core::UnixTime;
use tokio::time::{sleep, timeout};

use crate::site::{Site, SiteRole, id_of, stores};

/// A store with a million expired rows, each thousand of which takes 100 ms, and a log.
#[derive(Default)]
struct Slow {
    reads: AtomicU32,
    pieces: AtomicU32,
    fails: bool,
}

impl RateLimitStore for Slow {
    type Error = std::io::Error;

    async fn try_take(
        &self,
        _: &str,
        _: &RateLimit,
        _: UnixTime,
    ) -> Result<AttemptOutcome, Self::Error> {
        Ok(AttemptOutcome::Allowed)
    }

    async fn give_back(&self, _: &str, _: &RateLimit, _: UnixTime) -> Result<(), Self::Error> {
        Ok(())
    }

    async fn clear(&self, _: &str) -> Result<(), Self::Error> {
        Ok(())
    }

    async fn prune(&self, _: UnixTime, limit: u32) -> Result<u64, Self::Error> {
        if self.fails {
            return Err(std::io::Error::other("the disk is full"));
        }
        sleep(Duration::from_millis(100)).await;
        let pieces = self.pieces.fetch_add(1, Ordering::Relaxed);
        Ok(if pieces < 1000 { u64::from(limit) } else { 0 })
    }
}

impl RevocationLog for Slow {
    type Error = std::io::Error;

    async fn read_after(&self, cursor: Cursor) -> Result<RevocationPage, Self::Error> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Ok(RevocationPage { changes: Vec::new(), cursor, skipped: 0, is_last: true, facts: None })
    }

    async fn purge_before(&self, _: UnixTime) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Returns a node with these stores, which shares the clock of the site.
fn node(site: &Site, stores: StoreSet) -> Accounts<SiteRole> {
    let settings = Settings { clock: Arc::new(site.clock.clone()), ..Settings::default() };
    Accounts::new(site.keys.clone(), stores, settings).unwrap()
}

/// A list that was not read for 5 seconds makes the node not ready.
#[tokio::test(start_paused = true)]
async fn a_long_purge_does_not_delay_the_reads() {
    let (site, slow) = (Site::new(), Arc::new(Slow::default()));
    let mut stores = stores(&site.store);
    stores.rate_limits = slow.clone().into();
    stores.revocation_log = Some(slow.clone().into());
    let sync = RevocationSync::new(&node(&site, stores));
    timeout(Duration::from_secs(60), sync.run()).await.unwrap_err();
    let (reads, pieces) = (slow.reads.load(Ordering::Relaxed), slow.pieces.load(Ordering::Relaxed));
    assert!(reads >= 55, "{reads} reads in a minute");
    assert!((250..=320).contains(&pieces), "{pieces} pieces, with a pause after each");
}

#[tokio::test]
async fn expired_rows_of_every_store_are_deleted() {
    let site = Site::new();
    let alice = id_of(&site.verify(&site.register("alice").await.access).unwrap());
    let (store, now) = (Arc::new(site.store.clone()), site.now());
    let soon = now.saturating_add(Duration::from_secs(60));
    let browser = BrowserHash::of(&[1; 16]);
    let name = BrowserName::default();
    let login =
        BrowserLogin::new(BrowserId::from_random([1; 16]), alice.clone(), browser, 0, name, now);
    store.remember(&login).await.unwrap();
    let outcome = Outcome::new(OutcomeId::from_bytes([1; 32]), OutcomeKind::LoggedIn, now, soon);
    let _inserted = store.put(&outcome).await.unwrap();
    let value = OneTimeHash::of(b"value");
    let _consumed = store.consume(OneTimePurpose::LoginLink, &value, soon).await.unwrap();
    store.record(&alice, &Activity::new(ActivityKind::LoggedIn, now)).await.unwrap();

    let mut stores = stores(&store);
    stores.browsers = Some(store.clone().into());
    stores.outcomes = Some(store.clone().into());
    stores.consumed = Some(store.clone().into());
    stores.activity = Some(store.clone().into());
    // A store that fails does not prevent the others.
    let failing = Arc::new(Slow { fails: true, ..Slow::default() });
    let mut with_a_failing_one = stores.clone();
    with_a_failing_one.rate_limits = failing.into();
    let sync = RevocationSync::new(&node(&site, stores));
    assert_eq!(sync.prune().await.unwrap(), Pruned::default());
    site.clock.pass(3600);
    let pruned = sync.prune().await.unwrap();
    assert_eq!((pruned.outcomes, pruned.consumed, pruned.browsers, pruned.activity), (1, 1, 0, 0));

    site.clock.pass(365 * 24 * 3600);
    let sync = RevocationSync::new(&node(&site, with_a_failing_one));
    sync.prune().await.unwrap_err();
    assert_eq!(BrowserStore::list(&*store, &alice).await.unwrap(), []);
    assert_eq!(store.recent(&alice, 10).await.unwrap(), []);
}
