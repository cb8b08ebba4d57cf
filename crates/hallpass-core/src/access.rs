//! Access: what a route requires, who the caller is, and why a request is refused.
//!
//! The decision reads no request: it takes an [`Authentication`](authentication::Authentication) and
//! returns a proof or a reason. How a refusal looks to a client is decided in the room above.

pub(crate) mod authentication;
pub(crate) mod rejection;
pub(crate) mod requirement;
pub(crate) mod route_table;
