//! A password, exactly as typed.
//!
//! No trimming, no Unicode normalisation, no case folding: the bytes that came are the bytes that
//! are hashed. NIST SP 800-63B suggests normalising; ASVS 6.2.8 asks for "exactly as received". The
//! second is taken, because a normalisation can never be changed again once hashes exist, and
//! keyboards of one person type one form; pinned by `a_password_is_taken_byte_for_byte` in
//! `password_hasher/tests.rs`.

mod common_password;
pub(crate) mod flow;
pub(crate) mod offline_hash;
pub(crate) mod password_hasher;
pub(crate) mod password_hasher_settings;
pub(crate) mod policy;
pub(crate) mod store;
pub(crate) mod stored_hash;

use std::fmt;

use argon2::Params;
use zeroize::Zeroizing;

/// What somebody typed as a password. Redacted in `Debug`, wiped on drop.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes what was typed, whatever it is. Whether it may *become* a password is
    /// [`PasswordPolicy`](crate::PasswordPolicy)'s to say.
    #[must_use]
    pub fn typed(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

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
    /// The first line of OWASP's Password Storage Cheat Sheet.
    pub(crate) const OWASP: Self = Self::new(19_456, 2, 1);

    /// The cost where the site sets none. Without optimisation a run at [`OWASP`](Self::OWASP)
    /// takes seconds on a busy machine and a login would end as 503; a run at the cost of a debug
    /// build takes about 10 ms.
    pub(crate) const OF_THIS_BUILD: Self =
        if cfg!(debug_assertions) { Self::new(256, 1, 1) } else { Self::OWASP };

    /// Sets memory in KiB, passes and lanes. Checked where it is used: the builder refuses what
    /// argon2 cannot do.
    #[must_use]
    pub const fn new(memory_kib: u32, passes: u32, lanes: u32) -> Self {
        Self { memory_kib, passes, lanes }
    }

    /// Returns the memory of one run, in KiB.
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Returns how often a run passes over its memory.
    #[must_use]
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// Returns how many lanes the memory has.
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

    pub(crate) fn params(self) -> Result<Params, argon2::Error> {
        Params::new(self.memory_kib, self.passes, self.lanes, None)
    }
}

impl Default for HashCost {
    /// 19 MiB, 2 passes, 1 lane: the first line of OWASP's Password Storage Cheat Sheet, about 15
    /// ms of one core.
    fn default() -> Self {
        Self::OWASP
    }
}

impl fmt::Display for HashCost {
    /// As the PHC format writes it: `m=19456,t=2,p=1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={},t={},p={}", self.memory_kib, self.passes, self.lanes)
    }
}
