//! Admission: the order in which callers use the password hasher.
//!
//! A login is admitted **before** anything is read, counted or hashed, so a rejected attempt costs
//! about as much as the login page, and leaves no trace in the limits. There is one turn per run
//! that may be active, and as many more as may be prepared meanwhile: their store calls are in
//! progress while the earlier ones are hashed.
//!
//! # Lanes
//! - **General**: a bounded queue that is fair per network (`fair_queue.rs`).
//! - **Reserved**: known browsers, and sessions that change their own account. While both lanes
//!   have entries, they take turns, so a flood of strangers leaves half of the capacity to the
//!   reserved lane, and known browsers cannot take more than half from strangers. Each account and
//!   browser has one entry at a time and six per minute (`allowance.rs`), and one network has at
//!   most a quarter of the places. A call that exceeds this joins the general queue.
//!
//! An entry leaves its queue when its future is dropped. axum does that when the client is gone,
//! and actix-web does with `h1_allow_half_closed(false)`
//! (`crates/hallpass/tests/facade/gone_clients.rs`). Otherwise the entry leaves at its time limit.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::password::password_hasher::{
    allowance::{Allowances, Allowed},
    fair_queue::FairQueue,
    origin::{Network, Origin},
};

/// The queues and the free turns.
pub(super) struct Admission {
    state: Mutex<State>,
}

struct State {
    /// Not zero only if both queues are empty.
    free: usize,
    general: FairQueue<Waiting>,
    reserved: FairQueue<Waiting>,
    /// The lane that had the last turn while both had entries.
    last: Lane,
    allowances: Allowances,
}

type Waiting = oneshot::Sender<Turn>;

/// A lane of the admission.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lane {
    General,
    Reserved,
}

impl Lane {
    /// Returns the label in the metrics.
    #[cfg(feature = "metrics")]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Reserved => "reserved",
        }
    }
}

/// The reason that a call was not admitted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotAdmitted {
    /// The queue is full, and the network of the caller has its share of it.
    Full,
    /// The queue was full, and a network with fewer calls took the place.
    Displaced,
    /// The call waited too long.
    Overdue,
}

impl NotAdmitted {
    /// Returns the label in the metrics.
    #[cfg(feature = "metrics")]
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Displaced => "displaced",
            Self::Overdue => "overdue",
        }
    }
}

/// The right to prepare and do one run. It passes to the next caller when it is dropped.
struct Turn {
    admission: Arc<Admission>,
}

/// The result of an admission.
pub(super) struct Admitted {
    _turn: Turn,
    _reservation: Option<Reservation>,
    pub(super) waited: Duration,
}

/// The use of the reserved lane, until it is dropped.
struct Reservation {
    admission: Arc<Admission>,
    allowed: Allowed,
    had_a_turn: bool,
}

impl Admitted {
    fn at_once(admission: &Arc<Admission>) -> Self {
        let turn = Turn { admission: Arc::clone(admission) };
        Self { _turn: turn, _reservation: None, waited: Duration::ZERO }
    }
}

