//! The query of an `otpauth` URI: what is ours is read strictly and once, the rest is passed over.

use std::borrow::Cow;

use zeroize::Zeroizing;

use crate::{
    otpauth::OtpauthError,
    totp_settings::{TotpAlgorithm, TotpDigits, TotpSettings},
};

use super::decoded;

#[derive(Default)]
pub(super) struct Parameters {
    pub(super) secret: Option<Zeroizing<String>>,
    pub(super) issuer: Option<String>,
    pub(super) settings: TotpSettings,
}

impl Parameters {
    pub(super) fn parse(query: &str) -> Result<Self, OtpauthError> {
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

const NAMES: [&str; 5] = ["secret", "issuer", "algorithm", "digits", "period"];

const ALGORITHMS: [TotpAlgorithm; 3] = [TotpAlgorithm::Sha1, TotpAlgorithm::Sha256, TotpAlgorithm::Sha512];
