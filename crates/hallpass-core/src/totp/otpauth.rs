//! The `otpauth` URI: what stands in the QR code that an authenticator reads.
//!
//! There is no standard; this is Google Authenticator's "Key URI Format", which all the others
//! follow: `otpauth://totp/ISSUER:ACCOUNT?secret=BASE32&issuer=ISSUER&algorithm=SHA1&digits=6&
//! period=30`. Everything is printed, defaults included, since authenticators do not agree on them.
//! Reading is for import and for tests: strict where a slip would make wrong codes, and parameters
//! that are not ours (an image, a colour) are passed over. Not the `otpauth` feature of totp-rs,
//! which brings the `url` crate and its Unicode tables for these few lines.

use std::{borrow::Cow, fmt::Write as _};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::totp::{
    check::{TimeStep, Totp},
    secret::{TotpSecret, TotpSecretError},
    settings::{TotpAlgorithm, TotpDigits, TotpSettings},
};

#[cfg(test)]
mod tests;

impl Totp {
    /// The URI for an authenticator. `issuer` is the site's name, `account` the user's; both are
    /// shown to the user. Without an issuer, authenticators take what stands before a colon in
    /// `account` for one.
    ///
    /// It holds the secret: show it to its owner once, and to no log.
    ///
    /// ```
    /// use hallpass_core::{OtpauthUri, Totp, TotpSecret, TotpSettings};
    ///
    /// let totp =
    ///     Totp::new(TotpSecret::from_random(*b"12345678901234567890"), TotpSettings::default());
    /// let uri = totp.otpauth_uri("My Site", "alice");
    /// assert_eq!(
    ///     uri,
    ///     "otpauth://totp/My%20Site:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
    ///      &issuer=My%20Site&algorithm=SHA1&digits=6&period=30",
    /// );
    /// assert_eq!(OtpauthUri::parse(&uri)?.account(), "alice");
    /// assert!(OtpauthUri::parse(&uri.replace("period=30", "period=60")).is_err());
    /// # Ok::<(), hallpass_core::OtpauthError>(())
    /// ```
    pub fn otpauth_uri(&self, issuer: &str, account: &str) -> String {
        let encoded = |text| utf8_percent_encode(text, RESERVED);
        let (secret, settings) = (Zeroizing::new(self.secret().to_base32()), self.settings());
        let mut uri = String::from("otpauth://totp/");
        // Writing to a String cannot fail.
        if !issuer.is_empty() {
            let _ = write!(uri, "{}:", encoded(issuer));
        }
        let _ = write!(uri, "{}?secret={}", encoded(account), *secret);
        if !issuer.is_empty() {
            let _ = write!(uri, "&issuer={}", encoded(issuer));
        }
        let _ = write!(
            uri,
            "&algorithm={}&digits={}&period={}",
            settings.algorithm.as_str(),
            settings.digits.count(),
            TimeStep::LENGTH.as_secs()
        );
        uri
    }
}

/// An `otpauth` URI that was read.
#[derive(Clone, Debug)]
pub struct OtpauthUri {
    issuer: String,
    account: String,
    totp: Totp,
}

impl OtpauthUri {
    /// The longest URI read, in bytes: about what the largest QR code holds.
    pub const MAX_LENGTH: usize = 4096;

    /// Reads a URI of type `totp`.
    ///
    /// # Errors
    /// [`OtpauthError`] says which part cannot be used.
    pub fn parse(uri: &str) -> Result<Self, OtpauthError> {
        if uri.len() > Self::MAX_LENGTH {
            return Err(OtpauthError::TooLong);
        }
        let rest = strip_prefix_ignoring_case(uri, "otpauth://").ok_or(OtpauthError::Scheme)?;
        let (kind, rest) = rest.split_once('/').ok_or(OtpauthError::Kind)?;
        if !kind.eq_ignore_ascii_case("totp") {
            return Err(OtpauthError::Kind);
        }
        let (label, query) = rest.split_once('?').ok_or(OtpauthError::SecretMissing)?;
        let parameters = Parameters::parse(query)?;
        let (issuer, account) = split_label(&decoded(label)?, parameters.issuer.as_deref())?;
        let secret = parameters.secret.ok_or(OtpauthError::SecretMissing)?;
        let secret = TotpSecret::from_base32(&secret).map_err(OtpauthError::Secret)?;
        Ok(Self { issuer, account, totp: Totp::new(secret, parameters.settings) })
    }

    /// The site's name; empty where none is given.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The user's name at that site.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The authenticator, with the default skew.
    pub fn into_totp(self) -> Totp {
        self.totp
    }
}

