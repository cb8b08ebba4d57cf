//! The settings of one-time codes: hash function, number of digits, and clock skew.
//!
//! Each setting is an enum and not a number, so that no value is invalid. The step length is not a
//! setting: see [`TimeStep`](crate::TimeStep).

/// The settings of one-time codes. Every authenticator supports the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TotpSettings {
    pub(crate) algorithm: TotpAlgorithm,
    pub(crate) digits: TotpDigits,
    pub(crate) skew: TotpSkew,
    pub(crate) remembers_drift: bool,
}

impl TotpSettings {
    /// Sets the hash function. Defaults to SHA-1, because several authenticator apps ignore another
    /// choice and then show wrong codes. Collisions of SHA-1 do not weaken HMAC.
    #[must_use]
    pub const fn algorithm(mut self, algorithm: TotpAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Sets the number of digits. Defaults to six, because several authenticators ignore another
    /// choice. The rate limits, and not the length of the code, protect against guessing (brute
    /// force).
    #[must_use]
    pub const fn digits(mut self, digits: TotpDigits) -> Self {
        self.digits = digits;
        self
    }

    /// Sets the maximum clock skew of the authenticator. Defaults to one step (30 seconds) before
    /// and after the current step, which RFC 6238 section 5.2 allows for the time to type the code.
    #[must_use]
    pub const fn skew(mut self, skew: TotpSkew) -> Self {
        self.skew = skew;
        self
    }

    /// Remembers the clock drift of each authenticator, up to
    /// [`TotpDrift::MAX_STEPS`](crate::TotpDrift::MAX_STEPS), and uses it when the next code is
    /// checked (RFC 6238 section 6). It is for hardware tokens, whose clocks are never set.
    /// Defaults to off, because phones set their clocks themselves. It has no effect with
    /// [`TotpSkew::None`].
    ///
    /// If it is on, up to six codes are valid at the same time instead of three. A person who reads
    /// a future code in advance can use it up to two minutes earlier.
    #[must_use]
    pub const fn remember_drift(mut self) -> Self {
        self.remembers_drift = true;
        self
    }
}

/// The hash function of the HMAC (RFC 6238 section 1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TotpAlgorithm {
    /// HMAC-SHA-1.
    #[default]
    Sha1,
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-512.
    Sha512,
}

/// The length of a code (RFC 4226 section 5.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TotpDigits {
    /// Six digits.
    #[default]
    Six,
    /// Eight digits.
    Eight,
}

/// The number of steps before and after the current step that are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TotpSkew {
    /// The current step only.
    None,
    /// One step before and one after.
    #[default]
    One,
}

impl TotpAlgorithm {
    /// Returns the name in an `otpauth` URI.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }
}

impl From<TotpAlgorithm> for totp_rs::Algorithm {
    fn from(algorithm: TotpAlgorithm) -> Self {
        match algorithm {
            TotpAlgorithm::Sha1 => Self::SHA1,
            TotpAlgorithm::Sha256 => Self::SHA256,
            TotpAlgorithm::Sha512 => Self::SHA512,
        }
    }
}

impl TotpDigits {
    pub(crate) const fn count(self) -> u8 {
        match self {
            Self::Six => 6,
            Self::Eight => 8,
        }
    }
}

impl TotpSkew {
    pub(crate) const fn steps(self) -> u64 {
        match self {
            Self::None => 0,
            Self::One => 1,
        }
    }
}
