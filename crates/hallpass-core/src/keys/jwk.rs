//! One JSON Web Key (RFC 7517 section 4) and the key that it describes.
//!
//! The key's type decides which members are read. `x5c` and `x5u` are ignored, and nothing is
//! fetched. A key without `alg` is bound to the algorithm of its type. An RSA key without `alg` is
//! bound to RS256, which the issuers who omit it use.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    encoding::base64url,
    keys::{algorithm::Algorithm, error::KeyRingError, key::Key, key_id::KeyId},
    time::unix_time::UnixTime,
};

#[cfg(feature = "asymmetric")]
use crate::keys::{
    asymmetric_key::{AsymmetricKey, PublicParts},
    error::KeyError,
};

/// The members that hallpass reads. A secret member is erased when the value is dropped.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Jwk {
    pub(crate) kty: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) alg: Option<String>,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<String>,
    #[serde(skip_serializing)]
    key_ops: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    d: Option<Zeroizing<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    k: Option<Zeroizing<String>>,
    /// The time from which signatures are refused, in Unix seconds. It is a member of hallpass,
    /// which other readers ignore (RFC 7517 section 4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) accept_until: Option<u64>,
    /// The time at which hallpass created the key, in Unix seconds; a member of hallpass, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created_at: Option<u64>,
    /// Whether the signing key verifies and does not sign yet; a member of hallpass, too.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) published: bool,
    /// Whether the encryption key only decrypts; a member of hallpass, too.
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) leaked: bool,
}

/// Takes a reference, because serde passes one.
fn is_false(flag: &bool) -> bool {
    !flag
}

/// The purpose of a key of a set.
pub(crate) enum Purpose {
    /// Signing or verifying.
    Signature,
    /// Encrypting secrets at rest: `use` is `enc` and the key is symmetric.
    Encrypting,
    /// Hashing passwords: `use` is `pepper`, a value of hallpass (RFC 7517 section 4.2 allows
    /// others), and the key is symmetric.
    Pepper,
    /// A purpose that hallpass does not have. RFC 7517 section 5 requires that such a key is
    /// ignored.
    Other,
}

impl Jwk {
    pub(crate) fn purpose(&self) -> Purpose {
        let signs = |operation: &String| operation == "verify" || operation == "sign";
        match (self.usage.as_deref(), self.key_ops.as_deref()) {
            (Some("enc"), _) if self.kty == "oct" => Purpose::Encrypting,
            (Some("pepper"), _) if self.kty == "oct" => Purpose::Pepper,
            (None | Some("sig"), None) => Purpose::Signature,
            (None | Some("sig"), Some(operations)) if operations.iter().any(signs) => {
                Purpose::Signature
            }
            _ => Purpose::Other,
        }
    }

    /// Returns whether the key is for verifying signatures, as a key of another issuer must be. A
    /// key whose `key_ops` name other operations only is not (RFC 7517 section 4.3).
    pub(crate) fn verifies(&self) -> bool {
        let verifies = |operations: &Vec<String>| operations.iter().any(|name| name == "verify");
        matches!(self.usage.as_deref(), None | Some("sig"))
            && self.key_ops.as_ref().is_none_or(verifies)
    }

    /// Returns whether both describe the same public key. Names and private members may differ.
    pub(crate) fn has_the_public_key_of(&self, other: &Self) -> bool {
        self.has_the_private_key_of(other) && self.e == other.e
    }

    /// Returns whether the private half of one is that of the other. The exponent of an RSA key is
    /// not compared, because the factors of the modulus are enough to sign.
    pub(crate) fn has_the_private_key_of(&self, other: &Self) -> bool {
        let same_point = self.crv == other.crv && self.x == other.x && self.y == other.y;
        self.kty == other.kty && same_point && self.n == other.n
    }

    pub(crate) fn accept_until(&self) -> Option<UnixTime> {
        self.accept_until.map(UnixTime::from_secs)
    }

    pub(crate) fn created_at(&self) -> Option<UnixTime> {
        self.created_at.map(UnixTime::from_secs)
    }

    /// Returns the algorithm that the key is bound to, or `None` if hallpass does not have the
    /// algorithm or the curve.
    pub(crate) fn algorithm(&self) -> Option<Algorithm> {
        let bound_by_type = match (self.kty.as_str(), self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => Some(Algorithm::EdDsa),
            ("EC", Some("P-256")) => Some(Algorithm::Es256),
            ("EC", Some("P-384")) => Some(Algorithm::Es384),
            ("RSA", _) => Some(Algorithm::Rs256),
            ("oct", _) => Some(Algorithm::Hs256),
            _ => None,
        }?;
        let Some(named) = self.alg.as_deref() else {
            return Some(bound_by_type);
        };
        let named = Algorithm::from_name(named)?;
        let fits = match bound_by_type {
            Algorithm::Rs256 => matches!(named, Algorithm::Rs256 | Algorithm::Ps256),
            Algorithm::Hs256 => named.is_symmetric(),
            curve => named == curve,
        };
        fits.then_some(named)
    }

