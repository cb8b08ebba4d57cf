//! The name of a key: the `kid` of RFC 7515 section 4.1.4.
//!
//! A `kid` comes from the sender of the token. In other implementations it was inserted into paths,
//! SQL and shell commands. Here it is only compared with the names of the ring, and it can contain
//! only a small set of ASCII characters.

use std::fmt;

/// A key's name: 1 to 128 bytes out of ASCII letters, digits and `-._~+/=:@`.
///
/// ```
/// use hallpass_core::KeyId;
///
/// assert_eq!(KeyId::parse("2026-11-24.a9f3").unwrap().as_str(), "2026-11-24.a9f3");
/// assert!(KeyId::parse("../../dev/null\0").is_err());
/// assert!(KeyId::parse("' OR 1=1").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Box<str>);

impl KeyId {
    /// Parses a key name.
    ///
    /// # Errors
    /// Returns an error if the text is empty, longer than 128 bytes, or contains another character.
    pub fn parse(text: &str) -> Result<Self, KeyIdError> {
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=:@".contains(byte);
        if text.is_empty() || text.len() > LONGEST || !text.as_bytes().iter().all(allowed) {
            return Err(KeyIdError);
        }
        Ok(Self(text.into()))
    }

    /// Creates a name from a text of this crate, which contains only allowed characters.
    pub(crate) fn of_trusted(text: String) -> Self {
        debug_assert!(Self::parse(&text).is_ok(), "{text}");
        Self(text.into_boxed_str())
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is not a valid key name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the name of a key is not valid: use 1 to 128 ASCII letters, digits or any of -._~+/=:@")]
pub struct KeyIdError;

/// Maximum length, in bytes. The names that common issuers use are a date, a UUID or a digest,
/// which has at most 64 hexadecimal digits.
const LONGEST: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_ids_of_issuers_are_accepted_and_injections_refused() {
        for name in ["a", "k-1", "Zm9v+/8=", "arn:aws:kms/x", &"f".repeat(128)] {
            assert_eq!(KeyId::parse(name).map(|id| id.to_string()), Ok(name.to_owned()));
        }
        for name in
            ["", " ", "a b", "a\0", "é", "\"", "\\", "a\n", "$(id)", "a;b", "a|b", &"f".repeat(129)]
        {
            assert_eq!(KeyId::parse(name), Err(KeyIdError), "{name:?}");
        }
    }
}
