//! A password, in one form of Unicode and otherwise exactly as typed.
//!
//! The same text has several encodings: `é` is one code point on one keyboard, and `e` with a mark
//! on another. A password is therefore normalised to NFC before it is hashed and before it is
//! checked (NIST SP 800-63B-4 section 3.1.1.2). Nothing else changes: it is not trimmed, not
//! truncated and not case folded, and no compatibility form is replaced (ASVS 6.2.8). Tested by
//! `a_password_is_taken_as_typed_except_for_its_unicode_form` in `password_hasher/tests.rs`.
//!
//! A hash of another scheme was made from the bytes that another program received, so it is checked
//! with the typed form as well. argon2 runs once in any case.

mod common_password;
pub(crate) mod flow;
pub(crate) mod offline_hash;
pub(crate) mod password_hasher;
pub(crate) mod password_hasher_settings;
pub(crate) mod policy;
pub(crate) mod reset;
pub(crate) mod store;
pub(crate) mod stored_hash;

use std::fmt;

use argon2::Params;
use icu_normalizer::ComposingNormalizerBorrowed;
use zeroize::Zeroizing;

/// A typed password. Redacted in `Debug`, zeroized on drop.
#[derive(Clone)]
pub struct Password {
    nfc: Zeroizing<String>,
    /// The typed form, if it is another one.
    typed: Option<Zeroizing<String>>,
}

impl Password {
    /// Creates a password from any text. [`PasswordPolicy`](crate::PasswordPolicy) decides whether
    /// the text is accepted as a new password.
    #[must_use]
    pub fn typed(text: &str) -> Self {
        let normalizer = ComposingNormalizerBorrowed::new_nfc();
        if normalizer.is_normalized(text) {
            return Self { nfc: Zeroizing::new(text.to_owned()), typed: None };
        }
        // As long as NFC can become, so that no copy is left behind by a growing buffer.
        let mut nfc = Zeroizing::new(String::with_capacity(text.len().saturating_mul(NFC_GROWTH)));
        // Writing to a String cannot fail.
        let _ = normalizer.normalize_to(text, &mut *nfc);
        Self { nfc, typed: Some(Zeroizing::new(text.to_owned())) }
    }

    /// Returns the password in NFC.
    pub(crate) fn as_str(&self) -> &str {
        &self.nfc
    }

    /// Returns the bytes that are hashed: NFC.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.nfc.as_bytes()
    }

    /// Returns the bytes as typed, if they are not the bytes of NFC.
    pub(crate) fn as_typed_bytes(&self) -> Option<&[u8]> {
        self.typed.as_ref().map(|typed| typed.as_bytes())
    }
}

/// The maximum growth of a text of UTF-8 in NFC (UAX 15, section 9.1).
const NFC_GROWTH: usize = 3;

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// The cost of one argon2id run (RFC 9106): memory in KiB, passes, lanes.
///
/// ```
/// use hallpass_accounts::HashCost;
///
/// assert_eq!(HashCost::default(), HashCost::new(19_456, 2, 1));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HashCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl HashCost {
    /// The first recommendation of OWASP's Password Storage Cheat Sheet.
    pub(crate) const OWASP: Self = Self::new(19_456, 2, 1);

    /// The cost if the site sets none. Without optimisation, a run at [`OWASP`](Self::OWASP) takes
    /// seconds on a busy machine, and a login would become a 503. A run at the cost of a debug
    /// build takes about 10 ms.
    pub(crate) const OF_THIS_BUILD: Self =
        if cfg!(debug_assertions) { Self::new(256, 1, 1) } else { Self::OWASP };

    /// The maximum of every part: 2 GiB of memory, which is the first recommendation of RFC 9106
    /// section 4, 64 passes and 64 lanes. A higher cost is an error where it is used: its run would
    /// take minutes, or the process would end because it has not enough memory.
    pub const MAX: Self = Self::new(2 * 1024 * 1024, 64, 64);

    /// Creates a cost from the memory in KiB, the passes and the lanes. Values that argon2 does not
    /// allow, and values above [`MAX`](Self::MAX), are rejected where the cost is used: by
    /// [`Accounts::new`](crate::Accounts::new) and [`hash_password`](crate::hash_password).
    #[must_use]
    pub const fn new(memory_kib: u32, passes: u32, lanes: u32) -> Self {
        Self { memory_kib, passes, lanes }
    }

    /// Returns the memory of one run, in KiB.
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Returns the number of passes over the memory.
    #[must_use]
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// Returns the number of lanes.
    #[must_use]
    pub const fn lanes(self) -> u32 {
        self.lanes
    }

    pub(crate) fn is_within(self, ceiling: Self) -> bool {
        self.memory_kib <= ceiling.memory_kib
            && self.passes <= ceiling.passes
            && self.lanes <= ceiling.lanes
    }

    pub(crate) fn max_of(self, other: Self) -> Self {
        Self {
            memory_kib: self.memory_kib.max(other.memory_kib),
            passes: self.passes.max(other.passes),
            lanes: self.lanes.max(other.lanes),
        }
    }

    /// Returns the parameters of a run, or an error if argon2 or [`MAX`](Self::MAX) does not allow
    /// the cost.
    pub(crate) fn params(self) -> Result<Params, argon2::Error> {
        if !self.is_within(Self::MAX) {
            return Err(argon2::Error::MemoryTooMuch);
        }
        Params::new(self.memory_kib, self.passes, self.lanes, None)
    }
}

impl Default for HashCost {
    /// Returns 19 MiB, 2 passes, 1 lane: the first recommendation of OWASP's Password Storage Cheat
    /// Sheet. One run takes about 15 ms of one core.
    fn default() -> Self {
        Self::OWASP
    }
}

impl fmt::Display for HashCost {
    /// Writes the cost as in the PHC format: `m=19456,t=2,p=1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={},t={},p={}", self.memory_kib, self.passes, self.lanes)
    }
}
