//! Recognition of keys that everybody can make: the keys of a constant seed.
//!
//! Examples and tests write `KeyRing::generate_hs256([7; 32], now)`. A site that copies such a line
//! signs with a key that is the same everywhere. A ring cannot be refused when it is made, because
//! tests need known keys, so a site refuses it at the start: tested by
//! `placeholder_keys_do_not_start` of the facade. [HMAC secrets](crate::keys::secret_check) that are
//! published or regular are refused earlier, when they are read.

use crate::{
    keys::{
        key::Key, key_id::KeyId, key_maker::KeyMaker, key_ring::KeyRing, secret_check::is_regular,
    },
    time::unix_time::UnixTime,
};

impl KeyRing {
    /// Returns the name of a key that is not secret: one that was derived from 32 equal bytes, as
    /// examples and tests do, or a secret of fewer than 12 different bytes. A service must not use
    /// such a ring.
    ///
    /// ```
    /// use hallpass_core::{KeyRing, UnixTime};
    ///
    /// let ring = KeyRing::generate_hs256([7; 32], UnixTime::from_secs(0));
    /// assert_eq!(ring.placeholder(), ring.active().map(|key| key.id()));
    /// ```
    pub fn placeholder(&self) -> Option<&KeyId> {
        let signing = self.keys().map(|entry| (entry.key().id(), private_bytes(entry.key())));
        let stored = self.stored_encryption_keys().iter().chain(self.stored_peppers());
        let stored = stored.map(|secret| (&secret.id, Some(secret.key.to_vec())));
        let secrets: Vec<(&KeyId, zeroize::Zeroizing<Vec<u8>>)> = signing
            .chain(stored)
            .filter_map(|(id, secret)| Some((id, zeroize::Zeroizing::new(secret?))))
            .collect();
        let regular = secrets.iter().find(|(_, secret)| is_regular(secret));
        let derived = || {
            (0..=u8::MAX).find_map(|byte| {
                let known = KeyMaker::new([byte; 32], UnixTime::from_secs(0)).secrets();
                secrets
                    .iter()
                    .find(|(_, secret)| known.iter().any(|known| known.starts_with(secret)))
            })
        };
        regular.or_else(derived).map(|(id, _)| *id)
    }
}

/// Returns the secret of an HMAC key, or the private number of an asymmetric key.
fn private_bytes(key: &Key) -> Option<Vec<u8>> {
    #[cfg(feature = "asymmetric")]
    if let Some(pair) = key.pair() {
        return pair.private_part().map(|private| private.to_vec());
    }
    key.secret().map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A seed that no test of a placeholder recognises.
    fn seed() -> [u8; 32] {
        std::array::from_fn(|place| (place as u8).wrapping_mul(37) ^ 0x6b)
    }

    #[test]
    fn keys_of_constant_seeds_are_placeholders() {
        let now = UnixTime::from_secs(1_764_000_000);
        for byte in [0, 1, 7, 0x5a, 255] {
            let ring = KeyRing::generate_hs256([byte; 32], now);
            assert_eq!(ring.placeholder(), ring.active().map(Key::id), "{byte}");
            let read = KeyRing::from_json(&ring.to_json()).unwrap();
            assert_eq!(read.placeholder(), ring.placeholder());
        }
        let random = KeyRing::generate_hs256(seed(), now);
        assert_eq!(random.placeholder(), None);
        let rotated = random.rotated([7; 32], now, std::time::Duration::ZERO).unwrap();
        assert_eq!(rotated.placeholder(), rotated.active().map(Key::id));
        assert!(random.rotate_encryption([7; 32], now).placeholder().is_some());
        assert!(random.with_new_pepper([7; 32], now).placeholder().is_some());
        let text = random.to_json().replace(
            "\"use\":\"enc\",\"k\":\"",
            "\"use\":\"enc\",\"k\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"unused\":\"",
        );
        assert!(KeyRing::from_json(&text).unwrap().placeholder().is_some());
    }

    #[cfg(feature = "asymmetric")]
    #[test]
    fn asymmetric_keys_of_constant_seeds_are_placeholders() {
        use crate::keys::algorithm::Algorithm;

        let now = UnixTime::from_secs(0);
        for algorithm in [Algorithm::Hs384, Algorithm::Hs512, Algorithm::EdDsa] {
            let ring = KeyRing::generate(algorithm, [9; 32], now).unwrap();
            assert_eq!(ring.placeholder(), ring.active().map(Key::id), "{algorithm}");
            assert_eq!(KeyRing::generate(algorithm, seed(), now).unwrap().placeholder(), None);
        }
        let id = KeyId::parse("a").unwrap();
        let raw = KeyRing::signing_with(Key::ed25519(id, &[7; 32]).unwrap()).unwrap();
        assert!(raw.placeholder().is_some());
        // aws-lc draws ECDSA keys itself, and a public key has no secret.
        let ecdsa = KeyRing::generate(Algorithm::Es256, seed(), now).unwrap();
        assert_eq!(ecdsa.placeholder(), None);
        assert_eq!(KeyRing::from_jwks(&raw.to_jwks()).unwrap().placeholder(), None);
    }
}
