//! The store trait of outcomes.

use std::future::Future;

use hallpass_core::UnixTime;

use crate::{
    account::store::AccountStore,
    outcome::{Outcome, OutcomeId},
};

/// Keeps the outcome of each form for a short time. The login flow does not use this store yet.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot store the outcomes of forms: it does not implement `OutcomeStore`",
    label = "`OutcomeStore` is not implemented for this type",
    note = "write `impl OutcomeStore for {Self}`, or leave `StoreSet::outcomes` at `None`",
    note = "guide: docs/guide/src/own-users.md"
)]
pub trait OutcomeStore: AccountStore {
    /// Finds the outcome of a submission. Returns `None` if its [end](Outcome::keep_until) is not
    /// after `now`.
    ///
    /// # Errors
    /// The error of the store.
    fn find(
        &self,
        id: &OutcomeId,
        now: UnixTime,
    ) -> impl Future<Output = Result<Option<Outcome>, Self::Error>> + Send;

    /// Inserts the outcome, or returns the outcome that this submission has already. A row whose
    /// [end](Outcome::keep_until) is not after the new outcome's [time](Outcome::at) is replaced.
    ///
    /// **Atomic:** of any number of concurrent calls with one id exactly one returns
    /// [`PutOutcome::Inserted`], and all others return the inserted outcome. A wrong `Inserted`
    /// makes the change twice.
    ///
    /// # Errors
    /// The error of the store, which includes an account that does not exist.
    fn put(
        &self,
        outcome: &Outcome,
    ) -> impl Future<Output = Result<PutOutcome, Self::Error>> + Send;

    /// Deletes an outcome that was read before, if the row still has the same id, session, number
    /// and time. Returns the number of deleted rows: 1 or 0.
    ///
    /// The id alone is not sufficient. Of two submissions that read a row whose session has ended,
    /// the later one would delete the new row of the first, and the change would be made twice.
    ///
    /// # Errors
    /// The error of the store.
    fn delete(&self, seen: &Outcome) -> impl Future<Output = Result<u64, Self::Error>> + Send;

    /// Deletes up to `limit` rows whose [end](Outcome::keep_until) is not after `now`, earliest end
    /// first. Returns their number. Rows that another transaction has locked are skipped.
    ///
    /// # Errors
    /// The error of the store.
    fn prune(
        &self,
        now: UnixTime,
        limit: u32,
    ) -> impl Future<Output = Result<u64, Self::Error>> + Send;
}

/// The outcome of inserting an [`Outcome`].
///
/// Exhaustive, because a store returns it and the engine handles each variant.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub enum PutOutcome {
    /// The row was inserted. The change may be made.
    Inserted,
    /// The submission has this outcome already. Nothing was written.
    Existing(Box<Outcome>),
}
