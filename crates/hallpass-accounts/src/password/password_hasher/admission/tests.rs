use std::{
    net::{IpAddr, Ipv6Addr},
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
};

use tokio::task::{JoinSet, yield_now};

use super::*;

const LONG: Duration = Duration::from_secs(3600);

/// An address of one /48, in another /56 for each number.
fn in_one_48(number: u16) -> Option<IpAddr> {
    Some(Ipv6Addr::new(0x2001, 0xdb8, 1, number << 8, 0, 0, 0, 1).into())
}

fn stranger(peer: &str) -> Origin {
    Origin::stranger(Some(peer.parse().unwrap()))
}

fn known(peer: &str, account: &str) -> Origin {
    Origin::known_browser(Some(peer.parse().unwrap()), account, "browser")
}

/// Returns the lengths of the reserved lane and of the general queue.
fn lengths(admission: &Admission) -> (usize, usize) {
    let state = admission.state();
    (state.reserved.len(), state.general.len())
}

/// Callers that have joined, in the order in which they were started, and the names of those that
/// received a turn.
struct Callers {
    admission: Arc<Admission>,
    tasks: JoinSet<(&'static str, Result<Admitted, NotAdmitted>)>,
}

impl Callers {
    fn new(admission: &Arc<Admission>) -> Self {
        Self { admission: Arc::clone(admission), tasks: JoinSet::new() }
    }

    async fn start(&mut self, name: &'static str, origin: Origin) {
        let admission = Arc::clone(&self.admission);
        self.tasks.spawn(async move { (name, admission.enter(&origin, LONG).await) });
        yield_now().await;
    }

