//! A change and a command that start at the same time.

use std::{
    hint::spin_loop,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Barrier;

use super::{
    fleet::Fleet,
    own_change::OwnChange,
    tally::{Pair, Tally},
};

/// Runs the change and the command in parallel, in this number of rounds, each with a new account.
///
/// In half of the rounds both start at the same time. In the others one of them starts later, so
/// that over the rounds the start of the command moves from shortly before the change to its end.
pub(super) async fn race(fleet: &Arc<Fleet>, pair: Pair, rounds: usize) -> Tally {
    let (change, command) = pair;
    let mut tally = Tally::new(pair);
    let mut usual = alone(fleet, change).await;
    for round in 0..rounds {
        let node = round % fleet.nodes.len();
        let ready = change.ready(fleet, node).await;
        let (change_waits, command_waits) = match round % 2 {
            0 => (Duration::ZERO, Duration::ZERO),
            _ => {
                let from = usual / 2;
                let at = usual.mul_f64(1.5 * round as f64 / rounds as f64);
                (from.saturating_sub(at), at.saturating_sub(from))
            }
        };
        let barrier = Arc::new(Barrier::new(2));
        let making = {
            let (fleet, ready, barrier) = (fleet.clone(), ready.clone(), barrier.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                spin(change_waits);
                let start = Instant::now();
                (change.make(&fleet.nodes[node], &ready).await, start.elapsed())
            })
        };
        let giving = {
            let (fleet, ready) = (fleet.clone(), ready.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                spin(command_waits);
                command.give(&fleet, fleet.other_than(node, round), &ready).await
            })
        };
        let ((made, took), row) = (making.await.unwrap(), giving.await.unwrap());
        if matches!(made, Some(Ok(_))) {
            usual = (usual * 3 + took) / 4;
        }
        tally.judge(fleet, &ready, made, row, round, Vec::new()).await;
    }
    tally
}

/// Makes the change without a command: it succeeds, and every node accepts its tokens. Returns the
/// duration of the change.
async fn alone(fleet: &Fleet, change: OwnChange) -> Duration {
    let ready = change.ready(fleet, 0).await;
    let start = Instant::now();
    let new = change.make(&fleet.nodes[0], &ready).await.unwrap().unwrap();
    let took = start.elapsed();
    fleet.caught_up().await;
    let tokens = new.as_ref().unwrap_or(&ready.person.tokens);
    assert_eq!(fleet.accepted(&tokens.access).len(), fleet.nodes.len());
    let refresh = tokens.refresh.as_ref().unwrap();
    let refreshed = fleet.nodes[1].accounts().refresh(refresh.as_bytes()).await.unwrap();
    assert_eq!(fleet.accepted(refreshed.access.as_str()).len(), fleet.nodes.len());
    took
}

/// Waits for this time. A timer would wait for at least a millisecond.
pub(super) fn spin(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        spin_loop();
    }
}
