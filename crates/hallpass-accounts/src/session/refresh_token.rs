//! Refresh tokens: 256 bits that refresh one session. Each token is valid once.
//!
//! The first token of a session is random. Each further token is **derived** from the token that it
//! replaces, with an encryption key of the ring; so is the token that replaces all tokens in a
//! change of the person's own, together with the time of the change. Concurrent requests with the
//! same token therefore receive the same successor on every node, and no token is stored in clear
//! text. The store keeps a hash. It follows:
//!
//! - A copy of the database does not refresh a session, nor does the key ring, nor both together,
//!   because neither contains the first token.
//! - An old token **and** the ring yield the live token. A person who has the ring can sign access
//!   tokens anyway.
//!
//! A tag over session and secret, with the same key, distinguishes an authentic token from an
//! invented one **before the store is read**. A consumed token ends its session. An invented token
//! must not, because the id of a session is not a secret.
//!
//! ```text
//! base64url( session (16 bytes) | secret (32) | tag (16) )
//! ```

use std::{fmt, ops::RangeInclusive};

use base64_simd::URL_SAFE_NO_PAD;
use hallpass_core::{Access, KeyRing, Token, UnixTime};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    error::AccountsError,
    random::{NoRandomness, Random, draw},
    session::{
        refresh_state::{ConsumedRefreshes, RefreshHash},
        session_id::SessionId,
        store::RefreshedSession,
    },
};

/// A refresh token for its cookie. Redacted in `Debug`, zeroized on drop.
#[derive(Clone)]
pub struct RefreshToken {
    text: Zeroizing<String>,
    expires_at: UnixTime,
}

impl RefreshToken {
    /// Returns the token: 86 characters of base64url.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the latest time up to which its session can be refreshed.
    #[must_use]
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// The contents of a refresh token.
#[derive(Clone)]
pub(crate) struct RefreshSecret {
    session: SessionId,
    secret: Zeroizing<[u8; SECRET]>,
}

impl RefreshSecret {
    /// Draws the first token of a session.
    pub(crate) fn draw(session: SessionId, random: &dyn Random) -> Result<Self, NoRandomness> {
        Ok(Self { session, secret: Zeroizing::new(draw(random)?) })
    }

    /// Parses a token that was made with one of the ring's encryption keys.
    pub(crate) fn open(token: &[u8], ring: &KeyRing) -> Option<Self> {
        if token.len() != TEXT {
            return None;
        }
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode_to_vec(token).ok()?);
        let (session, rest) = bytes.split_first_chunk()?;
        let (secret, tag) = rest.split_first_chunk()?;
        let opened =
            Self { session: SessionId::from_random(*session), secret: Zeroizing::new(*secret) };
        let genuine = |key| opened.mac(TAG_LABEL, key).verify_truncated_left(tag).is_ok();
        (tag.len() == TAG && ring.encryption_keys().any(|(_, key)| genuine(key))).then_some(opened)
    }

    /// Writes the token.
    pub(crate) fn write(&self, key: &[u8; 32], expires_at: UnixTime) -> RefreshToken {
        let tag = self.mac(TAG_LABEL, key).finalize().into_bytes();
        let parts = [&self.session.as_bytes()[..], &*self.secret, tag.split_at(TAG).0];
        let bytes = Zeroizing::new(parts.concat());
        RefreshToken { text: Zeroizing::new(URL_SAFE_NO_PAD.encode_to_string(&*bytes)), expires_at }
    }

    pub(crate) fn session(&self) -> SessionId {
        self.session
    }

    /// Returns the hash that the store keeps.
    pub(crate) fn hash(&self) -> RefreshHash {
        let mut hash = Sha256::new();
        hash.update(b"hallpass refresh token\0");
        hash.update(*self.secret);
        RefreshHash::from_bytes(hash.finalize().into())
    }

    /// Returns the token that replaces this one.
    pub(crate) fn successor(&self, key: &[u8; 32]) -> Self {
        let output = self.mac(SUCCESSOR_LABEL, key).finalize().into_bytes();
        Self { session: self.session, secret: Zeroizing::new(output.into()) }
    }

    /// Returns the token that replaces all tokens of the session in a change that the person made
    /// at this time with this token.
    pub(crate) fn after_change(&self, key: &[u8; 32], at: UnixTime) -> Self {
        let mut mac = self.mac(CHANGE_LABEL, key);
        mac.update(&at.as_secs().to_be_bytes());
        Self { session: self.session, secret: Zeroizing::new(mac.finalize().into_bytes().into()) }
    }

    /// Returns the token of this hash among this token and its successors, with any key of the
    /// ring, up to the number that a store keeps.
    pub(crate) fn leading_to(&self, live: &RefreshHash, ring: &KeyRing) -> Option<Self> {
        ring.encryption_keys().find_map(|(_, key)| {
            self.chain(key).take(1 + ConsumedRefreshes::MAX).find(|token| token.hash() == *live)
        })
    }

    /// Returns the token of this hash if a change led to it that was made at one of these times,
    /// with this token or one of its next successors.
    pub(crate) fn leading_through_change(
        &self,
        live: &RefreshHash,
        ring: &KeyRing,
        times: RangeInclusive<UnixTime>,
    ) -> Option<Self> {
        let seconds = || times.start().as_secs()..=times.end().as_secs();
        ring.encryption_keys().find_map(|(_, key)| {
            self.chain(key).take(AROUND_CHANGE).find_map(|presented| {
                seconds().find_map(|at| {
                    let first = presented.after_change(key, UnixTime::from_secs(at));
                    first.chain(key).take(AROUND_CHANGE).find(|token| token.hash() == *live)
                })
            })
        })
    }

    /// Returns this token and its successors.
    fn chain(&self, key: &[u8; 32]) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self.clone()), |token| Some(token.successor(key)))
    }

    /// HMAC-SHA-256 as a pseudo-random function (NIST SP 800-108); the parts are of fixed length.
    fn mac(&self, label: &[u8], key: &[u8; 32]) -> Hmac<Sha256> {
        // HMAC pads a key with zeros to its block (RFC 2104 section 2); a whole block cannot be of
        // a wrong length.
        let mut block = Zeroizing::new([0; 64]);
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        let mut mac = Hmac::<Sha256>::new((&*block).into());
        mac.update(label);
        mac.update(self.session.as_bytes());
        mac.update(&*self.secret);
        mac
    }
}

/// The token with which a session continues, and the session as stored now.
pub(crate) struct Live {
    pub(crate) secret: RefreshSecret,
    pub(crate) session: Box<RefreshedSession>,
    /// The access token, or the reason why none was issued. A logout needs none.
    pub(crate) access: Result<Token<Access>, AccountsError>,
}

/// The number of tokens that are searched before and after a change. Within the grace period of a
/// change, a browser has one or two.
const AROUND_CHANGE: usize = 4;
const SECRET: usize = 32;
const TAG: usize = 16;
/// 64 bytes in base64url without padding.
const TEXT: usize = 86;
const TAG_LABEL: &[u8] = b"hallpass refresh tag\0";
const CHANGE_LABEL: &[u8] = b"hallpass refresh after change\0";
const SUCCESSOR_LABEL: &[u8] = b"hallpass refresh successor\0";

#[cfg(test)]
mod tests;