    /// Returns the names in the order of their turns, each of which ends before the next.
    async fn order(mut self) -> Vec<String> {
        let mut order = Vec::new();
        while let Some(done) = self.tasks.join_next().await {
            match done.unwrap() {
                (name, Ok(_turn)) => order.push(name.to_owned()),
                (name, Err(reason)) => order.push(format!("{name}: {reason:?}")),
            }
        }
        order
    }
}

#[tokio::test]
async fn lanes_and_networks_take_turns() {
    let admission = Admission::new(1, 8);
    let held = admission.enter_now().unwrap();
    let mut callers = Callers::new(&admission);
    for number in 0..6 {
        callers.start("flood", Origin::stranger(in_one_48(number))).await;
    }
    callers.start("honest", stranger("192.0.2.1")).await;
    callers.start("known 1", known("192.0.2.2", "alice")).await;
    callers.start("known 2", known("198.51.100.1", "bob")).await;
    assert_eq!(admission.waiting(), 9);
    drop(held);
    let order = callers.order().await;
    assert_eq!(
        order[..5],
        ["flood", "known 1", "honest", "known 2", "flood"],
        "an honest stranger waits for one call of the flood, and a known browser likewise"
    );
    assert_eq!(order.len(), 9);
    assert!(admission.enter_now().is_some(), "the turn is free again");
}

#[tokio::test]
async fn full_queue_of_one_network_has_a_place_for_another() {
    let admission = Admission::new(1, 4);
    let held = admission.enter_now().unwrap();
    let mut callers = Callers::new(&admission);
    for number in 0..6 {
        callers.start("flood", Origin::stranger(in_one_48(number))).await;
    }
    assert!(!admission.has_place(&Origin::stranger(in_one_48(9))));
    assert!(admission.has_place(&stranger("192.0.2.1")));
    callers.start("honest", stranger("192.0.2.1")).await;
    let mut rejected: Vec<_> = Vec::new();
    while rejected.len() < 3 {
        let (name, result) = callers.tasks.join_next().await.unwrap().unwrap();
        rejected.push((name, result.map(|_| ()).unwrap_err()));
    }
    let full = ("flood", NotAdmitted::Full);
    assert_eq!(rejected, [full, full, ("flood", NotAdmitted::Displaced)]);
    drop(held);
    assert_eq!(callers.order().await, ["flood", "honest", "flood", "flood"]);
}

#[tokio::test]
async fn one_network_has_a_quarter_of_the_reserved_places() {
    let admission = Admission::new(1, 8);
    let held = admission.enter_now().unwrap();
    let mut callers = Callers::new(&admission);
    let accounts = ["a", "b", "c", "d"];
    for account in accounts {
        callers.start("own", known("192.0.2.1", account)).await;
    }
    callers.start("other", known("198.51.100.1", "e")).await;
    assert_eq!(lengths(&admission), (3, 2), "two of eight places, and one of another network");
    drop(held);
    assert_eq!(callers.order().await.len(), 5);
}

#[tokio::test]
async fn seventh_call_in_a_minute_joins_the_general_queue() {
    let admission = Admission::new(1, 8);
    let origin = known("192.0.2.1", "alice");
    let mut lanes = Vec::new();
    for _ in 0..7 {
        let held = admission.enter_now().unwrap();
        let mut callers = Callers::new(&admission);
        callers.start("alice", origin.clone()).await;
        callers.start("again", origin.clone()).await;
        lanes.push(lengths(&admission));
        drop(held);
        callers.order().await;
    }
    assert_eq!(lanes[..6], [(1, 1); 6], "one at a time");
    assert_eq!(lanes[6], (0, 2));
}

#[tokio::test]
async fn a_client_that_is_gone_gives_up_its_place_and_its_turn() {
    let admission = Admission::new(1, 4);
    let held = admission.enter_now().unwrap();
    let origin = known("192.0.2.1", "alice");
    for _ in 0..20 {
        let mut gone = Box::pin(admission.enter(&origin, LONG));
        assert!(poll(gone.as_mut()).is_none());
        assert_eq!(admission.waiting(), 1);
        drop(gone);
        assert_eq!(admission.waiting(), 0);
    }
    // The turn was sent to a client that is gone before it receives the turn.
    let mut gone = Box::pin(admission.enter(&origin, LONG));
    let mut next = Box::pin(admission.enter(&origin, LONG));
    assert!(poll(gone.as_mut()).is_none() && poll(next.as_mut()).is_none());
    drop(held);
    drop(gone);
    assert!(next.await.is_ok(), "20 calls without a turn are not counted, and no turn is lost");
}

#[tokio::test(start_paused = true)]
async fn waiting_is_bounded_and_frees_the_place() {
    let admission = Admission::new(1, 4);
    let _held = admission.enter_now().unwrap();
    let overdue = admission.enter(&stranger("192.0.2.1"), Duration::from_secs(1)).await;
    assert_eq!(overdue.map(|_| ()).unwrap_err(), NotAdmitted::Overdue);
    assert_eq!(admission.waiting(), 0);
}

/// Threads enter, are displaced, give up and leave. At the end all turns are free, and at no time
/// were there more.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_turn_is_lost_or_given_twice_under_contention() {
    const TURNS: usize = 3;
    let (admission, active) = (Admission::new(TURNS, 6), Arc::new(AtomicUsize::new(0)));
    let mut tasks = JoinSet::new();
    for number in 0..64_u16 {
        let (admission, active) = (Arc::clone(&admission), Arc::clone(&active));
        tasks.spawn(async move {
            let mut turns = 0;
            for round in 0..400_u16 {
                let peer = in_one_48(number % 5 + round % 3);
                let origin = match number % 3 {
                    0 => Origin::known_browser(peer, &number.to_string(), &round.to_string()),
                    _ => Origin::stranger(peer),
                };
                let entering = admission.enter(&origin, Duration::from_micros(200));
                let admitted = if round % 7 == 0 {
                    tokio::select! {
                        biased;
                        admitted = entering => admitted,
                        () = yield_now() => continue,
                    }
                } else {
                    entering.await
                };
                if let Ok(admitted) = admitted {
                    assert!(active.fetch_add(1, Ordering::SeqCst) < TURNS);
                    yield_now().await;
                    active.fetch_sub(1, Ordering::SeqCst);
                    drop(admitted);
                    turns += 1;
                }
            }
            turns
        });
    }
    let turns: usize = tasks.join_all().await.into_iter().sum();
    assert!(turns > 100, "{turns}");
    let state = admission.state();
    assert_eq!((state.free, state.general.len(), state.reserved.len()), (TURNS, 0, 0));
}

fn poll<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}
