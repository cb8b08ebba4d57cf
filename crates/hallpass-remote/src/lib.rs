//! Fetches data from other services for hallpass, without an HTTP client of its own.
//!
//! [`Fetch`] is the only trait. It takes a request and returns a response of at most 256 KiB. A
//! site implements it for its own client, with that client's TLS, proxy and timeouts, or passes a
//! closure to [`get_with`]. [`RemoteJwks`] uses it to keep the public keys of another service up to
//! date.
//!
//! No request waits for a fetch: fetches run in tasks of their own. The crate has no HTTP stack and
//! no `http` types, because a site has chosen both already.

#![forbid(unsafe_code)]

mod fetch;
mod jwks;

pub use fetch::{BodyTooLong, Fetch, FetchRequest, FetchResponse, GetWith, LimitedBody, get_with};
pub use jwks::{RemoteJwks, RemoteJwksError};
