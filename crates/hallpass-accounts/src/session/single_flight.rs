//! Calls of one moment that ask the same are one call: the first asks, the others take its answer.
//!
//! A page brings its pictures and scripts at once, and where the access token has just run out each
//! of them comes with the same refresh token. Asking the store once for all of them is a matter of
//! load alone: a call that comes later, or on another node, asks for itself, and the store decides
//! as if each had.
//!
//! Nothing is kept: an answer is gone with the last call that waited for it. Where the first gives
//! up, because its client went away, the next asks in its place.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::OnceCell;

/// Calls under way, by what they ask.
pub(crate) struct SingleFlight<K, T> {
    flights: Mutex<HashMap<K, Flight<T>>>,
}

struct Flight<T> {
    answer: Arc<OnceCell<T>>,
    /// How many wait for it.
    seats: usize,
}

impl<K: Copy + Eq + Hash, T: Clone> SingleFlight<K, T> {
    pub(crate) fn new() -> Self {
        Self { flights: Mutex::default() }
    }

    /// The answer of the call with this key that is under way, or else of this one.
    pub(crate) async fn call(&self, key: K, ask: impl Future<Output = T>) -> T {
        let seat = self.board(key);
        seat.answer.get_or_init(|| ask).await.clone()
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
    /// Whoever panicked under the lock left numbers behind that are whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Flight<T>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call's place on a flight, given up when the call ends, whichever way.
struct Seat<'f, K: Copy + Eq + Hash, T> {
    answer: Arc<OnceCell<T>>,
    key: K,
    all: &'f SingleFlight<K, T>,
}

impl<K: Copy + Eq + Hash, T> Drop for Seat<'_, K, T> {
    fn drop(&mut self) {
        let mut flights = self.all.lock();
        if let Some(flight) = flights.get_mut(&self.key) {
            flight.seats -= 1;
            if flight.seats == 0 {
                flights.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests;
