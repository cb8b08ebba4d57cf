//! The one-time link with which a person sets a new password.
//!
//! An operator's command creates it, and no password is ever set by an operator. The link is
//! authenticated by a MAC and is not stored when it is created, so a copy of the database contains
//! no link that is still accepted. Its random bytes are stored as a hash when it is used.
//!
//! A link names the account, the numbers of the account and the epoch of the site at its creation.
//! Each change that revokes tokens raises one of them, so each of these invalidates the link: its
//! own use, a newer link, a newer password, a change or a reset of the second factor, the end of
//! all its sessions, a disabled account, and the end of all sessions of the site.
//!
//! Only the encryption key in use authenticates a link. An older key of the ring may have leaked,
//! and with it anybody could make links
//! (`later_changes_of_the_account_invalidate_a_link` in the tests of the blog).
//!
//! ```text
//! base64url( 1 | random (16 bytes) | expires (8) | revoked below (4) | credential (4) | epoch (8)
//!            | id of the account | tag (32) )
//! ```

use std::fmt;

use base64_simd::URL_SAFE_NO_PAD;
use hallpass_core::{KeyRing, PublicOrigin, UnixTime};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    account::{Account, AccountId, AccountNumbers},
    consumed::OneTimeHash,
};

/// A link that sets a new password, once. Redacted in `Debug`, zeroized on drop.
///
/// A person who has the link can set the password of an account without a second factor. Hand it to
/// the owner in a way that nobody else can read.
#[derive(Clone)]
#[must_use]
pub struct ResetLink {
    token: Zeroizing<String>,
    expires_at: UnixTime,
}

impl ResetLink {
    /// The path of the page, without the prefix of the site.
    pub const PATH: &str = "/login/reset";

    /// Returns the token: the parameter `token` of the page, in base64url.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Returns the time from which the link is not accepted any more.
    #[must_use]
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// Returns the address of the page for the browser of the person. It is built from the public
    /// origin, and never from a header of a request (CVE-2021-25994).
    #[must_use]
    pub fn url(&self, origin: &PublicOrigin) -> Zeroizing<String> {
        Zeroizing::new(format!("{origin}{}?token={}", Self::PATH, &*self.token))
    }
}

impl fmt::Debug for ResetLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResetLink").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// The contents of a link.
pub(crate) struct ResetClaims {
    random: Zeroizing<[u8; RANDOM]>,
    pub(crate) expires_at: UnixTime,
    pub(crate) account: AccountId,
    pub(crate) revoked_below: u32,
    credential: u32,
    pub(crate) epoch: u64,
}

impl ResetClaims {
    /// Returns the contents of a new link for the account as it was written.
    pub(crate) fn new(random: [u8; RANDOM], account: &Account, expires_at: UnixTime) -> Self {
        let AccountNumbers { revoked_below, credential, .. } = account.numbers();
        Self {
            random: Zeroizing::new(random),
            expires_at,
            account: account.id().clone(),
            revoked_below,
            credential,
            epoch: account.epoch(),
        }
    }

    /// Writes the link.
    pub(crate) fn write(&self, key: &[u8; 32]) -> ResetLink {
        let body = self.body();
        let tag = mac(key, &body).finalize().into_bytes();
        let bytes = Zeroizing::new([&*body, &tag[..]].concat());
        let token = Zeroizing::new(URL_SAFE_NO_PAD.encode_to_string(&*bytes));
        ResetLink { token, expires_at: self.expires_at }
    }

    /// Reads a token that was made with the encryption key in use.
    pub(crate) fn open(token: &[u8], ring: &KeyRing) -> Option<Self> {
        if token.len() > LONGEST {
            return None;
        }
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode_to_vec(token).ok()?);
        let (body, tag) = bytes.split_last_chunk::<TAG>()?;
        let (_, key) = ring.encryption_keys().next()?;
        mac(key, body).verify_slice(tag).ok()?;
        let (version, rest) = body.split_first()?;
        let (random, rest) = rest.split_first_chunk::<RANDOM>()?;
        let (expires, rest) = rest.split_first_chunk()?;
        let (revoked_below, rest) = rest.split_first_chunk()?;
        let (credential, rest) = rest.split_first_chunk()?;
        let (epoch, id) = rest.split_first_chunk()?;
        (*version == VERSION).then_some(())?;
        Some(Self {
            random: Zeroizing::new(*random),
            expires_at: UnixTime::from_secs(u64::from_be_bytes(*expires)),
            account: AccountId::new(std::str::from_utf8(id).ok()?),
            revoked_below: u32::from_be_bytes(*revoked_below),
            credential: u32::from_be_bytes(*credential),
            epoch: u64::from_be_bytes(*epoch),
        })
    }

    /// Returns `Some` if the account has not changed since the link was created. The store checks
    /// it again in the transaction of the change.
    pub(crate) fn accepts(&self, account: &Account) -> Option<()> {
        let AccountNumbers { revoked_below, credential, .. } = account.numbers();
        let is_same = *account.id() == self.account
            && !account.disabled()
            && revoked_below == self.revoked_below
            && credential == self.credential
            && account.epoch() == self.epoch;
        is_same.then_some(())
    }

    /// Returns the hash that a store keeps when the link is used.
    pub(crate) fn hash(&self) -> OneTimeHash {
        OneTimeHash::of(&*self.random)
    }

    fn body(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(
            [
                &[VERSION][..],
                &*self.random,
                &self.expires_at.as_secs().to_be_bytes(),
                &self.revoked_below.to_be_bytes(),
                &self.credential.to_be_bytes(),
                &self.epoch.to_be_bytes(),
                self.account.as_str().as_bytes(),
            ]
            .concat(),
        )
    }
}

