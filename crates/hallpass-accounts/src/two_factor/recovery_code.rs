//! Recovery codes, for a login without the authenticator.
//!
//! There are ten codes of 100 random bits. They are shown once, and each is valid for one use. They
//! are stored as SHA-256, not argon2: a hash must be slow only if the secret can be guessed, and
//! 2¹⁰⁰ guesses are not feasible. With the fast hash the code step does not use the password
//! hasher, and the store can consume a code with one `DELETE`.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::stored_bytes::stored_bytes;

/// A recovery code, as shown: four groups of five characters, `k7d2m-…`. Redacted in `Debug`,
/// zeroized on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// Creates a code from 20 random bytes. Each byte gives one character, from 5 of its bits.
    #[must_use]
    pub fn from_random(mut bytes: [u8; 20]) -> Self {
        let mut text = String::with_capacity(CHARS + CHARS / GROUP);
        for (position, byte) in bytes.iter().enumerate() {
            if position > 0 && position % GROUP == 0 {
                text.push('-');
            }
            // 256 is a multiple of 32: each character is uniform.
            text.push(char::from(ALPHABET[usize::from(byte & 31)]));
        }
        bytes.zeroize();
        Self(text)
    }

    /// Parses a typed code. Case, spaces and hyphens are ignored, and `o`, `i` and `l` are read as
    /// `0`, `1` and `1` (Crockford's base32). Returns `None` if the text is not a valid code.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let mut code = Self(String::with_capacity(CHARS + CHARS / GROUP));
        let mut count = 0;
        for c in typed.chars().filter(|c| !matches!(c, ' ' | '-')) {
            let c = match c.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                other => other,
            };
            if count == CHARS || !u8::try_from(c).is_ok_and(|byte| ALPHABET.contains(&byte)) {
                return None;
            }
            if count > 0 && count % GROUP == 0 {
                code.0.push('-');
            }
            code.0.push(c);
            count += 1;
        }
        (count == CHARS).then_some(code)
    }

    /// Returns the code as it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the hash that the store keeps.
    #[must_use]
    pub fn hash(&self) -> RecoveryHash {
        let mut hash = Sha256::new();
        hash.update(b"hallpass recovery code\0");
        hash.update(self.0.as_bytes());
        RecoveryHash(hash.finalize().into())
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(..)")
    }
}

/// The stored form of a recovery code: SHA-256, 32 bytes. A store compares it for equality.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RecoveryHash([u8; 32]);

stored_bytes!(RecoveryHash);

/// Crockford's base32: no `i`, `l`, `o`, `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const CHARS: usize = 20;
const GROUP: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_parsed_in_every_spelling() {
        let code = RecoveryCode::from_random([
            0, 1, 31, 32, 33, 255, 7, 8, 9, 10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
        ]);
        assert_eq!(code.as_str(), "01z01-z789a-01234-56789");
        for typed in ["01Z01-Z789A-01234-56789", "oIz0l z789a ol234 56789", "01z01z789a0123456789"]
        {
            assert_eq!(RecoveryCode::parse(typed).unwrap().hash(), code.hash(), "{typed}");
        }
    }

    #[test]
    fn invalid_codes_are_rejected_and_hashes_differ() {
        for typed in [
            "",
            "123456",
            "01z01-z789a-01234-5678",
            "01z01-z789a-01234-567890",
            "u1z01-z789a-01234-56789",
            "é1z01-z789a-01234-56789",
        ] {
            assert!(RecoveryCode::parse(typed).is_none(), "{typed}");
        }
        let (a, b) = (RecoveryCode::from_random([1; 20]), RecoveryCode::from_random([2; 20]));
        assert_ne!(a.hash(), b.hash());
    }

    #[test]
    fn debug_is_redacted() {
        let code = RecoveryCode::from_random([9; 20]);
        assert_eq!(format!("{code:?} {:?}", code.hash()), "RecoveryCode(..) RecoveryHash(..)");
    }
}
