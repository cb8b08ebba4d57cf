//! Keys: signing keys, the key ring that holds them, its file and JWK Sets, and what a signature
//! covers.
//!
//! A key has one algorithm for good. Random bytes and `now` are arguments, and nothing is fetched:
//! remote JWK Sets come in as text. What a token's payload says is not read here.

pub(crate) mod algorithm;
#[cfg(feature = "asymmetric")]
mod asymmetric_key;
#[cfg(feature = "asymmetric")]
mod ed25519_points;
pub(crate) mod error;
pub(crate) mod handle;
mod hmac_key;
mod jwk;
pub(crate) mod key;
mod key_file;
pub(crate) mod key_id;
mod key_maker;
pub(crate) mod key_ring;
#[cfg(feature = "asymmetric")]
mod pem;
mod secret_check;
pub(crate) mod signature;