/// A part of an `otpauth` URI that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OtpauthError {
    /// More than [`OtpauthUri::MAX_LENGTH`] bytes.
    #[error("the otpauth URI is longer than {} bytes", OtpauthUri::MAX_LENGTH)]
    TooLong,
    /// It does not start with `otpauth://`.
    #[error("the URI does not start with otpauth://")]
    Scheme,
    /// Another type than `totp`, such as the counter-based `hotp`.
    #[error("only otpauth URIs of type totp are read")]
    Kind,
    /// The account is missing, has a colon without an issuer before it, or the issuer before it is
    /// not the one in the query.
    #[error("the otpauth URI's label has no account, or another issuer than its query")]
    Label,
    /// There is no secret.
    #[error("the otpauth URI has no secret")]
    SecretMissing,
    /// The secret cannot be used.
    #[error("the otpauth URI's secret cannot be used")]
    Secret(#[source] TotpSecretError),
    /// A hash function other than SHA-1, SHA-256 and SHA-512.
    #[error("the otpauth URI's algorithm is not SHA1, SHA256 or SHA512")]
    Algorithm,
    /// Neither six nor eight digits.
    #[error("the otpauth URI's codes have neither 6 nor 8 digits")]
    Digits,
    /// A step other than 30 seconds.
    #[error("the otpauth URI's period is not 30 seconds")]
    Period,
    /// One parameter given twice.
    #[error("the otpauth URI gives a parameter twice")]
    Repeated,
    /// An escape that is not UTF-8.
    #[error("the otpauth URI has an escape that is not UTF-8")]
    Encoding,
}

/// The query: what is ours is read strictly and once, the rest is passed over.
#[derive(Default)]
struct Parameters {
    secret: Option<Zeroizing<String>>,
    issuer: Option<String>,
    settings: TotpSettings,
}

impl Parameters {
    fn parse(query: &str) -> Result<Self, OtpauthError> {
        let mut parameters = Self::default();
        let mut seen = Vec::new();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            if !NAMES.contains(&name) {
                continue;
            }
            if seen.contains(&name) {
                return Err(OtpauthError::Repeated);
            }
            seen.push(name);
            parameters.take(name, decoded(value)?)?;
        }
        Ok(parameters)
    }

    fn take(&mut self, name: &str, value: Cow<'_, str>) -> Result<(), OtpauthError> {
        match name {
            "secret" => self.secret = Some(value.into_owned().into()),
            "issuer" => self.issuer = Some(value.into_owned()).filter(|issuer| !issuer.is_empty()),
            "algorithm" => {
                let algorithm = ALGORITHMS
                    .into_iter()
                    .find(|algorithm| value.eq_ignore_ascii_case(algorithm.as_str()))
                    .ok_or(OtpauthError::Algorithm)?;
                self.settings = self.settings.algorithm(algorithm);
            }
            "digits" => {
                let digits = match &*value {
                    "6" => TotpDigits::Six,
                    "8" => TotpDigits::Eight,
                    _ => return Err(OtpauthError::Digits),
                };
                self.settings = self.settings.digits(digits);
            }
            _ if value != "30" => return Err(OtpauthError::Period),
            _ => {}
        }
        Ok(())
    }
}

/// Issuer and account. The query's issuer says where the label is to be cut; without one, the first
/// colon does.
fn split_label(label: &str, issuer: Option<&str>) -> Result<(String, String), OtpauthError> {
    let (issuer, account) = match issuer {
        None => label.split_once(':').unwrap_or(("", label)),
        Some(issuer) => match label.strip_prefix(issuer).and_then(|rest| rest.strip_prefix(':')) {
            Some(account) => (issuer, account),
            None if label.contains(':') => return Err(OtpauthError::Label),
            None => (issuer, label),
        },
    };
    let account = account.trim_start_matches(' ');
    // Without an issuer a colon would be read as the end of one by whoever reads what is printed
    // from this.
    if account.is_empty() || (issuer.is_empty() && account.contains(':')) {
        return Err(OtpauthError::Label);
    }
    Ok((issuer.to_owned(), account.to_owned()))
}

fn decoded(text: &str) -> Result<Cow<'_, str>, OtpauthError> {
    percent_decode_str(text).decode_utf8().map_err(|_| OtpauthError::Encoding)
}

fn strip_prefix_ignoring_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// All but RFC 3986's unreserved characters: a space as `+` is shown as a plus by most
/// authenticators.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The parameters that are read.
const NAMES: [&str; 5] = ["secret", "issuer", "algorithm", "digits", "period"];

const ALGORITHMS: [TotpAlgorithm; 3] =
    [TotpAlgorithm::Sha1, TotpAlgorithm::Sha256, TotpAlgorithm::Sha512];
