//! The secret that an authenticator and the site share (RFC 6238 section 5.1, RFC 4226 section 4
//! R6).
//!
//! It is zeroized on drop and redacted in `Debug`. This module draws no random numbers: 20 new
//! random bytes are an argument.

use std::fmt;

#[cfg(test)]
mod tests;

/// A shared secret of 16 to 128 bytes. A secret of another site may have 10 bytes, if the settings
/// [accept it](crate::TotpSettings::accept_80_bit_secrets).
///
/// ```
/// use hallpass_core::TotpSecret;
///
/// let secret = TotpSecret::from_base32("gezd gnbv gy3t qojq gezd gnbv gy3t qojq")?;
/// assert_eq!(secret.to_base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
/// assert!(TotpSecret::from_base32("GEZD GNBV").is_err(), "5 bytes are too few");
/// # Ok::<(), hallpass_core::TotpSecretError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret(totp_rs::Secret);

impl TotpSecret {
    /// The minimum length, in bytes: 128 bits (RFC 4226 section 4, R6).
    pub const MIN_LENGTH: usize = 16;
    /// The minimum length of a secret of another site, in bytes: 80 bits, the old default of pyotp.
    pub const MIN_IMPORTED_LENGTH: usize = 10;
    /// The maximum length, in bytes: the block size of SHA-512. HMAC hashes a longer key first (RFC
    /// 2104 section 2).
    pub const MAX_LENGTH: usize = 128;

    /// Creates a new secret of the length that RFC 4226 recommends (160 bits). `random` must come
    /// from a cryptographic random source.
    pub const fn from_random(random: [u8; 20]) -> Self {
        Self(totp_rs::Secret::new_stack(random))
    }

    /// Creates a secret from existing bytes.
    ///
    /// # Errors
    /// Returns [`TotpSecretError::Length`] below 16 and above 128 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TotpSecretError> {
        Self::of_length(bytes, Self::MIN_LENGTH)
    }

    pub(crate) fn of_length(bytes: &[u8], min: usize) -> Result<Self, TotpSecretError> {
        if !(min..=Self::MAX_LENGTH).contains(&bytes.len()) {
            return Err(TotpSecretError::Length { bytes: bytes.len() });
        }
        Ok(Self(totp_rs::Secret::from(bytes)))
    }

    /// Parses a secret as people type it: base32 (RFC 4648 section 6) in either case, with or
    /// without padding, with spaces or hyphens between groups.
    ///
    /// # Errors
    /// Returns [`TotpSecretError`] if the text is not base32, or has fewer than 16 or more than 128
    /// bytes.
    pub fn from_base32(text: &str) -> Result<Self, TotpSecretError> {
        Self::parse_base32(text, Self::MIN_LENGTH)
    }

    pub(crate) fn parse_base32(text: &str, min: usize) -> Result<Self, TotpSecretError> {
        let mut typed = zeroize::Zeroizing::new(String::with_capacity(text.len()));
        typed.extend(
            text.trim_end_matches('=')
                .chars()
                .filter(|c| !matches!(c, ' ' | '-'))
                .map(|c| c.to_ascii_uppercase()),
        );
        // No number of whole bytes has this number of characters (RFC 4648 section 6): some are
        // missing.
        if matches!(typed.len() % 8, 1 | 3 | 6) {
            return Err(TotpSecretError::Base32);
        }
        let secret =
            totp_rs::Secret::try_from_base32(&*typed).map_err(|_| TotpSecretError::Base32)?;
        Self::of_length(secret.as_bytes(), min)
    }

    /// Returns the bytes, to be encrypted and stored.
    pub const fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Returns the secret in base32, in upper case without padding, as authenticators require.
    pub fn to_base32(&self) -> String {
        self.0.to_base32()
    }

    pub(crate) fn into_inner(self) -> totp_rs::Secret {
        self.0
    }
}

impl From<&totp_rs::Secret> for TotpSecret {
    fn from(secret: &totp_rs::Secret) -> Self {
        Self(secret.clone())
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(redacted)")
    }
}

/// A secret that is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TotpSecretError {
    /// The secret has too few bytes to resist guessing, or more than an HMAC key can use.
    #[error(
        "a one-time code secret has {bytes} bytes: use 16 to 128, or accept 80-bit secrets of another site with TotpSettings::accept_80_bit_secrets"
    )]
    Length {
        /// Its length, in bytes.
        bytes: usize,
    },
    /// The text is not base32.
    #[error("a one-time code secret is not base32: use the letters A to Z and the digits 2 to 7")]
    Base32,
}
