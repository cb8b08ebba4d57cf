//! Counting attempts where a restart and another node see the count.

use std::future::Future;

use hallpass_core::UnixTime;

use crate::attempt::{AttemptPolicy, Attempted};

/// Counts attempts per key. Not tied to [`Accounts`](crate::Accounts), because limits may live in another store.
///
/// The arithmetic is [`AttemptPolicy`]'s: a store loads the key's [`AttemptState`](crate::AttemptState), asks the policy
/// and writes what it answers, in one transaction that takes its write lock before it reads.
pub trait Attempts: Send + Sync + 'static {
    /// What goes wrong in this store.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Counts one attempt **before** it is evaluated, or says how long to wait: [`AttemptPolicy::take`].
    ///
    /// **Atomic:** of 200 calls at once on one key with 5 attempts free, exactly 5 are allowed. Counting after the
    /// evaluation, or reading and then writing, lets all 200 guesses through (CVE-2026-27801, AuthQuake 2024).
    ///
    /// # Errors
    /// The store's own. The sign-in then refuses with a 503: an uncounted guess is not made.
    fn try_take(
        &self,
        key: &str,
        policy: &AttemptPolicy,
        now: UnixTime,
    ) -> impl Future<Output = Result<Attempted, Self::Error>> + Send;

    /// Takes one counted attempt back, since it turned out right: [`AttemptPolicy::give_back`]; atomic.
    ///
    /// # Errors
    /// The store's own.
    fn give_back(
        &self,
        key: &str,
        policy: &AttemptPolicy,
        now: UnixTime,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Forgets the key.
    ///
    /// # Errors
    /// The store's own.
    fn clear(&self, key: &str) -> impl Future<Output = Result<(), Self::Error>> + Send;
}
