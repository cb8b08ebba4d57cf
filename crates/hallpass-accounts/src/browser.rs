//! The browsers in which an account has logged in.
//!
//! The browser cookie contains 128 random bits, names no person and stays after a logout. A store
//! keeps a hash of it. A copy of the database therefore does not contain a cookie that is accepted.
//!
//! - A browser is **known** to an account after a login of that account that ended well in it. A
//!   known browser has a budget of login attempts of its own, next to the budget of the account.
//! - A **trusted device** is a known browser that skips the code until a date. The person chooses
//!   this at a login.
//!
//! Each row contains the account's credential number. A change of the password or the second factor
//! raises that number, and all rows with another number then count as unknown. Signing keys and
//! roles have no influence on the rows.
//!
//! The browser cookie alone gives no access. A copy of it has the attempts of a known browser, and
//! together with the password a copy of a trusted browser's cookie skips the code.

pub(crate) mod flow;
pub(crate) mod store;

use std::{fmt, time::Duration};

use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{browser::store::KnownBrowser, stored_bytes::stored_bytes};

/// The value of a browser cookie: 128 random bits, written as 32 lower-case hexadecimal digits.
/// Redacted in `Debug`, zeroized on drop.
///
/// ```
/// use hallpass_accounts::{BrowserCookie, BrowserHash};
///
/// let cookie = BrowserCookie::from_random([7; 16]);
/// let parsed = BrowserCookie::parse(cookie.as_str().as_bytes()).unwrap();
/// assert_eq!(parsed.hash(), BrowserHash::of(&[7; 16]));
/// assert!(BrowserCookie::parse(b"0707").is_none());
/// ```
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct BrowserCookie {
    text: String,
    bytes: [u8; 16],
}

impl BrowserCookie {
    /// The lifetime of the cookie from the last login: 180 days.
    pub const LIFETIME: Duration = KnownBrowser::KEPT;

    /// Creates a cookie from 16 random bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self { text: format!("{:032x}", u128::from_be_bytes(bytes)), bytes }
    }

    /// Parses the value of a cookie, as sent. Returns `None` if it is not exactly the written form.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        let cookie = Self::from_random(u128::from_str_radix(text, 16).ok()?.to_be_bytes());
        // `from_str_radix` also accepts a sign, upper case and short forms.
        (cookie.text == text).then_some(cookie)
    }

    /// Returns the value of the cookie.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the stored form.
    #[must_use]
    pub fn hash(&self) -> BrowserHash {
        BrowserHash::of(&self.bytes)
    }
}

impl fmt::Debug for BrowserCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrowserCookie(..)")
    }
}

/// The stored form of a browser cookie: SHA-256, 32 bytes. A store compares it for equality.
///
/// A fast hash is sufficient, because 2¹²⁸ values cannot be tried.
///
/// ```
/// use hallpass_accounts::BrowserHash;
///
/// let hash = BrowserHash::of(&[7; 16]);
/// assert_eq!(hash, BrowserHash::from_bytes(*hash.as_bytes()));
/// assert_ne!(hash, BrowserHash::of(&[8; 16]));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrowserHash([u8; 32]);

impl BrowserHash {
    /// Hashes the random bits of a browser cookie.
    #[must_use]
    pub fn of(cookie: &[u8; 16]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"hallpass browser\0");
        hash.update(cookie);
        Self(hash.finalize().into())
    }
}

stored_bytes!(BrowserHash);

/// The identifier of one row: one account in one browser. Displayed as 32 lower-case hexadecimal
/// digits.
///
/// A page lists browsers by this id and not by their hash, which is the same for all accounts of a
/// browser.
///
/// ```
/// use hallpass_accounts::BrowserId;
///
/// let id = BrowserId::from_random([0xab; 16]);
/// assert_eq!(BrowserId::parse(&id.to_string()), Some(id));
/// assert_eq!(BrowserId::parse(&id.to_string().to_uppercase()), None, "one spelling only");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrowserId([u8; 16]);

impl BrowserId {
    /// Creates an id from 16 random bytes.
    #[must_use]
    pub const fn from_random(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Parses a displayed id. Returns `None` if the text is not exactly the displayed form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = u128::from_str_radix(text, 16).ok()?;
        let id = Self(number.to_be_bytes());
        // `from_str_radix` also accepts a sign, upper case and short forms.
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for BrowserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for BrowserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BrowserId({self})")
    }
}

/// The name of a browser: its `User-Agent`, without control characters and cut to
/// [`MAX_CHARS`](Self::MAX_CHARS) characters.
///
/// No decision depends on the name, because a client can send any header.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct BrowserName(String);

impl BrowserName {
    /// Maximum length, in characters. The `User-Agent` of a common browser has up to 150.
    pub const MAX_CHARS: usize = 200;

    /// Creates the name from a `User-Agent`, as sent. Also reads a stored name.
    #[must_use]
    pub fn from_user_agent(agent: &str) -> Self {
        Self(agent.chars().filter(|c| !c.is_control()).take(Self::MAX_CHARS).collect())
    }

    /// Returns the text to store. It may be empty.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browser_hash_is_sha_256_with_a_prefix() {
        let cookie: [u8; 16] = std::array::from_fn(|place| place as u8);
        let hex: String =
            BrowserHash::of(&cookie).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        // printf 'hallpass browser\0\0\1…\17' | sha256sum
        assert_eq!(hex, "52ee168127d5f687f9b71d3c77d9193a99c8a0832e77419f4d3bb47799005064");
        assert_eq!(format!("{:?}", BrowserHash::of(&cookie)), "BrowserHash(..)");
    }

    #[test]
    fn other_spellings_of_a_browser_id_are_rejected() {
        let good = BrowserId::from_random([0x0b; 16]).to_string();
        assert!(BrowserId::parse(&good).is_some());
        for bad in ["", "ab", &good.to_uppercase(), &format!("+{}", &good[1..]), &good[1..]] {
            assert_eq!(BrowserId::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn browser_names_are_cut_and_have_no_control_characters() {
        let name = BrowserName::from_user_agent(&"é\0\u{1b}".repeat(5000));
        assert_eq!(name.as_str(), "é".repeat(200));
        assert_eq!(BrowserName::from_user_agent(name.as_str()), name);
        assert_eq!(BrowserName::from_user_agent(""), BrowserName::default());
    }
}