impl Admission {
    /// Creates an admission with `turns` at a time, and `places` in each lane for further callers.
    pub(super) fn new(turns: usize, places: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                free: turns,
                general: FairQueue::new(places, places),
                reserved: FairQueue::new(places, places.div_ceil(4)),
                last: Lane::Reserved,
                allowances: Allowances::default(),
            }),
        })
    }

    /// Waits for a turn, at most for `longest`.
    pub(super) async fn enter(
        self: &Arc<Self>,
        origin: &Origin,
        longest: Duration,
    ) -> Result<Admitted, NotAdmitted> {
        let start = Instant::now();
        let (mut reservation, entered) = {
            let mut state = self.state();
            if state.free > 0 {
                // A caller that does not wait uses up no reserved call.
                state.free -= 1;
                return Ok(Admitted::at_once(self));
            }
            let reservation = self.reserve(&mut state, origin, start);
            let lane = if reservation.is_some() { Lane::Reserved } else { Lane::General };
            (reservation, self.queue(&mut state, lane, origin.network))
        };
        let (mut place, displaced) = entered?;
        drop(displaced);
        let turn = match tokio::time::timeout(longest, &mut place.turn).await {
            Ok(Ok(turn)) => turn,
            Ok(Err(_displaced)) => return Err(NotAdmitted::Displaced),
            Err(_) => return Err(NotAdmitted::Overdue),
        };
        if let Some(reservation) = &mut reservation {
            reservation.had_a_turn = true;
        }
        Ok(Admitted { _turn: turn, _reservation: reservation, waited: start.elapsed() })
    }

    /// Takes a turn if one is free now.
    pub(super) fn enter_now(self: &Arc<Self>) -> Option<Admitted> {
        let mut state = self.state();
        state.free = state.free.checked_sub(1)?;
        Some(Admitted::at_once(self))
    }

    /// Returns whether a call that joins the general queue now would be accepted.
    pub(super) fn has_place(&self, origin: &Origin) -> bool {
        let state = self.state();
        state.free > 0 || state.general.has_place(origin.network)
    }

    /// Returns the number of callers that wait.
    pub(super) fn waiting(&self) -> usize {
        let state = self.state();
        state.general.len() + state.reserved.len()
    }

    fn reserve(
        self: &Arc<Self>,
        state: &mut State,
        origin: &Origin,
        now: Instant,
    ) -> Option<Reservation> {
        let key = origin.reserved.as_ref()?;
        if !state.reserved.has_place(origin.network) {
            return None;
        }
        let allowed = state.allowances.begin(key, now)?;
        Some(Reservation { admission: Arc::clone(self), allowed, had_a_turn: false })
    }

    /// Joins a queue. Returns the place, and the caller that lost it.
    fn queue(
        self: &Arc<Self>,
        state: &mut State,
        lane: Lane,
        network: Network,
    ) -> Result<(Place, Option<Waiting>), NotAdmitted> {
        let (sender, turn) = oneshot::channel();
        let joined = state.lane(lane).join(network, sender).map_err(|_full| NotAdmitted::Full)?;
        #[cfg(feature = "metrics")]
        crate::event::metric::hasher_waiting(lane, 1.0);
        let place = Place { admission: Arc::clone(self), lane, network, id: joined.id, turn };
        Ok((place, joined.displaced))
    }

    /// No code that can panic runs under the lock, so a poisoned state is valid.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn lane(&mut self, lane: Lane) -> &mut FairQueue<Waiting> {
        match lane {
            Lane::General => &mut self.general,
            Lane::Reserved => &mut self.reserved,
        }
    }

    /// Removes the caller whose turn it is. Without one, the turn is free.
    fn pass_on(&mut self) -> Option<Waiting> {
        self.last = match (self.general.len(), self.reserved.len()) {
            (0, 0) => {
                self.free += 1;
                return None;
            }
            (_, 0) => Lane::General,
            (0, _) => Lane::Reserved,
            _ if self.last == Lane::General => Lane::Reserved,
            _ => Lane::General,
        };
        self.lane(self.last).next()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = self.admission.state().pass_on();
        if let Some(next) = next {
            // If that caller is gone meanwhile, the turn is dropped again, and passes on.
            let _gone = next.send(Self { admission: Arc::clone(&self.admission) });
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.admission.state().allowances.end(&self.allowed, self.had_a_turn);
    }
}

/// A place in a queue. A caller that is gone leaves the queue. A turn that was sent and not
/// received passes on, because the receiver drops it.
struct Place {
    admission: Arc<Admission>,
    lane: Lane,
    network: Network,
    id: u64,
    turn: oneshot::Receiver<Turn>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.admission.state().lane(self.lane).leave(self.network, self.id);
        #[cfg(feature = "metrics")]
        crate::event::metric::hasher_waiting(self.lane, -1.0);
    }
}

#[cfg(test)]
mod tests;
