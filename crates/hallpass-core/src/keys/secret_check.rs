//! Refusal of HMAC secrets that an attacker can guess.
//!
//! An attacker with one token can try billions of secrets per second offline. The length is checked
//! first. This module also refuses long secrets that are published (documentation, starter
//! templates) or regular. The list of published secrets is deliberately short: it contains those of
//! the documentation that people copy from.

use crate::keys::{algorithm::Algorithm, error::KeyError};

/// Refuses a secret that is too short, published or regular, or that is a key file.
pub(crate) fn check_secret(
    algorithm: Algorithm,
    needed: usize,
    secret: &[u8],
) -> Result<(), KeyError> {
    if looks_like_key_file(secret) {
        return Err(KeyError::KeyFileAsSecret);
    }
    if secret.len() < needed {
        return Err(KeyError::SecretTooShort { algorithm, needed, found: secret.len() });
    }
    if is_regular(secret) || is_published(secret) {
        return Err(KeyError::Placeholder);
    }
    Ok(())
}

/// Returns whether the bytes are a key file: PEM, SSH and PGP by their first characters, JWK by its
/// required member, DER by its structure.
///
/// A random secret must never match: a key that the ring generated must be accepted when its file
/// is read again.
fn looks_like_key_file(secret: &[u8]) -> bool {
    let text = secret.trim_ascii_start();
    let begins = |prefix: &&[u8]| text.starts_with(prefix);
    let is_jwk = text.starts_with(b"{") && text.windows(5).any(|part| part == b"\"kty\"");
    KEY_FILE_BEGINNINGS.iter().any(begins) || is_jwk || is_der_key(secret)
}

/// Returns whether the bytes are a DER key: a SEQUENCE whose length covers exactly the rest (X.690
/// section 8.1.3). It contains an algorithm (RFC 5280 section 4.1), a version (RFC 5958 section 2)
/// or a modulus (RFC 8017 appendix A.1.1).
fn is_der_key(bytes: &[u8]) -> bool {
    let (length, content) = match *bytes {
        [0x30, length @ ..=0x7f, ref content @ ..] => (usize::from(length), content),
        [0x30, 0x81, length, ref content @ ..] => (usize::from(length), content),
        [0x30, 0x82, high, low, ref content @ ..] => {
            (usize::from(u16::from_be_bytes([high, low])), content)
        }
        _ => return false,
    };
    length == content.len()
        && matches!(
            *content,
            [0x30, _, 0x06, ..] | [0x02, 0x01, 0x00, ..] | [0x02, 0x81 | 0x82, ..]
        )
}

/// Returns whether the secret has fewer than [`FEWEST_DISTINCT`] different bytes, or repeats one
/// piece of at most half its length.
pub(crate) fn is_regular(secret: &[u8]) -> bool {
    let mut seen = [false; 256];
    for byte in secret {
        if let Some(slot) = seen.get_mut(usize::from(*byte)) {
            *slot = true;
        }
    }
    let distinct = seen.iter().filter(|seen| **seen).count();
    let repeats = |period: usize| {
        secret.iter().skip(period).zip(secret).all(|(later, earlier)| later == earlier)
    };
    distinct < FEWEST_DISTINCT || (1..=secret.len() / 2).any(repeats)
}

/// Returns whether the secret begins with a published secret. Case, white space and punctuation are
/// ignored.
fn is_published(secret: &[u8]) -> bool {
    let folded: Vec<u8> = secret
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(u8::to_ascii_lowercase)
        .collect();
    PUBLISHED.iter().any(|published| folded.starts_with(published.as_bytes()))
}

const KEY_FILE_BEGINNINGS: [&[u8]; 6] =
    [b"-----BEGIN", b"---- BEGIN", b"ssh-", b"ecdsa-sha2-", b"sk-ssh-", b"sk-ecdsa-"];

