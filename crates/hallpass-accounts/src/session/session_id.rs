//! The id of one session: 128 random bits, which every token of that session carries as `sid`.
//!
//! The id is not a secret: a request is authenticated by a token. It is random so that nobody can
//! guess which sessions exist.

use std::{fmt, str::FromStr};

/// The identifier of one session. Displayed as 32 lower-case hexadecimal digits.
///
/// ```
/// use hallpass_accounts::SessionId;
///
/// let id: SessionId = "000102030405060708090a0b0c0d0e0f".parse().unwrap();
/// assert_eq!(id.to_string(), "000102030405060708090a0b0c0d0e0f");
/// assert!(
///     "000102030405060708090A0B0C0D0E0F".parse::<SessionId>().is_err(),
///     "one spelling only"
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId([u8; 16]);

impl SessionId {
    /// Creates an id from 16 random bytes.
    #[must_use]
    pub const fn from_random(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

impl FromStr for SessionId {
    type Err = MalformedSessionId;

    fn from_str(text: &str) -> Result<Self, MalformedSessionId> {
        // `from_str_radix` alone would also accept a sign, upper case and short forms, so one
        // session would have several names.
        let exact = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(exact) {
            return Err(MalformedSessionId);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| MalformedSessionId)?;
        Ok(Self(number.to_be_bytes()))
    }
}

/// The text is not 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a session id has 32 lower-case hexadecimal digits")]
pub struct MalformedSessionId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_spellings_are_rejected() {
        let good = SessionId::from_random([0xab; 16]).to_string();
        assert_eq!(good.parse(), Ok(SessionId::from_random([0xab; 16])));
        for bad in [
            "",
            "ab",
            &good.to_uppercase(),
            &format!("+{}", &good[1..]),
            &format!("{good}0"),
            "others",
        ] {
            assert_eq!(bad.parse::<SessionId>(), Err(MalformedSessionId), "{bad:?}");
        }
    }
}
