//! Recovery codes, for a login without the authenticator.
//!
//! There are ten codes of 120 random bits: NIST SP 800-63B-4 section 3.1.2.2 and ASVS 5.0 (6.5.2)
//! require 112 bits for a secret that is stored with a fast hash. They are shown once, and each is
//! valid for one use. They are stored as SHA-256, not argon2: a hash must be slow only if the
//! secret can be guessed, and 2^120 guesses are not feasible. With the fast hash the code step does
//! not use the password hasher, and the store can consume a code with one `DELETE`.

use std::fmt;

use hallpass_core::TypedCode;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::stored_bytes::stored_bytes;

/// A recovery code, as shown: six groups of four characters, `k7d2-m0fg-…`. Redacted in `Debug`,
/// zeroized on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// The random bits of a code: 24 characters of five bits each.
    pub const BITS: usize = 5 * CHARS;

    /// Creates a code from 24 random bytes. Each byte gives one character, from 5 of its bits.
    #[must_use]
    pub fn from_random(mut bytes: [u8; 24]) -> Self {
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

    /// Parses a typed code. It is read as a [`TypedCode`]: case, white space, dashes and invisible
    /// characters are ignored, and digits may be of any script. The letters `o`, `i` and `l` are
    /// read as `0`, `1` and `1` (Crockford's base32). Returns `None` if the text is not a valid
    /// code.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let typed = TypedCode::parse(typed)?;
        let mut code = Self(String::with_capacity(CHARS + CHARS / GROUP));
        let mut count = 0;
        for c in typed.as_str().chars() {
            let c = match c {
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
        hash.update(b"hallpass recovery code 2\0");
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
const CHARS: usize = 24;
const GROUP: usize = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RANDOM: [u8; CHARS] =
        [0, 1, 31, 32, 33, 255, 7, 8, 9, 10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];

    #[test]
    fn a_code_has_at_least_112_random_bits() {
        assert_eq!(RecoveryCode::BITS, 120);
        // Each position has all 32 characters, and no bit of a character is the same for all bytes.
        for position in 0..CHARS {
            let shown: std::collections::HashSet<char> = (0..=255)
                .map(|byte| {
                    let mut random = [0; CHARS];
                    random[position] = byte;
                    let code = RecoveryCode::from_random(random);
                    code.as_str().chars().filter(|c| *c != '-').nth(position).unwrap()
                })
                .collect();
            assert_eq!(shown.len(), 32, "{position}");
        }
    }

    #[test]
    fn a_code_is_parsed_in_every_spelling() {
        let code = RecoveryCode::from_random(RANDOM);
        assert_eq!(code.as_str(), "01z0-1z78-9a01-2345-6789-abcd");
        for typed in [
            "01z0-1z78-9a01-2345-6789-abcd",
            "01Z0-1Z78-9A01-2345-6789-ABCD",
            "01z01z789a0123456789abcd",
            "01z0 1z78 9a01 2345 6789 abcd",
            "oIz0 lz78 9aOL 2345 6789 abcd",
            "01z0\u{a0}1z78\u{2009}9a01\u{2007}2345\u{3000}6789\tabcd\n",
            "01z0\u{2013}1z78\u{2014}9a01\u{2011}2345\u{2212}6789\u{ad}abcd",
            " 01z0 - 1z78 - 9a01 - 2345 - 6789 - abcd\r\n",
            "\u{feff}01z0\u{200b}1z78\u{200e}9a01\u{2060}2345 6789 abcd",
            "０１ｚ０－１ｚ７８－９ａ０１－２３４５－６７８９－ａｂｃｄ",
            "٠١z٠-١z٧٨-٩a٠١-٢٣٤٥-٦٧٨٩-abcd",
            "०१z०-१z७८-९a०१-२३४५-६७८९-abcd",
        ] {
            assert_eq!(RecoveryCode::parse(typed).unwrap().hash(), code.hash(), "{typed}");
        }
    }

    #[test]
    fn invalid_codes_are_rejected_and_hashes_differ() {
        for typed in [
            "",
            "123456",
            "01z0-1z78-9a01-2345-6789-abc",
            "01z0-1z78-9a01-2345-6789-abcde",
            "u1z0-1z78-9a01-2345-6789-abcd",
            "é1z0-1z78-9a01-2345-6789-abcd",
            "01z0.1z78.9a01.2345.6789.abcd",
            // A code of the former length.
            "01z01-z789a-01234-56789",
        ] {
            assert!(RecoveryCode::parse(typed).is_none(), "{typed}");
        }
        let (a, b) = (RecoveryCode::from_random([1; 24]), RecoveryCode::from_random([2; 24]));
        assert_ne!(a.hash(), b.hash());
    }

    #[test]
    fn debug_is_redacted() {
        let code = RecoveryCode::from_random([9; 24]);
        assert_eq!(format!("{code:?} {:?}", code.hash()), "RecoveryCode(..) RecoveryHash(..)");
    }

    proptest! {
        #[test]
        fn a_shown_code_parses_to_itself(random: [u8; CHARS]) {
            let code = RecoveryCode::from_random(random);
            let parsed = RecoveryCode::parse(code.as_str()).unwrap();
            prop_assert_eq!(parsed.as_str(), code.as_str());
            prop_assert!(parsed.hash() == code.hash());
        }

        #[test]
        fn any_text_is_parsed_without_a_panic(typed in any::<String>()) {
            let _ = RecoveryCode::parse(&typed);
        }
    }
}
