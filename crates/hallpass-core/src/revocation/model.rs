//! A model check of the interleavings of a reader and the writers, with shuttle. It runs 20,000
//! schedules with at most three preemptions each, in which such faults usually occur (probabilistic
//! concurrency testing), because the number of all schedules is too large.
//!
//! Run `RUSTFLAGS="--cfg shuttle" cargo test -p hallpass-core --no-default-features --features
//! derive --lib revocation::model --release`. The table is small in this build, so that it grows
//! and shrinks. Loom is not used: version 0.7.3 loses the fact that another thread read a word once
//! the writer has also read it, and then checks only one schedule.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use shuttle::thread;

use crate::{
    revocation::{
        ledger::{Kind, Ledger},
        list::RevocationList,
        outcome::TokenFacts,
        table::Entry,
        watch::{Watch, WatchedToken},
    },
    time::unix_time::UnixTime,
};

fn in_many_orders(model: fn()) {
    shuttle::check_pct(model, 20_000, 3);
}

fn token(user_id: &str) -> TokenFacts<'_> {
    TokenFacts { user_id, generation: 0, epoch: 0, session: Some("s"), expires_at: END }
}

fn revoke(ledger: &Ledger, user_id: &str) {
    ledger.put(Kind::Account, user_id, Entry::new(1, END));
}

fn is_void(ledger: &Ledger, user_id: &str) -> bool {
    ledger.look_up(&token(user_id)).is_some()
}

struct Alice;

impl WatchedToken for Alice {
    fn facts(&self) -> TokenFacts<'_> {
        token("alice")
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn ends(watch: &mut Watch<Alice>, woken: &Arc<Woken>) -> bool {
    let waker = Waker::from(Arc::clone(woken));
    let polled = Pin::new(watch).poll(&mut Context::from_waker(&waker));
    matches!(polled, Poll::Ready(_))
}

/// A stream is opened while its token is revoked, while it expires, or while the sync stops: the
/// first poll finds it, or the task is woken. Otherwise the stream would stay open for ever.
#[test]
fn waiter_is_never_left_behind() {
    let causes: [fn(&RevocationList); 4] = [
        |list| list.end_session("s", END),
        |list| list.revoke_below("alice", 1, END),
        |list| list.raise_epoch(1, 0),
        |list| list.maintain().tick(END),
    ];
    for cause in causes {
        shuttle::check_pct(
            move || {
                let list = RevocationList::new();
                list.raise_epoch(0, 0);
                let maintenance = list.maintain();
                let writer = {
                    let list = list.clone();
                    thread::spawn(move || cause(&list))
                };
                let (mut watch, woken) = (Watch::new(list.clone(), Alice), Arc::default());
                let found = ends(&mut watch, &woken);
                writer.join().unwrap();
                assert!(found || woken.0.load(Ordering::Relaxed));
                assert!(ends(&mut watch, &woken));
                drop((watch, maintenance));
                assert!(list.watchers().is_empty());
            },
            5_000,
            3,
        );
    }
    in_many_orders(|| {
        let list = RevocationList::new();
        let maintenance = list.maintain();
        let sync = thread::spawn(move || drop(maintenance));
        let (mut watch, woken) = (Watch::new(list, Alice), Arc::default());
        let found = ends(&mut watch, &woken);
        sync.join().unwrap();
        assert!(found || woken.0.load(Ordering::Relaxed));
        assert!(ends(&mut watch, &woken));
    });
}

/// A token that was rejected once stays rejected, and when the call that revokes it has returned,
/// it is rejected. A logout depends on this.
#[test]
fn revoked_token_stays_rejected_in_every_order() {
    in_many_orders(|| {
        let ledger = Arc::new(Ledger::new());
        let writer = {
            let ledger = Arc::clone(&ledger);
            thread::spawn(move || revoke(&ledger, "alice"))
        };
        let (first, second) = (is_void(&ledger, "alice"), is_void(&ledger, "alice"));
        assert!(!first || second);
        writer.join().unwrap();
        assert!(is_void(&ledger, "alice") && !is_void(&ledger, "bob"));
    });
}

/// While a reader looks up, the table grows. The new table has every entry of the old one.
#[test]
fn entries_are_visible_while_the_table_grows() {
    in_many_orders(|| {
        let ledger = Arc::new(Ledger::new());
        for name in ["alice", "bob", "carol"] {
            revoke(&ledger, name);
        }
        let writer = {
            let ledger = Arc::clone(&ledger);
            thread::spawn(move || revoke(&ledger, "dave"))
        };
        assert!(is_void(&ledger, "alice") && is_void(&ledger, "carol"));
        writer.join().unwrap();
        assert!(is_void(&ledger, "dave") && is_void(&ledger, "alice"));
    });
}

/// A reader with a late clock checks a revoked token while the writer drops its entry. The reader
/// finds the entry, or the horizon that the writer moved before it dropped the entry.
#[test]
fn dropped_entry_leaves_its_horizon() {
    in_many_orders(|| {
        let ledger = Arc::new(Ledger::new());
        revoke(&ledger, "alice");
        let writer = {
            let ledger = Arc::clone(&ledger);
            thread::spawn(move || ledger.forget(END.saturating_add(Duration::from_secs(1))))
        };
        assert!(is_void(&ledger, "alice"));
        writer.join().unwrap();
        assert!(is_void(&ledger, "alice"));
        assert_eq!(ledger.len(), 0);
    });
}

/// The task that reads the log and a logout on this node write concurrently. Neither undoes the
/// other.
#[test]
fn concurrent_writers_lose_no_entry() {
    in_many_orders(|| {
        let ledger = Arc::new(Ledger::new());
        let writers = ["alice", "bob"].map(|name| {
            let ledger = Arc::clone(&ledger);
            thread::spawn(move || revoke(&ledger, name))
        });
        let seen = is_void(&ledger, "alice");
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        assert!(is_void(&ledger, "alice") && is_void(&ledger, "bob") && ledger.len() == 2);
        assert!(!seen || is_void(&ledger, "alice"));
    });
}

const END: UnixTime = UnixTime::from_secs(1_764_000_900);
