//! Revocation in memory: which accounts and sessions were revoked lately, read without a lock on
//! the request path.
//!
//! The entries come from outside. The store that records them and what wakes other nodes are not
//! here.

mod ledger;
pub(crate) mod list;
#[cfg(all(test, shuttle))]
mod model;
pub(crate) mod outcome;
mod table;
