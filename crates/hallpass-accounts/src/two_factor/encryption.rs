//! Second-factor secrets at rest: encrypted, so that a copy of the database does not allow a login.
//!
//! Algorithm: XChaCha20-Poly1305 with a key of the ring, a fresh 192-bit nonce (random nonces are
//! safe at that length) and the **account id as associated data**. A blob that is copied to another
//! account's row cannot be decrypted there. The blob contains the name of its key, so that keys can
//! be rotated: an older key still decrypts, and the flow then encrypts again with the key in use. A
//! leaked key decrypts, too, and is used for nothing else ([`KeyRing::decryption_keys`]).
//!
//! ```text
//! 1 | length of key name | key name | nonce (24) | ciphertext and tag
//! ```

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hallpass_core::{KeyId, KeyRing, Role, TotpSecret, TotpSecretError, TotpSettings};
use zeroize::Zeroizing;

use crate::{
    account::AccountId,
    accounts::Accounts,
    error::{AccountsError, AccountsErrorKind},
    random::{NoRandomness, Random, draw},
};

/// A decrypted secret.
pub(crate) struct OpenedSecret {
    pub(crate) secret: TotpSecret,
    /// Whether the key in use is not the one that encrypted it.
    pub(crate) is_outdated: bool,
}

/// Encrypts a secret with the key in use.
pub(crate) fn encrypt(
    ring: &KeyRing,
    account: &AccountId,
    secret: &TotpSecret,
    random: &dyn Random,
) -> Result<Vec<u8>, EncryptionError> {
    let (id, key) = ring.encryption_keys().next().ok_or(EncryptionError::NoKey)?;
    let name = id.as_str().as_bytes();
    let length = u8::try_from(name.len()).map_err(|_| EncryptionError::NoKey)?;
    let nonce: [u8; NONCE] = draw(random)?;
    let payload = Payload { msg: secret.as_bytes(), aad: &associated_data(account) };
    let encrypted = XChaCha20Poly1305::new(key.into())
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| EncryptionError::NoKey)?;
    Ok([&[FORMAT, length], name, &nonce, &encrypted].concat())
}

impl<R: Role> Accounts<R> {
    /// Encrypts the secret of an authenticator that another site set up, for the column
    /// `hallpass_two_factor.encrypted` of this account. The account can then log in with the codes
    /// of that authenticator. A secret of 80 bits needs
    /// [`accept_80_bit_secrets`](TotpSettings::accept_80_bit_secrets).
    ///
    /// # Errors
    /// [`Internal`](AccountsErrorKind::Internal) without an encryption key, and for a secret that
    /// [`Settings::totp`](crate::Settings::totp) does not accept;
    /// [`Unavailable`](AccountsErrorKind::Unavailable) without randomness.
    pub fn encrypt_imported_secret(
        &self,
        account: &AccountId,
        secret: &TotpSecret,
    ) -> Result<Vec<u8>, AccountsError> {
        let accepted = self.settings().totp.secret_from_bytes(secret.as_bytes());
        let accepted = accepted
            .map_err(|error| AccountsError::caused_by(AccountsErrorKind::Internal, error))?;
        let ring = self.issuer().keys().current();
        Ok(encrypt(&ring, account, &accepted, self.random())?)
    }
}

/// Decrypts a blob that [`encrypt`] made for this account. `settings` contain the minimum length of
/// the secret.
pub(crate) fn open(
    ring: &KeyRing,
    account: &AccountId,
    blob: &[u8],
    settings: &TotpSettings,
) -> Result<OpenedSecret, EncryptionError> {
    let (name, nonce, encrypted) = split(blob).ok_or(EncryptionError::Malformed)?;
    let (position, key) = ring
        .decryption_keys()
        .enumerate()
        .find(|(_, (id, _))| **id == name)
        .map(|(position, (_, key))| (position, key))
        .ok_or(EncryptionError::LostKey(name))?;
    let payload = Payload { msg: encrypted, aad: &associated_data(account) };
    let secret = XChaCha20Poly1305::new(key.into())
        .decrypt(&XNonce::from(nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| EncryptionError::Forged)?;
    Ok(OpenedSecret {
        secret: settings.secret_from_bytes(&secret).map_err(EncryptionError::Secret)?,
        is_outdated: position != 0,
    })
}

/// Splits a blob into the name of its key, the nonce and the ciphertext.
fn split(blob: &[u8]) -> Option<(KeyId, [u8; NONCE], &[u8])> {
    let (&[format, length], rest) = blob.split_first_chunk()?;
    let (name, rest) = rest.split_at_checked(usize::from(length))?;
    let (nonce, encrypted) = rest.split_first_chunk()?;
    let name = KeyId::parse(std::str::from_utf8(name).ok()?).ok()?;
    (format == FORMAT).then_some((name, *nonce, encrypted))
}

/// Returns the purpose and the account, so that no other text that was encrypted with the same key
/// is accepted.
fn associated_data(account: &AccountId) -> Vec<u8> {
    [b"hallpass second factor\0", account.as_str().as_bytes()].concat()
}

/// The reason that encryption or decryption failed. For logs.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum EncryptionError {
    #[error("the key ring has no encryption key: add one (\"use\": \"enc\") to the key file")]
    NoKey,
    #[error(
        "the key ring does not have the encryption key `{0}`: add it to the key file again from a backup, or reset the account's second factor"
    )]
    LostKey(KeyId),
    #[error("the encrypted secret is malformed: restore it, or reset the account's second factor")]
    Malformed,
    #[error("the decrypted secret is not accepted")]
    Secret(#[source] TotpSecretError),
    #[error(
        "the encrypted secret was altered or belongs to another account: restore it, or reset the account's second factor"
    )]
    Forged,
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

