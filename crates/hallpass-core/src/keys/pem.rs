//! Keys from PEM files (RFC 7468), which jsonwebtoken parses.
//!
//! The caller names the algorithm, which is compared with the key's type. A PEM file is only ever
//! read as a key of its own type.

use aws_lc_rs::{rsa, signature::RsaPublicKeyComponents};
use jsonwebtoken::{AlgorithmFamily, DecodingKey, EncodingKey, errors::Result};

use crate::keys::{
    algorithm::Algorithm,
    asymmetric_key::{AsymmetricKey, PublicParts},
    error::KeyError,
    key::Key,
    key_id::KeyId,
};

impl Key {
    /// Reads a PEM file: a private key as PKCS#8 (`BEGIN PRIVATE KEY`) for EdDSA, ES256 and ES384,
    /// or a public key (`BEGIN PUBLIC KEY`, for RSA also `BEGIN RSA PUBLIC KEY`) for any of the
    /// asymmetric algorithms.
    ///
    /// ```
    /// use hallpass_core::{Algorithm, Key, KeyError, KeyId};
    ///
    /// let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
    /// let id = || KeyId::parse("k1");
    /// assert!(!Key::from_pem(id()?, Algorithm::EdDsa, pem.as_bytes())?.can_sign());
    /// // The key is of another type.
    /// assert!(Key::from_pem(id()?, Algorithm::Es256, pem.as_bytes()).is_err());
    /// // A PEM file is not a secret.
    /// assert!(Key::from_pem(id()?, Algorithm::Hs256, pem.as_bytes()).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the text is not such a file, or if the key is of another type, weak or
    /// malformed.
    pub fn from_pem(
        id: KeyId,
        algorithm: Algorithm,
        pem: &[u8],
    ) -> std::result::Result<Self, KeyError> {
        let key = match private_document(algorithm, pem) {
            Some(document) => AsymmetricKey::from_pkcs8(algorithm, document.as_bytes())?,
            None => AsymmetricKey::from_public(algorithm, public_parts(algorithm, pem)?)?,
        };
        Ok(Self::asymmetric(id, algorithm, key))
    }
}

fn private_document(algorithm: Algorithm, pem: &[u8]) -> Option<EncodingKey> {
    match family(algorithm)? {
        AlgorithmFamily::Ed => EncodingKey::from_ed_pem(pem).ok(),
        AlgorithmFamily::Ec => EncodingKey::from_ec_pem(pem).ok(),
        _ => None,
    }
}

fn public_parts(algorithm: Algorithm, pem: &[u8]) -> std::result::Result<PublicParts, KeyError> {
    let malformed = || KeyError::Malformed(algorithm);
    let read: fn(&[u8]) -> Result<DecodingKey> = match family(algorithm) {
        Some(AlgorithmFamily::Ed) => DecodingKey::from_ed_pem,
        Some(AlgorithmFamily::Ec) => DecodingKey::from_ec_pem,
        Some(AlgorithmFamily::Rsa) => DecodingKey::from_rsa_pem,
        _ => return Err(KeyError::WrongAlgorithm(algorithm)),
    };
    let key = read(pem).map_err(|_| malformed())?;
    let bytes = key.try_get_as_bytes().map_err(|_| malformed())?;
    match family(algorithm) {
        Some(AlgorithmFamily::Ed) => Ok(PublicParts::Okp { x: bytes.to_vec() }),
        Some(AlgorithmFamily::Ec) => {
            // SEC 1 section 2.3.3: an octet for "uncompressed", then both coordinates, of equal
            // length.
            let coordinates = bytes.strip_prefix(&[4]).ok_or_else(malformed)?;
            let (x, y) = coordinates.split_at(coordinates.len() / 2);
            Ok(PublicParts::Ec { x: x.to_vec(), y: y.to_vec() })
        }
        _ => {
            let public = rsa::PublicKey::from_der(bytes).map_err(|_| malformed())?;
            let RsaPublicKeyComponents { n, e } = RsaPublicKeyComponents::<Vec<u8>>::from(&public);
            Ok(PublicParts::Rsa { n, e })
        }
    }
}

const fn family(algorithm: Algorithm) -> Option<AlgorithmFamily> {
    match algorithm {
        Algorithm::EdDsa => Some(AlgorithmFamily::Ed),
        Algorithm::Es256 | Algorithm::Es384 => Some(AlgorithmFamily::Ec),
        Algorithm::Rs256 | Algorithm::Ps256 => Some(AlgorithmFamily::Rsa),
        Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => None,
    }
}
