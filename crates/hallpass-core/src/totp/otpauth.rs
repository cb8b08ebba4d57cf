//! The `otpauth` URI: the content of the QR code that an authenticator reads.
//!
//! There is no standard. The format is Google Authenticator's "Key URI Format", which all other
//! authenticators use:
//! `otpauth://totp/ISSUER:ACCOUNT?secret=BASE32&issuer=ISSUER&algorithm=SHA1&digits=6&period=30`.
//! All parameters are written, including the defaults, because authenticators have different
//! defaults. The parser is for import and for tests. It is strict about errors that would lead to
//! wrong codes, and it ignores unknown parameters (an image, a colour). The `otpauth` feature of
//! totp-rs is not used, because it adds the `url` crate and its Unicode tables.

use std::{borrow::Cow, fmt::Write as _};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::totp::{
    check::{TimeStep, Totp},
    secret::TotpSecretError,
    settings::{TotpAlgorithm, TotpDigits, TotpSettings},
};

#[cfg(test)]
mod tests;

impl Totp {
    /// Returns the URI for an authenticator. `issuer` is the site's name and `account` the user's
    /// name; the authenticator shows both. A colon separates them, so neither may contain one.
    ///
    /// The URI contains the secret: show it once to the owner, and never log it.
    ///
    /// ```
    /// use hallpass_core::{OtpauthUri, Totp, TotpSecret, TotpSettings};
    ///
    /// let totp =
    ///     Totp::new(TotpSecret::from_random(*b"12345678901234567890"), TotpSettings::default());
    /// let uri = totp.otpauth_uri("My Site", "alice")?;
    /// assert_eq!(
    ///     uri,
    ///     "otpauth://totp/My%20Site:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
    ///      &issuer=My%20Site&algorithm=SHA1&digits=6&period=30",
    /// );
    /// assert_eq!(OtpauthUri::parse(&uri)?.account(), "alice");
    /// assert!(OtpauthUri::parse(&uri.replace("period=30", "period=60")).is_err());
    /// assert!(totp.otpauth_uri("My: Site", "alice").is_err());
    /// # Ok::<(), hallpass_core::OtpauthError>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`OtpauthError::Colon`] for an issuer or an account with a colon. Authenticators
    /// would show another issuer or another account.
    pub fn otpauth_uri(&self, issuer: &str, account: &str) -> Result<String, OtpauthError> {
        if issuer.contains(':') || account.contains(':') {
            return Err(OtpauthError::Colon);
        }
        let encoded = |text| utf8_percent_encode(text, RESERVED);
        let (secret, settings) = (Zeroizing::new(self.secret().to_base32()), self.settings());
        // Long enough for every part, because a `String` that grows leaves its old bytes in memory.
        let most = 256 + 6 * (issuer.len() + account.len()) + secret.len();
        let mut uri = String::with_capacity(most);
        uri.push_str("otpauth://totp/");
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
        Ok(uri)
    }
}

/// A parsed `otpauth` URI.
#[derive(Clone, Debug)]
pub struct OtpauthUri {
    issuer: String,
    account: String,
    totp: Totp,
}

impl OtpauthUri {
    /// The maximum length of a URI, in bytes: about the capacity of the largest QR code.
    pub const MAX_LENGTH: usize = 4096;

    /// Parses a URI of type `totp`.
    ///
    /// # Errors
    /// Returns an [`OtpauthError`], which names the part that is not valid.
    pub fn parse(uri: &str) -> Result<Self, OtpauthError> {
        Self::parse_with(uri, TotpSettings::default())
    }

    /// Parses a URI of type `totp` with the minimum length of these settings for its secret. The
    /// algorithm and the digits are those of the URI.
    ///
    /// # Errors
    /// Returns an [`OtpauthError`], which names the part that is not valid.
    pub fn parse_with(uri: &str, settings: TotpSettings) -> Result<Self, OtpauthError> {
        if uri.len() > Self::MAX_LENGTH {
            return Err(OtpauthError::TooLong);
        }
        let rest = strip_prefix_ignoring_case(uri, "otpauth://").ok_or(OtpauthError::Scheme)?;
        let (kind, rest) = rest.split_once('/').ok_or(OtpauthError::Kind)?;
        if !kind.eq_ignore_ascii_case("totp") {
            return Err(OtpauthError::Kind);
        }
        let (label, query) = rest.split_once('?').ok_or(OtpauthError::SecretMissing)?;
        let parameters = Parameters::parse(query, settings)?;
        let (issuer, account) = split_label(&decoded(label)?, parameters.issuer.as_deref())?;
        let secret = parameters.secret.ok_or(OtpauthError::SecretMissing)?;
        let secret = settings.secret_from_base32(&secret).map_err(OtpauthError::Secret)?;
        Ok(Self { issuer, account, totp: Totp::new(secret, parameters.settings) })
    }