    /// Creates the key with this name and bound to this algorithm.
    pub(crate) fn to_key(&self, id: KeyId, algorithm: Algorithm) -> Result<Key, KeyRingError> {
        let name = id.to_string();
        if algorithm.is_symmetric() {
            let secret = self.secret(&name)?;
            return Key::hmac(id, algorithm, &secret)
                .map_err(|source| KeyRingError::Key { name, source });
        }
        self.to_asymmetric_key(id, algorithm)
    }

    pub(crate) fn secret(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, KeyRingError> {
        self.number("k", self.k.as_ref().map(|text| text.as_str()), name).map(Zeroizing::new)
    }

    fn number(
        &self,
        member: &'static str,
        text: Option<&str>,
        name: &str,
    ) -> Result<Vec<u8>, KeyRingError> {
        text.and_then(|text| base64url::decode(text).ok())
            .ok_or_else(|| KeyRingError::Member { name: name.to_owned(), member })
    }

    /// Creates a symmetric key in the form of the key file.
    pub(crate) fn of_secret(
        kid: &KeyId,
        alg: Option<Algorithm>,
        usage: &str,
        secret: &[u8],
    ) -> Self {
        Self {
            kty: "oct".to_owned(),
            kid: Some(kid.to_string()),
            alg: alg.map(|alg| alg.to_string()),
            usage: Some(usage.to_owned()),
            k: Some(Zeroizing::new(base64url::encode(secret))),
            ..Self::default()
        }
    }
}

#[cfg(feature = "asymmetric")]
impl Jwk {
    fn to_asymmetric_key(&self, id: KeyId, algorithm: Algorithm) -> Result<Key, KeyRingError> {
        let name = id.to_string();
        let parts = self.public_parts(&name)?;
        let key = match &self.d {
            // Hallpass signs nothing with RSA, so a private RSA key is refused.
            Some(_) if self.kty == "RSA" => Err(KeyError::WrongAlgorithm(algorithm)),
            Some(d) => {
                let private = Zeroizing::new(self.number("d", Some(d), &name)?);
                AsymmetricKey::from_private(algorithm, parts, &private)
            }
            None => AsymmetricKey::from_public(algorithm, parts),
        };
        let key = key.map_err(|source| KeyRingError::Key { name, source })?;
        Ok(Key::asymmetric(id, algorithm, key))
    }

    fn public_parts(&self, name: &str) -> Result<PublicParts, KeyRingError> {
        let number = |member, text: &Option<String>| self.number(member, text.as_deref(), name);
        match self.kty.as_str() {
            "OKP" => Ok(PublicParts::Okp { x: number("x", &self.x)? }),
            "EC" => Ok(PublicParts::Ec { x: number("x", &self.x)?, y: number("y", &self.y)? }),
            _ => Ok(PublicParts::Rsa { n: number("n", &self.n)?, e: number("e", &self.e)? }),
        }
    }

    /// Returns the public half of an asymmetric key.
    pub(crate) fn of_public(kid: &KeyId, algorithm: Algorithm, key: &AsymmetricKey) -> Self {
        let text = |bytes: &[u8]| Some(base64url::encode(bytes));
        let common = Self {
            kid: Some(kid.to_string()),
            alg: Some(algorithm.to_string()),
            usage: Some("sig".to_owned()),
            ..Self::default()
        };
        match key.public_parts() {
            PublicParts::Okp { x } => Self {
                kty: "OKP".to_owned(),
                crv: Some("Ed25519".to_owned()),
                x: text(x),
                ..common
            },
            PublicParts::Ec { x, y } => {
                let curve = if algorithm == Algorithm::Es256 { "P-256" } else { "P-384" };
                Self {
                    kty: "EC".to_owned(),
                    crv: Some(curve.to_owned()),
                    x: text(x),
                    y: text(y),
                    ..common
                }
            }
            PublicParts::Rsa { n, e } => {
                Self { kty: "RSA".to_owned(), n: text(n), e: text(e), ..common }
            }
        }
    }

    /// Returns both halves of an asymmetric key, or only the public half if there is no private
    /// one.
    pub(crate) fn of_both_halves(kid: &KeyId, algorithm: Algorithm, key: &AsymmetricKey) -> Self {
        let d = key.private_part().map(|private| Zeroizing::new(base64url::encode(&private)));
        Self { d, ..Self::of_public(kid, algorithm, key) }
    }
}

#[cfg(not(feature = "asymmetric"))]
impl Jwk {
    fn to_asymmetric_key(&self, id: KeyId, algorithm: Algorithm) -> Result<Key, KeyRingError> {
        let source = crate::keys::error::KeyError::NotBuiltIn(algorithm);
        Err(KeyRingError::Key { name: id.to_string(), source })
    }
}
