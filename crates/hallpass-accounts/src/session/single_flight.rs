//! Concurrent calls with the same key are one call: the first runs, and the others receive its
//! result.
//!
//! A page loads its pictures and scripts concurrently. If the access token has just expired, each
//! of these requests presents the same refresh token. One store call for all of them only reduces
//! the load. A later call, or a call on another node, runs separately, and the store decides as if
//! each call had run.
//!
//! Nothing is cached: a result is dropped with the last call that waited for it. If the first call
//! is cancelled because its client disconnected, the next one runs.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::OnceCell;

/// Running calls, by key.
pub(crate) struct SingleFlight<K, T> {
    flights: Mutex<HashMap<K, Flight<T>>>,
}

struct Flight<T> {
    answer: Arc<OnceCell<T>>,
    /// The number of waiting calls.
    seats: usize,
}

impl<K: Copy + Eq + Hash, T: Clone> SingleFlight<K, T> {
    pub(crate) fn new() -> Self {
        Self { flights: Mutex::default() }
    }

    /// Returns the result of the running call with this key, or runs this one.
    pub(crate) async fn call(&self, key: K, ask: impl Future<Output = T>) -> T {
        let seat = self.board(key);
        let answer = seat.answer.get_or_init(|| ask).await.clone();
        // A call that begins now may need a newer result. It must not share this one, although
        // others have not received it yet.
        let mut flights = self.lock();
        if flights.get(&key).is_some_and(|flight| Arc::ptr_eq(&flight.answer, &seat.answer)) {
            flights.remove(&key);
        }
        drop(flights);
        answer
    }

    fn board(&self, key: K) -> Seat<'_, K, T> {
        let mut flights = self.lock();
        let flight =
            flights.entry(key).or_insert_with(|| Flight { answer: Arc::default(), seats: 0 });
        flight.seats += 1;
        Seat { answer: Arc::clone(&flight.answer), key, all: self }
    }
}

impl<K, T> SingleFlight<K, T> {
    /// A panic under the lock leaves a valid map.
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Flight<T>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a running call, which is released when the call ends.
struct Seat<'f, K: Copy + Eq + Hash, T> {
    answer: Arc<OnceCell<T>>,
    key: K,
    all: &'f SingleFlight<K, T>,
}

impl<K: Copy + Eq + Hash, T> Drop for Seat<'_, K, T> {
    fn drop(&mut self) {
        let mut flights = self.all.lock();
        if let Some(flight) = flights.get_mut(&self.key)
            && Arc::ptr_eq(&flight.answer, &self.answer)
        {
            flight.seats -= 1;
            if flight.seats == 0 {
                flights.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests;
