//! A key: one algorithm, for good.
//!
//! The algorithm is part of the key's type and never comes from a token, so a public key cannot be
//! taken for an HMAC secret and a token cannot talk a key into another algorithm (RFC 8725 section
//! 3.1; CVE-2015-9235). What verification needs is made when the key is loaded: the header segments
//! that this key writes, as bytes to compare, the HMAC key schedule, the parsed public key.

use std::fmt;

use hmac::Hmac;
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

#[cfg(feature = "asymmetric")]
use crate::keys::asymmetric_key::AsymmetricKey;
use crate::{
    encoding::base64url,
    keys::{
        algorithm::Algorithm,
        error::KeyError,
        hmac_key::HmacKey,
        key_id::KeyId,
        secret_check::check_secret,
        signature::{Forged, PerKind, SigningInput, TokenType},
    },
};

/// A key bound to one algorithm and named by a `kid`.
///
/// ```
/// use hallpass_core::{Algorithm, Key, KeyError, KeyId};
///
/// let secret: Vec<u8> = (0..32).map(|byte: u8| byte.wrapping_mul(59)).collect();
/// let key = Key::hmac(KeyId::parse("k1")?, Algorithm::Hs256, &secret)?;
/// assert_eq!(key.algorithm(), Algorithm::Hs256);
///
/// let pem = b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA";
/// assert_eq!(
///     Key::hmac(KeyId::parse("k2")?, Algorithm::Hs256, pem).unwrap_err(),
///     KeyError::KeyFileAsSecret
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Key {
    id: KeyId,
    algorithm: Algorithm,
    headers: Headers,
    material: Material,
}

enum Material {
    Hs256(HmacKey<Hmac<Sha256>>),
    Hs384(HmacKey<Hmac<Sha384>>),
    Hs512(HmacKey<Hmac<Sha512>>),
    #[cfg(feature = "asymmetric")]
    Asymmetric(AsymmetricKey),
}

impl Key {
    /// A key that signs and verifies with one secret: HS256, HS384 or HS512.
    ///
    /// # Errors
    /// When the secret is shorter than the hash's output (32, 48 or 64 bytes), a published
    /// placeholder, or a key file; when the algorithm is not one of HMAC.
    pub fn hmac(id: KeyId, algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let needed = algorithm.shortest_secret().ok_or(KeyError::WrongAlgorithm(algorithm))?;
        check_secret(algorithm, needed, secret)?;
        let headers = Headers::new(&id, algorithm);
        let secret = Zeroizing::new(Box::from(secret));
        let header = |typ| headers.of(typ);
        let material = match algorithm {
            Algorithm::Hs256 => Material::Hs256(HmacKey::new(secret, header)),
            Algorithm::Hs384 => Material::Hs384(HmacKey::new(secret, header)),
            _ => Material::Hs512(HmacKey::new(secret, header)),
        };
        Ok(Self { id, algorithm, headers, material })
    }

    /// An HS256 key of a secret that this crate derived, which needs no suspicion.
    pub(crate) fn of_derived_secret(id: KeyId, secret: &[u8; 32]) -> Self {
        let headers = Headers::new(&id, Algorithm::Hs256);
        let key = HmacKey::new(Zeroizing::new(Box::from(*secret)), |typ| headers.of(typ));
        Self { id, algorithm: Algorithm::Hs256, headers, material: Material::Hs256(key) }
    }

    /// A new Ed25519 key pair of a seed of 32 random bytes.
    ///
    /// # Errors
    /// When the library underneath refuses it.
    #[cfg(feature = "asymmetric")]
    pub fn ed25519(id: KeyId, seed: &[u8; 32]) -> Result<Self, KeyError> {
        Ok(Self::asymmetric(id, Algorithm::EdDsa, AsymmetricKey::from_ed25519_seed(seed)?))
    }

    /// A new ES256 or ES384 key pair. Its randomness is that of aws-lc: an ECDSA signature needs
    /// the library's own in any case.
    ///
    /// # Errors
    /// When the algorithm is another one.
    #[cfg(feature = "asymmetric")]
    pub fn generate_ecdsa(id: KeyId, algorithm: Algorithm) -> Result<Self, KeyError> {
        Ok(Self::asymmetric(id, algorithm, AsymmetricKey::generate_ecdsa(algorithm)?))
    }

    #[cfg(feature = "asymmetric")]
    pub(crate) fn asymmetric(id: KeyId, algorithm: Algorithm, key: AsymmetricKey) -> Self {
        let headers = Headers::new(&id, algorithm);
        Self { id, algorithm, headers, material: Material::Asymmetric(key) }
    }

