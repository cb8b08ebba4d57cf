//! Ed25519, ECDSA and RSA keys, by aws-lc-rs, parsed once.
//!
//! The verifiers of jsonwebtoken are not used, because they parse the public key again for each
//! token and take the signature as a `Vec`. The `rsa` crate is not a dependency either
//! (RUSTSEC-2023-0071). RSA verifies the tokens of other issuers and signs nothing.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
        ECDSA_P384_SHA384_FIXED_SIGNING, ED25519, EcdsaKeyPair, EcdsaSigningAlgorithm,
        Ed25519KeyPair, KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
        RSA_PSS_2048_8192_SHA256, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm,
    },
};
use zeroize::Zeroizing;

use crate::keys::{algorithm::Algorithm, ed25519_points, error::KeyError, signature::Forged};

pub(crate) struct AsymmetricKey {
    algorithm: Algorithm,
    public: ParsedPublicKey,
    parts: PublicParts,
    pair: Option<Pair>,
}

/// The public numbers in the encoding of a JWK (RFC 7518 section 6, RFC 8037 section 2),
/// big-endian.
pub(crate) enum PublicParts {
    /// The point of an Ed25519 key, 32 bytes.
    Okp { x: Vec<u8> },
    /// The coordinates of an ECDSA key, each as long as the curve's field.
    Ec { x: Vec<u8>, y: Vec<u8> },
    /// The modulus and the exponent of an RSA key, without leading zeros.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl PublicParts {
    /// Returns the numbers in the order of the declaration, each preceded by its length as 8 bytes.
    pub(crate) fn listed(&self) -> Vec<u8> {
        let (first, second) = match self {
            Self::Okp { x } => (x, None),
            Self::Ec { x, y } => (x, Some(y)),
            Self::Rsa { n, e } => (n, Some(e)),
        };
        let numbers = [first].into_iter().chain(second);
        numbers
            .flat_map(|number| [&(number.len() as u64).to_be_bytes()[..], number].concat())
            .collect()
    }
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair),
}

impl AsymmetricKey {
    /// Creates a key that only verifies.
    pub(crate) fn from_public(algorithm: Algorithm, parts: PublicParts) -> Result<Self, KeyError> {
        let malformed = || KeyError::Malformed(algorithm);
        let public = match (algorithm, &parts) {
            (Algorithm::EdDsa, PublicParts::Okp { x }) => {
                ed25519_points::refuse_unsound_key(x).map_err(|_| malformed())?;
                ParsedPublicKey::new(&ED25519, x).map_err(|_| malformed())?
            }
            (Algorithm::Es256 | Algorithm::Es384, PublicParts::Ec { x, y }) => {
                let (_, verifying, length) = curve(algorithm).ok_or_else(malformed)?;
                if x.len() != length || y.len() != length {
                    return Err(malformed());
                }
                ParsedPublicKey::new(verifying, [&[UNCOMPRESSED], x.as_slice(), y].concat())
                    .map_err(|_| malformed())?
            }
            (Algorithm::Rs256, PublicParts::Rsa { n, e }) => {
                rsa(&RSA_PKCS1_2048_8192_SHA256, n, e).ok_or_else(malformed)?
            }
            (Algorithm::Ps256, PublicParts::Rsa { n, e }) => {
                rsa(&RSA_PSS_2048_8192_SHA256, n, e).ok_or_else(malformed)?
            }
            _ => return Err(KeyError::WrongAlgorithm(algorithm)),
        };
        Ok(Self { algorithm, public, parts, pair: None })
    }

