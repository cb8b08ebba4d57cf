//! The orders in which a reader and the writers may meet, walked through by shuttle: 20,000 with at
//! most three preemptions each, which is where such faults show (probabilistic concurrency
//! testing), since all of them are too many.
//!
//! `RUSTFLAGS="--cfg shuttle" cargo test -p hallpass-core --no-default-features --features derive
//! --lib revocation::model --release`. The table is small there, so that growing and shrinking are
//! within reach. Loom is not used: 0.7.3 forgets that another thread read a word once the writer
//! has read it too, and then walks through a single order.

use std::{sync::Arc, time::Duration};

use shuttle::thread;

use crate::{
    revocation::{
        ledger::{Kind, Ledger},
        outcome::TokenFacts,
        table::Entry,
    },
    time::unix_time::UnixTime,
};

fn in_many_orders(model: fn()) {
    shuttle::check_pct(model, 20_000, 3);
}

fn token(user_id: &str) -> TokenFacts<'_> {
    TokenFacts { user_id, generation: 0, session: Some("s"), expires_at: END }
}

fn revoke(ledger: &Ledger, user_id: &str) {
    ledger.put(Kind::Account, user_id, Entry::new(1, END));
}

fn is_void(ledger: &Ledger, user_id: &str) -> bool {
    ledger.look_up(&token(user_id)).is_some()
}

/// As a log-out sees it: what was refused once stays refused, and when the call is over it is
/// refused for sure.
#[test]
fn a_revoked_token_never_comes_back() {
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

/// The table grows under the reader: what the old one held, the new one holds.
#[test]
fn no_entry_is_out_of_sight_while_the_table_grows() {
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

/// A reader whose clock lags behind asks for a token that an entry revokes which is dropped
/// meanwhile: it finds the entry, or the horizon that the writer moved before it dropped the entry.
#[test]
fn a_dropped_entry_leaves_its_horizon_behind() {
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

/// The log's task and a log-out of this node write at once: neither undoes the other.
#[test]
fn two_writers_take_turns() {
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
