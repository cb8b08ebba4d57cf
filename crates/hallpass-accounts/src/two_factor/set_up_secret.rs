//! The key of a second factor during set-up: derived, not stored.
//!
//! The key that `GET /account/two-factor` shows must be the same when the first code is sent. If it
//! were stored, a `GET` would write, and there would be one key per account: a person who had
//! access to the account before its owner would have seen the key that the owner turns on later.
//! Therefore the key is derived from an encryption key of the ring, and from
//!
//! - the account and the **session**: another session of the same account is shown another key;
//! - the token generation: after the factor was turned off, the next set-up has a new key;
//! - the password's hash, with its salt: with a leaked encryption key alone, the key cannot be
//!   computed without the store.
//!
//! The first right code turns the factor on. The key is then encrypted and stored, and no longer
//! derived.

use hallpass_core::TotpSecret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::account::Account;

/// Returns the keys that a set-up page may have shown to this session, first the key to show. There
/// is one per encryption key, because the ring may be replaced between the page and its code.
pub(crate) fn set_up_secrets<'k>(
    encryption_keys: impl Iterator<Item = &'k [u8; 32]>,
    account: &Account,
    session: Option<&str>,
) -> impl Iterator<Item = TotpSecret> {
    encryption_keys.map(move |key| set_up_secret(key, account, session))
}

/// Computes HMAC-SHA-256 as a pseudo-random function (NIST SP 800-108), cut to the 160 bits that
/// RFC 4226 section 4 recommends.
fn set_up_secret(key: &[u8; 32], account: &Account, session: Option<&str>) -> TotpSecret {
    let generation = account.numbers().revoked_below.to_be_bytes();
    let parts = [
        account.id().as_str().as_bytes(),
        session.unwrap_or_default().as_bytes(),
        &generation,
        account.password_hash().as_bytes(),
    ];
    // HMAC pads a key with zeros to its block (RFC 2104 section 2); a whole block cannot be of a
    // wrong length.
    let mut block = Zeroizing::new([0; 64]);
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(b"hallpass two-factor set-up\0");
    for part in parts {
        // With its length, so that two different lists of parts never form the same text.
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    let output = Zeroizing::new(<[u8; 32]>::from(mac.finalize().into_bytes()));
    let mut secret = Zeroizing::new([0; 20]);
    secret.iter_mut().zip(output.iter()).for_each(|(to, from)| *to = *from);
    TotpSecret::from_random(*secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::username::Username;
    use crate::account::{AccountId, AccountNumbers};

    fn account(id: &str, hash: &str, generation: u32) -> Account {
        let name = Username::parse("alice").unwrap();
        Account::new(AccountId::new(id), name, hash)
            .with_numbers(AccountNumbers { revoked_below: generation, ..AccountNumbers::default() })
    }

    fn shown(key: u8, account: &Account, session: Option<&str>) -> Vec<u8> {
        set_up_secret(&[key; 32], account, session).as_bytes().to_vec()
    }

    #[test]
    fn the_same_page_shows_the_same_key() {
        let alice = account("1", "hash", 3);
        assert_eq!(shown(7, &alice, Some("a")), shown(7, &alice, Some("a")));
        assert_eq!(shown(7, &alice, Some("a")).len(), 20);
    }

    #[test]
    fn each_input_changes_the_key() {
        let alice = account("1", "hash", 3);
        let keys = [
            shown(7, &alice, Some("a")),
            shown(8, &alice, Some("a")),
            shown(7, &alice, Some("b")),
            shown(7, &alice, None),
            shown(7, &account("2", "hash", 3), Some("a")),
            shown(7, &account("1", "hash", 4), Some("a")),
            shown(7, &account("1", "other", 3), Some("a")),
            shown(7, &account("1a", "hash", 3), Some("")),
        ];
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }

    #[test]
    fn every_encryption_key_is_tried_the_one_in_use_first() {
        let alice = account("1", "hash", 0);
        let keys = [[1; 32], [2; 32]];
        let secrets: Vec<_> = set_up_secrets(keys.iter(), &alice, None)
            .map(|secret| secret.as_bytes().to_vec())
            .collect();
        assert_eq!(secrets, [shown(1, &alice, None), shown(2, &alice, None)]);
    }
}
