//! A change that is stopped in the middle until the operator's command has run.
//!
//! A change is stopped in a call to the clock or to the random source of the node, because it calls
//! them between its reads and its writes. Only the task of the change is stopped, so the command,
//! the other nodes and the background tasks continue.

use std::{
    cell::Cell,
    sync::{Arc, mpsc},
    time::Duration,
};

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{
    command::Fault,
    fleet::Fleet,
    tally::{Pair, Tally},
};

tokio::task_local! {
    static STOP: Stop;
}

struct Stop {
    /// The number of calls until the call that stops. 0 means that it has already stopped.
    calls: Cell<usize>,
    stopped: UnboundedSender<()>,
    go: mpsc::Receiver<()>,
}

/// Reports a call to a node's clock or random source, and stops the change at the chosen call.
pub(super) fn called() {
    let _not_a_change_that_stops = STOP.try_with(|stop| {
        let calls = stop.calls.get();
        stop.calls.set(calls.saturating_sub(1));
        if calls == 1 {
            stop.stopped.send(()).unwrap();
            // An error means that no test waits for this change.
            let _ = tokio::task::block_in_place(|| stop.go.recv());
        }
    });
}

/// Stops the change at each of its calls in turn, one call per round, and runs the command there.
pub(super) async fn at_every_call(fleet: &Arc<Fleet>, pair: Pair) -> Tally {
    let (change, command) = pair;
    let mut tally = Tally::new(pair);
    for stop_at in 1.. {
        let node = stop_at % fleet.nodes.len();
        let ready = change.ready(fleet, node).await;
        let (stopped, mut at_stop) = unbounded_channel();
        let (go, wait) = mpsc::channel();
        let stop = Stop { calls: Cell::new(stop_at), stopped, go: wait };
        let here = fleet.nodes[node].clone();
        let making = {
            let ready = ready.clone();
            tokio::spawn(STOP.scope(stop, async move { change.make(&here, &ready).await }))
        };
        // The sender is dropped with the change.
        if at_stop.recv().await.is_none() {
            assert!(stop_at > 2, "the change was never stopped");
            assert!(
                making.await.unwrap().unwrap().is_ok(),
                "the change succeeds without a command"
            );
            return tally;
        }
        let by = fleet.other_than(node, stop_at);
        let giving = command.give(fleet, by, &ready);
        tokio::pin!(giving);
        // A change may be stopped while it holds a lock. The command then waits for the change.
        let row = tokio::time::timeout(Duration::from_secs(2), &mut giving).await;
        let before = match row.is_ok() && command.ends_the_session() {
            true => Some(fleet.written(&ready.person.id).await),
            false => None,
        };
        go.send(()).unwrap();
        let row = match row {
            Ok(row) => row,
            Err(_) => giving.await,
        };
        let made = making.await.unwrap();
        let mut faults = Vec::new();
        if let Some(before) = before {
            let still = before.is_still(&fleet.written(&ready.person.id).await);
            faults.extend((!still).then_some(Fault::WroteAfter));
        }
        tally.judge(fleet, &ready, made, row, stop_at, faults).await;
    }
    tally
}