/// Minimum number of different bytes. Of 10^9 sets of 32 random bytes, about one has fewer than
/// sixteen different values.
const FEWEST_DISTINCT: usize = 12;

/// Lower case, letters and digits only.
const PUBLISHED: [&str; 20] = [
    "astringsecretatleast256bitslong", // jwt.io
    "your256bitsecret",                // jwt.io before 2025
    "your384bitsecret",
    "your512bitsecret",
    "yoursecret",
    "yoursupersecret",
    "yourjwtsecret",
    "mysecret",
    "mysupersecret",
    "secretkey",
    "secretsecret",
    "supersecret", // Supabase: super-secret-jwt-token-with-…
    "changeme",
    "changethis",
    "replaceme",
    "pleasechange",
    "thisisasecret",
    "thisismysecret",
    "0123456789abcdef",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7", // FastAPI's tutorial
];

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(secret: &[u8]) -> Option<KeyError> {
        check_secret(Algorithm::Hs256, 32, secret).err()
    }

    #[test]
    fn minimum_secret_length_is_exact_in_bytes() {
        let random: Vec<u8> = (0..32_u8).map(|i| i.wrapping_mul(37) ^ 0x6b).collect();
        assert_eq!(refused(&random), None);
        assert!(matches!(
            refused(&random[..31]),
            Some(KeyError::SecretTooShort { needed: 32, found: 31, .. })
        ));
        assert!(matches!(refused(b""), Some(KeyError::SecretTooShort { found: 0, .. })));
    }

    #[test]
    fn placeholder_secrets_are_refused_in_every_spelling() {
        for secret in [
            "a-string-secret-at-least-256-bits-long",
            "your-256-bit-secret-your-256-bit-secret",
            "super-secret-jwt-token-with-at-least-32-characters-long",
            "CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME!",
            "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
            "0123456789abcdef0123456789abcdef",
            "00000000000000000000000000000000",
            "abcabcabcabcabcabcabcabcabcabcabc",
            "q7!xWm2$kP9vq7!xWm2$kP9vq7!xWm2$kP9v",
        ] {
            assert_eq!(refused(secret.as_bytes()), Some(KeyError::Placeholder), "{secret}");
        }
    }

    /// One of 256 random secrets begins like a JWK, and one of 65,536 like DER of its length.
    #[test]
    fn random_secrets_are_not_taken_for_key_files() {
        for beginning in [
            b"{".as_slice(),
            b" {",
            b"\n\t",
            &[0x30, 0x1e],
            &[0x30, 0x1e, 0x30],
            &[0x30, 0x1e, 0x02],
        ] {
            let random =
                (0..32_u8).map(|place| place.wrapping_mul(37) ^ 0x6b).skip(beginning.len());
            let secret: Vec<u8> = beginning.iter().copied().chain(random).collect();
            assert_eq!(refused(&secret), None, "{beginning:x?}");
        }
    }

    #[test]
    fn key_files_are_refused_as_secrets() {
        let der = |beginning: &[u8], length: usize| {
            let filling = (0..length).map(|place| (place * 91 % 251) as u8);
            beginning.iter().copied().chain(filling).collect::<Vec<u8>>()
        };
        for secret in [
            b"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE".as_slice(),
            b"\n  -----BEGIN RSA PUBLIC KEY-----\nMIIBCgKCAQEA",
            b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGf0",
            b"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY",
            b"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS\"}",
            // SubjectPublicKeyInfo of an Ed25519 key.
            &der(&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03], 38),
            &der(&[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30], 42), // its PKCS#8
            // SubjectPublicKeyInfo of an RSA key.
            &der(&[0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06], 287),
            &der(&[0x30, 0x82, 0x01, 0x0a, 0x02, 0x82], 264), // its PKCS#1
        ] {
            assert_eq!(
                refused(secret),
                Some(KeyError::KeyFileAsSecret),
                "{:?}",
                String::from_utf8_lossy(secret)
            );
        }
    }
}
