//! How one-time codes are made: hash function, digits, and how far a clock may be off.
//!
//! Closed sets and not numbers, so that no setting can be wrong. The step length is none: see
//! [`TimeStep`](crate::TimeStep).

/// How codes are made. The default is what every authenticator understands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TotpSettings {
    pub(crate) algorithm: TotpAlgorithm,
    pub(crate) digits: TotpDigits,
    pub(crate) skew: TotpSkew,
    pub(crate) remembers_drift: bool,
}

impl TotpSettings {
    /// Chooses the hash function. Defaults to SHA-1, because several authenticators ignore another
    /// choice and then show wrong codes; HMAC does not rest on collisions.
    #[must_use]
    pub const fn algorithm(mut self, algorithm: TotpAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Chooses the number of digits. Defaults to six, because several authenticators ignore another
    /// choice; it is the limit on attempts that stops guessing.
    #[must_use]
    pub const fn digits(mut self, digits: TotpDigits) -> Self {
        self.digits = digits;
        self
    }

    /// Chooses how far the authenticator's clock may be off.
    /// Defaults to one step, because RFC 6238 section 5.2 allows that much for people who type.
    #[must_use]
    pub const fn skew(mut self, skew: TotpSkew) -> Self {
        self.skew = skew;
        self
    }

    /// Remembers by how much each authenticator's clock is off, up to
    /// [`TotpDrift::MAX_STEPS`](crate::TotpDrift::MAX_STEPS), and counts that in when the next
    /// code is checked (RFC 6238 section 6): for hardware tokens, whose clocks nobody sets. Has
    /// nothing to remember with [`TotpSkew::None`]. Defaults to off, because telephones set
    /// their clocks themselves, and where it is on up to six codes count at a moment
    /// in the place of three, and one that was noted ahead of time up to two minutes earlier.
    #[must_use]
    pub const fn remember_drift(mut self) -> Self {
        self.remembers_drift = true;
        self
    }
}

/// The hash function under the HMAC (RFC 6238 section 1.2).
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

/// How many steps before and after the present one count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TotpSkew {
    /// The present step only.
    None,
    /// One step before and one after.
    #[default]
    One,
}

impl TotpAlgorithm {
    /// The name in an `otpauth` URI.
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