/// HMAC-SHA-256. The label separates links from whatever else the key authenticates.
fn mac(key: &[u8; 32], body: &[u8]) -> Hmac<Sha256> {
    // HMAC pads a key with zeros to its block (RFC 2104 section 2); a whole block cannot be of a
    // wrong length.
    let mut block = Zeroizing::new([0; 64]);
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    mac.update(LABEL);
    mac.update(body);
    mac
}

/// 128 random bits (OWASP, "Forgot Password Cheat Sheet": long enough against brute force).
pub(crate) const RANDOM: usize = 16;
const VERSION: u8 = 1;
const TAG: usize = 32;
const LABEL: &[u8] = b"hallpass password reset link\0";
/// The maximum length of a token: that of an account with an id of 300 bytes.
const LONGEST: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::username::Username;

    fn link() -> (ResetClaims, KeyRing) {
        let numbers = AccountNumbers { revoked_below: 3, stale_below: 2, credential: 7 };
        let name = Username::parse("alice").unwrap();
        let account = Account::new(AccountId::new("an id"), name, "a hash")
            .with_numbers(numbers)
            .with_epoch(9);
        let claims = ResetClaims::new([5; RANDOM], &account, UnixTime::from_secs(1_800_003_600));
        claims.accepts(&account).unwrap();
        (claims, KeyRing::generate_hs256([7; 32], UnixTime::from_secs(1_800_000_000)))
    }

    fn key(ring: &KeyRing) -> &[u8; 32] {
        ring.encryption_keys().next().unwrap().1
    }

    #[test]
    fn a_link_is_read_as_it_was_written() {
        let (claims, ring) = link();
        let link = claims.write(key(&ring));
        let read = ResetClaims::open(link.token().as_bytes(), &ring).unwrap();
        assert_eq!(read.body(), claims.body());
        assert_eq!(read.account.as_str(), "an id");
        assert_eq!((read.revoked_below, read.credential, read.epoch), (3, 7, 9));
        let origin = PublicOrigin::parse("https://site.example/app").unwrap();
        let url = format!("https://site.example/app/login/reset?token={}", link.token());
        assert_eq!(*link.url(&origin), url);
        assert!(!format!("{link:?}").contains(link.token()));
    }

    #[test]
    fn each_changed_or_missing_byte_is_refused() {
        let (claims, ring) = link();
        let token = claims.write(key(&ring)).token().to_owned();
        let mut bytes = URL_SAFE_NO_PAD.decode_to_vec(&token).unwrap();
        for place in 0..bytes.len() {
            bytes[place] ^= 1;
            let changed = URL_SAFE_NO_PAD.encode_to_string(&bytes);
            assert!(ResetClaims::open(changed.as_bytes(), &ring).is_none(), "byte {place}");
            bytes[place] ^= 1;
        }
        for end in 0..token.len() {
            assert!(ResetClaims::open(&token.as_bytes()[..end], &ring).is_none(), "{end}");
        }
        assert!(ResetClaims::open(&[b'A'; 4096], &ring).is_none());
    }

    /// A key that has leaked stays in the ring until all secrets are encrypted again.
    #[test]
    fn a_link_of_an_older_key_is_refused() {
        let (claims, ring) = link();
        let token = claims.write(key(&ring)).token().to_owned();
        let rotated = ring.rotate_encryption([9; 32], UnixTime::from_secs(1_800_000_100));
        assert_eq!(rotated.encryption_keys().count(), 2);
        assert!(ResetClaims::open(token.as_bytes(), &rotated).is_none());
    }
}