    /// The key's name.
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// The one algorithm that this key is for.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether this key can sign, or only verify.
    pub fn can_sign(&self) -> bool {
        match &self.material {
            Material::Hs256(_) | Material::Hs384(_) | Material::Hs512(_) => true,
            #[cfg(feature = "asymmetric")]
            Material::Asymmetric(key) => key.can_sign(),
        }
    }

    /// The text that this key's tokens of a type begin with: the header segment and its dot.
    pub(crate) fn header(&self, typ: TokenType) -> &str {
        self.headers.of(typ)
    }

    /// The signature; `None` where this key only verifies, or the library underneath could not
    /// sign.
    pub(crate) fn sign(&self, input: SigningInput<'_>) -> Option<Vec<u8>> {
        match &self.material {
            Material::Hs256(key) => Some(key.sign(input)),
            Material::Hs384(key) => Some(key.sign(input)),
            Material::Hs512(key) => Some(key.sign(input)),
            #[cfg(feature = "asymmetric")]
            Material::Asymmetric(key) => key.sign(input.whole()),
        }
    }

    pub(crate) fn check(&self, input: SigningInput<'_>, signature: &[u8]) -> Result<(), Forged> {
        match &self.material {
            Material::Hs256(key) => key.check(input, signature),
            Material::Hs384(key) => key.check(input, signature),
            Material::Hs512(key) => key.check(input, signature),
            #[cfg(feature = "asymmetric")]
            Material::Asymmetric(key) => key.check(input.whole(), signature),
        }
    }

    /// How long this key's signatures are, in bytes.
    pub(crate) fn signature_length(&self) -> usize {
        match &self.material {
            Material::Hs256(_) => 32,
            Material::Hs384(_) => 48,
            Material::Hs512(_) => 64,
            #[cfg(feature = "asymmetric")]
            Material::Asymmetric(key) => key.signature_length(),
        }
    }

    /// The HMAC secret; `None` for a key of another kind.
    pub(crate) fn secret(&self) -> Option<&[u8]> {
        match &self.material {
            Material::Hs256(key) => Some(key.secret()),
            Material::Hs384(key) => Some(key.secret()),
            Material::Hs512(key) => Some(key.secret()),
            #[cfg(feature = "asymmetric")]
            Material::Asymmetric(_) => None,
        }
    }

    #[cfg(feature = "asymmetric")]
    pub(crate) fn pair(&self) -> Option<&AsymmetricKey> {
        match &self.material {
            Material::Asymmetric(key) => Some(key),
            _ => None,
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// The header segments that a key writes, each with its dot.
struct Headers(PerKind<Box<str>>);

impl Headers {
    fn new(id: &KeyId, algorithm: Algorithm) -> Self {
        let segment = |typ: TokenType| {
            // Neither value can hold a character that JSON escapes: `KeyId` and the constants see
            // to that.
            let json = format!(r#"{{"alg":"{algorithm}","typ":"{}","kid":"{id}"}}"#, typ.as_str());
            let mut segment = base64url::encode(json.as_bytes());
            segment.push('.');
            segment.into_boxed_str()
        };
        Self(PerKind::from_fn(segment))
    }

    fn of(&self, typ: TokenType) -> &str {
        self.0.of(typ)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(all(wycheproof, feature = "asymmetric"))]
    mod wycheproof;

    fn key(algorithm: Algorithm) -> Key {
        let secret: Vec<u8> = (0..64_u8).map(|byte| byte.wrapping_mul(59) ^ 0x17).collect();
        Key::hmac(KeyId::parse("k").unwrap(), algorithm, &secret).unwrap()
    }

    /// The states that stand after a header must say what the plain MAC over the whole says, at
    /// every split of a hash block.
    #[test]
    fn a_head_start_changes_no_signature() {
        for algorithm in [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512] {
            let key = key(algorithm);
            for typ in TokenType::ALL {
                for length in 0..200 {
                    let payload = vec![b'x'; length];
                    let whole = [key.header(typ).as_bytes(), &payload].concat();
                    let plain = key.sign(SigningInput::Whole(&whole)).unwrap();
                    for first_claims in [&b"x".repeat(70)[..], b"another site's"] {
                        let input = SigningInput::AfterHeader {
                            typ,
                            first_claims,
                            whole: &whole,
                            payload: &payload,
                        };
                        assert_eq!(key.sign(input).unwrap(), plain, "{algorithm} {typ:?} {length}");
                        assert!(key.check(input, &plain).is_ok());
                        assert!(key.check(input, &plain[1..]).is_err());
                    }
                }
            }
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", key(Algorithm::Hs256));
        assert_eq!(shown, r#"Key { id: "k", algorithm: Hs256, .. }"#);
    }
}
