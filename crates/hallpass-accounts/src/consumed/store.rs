//! The store trait of consumed one-time values.

use std::future::Future;

use hallpass_core::UnixTime;

use crate::{
    consumed::{OneTimeHash, OneTimePurpose},
    two_factor::store::ConsumeOutcome,
};

/// Records consumed one-time values. Not a subtrait of [`AccountStore`](crate::AccountStore),
/// because the values may be in another store. A link that sets a password is consumed by
/// [`PasswordStore::change`](crate::PasswordStore::change) instead.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot record one-time values: it does not implement `ConsumedStore`",
    label = "`ConsumedStore` is not implemented for this type",
    note = "write `impl ConsumedStore for {Self}`, or leave `StoreSet::consumed` at `None`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait ConsumedStore: Send + Sync + 'static {
    /// The error of this store.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Consumes a value: inserts its hash, unless it is there.
    ///
    /// `expires` must be at least 2 minutes after the value stops being accepted. Otherwise a node
    /// whose clock is slow would accept the value again after [`prune`](Self::prune) has deleted
    /// its row. The clocks of two ready nodes differ by at most 60 seconds.
    ///
    /// **Atomic:** of any number of concurrent calls with one purpose and hash, in any number of
    /// processes, exactly one returns [`ConsumeOutcome::Consumed`]. A wrong `Consumed` accepts a
    /// link, a code or the response of a passkey a second time (replay).
    ///
    /// # Errors
    /// The error of the store. The value must then be rejected.
    fn consume(
        &self,
        purpose: OneTimePurpose,
        hash: &OneTimeHash,
        expires: UnixTime,
    ) -> impl Future<Output = Result<ConsumeOutcome, Self::Error>> + Send;

    /// Deletes up to `limit` rows that expired at or before `now`, earliest first. Returns their
    /// number. Rows that another transaction has locked are skipped.
    ///
    /// `now` must be the time of the store. A node with a fast clock would delete rows of values
    /// that are still accepted.
    ///
    /// # Errors
    /// The error of the store.
    fn prune(
        &self,
        now: UnixTime,
        limit: u32,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send;
}
