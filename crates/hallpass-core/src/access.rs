//! Access: what a route requires, who the caller is, and why a request is rejected.
//!
//! The decision reads no request: it takes an [`Authentication`](authentication::Authentication)
//! and returns a proof or a reason. The room above renders a rejection for a caller.

pub(crate) mod authentication;
mod guards;
pub(crate) mod rejection;
pub(crate) mod rejection_kind;
pub(crate) mod requirement;
pub(crate) mod route_table;