    /// Returns the site's name, which is empty if the URI has none.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Returns the user's name at that site.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Returns the authenticator, with the default skew.
    pub fn into_totp(self) -> Totp {
        self.totp
    }
}

/// A part of an `otpauth` URI that is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OtpauthError {
    /// The URI has more than [`OtpauthUri::MAX_LENGTH`] bytes.
    #[error(
        "the otpauth URI is longer than {} bytes: export the account again",
        OtpauthUri::MAX_LENGTH
    )]
    TooLong,
    /// The URI does not start with `otpauth://`.
    #[error("the URI does not start with otpauth://: use the URI of the authenticator's QR code")]
    Scheme,
    /// The URI has another type than `totp`, such as the counter-based `hotp`.
    #[error("the otpauth URI is not of type totp: use a time-based authenticator")]
    Kind,
    /// The account is missing, or has a colon without an issuer before it, or the issuer before it
    /// is not the one in the query.
    #[error(
        "the otpauth URI's label has no account, or another issuer than its query: write ISSUER:ACCOUNT with the issuer of the query"
    )]
    Label,
    /// The issuer or the account of a URI to be written contains a colon.
    #[error(
        "the issuer or the account contains a colon, which separates them in an otpauth URI: remove the colon"
    )]
    Colon,
    /// The URI has no secret.
    #[error("the otpauth URI has no secret: add the parameter secret in base32")]
    SecretMissing,
    /// The secret is not valid.
    #[error("the otpauth URI's secret is not valid: export the account again")]
    Secret(#[source] TotpSecretError),
    /// The hash function is not SHA-1, SHA-256 or SHA-512.
    #[error("the otpauth URI's algorithm is not supported: use SHA1, SHA256 or SHA512")]
    Algorithm,
    /// The number of digits is neither six nor eight.
    #[error("the otpauth URI's number of digits is not supported: use 6 or 8")]
    Digits,
    /// The step is not 30 seconds.
    #[error("the otpauth URI's period is not supported: use 30 seconds")]
    Period,
    /// A parameter occurs more than once.
    #[error("the otpauth URI has a parameter more than once: remove the repeated one")]
    Repeated,
    /// A percent escape is not UTF-8.
    #[error("the otpauth URI has a percent escape that is not UTF-8: encode the text as UTF-8")]
    Encoding,
}

/// The query. Known parameters are parsed strictly and may occur once; other parameters are
/// ignored.
#[derive(Default)]
struct Parameters {
    secret: Option<Zeroizing<String>>,
    issuer: Option<String>,
    settings: TotpSettings,
}

impl Parameters {
    /// Without the parameter, the hash function is SHA-1 and a code has six digits.
    fn parse(query: &str, settings: TotpSettings) -> Result<Self, OtpauthError> {
        let settings = settings.algorithm(TotpAlgorithm::Sha1).digits(TotpDigits::Six);
        let mut parameters = Self { settings, ..Self::default() };
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

/// Returns issuer and account. The query's issuer determines where the label is split. Without one,
/// the label is split at its first colon.
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
    // Without an issuer, a reader of the URI that is written from this would take a colon for the
    // end of the issuer.
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

/// All characters except RFC 3986's unreserved ones. A space is also escaped, because most
/// authenticators show a `+` as a plus sign.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The parameters that are parsed.
const NAMES: [&str; 5] = ["secret", "issuer", "algorithm", "digits", "period"];

const ALGORITHMS: [TotpAlgorithm; 3] =
    [TotpAlgorithm::Sha1, TotpAlgorithm::Sha256, TotpAlgorithm::Sha512];
