//! Creation of new keys from 32 random bytes of the caller.
//!
//! Each key and each name is derived from the seed by HMAC-SHA512 with its own label. The derived
//! values reveal nothing about each other, so a few derived bytes can be part of the key's public
//! name.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;
use zeroize::Zeroizing;

use crate::{
    keys::{algorithm::Algorithm, error::KeyError, key::Key, key_id::KeyId},
    time::unix_time::UnixTime,
};

pub(crate) struct KeyMaker {
    random: Zeroizing<[u8; 32]>,
    now: UnixTime,
}

impl KeyMaker {
    pub(crate) fn new(random: [u8; 32], now: UnixTime) -> Self {
        Self { random: Zeroizing::new(random), now }
    }

    /// Creates a key of this algorithm. RSA keys are not created, because hallpass signs nothing
    /// with them.
    pub(crate) fn key(&self, algorithm: Algorithm) -> Result<Key, KeyError> {
        let id = self.name("key name");
        match algorithm {
            Algorithm::Hs256 => Ok(self.hs256()),
            Algorithm::Hs384 | Algorithm::Hs512 => {
                let length = algorithm.shortest_secret().unwrap_or(64);
                let secret = self.derived("signing key");
                Key::hmac(id, algorithm, secret.get(..length).unwrap_or_default())
            }
            #[cfg(feature = "asymmetric")]
            Algorithm::EdDsa => Key::ed25519(id, &self.first_half("signing key")),
            #[cfg(feature = "asymmetric")]
            Algorithm::Es256 | Algorithm::Es384 => Key::generate_ecdsa(id, algorithm),
            _ => Err(KeyError::WrongAlgorithm(algorithm)),
        }
    }

    pub(crate) fn hs256(&self) -> Key {
        Key::of_derived_secret(self.name("key name"), &self.first_half("signing key"))
    }

    pub(crate) fn encryption_key(&self) -> (KeyId, Zeroizing<[u8; 32]>) {
        (self.name("encryption key name"), self.first_half("encryption key"))
    }

    pub(crate) fn pepper(&self) -> (KeyId, Zeroizing<[u8; 32]>) {
        (self.name("pepper name"), self.first_half("pepper"))
    }

    /// Returns the secrets that are derived from the seed, of which the keys are the beginnings.
    pub(crate) fn secrets(&self) -> [Zeroizing<[u8; 64]>; 3] {
        ["signing key", "encryption key", "pepper"].map(|label| self.derived(label))
    }

    /// Returns a name of the day and eight hexadecimal digits. The day shows an operator the age of
    /// the key, and the digits distinguish two keys of one day.
    fn name(&self, label: &str) -> KeyId {
        let (year, month, day) = civil_day(self.now.as_secs());
        let derived = self.derived(label);
        let [a, b, c, d, ..] = *derived;
        KeyId::of_trusted(format!("{year:04}{month:02}{day:02}-{a:02x}{b:02x}{c:02x}{d:02x}"))
    }

    fn first_half(&self, label: &str) -> Zeroizing<[u8; 32]> {
        let whole = self.derived(label);
        Zeroizing::new(std::array::from_fn(|place| whole.get(place).copied().unwrap_or_default()))
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length (RFC 2104, section 2)")]
    fn derived(&self, label: &str) -> Zeroizing<[u8; 64]> {
        let mac = Hmac::<Sha512>::new_from_slice(&*self.random).expect("a key of 32 bytes");
        Zeroizing::new(
            mac.chain_update("hallpass ").chain_update(label).finalize().into_bytes().into(),
        )
    }
}

/// Returns year, month and day in the proleptic Gregorian calendar, by Howard Hinnant's algorithm
/// `civil_from_days`.
fn civil_day(seconds: u64) -> (u64, u64, u64) {
    let days = seconds / 86_400 + 719_468; // days from 0000-03-01 to 1970-01-01
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153; // March is 0
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_day_converts_unix_seconds_to_dates() {
        for (seconds, day) in [
            (0, (1970, 1, 1)),
            (951_782_399, (2000, 2, 28)),
            (951_782_400, (2000, 2, 29)),
            (951_868_800, (2000, 3, 1)),
            (1_795_478_400, (2026, 11, 24)),
            (4_107_542_400, (2100, 3, 1)),
            (253_402_300_799, (9999, 12, 31)),
        ] {
            assert_eq!(civil_day(seconds), day);
        }
    }

    #[test]
    fn keys_and_names_of_one_seed_are_unrelated() {
        let maker = KeyMaker::new([7; 32], UnixTime::from_secs(1_795_478_400));
        let (encrypting_name, encryption) = maker.encryption_key();
        let signing = maker.hs256();
        assert_ne!(signing.secret().unwrap(), &*encryption);
        assert_ne!(signing.id(), &encrypting_name);
        assert!(signing.id().as_str().starts_with("20261124-"), "{}", signing.id());
        let hex = signing.id().as_str().split_once('-').unwrap().1;
        let leaked = signing.secret().unwrap().windows(4).any(|part| {
            format!("{:02x}{:02x}{:02x}{:02x}", part[0], part[1], part[2], part[3]) == hex
        });
        assert!(!leaked);
    }

    #[cfg(feature = "asymmetric")]
    #[test]
    fn key_maker_makes_every_signing_algorithm() {
        let maker = KeyMaker::new([9; 32], UnixTime::from_secs(0));
        for algorithm in Algorithm::ALL {
            let signs = !matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256);
            assert_eq!(maker.key(algorithm).is_ok_and(|key| key.can_sign()), signs, "{algorithm}");
        }
    }
}
