//! Keys: signing keys, the key ring that holds them, the key file, JWK Sets, and the input of a
//! signature.
//!
//! The algorithm of a key never changes. Random bytes and `now` are arguments. Nothing is fetched:
//! a remote JWK Set is passed in as text. This module does not read the payload of a token.

pub(crate) mod algorithm;
#[cfg(feature = "asymmetric")]
mod asymmetric_key;
pub(crate) mod check_value;
#[cfg(feature = "asymmetric")]
mod ed25519_points;
pub(crate) mod error;
pub(crate) mod handle;
mod hmac_key;
mod jwk;
mod jwks;
pub(crate) mod key;
mod key_file;
pub(crate) mod key_id;
mod key_maker;
pub(crate) mod key_ring;
#[cfg(feature = "asymmetric")]
mod pem;
mod placeholder;
mod secret_check;
pub(crate) mod signature;
