//! The facts of the site's store: which store it is, which epoch it has, and whether it is the one
//! that this node used before.
//!
//! A node compares the facts at each read of the revocation log. A store that was restored from a
//! backup, or that lost changes in a failover, would otherwise accept tokens that were revoked. The
//! decision is in [`sync`](crate::revocation::sync).

pub(crate) mod flow;
pub(crate) mod recent;
pub(crate) mod store;
pub(crate) mod time;
