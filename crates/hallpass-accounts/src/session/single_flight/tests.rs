use std::{
    future::pending,
    sync::atomic::{AtomicUsize, Ordering},
};

use tokio::task::yield_now;

use super::*;

#[derive(Default)]
struct Store {
    calls: AtomicUsize,
}

impl Store {
    /// Returns the number of the call, after other tasks have run.
    async fn ask(&self) -> usize {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        yield_now().await;
        call
    }
}

#[tokio::test]
async fn concurrent_calls_share_a_result_and_later_ones_do_not() {
    let (store, flights) = (Store::default(), SingleFlight::new());
    let (first, second, other) = tokio::join!(
        flights.call('a', store.ask()),
        flights.call('a', store.ask()),
        flights.call('b', store.ask())
    );
    assert_eq!((first, second, other), (0, 0, 1));
    assert_eq!(flights.call('a', store.ask()).await, 2);
    assert!(flights.lock().is_empty());
}

#[tokio::test]
async fn the_next_call_runs_if_the_first_is_cancelled() {
    let (store, flights) = (Store::default(), SingleFlight::new());
    let gives_up = async {
        tokio::select! {
            biased;
            _ = flights.call('a', pending()) => unreachable!(),
            () = yield_now() => {}
        }
    };
    let ((), answer) = tokio::join!(gives_up, flights.call('a', store.ask()));
    assert_eq!((answer, store.calls.load(Ordering::SeqCst)), (0, 1));
    assert!(flights.lock().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_entry_is_left_after_many_threads() {
    let flights = Arc::new(SingleFlight::new());
    let calls: Vec<_> = (0..2_000_usize)
        .map(|number| {
            let flights = Arc::clone(&flights);
            tokio::spawn(async move {
                let key = number % 7;
                let answer = async {
                    yield_now().await;
                    key
                };
                flights.call(key, answer).await == key
            })
        })
        .collect();
    for call in calls {
        assert!(call.await.unwrap());
    }
    assert!(flights.lock().is_empty());
}
