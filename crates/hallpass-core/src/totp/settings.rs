//! The settings of one-time codes: hash function, number of digits, and clock skew.
//!
//! Each setting is an enum and not a number, so that no value is invalid. The step length is not a
//! setting: see [`TimeStep`](crate::TimeStep).

use crate::totp::secret::{TotpSecret, TotpSecretError};

/// The settings of one-time codes. Every authenticator supports the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TotpSettings {
    pub(crate) algorithm: TotpAlgorithm,
    pub(crate) digits: TotpDigits,
    pub(crate) skew: TotpSkew,
    pub(crate) remembers_drift: bool,
    pub(crate) accepts_80_bits: bool,
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

    /// Sets the number of steps before the current step that are accepted. Defaults to one step
    /// (30 seconds), which RFC 6238 section 5.2 allows for the time to type and send the code. A
    /// code is then accepted for 60 seconds after its step begins, and at no other time.
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
    /// If it is on, the step after the current one is accepted too. Otherwise the drift of a clock
    /// that is ahead could not be noticed. Up to six codes are then valid at the same time
    /// instead of two. A person who reads a future code in advance can use it up to two and a half
    /// minutes earlier.
    #[must_use]
    pub const fn remember_drift(mut self) -> Self {
        self.remembers_drift = true;
        self
    }

    /// Accepts secrets of at least 80 bits from another site. Defaults to off: 128 bits are the
    /// minimum of RFC 4226 section 4 (R6). pyotp made secrets of 80 bits until version 2.4.1.
    /// Without this setting their owners set up the authenticator again. New secrets have 160 bits
    /// in any case.
    ///
    /// ```
    /// use hallpass_core::TotpSettings;
    ///
    /// let old = "GEZDGNBVGY3TQOJQ"; // pyotp.random_base32() of 2020
    /// assert!(TotpSettings::default().secret_from_base32(old).is_err());
    /// assert!(TotpSettings::default().accept_80_bit_secrets().secret_from_base32(old).is_ok());
    /// ```
    #[must_use]
    pub const fn accept_80_bit_secrets(mut self) -> Self {
        self.accepts_80_bits = true;
        self
    }

    /// Parses an existing secret in base32, as [`TotpSecret::from_base32`], with the minimum length
    /// of these settings.
    ///
    /// # Errors
    /// Returns [`TotpSecretError`] if the text is not base32, is too short, or has more than 128
    /// bytes.
    pub fn secret_from_base32(&self, text: &str) -> Result<TotpSecret, TotpSecretError> {
        TotpSecret::parse_base32(text, self.min_secret_length())
    }

    /// Creates an existing secret from its bytes, with the minimum length of these settings.
    ///
    /// # Errors
    /// Returns [`TotpSecretError::Length`] for a length outside the bounds.
    pub fn secret_from_bytes(&self, bytes: &[u8]) -> Result<TotpSecret, TotpSecretError> {
        TotpSecret::of_length(bytes, self.min_secret_length())
    }

    const fn min_secret_length(&self) -> usize {
        if self.accepts_80_bits { TotpSecret::MIN_IMPORTED_LENGTH } else { TotpSecret::MIN_LENGTH }
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

/// The number of steps before the current step that are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TotpSkew {
    /// The current step only.
    None,
    /// The current step and the previous one.
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