/// Logs that the secret of an account cannot be decrypted.
pub(crate) fn log_unreadable(account: &AccountId, error: &EncryptionError) {
    tracing::error!(target: "hallpass", %account, %error, "a second factor could not be decrypted");
}

/// Logs that the ring has no encryption key, and returns the error.
pub(crate) fn no_key() -> AccountsError {
    let error = EncryptionError::NoKey;
    tracing::error!(target: "hallpass", %error, "an encryption key is missing");
    error.into()
}

const FORMAT: u8 = 1;
const NONCE: usize = 24;

#[cfg(test)]
mod tests {
    use hallpass_core::UnixTime;

    use super::*;
    use crate::random::SystemRandom;

    fn ring() -> KeyRing {
        KeyRing::generate_hs256([1; 32], UnixTime::from_secs(0))
    }

    fn encrypted(ring: &KeyRing, account: &str) -> Vec<u8> {
        let secret = TotpSecret::from_random([7; 20]);
        encrypt(ring, &AccountId::new(account), &secret, &SystemRandom).unwrap()
    }

    fn opened(
        ring: &KeyRing,
        account: &str,
        blob: &[u8],
    ) -> Result<(Vec<u8>, bool), EncryptionError> {
        open(ring, &AccountId::new(account), blob, &TotpSettings::default())
            .map(|opened| (opened.secret.as_bytes().to_vec(), opened.is_outdated))
    }

    #[test]
    fn a_secret_is_decrypted_for_its_account_only() {
        let ring = ring();
        let blob = encrypted(&ring, "1");
        assert_eq!(opened(&ring, "1", &blob), Ok((vec![7; 20], false)));
        assert_eq!(opened(&ring, "2", &blob), Err(EncryptionError::Forged));
        assert_ne!(blob, encrypted(&ring, "1"), "a nonce is used once");
        assert!(!blob.windows(20).any(|window| window == [7; 20]));
    }

    #[test]
    fn no_byte_can_be_changed_or_cut_off() {
        let ring = ring();
        let blob = encrypted(&ring, "1");
        for position in 0..blob.len() {
            let mut altered = blob.clone();
            altered[position] ^= 1;
            assert!(opened(&ring, "1", &altered).is_err(), "byte {position}");
            assert!(opened(&ring, "1", &blob[..position]).is_err(), "cut at {position}");
        }
    }

    #[test]
    fn an_older_key_decrypts_and_is_outdated() {
        let old = ring();
        let blob = encrypted(&old, "1");
        let new = old.rotate_encryption([2; 32], UnixTime::from_secs(0));
        assert_eq!(opened(&new, "1", &blob), Ok((vec![7; 20], true)));
        assert_eq!(opened(&new, "1", &encrypted(&new, "1")), Ok((vec![7; 20], false)));
        let replaced = old.replace_leaked([2; 32], UnixTime::from_secs(0)).unwrap();
        assert_eq!(opened(&replaced, "1", &blob), Ok((vec![7; 20], true)), "a leaked key decrypts");
        let foreign = KeyRing::generate_hs256([9; 32], UnixTime::from_secs(0));
        let lost = old.encryption_keys().next().unwrap().0.clone();
        let refused = opened(&foreign, "1", &blob).unwrap_err();
        assert!(refused.to_string().contains(lost.as_str()), "{refused}");
        assert_eq!(refused, EncryptionError::LostKey(lost));
    }
}
