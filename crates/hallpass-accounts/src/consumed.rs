//! One-time values that were consumed: links, codes and challenges.
//!
//! A login link, a login code or the challenge of a passkey is authenticated by a MAC and is not
//! stored when it is issued. Only a success writes: it inserts the value's hash, and a second
//! insert of the same hash is a replay. A store therefore contains no value that is still accepted.
//!
//! A link that sets a password is consumed by [`PasswordStore::change`](crate::PasswordStore::change),
//! in the transaction of the change. No other flow uses this store yet.

pub(crate) mod store;

use sha2::{Digest, Sha256};

use crate::{kind::stored_as_text, stored_bytes::stored_bytes};

stored_as_text! {
    /// The purpose of a one-time value. A store keeps the name. The same hash under two purposes is
    /// two values.
    #[non_exhaustive]
    pub enum OneTimePurpose {
        /// A link that sets a new password.
        PasswordReset = "password-reset",
        /// A link that logs in.
        LoginLink = "login-link",
        /// A code that logs in, sent by mail.
        LoginCode = "login-code",
        /// The link of the first start, which makes its user an administrator.
        AdminLink = "admin-link",
        /// The challenge of a passkey.
        PasskeyChallenge = "passkey-challenge",
        /// The response to a [challenge](crate::Challenge) of the site.
        Challenge = "challenge",
    }
}

/// The stored form of a one-time value: SHA-256, 32 bytes. A store compares it for equality.
///
/// ```
/// use hallpass_accounts::OneTimeHash;
///
/// assert_eq!(OneTimeHash::of(b"id of a link"), OneTimeHash::of(b"id of a link"));
/// assert_ne!(OneTimeHash::of(b"id of a link"), OneTimeHash::of(b"another"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OneTimeHash([u8; 32]);

impl OneTimeHash {
    /// Hashes a value.
    #[must_use]
    pub fn of(value: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"hallpass one-time value\0");
        hash.update(value);
        Self(hash.finalize().into())
    }
}

stored_bytes!(OneTimeHash);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_time_hash_is_sha_256_with_a_prefix() {
        let value: [u8; 16] = std::array::from_fn(|place| place as u8);
        let hex: String =
            OneTimeHash::of(&value).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        // printf 'hallpass one-time value\0\0\1…\17' | sha256sum
        assert_eq!(hex, "68cda1660064de55ab675f543b49af814785a7026f14fbd431a5e0cd6006ed87");
        assert_eq!(format!("{:?}", OneTimeHash::of(&value)), "OneTimeHash(..)");
    }
}
