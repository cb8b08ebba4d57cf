//! Revocation in memory: the accounts and sessions that were recently revoked, read without a lock
//! on the request path.
//!
//! The entries come from outside. The store that records them and the notification of other nodes
//! are not part of this module.

mod ledger;
pub(crate) mod list;
#[cfg(all(test, shuttle))]
mod model;
pub(crate) mod outcome;
mod table;
pub(crate) mod watch;
