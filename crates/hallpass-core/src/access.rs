//! Access control: the requirement of a route, the caller of a request, and the reason for a
//! rejection.
//!
//! The decision reads no request. It takes an [`Authentication`](authentication::Authentication)
//! and returns a proof or a reason. The module `request` renders a rejection for a caller.

pub(crate) mod authentication;
mod guards;
pub(crate) mod origin_header;
pub(crate) mod rejection;
pub(crate) mod rejection_kind;
pub(crate) mod requirement;
pub(crate) mod route_table;
