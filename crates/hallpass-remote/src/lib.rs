//! Fetches data from other services for hallpass.
//!
//! [`Fetch`] is the only trait. It takes a request and returns a response of at most 256 KiB. A
//! site implements it for its own client, with that client's TLS, proxy and timeouts, or passes a
//! closure to [`get_with`]. By default the crate has no HTTP stack and no `http` types, because
//! most sites have chosen both already; the feature `hyper` adds a client.
//!
//! | feature | contents | default |
//! |---|---|---|
//! | `jwks` | `RemoteJwks` keeps the public keys of another service up to date. No request waits for a fetch | on |
//! | `hyper` | `HyperFetch`, an HTTP client for sites that have none: hyper and rustls, without redirects | off |
//! | `breached-passwords` | `PwnedPasswords` looks new passwords up in Have I Been Pwned, for `hallpass-accounts` | off |

#![forbid(unsafe_code)]

mod fetch;
#[cfg(feature = "jwks")]
mod jwks;
#[cfg(feature = "breached-passwords")]
mod pwned;

#[cfg(feature = "hyper")]
pub use fetch::on_hyper::{HyperFetch, HyperFetchError};
pub use fetch::{BodyTooLong, Fetch, FetchRequest, FetchResponse, GetWith, LimitedBody, get_with};
#[cfg(feature = "jwks")]
pub use jwks::{RemoteJwks, RemoteJwksError};
#[cfg(feature = "breached-passwords")]
pub use pwned::{PwnedPasswords, PwnedPasswordsError};
