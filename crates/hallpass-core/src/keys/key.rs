//! A key, which is bound to one algorithm.
//!
//! The algorithm is part of the key and never comes from a token. A public key is therefore never
//! used as an HMAC secret, and a token cannot select another algorithm for a key (RFC 8725 section
//! 3.1; CVE-2015-9235). The data for verification is computed once, when the key is loaded. It
//! consists of the header segments that this key writes (bytes to compare with a token), the HMAC
//! key schedule, and the parsed public key.

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
        check_value::CheckValue,
        error::KeyError,
        hmac_key::HmacKey,
        key_id::KeyId,
        key_ring::facts::KeyPurpose,
        secret_check::check_secret,
        signature::{Forged, PerKind, SigningInput, TokenType},
    },
};

/// A key for exactly one algorithm. Its name is the `kid` of the tokens that it signs.
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
    /// Creates a key that signs and verifies with one secret: HS256, HS384 or HS512.
    ///
    /// # Errors
    /// Returns an error in these cases: the secret is shorter than the output of the hash function
    /// (32, 48 or 64 bytes); the secret is a published placeholder; the secret is the text of a key
    /// file; or the algorithm is not an HMAC algorithm.
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

    /// Creates an HS256 key from a secret that this crate derived and that therefore needs no
    /// check.
    pub(crate) fn of_derived_secret(id: KeyId, secret: &[u8; 32]) -> Self {
        let headers = Headers::new(&id, Algorithm::Hs256);
        let key = HmacKey::new(Zeroizing::new(Box::from(*secret)), |typ| headers.of(typ));
        Self { id, algorithm: Algorithm::Hs256, headers, material: Material::Hs256(key) }
    }

    /// Creates an Ed25519 key pair from a seed of 32 random bytes.
    ///
    /// # Errors
    /// Returns an error if aws-lc-rs rejects the seed.
    #[cfg(feature = "asymmetric")]
    pub fn ed25519(id: KeyId, seed: &[u8; 32]) -> Result<Self, KeyError> {
        Ok(Self::asymmetric(id, Algorithm::EdDsa, AsymmetricKey::from_ed25519_seed(seed)?))
    }

    /// Creates a new ES256 or ES384 key pair. The random bytes come from aws-lc, which also
    /// generates new random bytes for each ECDSA signature.
    ///
    /// # Errors
    /// Returns an error if the algorithm is not ES256 or ES384.
    #[cfg(feature = "asymmetric")]
    pub fn generate_ecdsa(id: KeyId, algorithm: Algorithm) -> Result<Self, KeyError> {
        Ok(Self::asymmetric(id, algorithm, AsymmetricKey::generate_ecdsa(algorithm)?))
    }

    #[cfg(feature = "asymmetric")]
    pub(crate) fn asymmetric(id: KeyId, algorithm: Algorithm, key: AsymmetricKey) -> Self {
        let headers = Headers::new(&id, algorithm);
        Self { id, algorithm, headers, material: Material::Asymmetric(key) }
    }

    /// Returns the key's name (`kid`).
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// Returns the algorithm that this key is bound to.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns whether this key can sign. A key that cannot sign only verifies.
    pub fn can_sign(&self) -> bool {
        match &self.material {
            Material::Hs256(_) | Material::Hs384(_) | Material::Hs512(_) => true,
            #[cfg(feature = "asymmetric")]
            Material::Asymmetric(key) => key.can_sign(),
        }
    }

    /// Returns the check value, by which two nodes find out whether they have the same key. Both
    /// halves of an asymmetric key and its public half alone have the same value.
    pub fn check_value(&self) -> CheckValue {
        let of =
            |key: &[u8]| CheckValue::of(key, KeyPurpose::Signature, Some(self.algorithm), &self.id);
        match &self.material {
            Material::Hs256(key) => of(key.secret()),
            Material::Hs384(key) => of(key.secret()),
            Material::Hs512(key) => of(key.secret()),
            #[cfg(feature = "asymmetric")]
            Material::Asymmetric(key) => of(&key.public_parts().listed()),
        }
    }

    /// Returns the text that this key's tokens of a type begin with: the header segment and its
    /// dot.
    pub(crate) fn header(&self, typ: TokenType) -> &str {
        self.headers.of(typ)
    }

    /// Returns the signature, or `None` if this key only verifies or if aws-lc-rs could not sign.
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

    /// Returns the length of this key's signatures, in bytes.
    pub(crate) fn signature_length(&self) -> usize {
        match &self.material {
            Material::Hs256(_) => 32,
            Material::Hs384(_) => 48,
            Material::Hs512(_) => 64,
            #[cfg(feature = "asymmetric")]
            Material::Asymmetric(key) => key.signature_length(),
        }
    }

    /// Returns the HMAC secret, or `None` for a key of another kind.
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
            // Neither value can contain a character that JSON escapes: `KeyId` and the constants
            // exclude it.
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

    /// The stored states after a header must give the same MAC as a computation over the whole
    /// input, at every position in a hash block.
    #[test]
    fn hmac_head_start_gives_the_same_signature() {
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
