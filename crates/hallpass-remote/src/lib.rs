//! What hallpass fetches from other services, without an HTTP client of its own.
//!
//! [`Fetch`] is the one trait: a request in, a response of at most 256 KiB out. A site implements
//! it for the client that it has, with that client's TLS, proxy and timeouts, or passes a closure
//! to [`get_with`]. [`RemoteJwks`] keeps the public keys of another service up to date through it.
//!
//! Nothing here runs within a request: fetches happen in tasks of their own. The crate has no HTTP
//! stack and no `http` types, because a site has chosen both already.

#![forbid(unsafe_code)]

mod fetch;
mod jwks;

pub use fetch::{BodyTooLong, Fetch, FetchRequest, FetchResponse, GetWith, LimitedBody, get_with};
pub use jwks::{RemoteJwks, RemoteJwksError};
