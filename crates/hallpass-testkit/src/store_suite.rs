//! What any store must do, whatever it keeps its rows in. [`test_store!`](crate::test_store) makes the tests of one store.
//!
//! Each check takes a store that is empty, and asks for the traits that it needs alone. The [`races`] take several stores over the
//! same data, as several processes would be. A check panics where the store fails it.
//!
//! What the suite cannot see, and the store's own tests must: that an acknowledged change outlives a crash, and that a dropped
//! future leaves the state before or the state after.

#![allow(clippy::missing_panics_doc, clippy::unwrap_used, reason = "to panic is how a check says no")]
#![allow(missing_docs, reason = "the name of a check is the sentence that it checks")]

pub mod account;
pub mod fixture;
pub mod password;
pub mod races;
pub mod rate_limit;
pub mod revocation;
pub mod session;
pub mod two_factor;