    /// Creates the Ed25519 key pair of a seed (RFC 8032 section 5.1.5).
    pub(crate) fn from_ed25519_seed(seed: &[u8]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed)
            .map_err(|_| KeyError::Malformed(Algorithm::EdDsa))?;
        Self::from_ed25519_pair(pair)
    }

    fn from_ed25519_pair(pair: Ed25519KeyPair) -> Result<Self, KeyError> {
        let parts = PublicParts::Okp { x: pair.public_key().as_ref().to_vec() };
        let public = Self::from_public(Algorithm::EdDsa, parts)?;
        Ok(Self { pair: Some(Pair::Ed25519(pair)), ..public })
    }

    fn from_ecdsa_pair(algorithm: Algorithm, pair: EcdsaKeyPair) -> Result<Self, KeyError> {
        let (_, _, length) = curve(algorithm).ok_or(KeyError::WrongAlgorithm(algorithm))?;
        let point = pair.public_key().as_ref();
        let (x, y) = point
            .strip_prefix(&[UNCOMPRESSED])
            .and_then(|coordinates| coordinates.split_at_checked(length))
            .ok_or(KeyError::Malformed(algorithm))?;
        let parts = PublicParts::Ec { x: x.to_vec(), y: y.to_vec() };
        let public = Self::from_public(algorithm, parts)?;
        Ok(Self { pair: Some(Pair::Ecdsa(pair)), ..public })
    }

    /// Creates a new ECDSA key pair. The random bytes come from aws-lc, which also draws its own
    /// for each ECDSA signature.
    pub(crate) fn generate_ecdsa(algorithm: Algorithm) -> Result<Self, KeyError> {
        let (signing, _, _) = curve(algorithm).ok_or(KeyError::WrongAlgorithm(algorithm))?;
        let pair = EcdsaKeyPair::generate(signing).map_err(|_| KeyError::Malformed(algorithm))?;
        Self::from_ecdsa_pair(algorithm, pair)
    }

    /// Creates a key pair from its two halves, which must belong together.
    pub(crate) fn from_private(
        algorithm: Algorithm,
        parts: PublicParts,
        private: &[u8],
    ) -> Result<Self, KeyError> {
        let malformed = |_| KeyError::Malformed(algorithm);
        match &parts {
            PublicParts::Okp { x } => {
                let pair =
                    Ed25519KeyPair::from_seed_and_public_key(private, x).map_err(malformed)?;
                let public = Self::from_public(algorithm, parts)?;
                Ok(Self { pair: Some(Pair::Ed25519(pair)), ..public })
            }
            PublicParts::Ec { x, y } => {
                let (signing, _, _) =
                    curve(algorithm).ok_or(KeyError::WrongAlgorithm(algorithm))?;
                let point = [&[UNCOMPRESSED], x.as_slice(), y].concat();
                let pair = EcdsaKeyPair::from_private_key_and_public_key(signing, private, &point)
                    .map_err(malformed)?;
                Self::from_ecdsa_pair(algorithm, pair)
            }
            PublicParts::Rsa { .. } => Err(KeyError::WrongAlgorithm(algorithm)),
        }
    }

    /// Reads a key pair from a PKCS#8 document (RFC 5958).
    pub(crate) fn from_pkcs8(algorithm: Algorithm, document: &[u8]) -> Result<Self, KeyError> {
        let malformed = |_| KeyError::Malformed(algorithm);
        match curve(algorithm) {
            Some((signing, ..)) => {
                let pair = EcdsaKeyPair::from_pkcs8(signing, document).map_err(malformed)?;
                Self::from_ecdsa_pair(algorithm, pair)
            }
            None if algorithm == Algorithm::EdDsa => Self::from_ed25519_pair(
                Ed25519KeyPair::from_pkcs8_maybe_unchecked(document).map_err(malformed)?,
            ),
            None => Err(KeyError::WrongAlgorithm(algorithm)),
        }
    }

    pub(crate) fn can_sign(&self) -> bool {
        self.pair.is_some()
    }

    /// Returns the length of a signature, in bytes. It is two coordinates (ECDSA), a point and a
    /// scalar (Ed25519), or a number below the modulus (RSA); see RFC 7518 sections 3.3 to 3.5 and
    /// RFC 8032.
    pub(crate) fn signature_length(&self) -> usize {
        match &self.parts {
            PublicParts::Okp { x } | PublicParts::Ec { x, .. } => 2 * x.len(),
            PublicParts::Rsa { n, .. } => n.len(),
        }
    }

    pub(crate) fn public_parts(&self) -> &PublicParts {
        &self.parts
    }

    /// Returns the private number, the `d` of a JWK, or `None` for a key that only verifies.
    pub(crate) fn private_part(&self) -> Option<Zeroizing<Vec<u8>>> {
        use aws_lc_rs::encoding::{AsBigEndian, Curve25519SeedBin, EcPrivateKeyBin};

        match self.pair.as_ref()? {
            Pair::Ed25519(pair) => {
                let seed: Curve25519SeedBin<'_> = pair.seed().ok()?.as_be_bytes().ok()?;
                Some(Zeroizing::new(seed.as_ref().to_vec()))
            }
            Pair::Ecdsa(pair) => {
                let scalar: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().ok()?;
                Some(Zeroizing::new(scalar.as_ref().to_vec()))
            }
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let signature = match self.pair.as_ref()? {
            Pair::Ed25519(pair) => pair.try_sign(message),
            Pair::Ecdsa(pair) => pair.sign(&SystemRandom::new(), message),
        };
        signature.ok().map(|signature| signature.as_ref().to_vec())
    }

    pub(crate) fn check(&self, message: &[u8], signature: &[u8]) -> Result<(), Forged> {
        if self.algorithm == Algorithm::EdDsa {
            let point = signature.get(..ed25519_points::LENGTH).ok_or(Forged)?;
            ed25519_points::refuse_unsound_point(point).map_err(|_| Forged)?;
        }
        self.public.verify_sig(message, signature).map_err(|_| Forged)
    }
}

type Curve = (&'static EcdsaSigningAlgorithm, &'static dyn VerificationAlgorithm, usize);

/// Returns the signing and the verification algorithm of the curve, and the length of its field in
/// bytes (RFC 7518 section 3.4).
fn curve(algorithm: Algorithm) -> Option<Curve> {
    match algorithm {
        Algorithm::Es256 => Some((&ECDSA_P256_SHA256_FIXED_SIGNING, &ECDSA_P256_SHA256_FIXED, 32)),
        Algorithm::Es384 => Some((&ECDSA_P384_SHA384_FIXED_SIGNING, &ECDSA_P384_SHA384_FIXED, 48)),
        _ => None,
    }
}

/// Parses an RSA public key and checks its numbers. aws-lc-rs checks them only at the first
/// signature, and it accepts an exponent of 1, with which anyone can forge a signature.
fn rsa(parameters: &'static RsaParameters, n: &[u8], e: &[u8]) -> Option<ParsedPublicKey> {
    let is_whole = n.first().is_some_and(|first| *first >= 0x80);
    let is_odd = |number: &[u8]| number.last().is_some_and(|last| last & 1 == 1);
    let is_exponent = is_odd(e) && e.len() <= RSA_EXPONENT_BYTES && e != [1];
    if !RSA_MODULUS_BYTES.contains(&n.len()) || !is_whole || !is_odd(n) || !is_exponent {
        return None;
    }
    RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters).ok()
}

/// The octet before two uncompressed coordinates (SEC 1 section 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// Size of the modulus, in bytes: 2048 to 8192 bits. RFC 7518 section 3.3 requires 2048. Above 8192
/// bits, verification is slow enough for a denial of service.
const RSA_MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// Maximum length of the exponent, in bytes. FIPS 186-5 appendix A.1.1 allows more, but keys in use
/// have at most the 17 bits of 65537, and a long exponent is slow.
const RSA_EXPONENT_BYTES: usize = 4;
