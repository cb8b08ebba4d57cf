//! A short value that two nodes compare to find out whether they have the same key.
//!
//! ```text
//! the first 8 bytes of HMAC-SHA-256(key, "hallpass key check value" 0 use 0 alg 0 kid 0)
//! ```
//!
//! `use` and `kid` are members of the key file; `alg` is empty for encryption keys and peppers. The
//! key is the secret of a symmetric key. For an asymmetric key it is the list of its public numbers
//! (`x`; `x` and `y`; or `n` and `e`), each preceded by its length as 8 bytes, big-endian, so that
//! a node with only the public half has the same value.
//!
//! The value can be shown and stored. A secret of 32 random bytes cannot be found from it, and no
//! other use of the key computes an HMAC over this text: the input of a JWT signature contains
//! neither a space nor a zero byte.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::keys::{algorithm::Algorithm, key_id::KeyId, key_ring::facts::KeyPurpose};

/// The check value of a key: 64 bits, which are printed as 16 hexadecimal digits. Two nodes with
/// the same value have the same key under the same name. The value reveals nothing about the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CheckValue([u8; 8]);

impl CheckValue {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length (RFC 2104, section 2)")]
    pub(crate) fn of(
        key: &[u8],
        purpose: KeyPurpose,
        algorithm: Option<Algorithm>,
        id: &KeyId,
    ) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
        let algorithm = algorithm.map_or("", Algorithm::as_str);
        for part in [LABEL, purpose.as_str(), algorithm, id.as_str()] {
            mac.update(part.as_bytes());
            mac.update(&[0]); // no part contains a zero byte
        }
        let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(mac.finalize().into_bytes());
        Self([a, b, c, d, e, f, g, h])
    }
}

impl fmt::Display for CheckValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for CheckValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const LABEL: &str = "hallpass key check value";
