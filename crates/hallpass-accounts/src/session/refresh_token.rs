//! Refresh tokens: 256 bits that renew one session, each good once.
//!
//! The first of a session is drawn. Each further one is **derived** from the one that it replaces,
//! under an encryption key of the ring, so that tabs which present the same token at the same
//! moment get the same successor, on whichever node, and nothing is kept in clear to make that so.
//! What the store keeps is a hash. So:
//!
//! - a copy of the database renews nothing, and neither does the key ring, nor both together: the
//!   first token is in neither;
//! - an old token **and** the ring give the live one. Whoever has the ring signs access tokens
//!   anyway.
//!
//! A tag over session and secret, under the same key, tells a token of ours from noise **before the
//! store is asked**, and a consumed one, which ends its session, from an invented one, which must
//! not: a session's id is no secret.
//!
//! ```text
//! base64url( session (16 bytes) | secret (32) | tag (16) )
//! ```

use std::fmt;

use base64_simd::URL_SAFE_NO_PAD;
use hallpass_core::{KeyRing, UnixTime};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    random::{NoRandomness, Random, draw},
    session::{refresh_state::RefreshHash, session_id::SessionId, store::RefreshedSession},
};

/// A refresh token on its way to its cookie. Redacted in `Debug`, wiped on drop.
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

    /// Returns the latest moment to which its session can be renewed.
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

/// What a refresh token holds.
pub(crate) struct RefreshSecret {
    session: SessionId,
    secret: Zeroizing<[u8; SECRET]>,
}

impl RefreshSecret {
    /// The first of a session.
    pub(crate) fn draw(session: SessionId, random: &dyn Random) -> Result<Self, NoRandomness> {
        Ok(Self { session, secret: Zeroizing::new(draw(random)?) })
    }

    /// Reads a token that was made under one of the ring's encryption keys.
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

    /// What the store keeps.
    pub(crate) fn hash(&self) -> RefreshHash {
        let mut hash = Sha256::new();
        hash.update(b"hallpass refresh token\0");
        hash.update(*self.secret);
        RefreshHash::from_bytes(hash.finalize().into())
    }

    /// What takes its place.
    pub(crate) fn successor(&self, key: &[u8; 32]) -> Self {
        let output = self.mac(SUCCESSOR_LABEL, key).finalize().into_bytes();
        Self { session: self.session, secret: Zeroizing::new(output.into()) }
    }

    /// The token of this hash among those that came after this one, under whichever key of the
    /// ring; as far as a store follows.
    pub(crate) fn leading_to(&self, live: &RefreshHash, ring: &KeyRing) -> Option<Self> {
        ring.encryption_keys().find_map(|(_, key)| {
            let chain = std::iter::successors(Some(self.successor(key)), |token| {
                Some(token.successor(key))
            });
            chain.take(crate::ConsumedRefreshes::MAX).find(|token| token.hash() == *live)
        })
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

/// The token that a session goes on with, and the session as the store has it now.
pub(crate) struct Live {
    pub(crate) secret: RefreshSecret,
    pub(crate) session: Box<RefreshedSession>,
}

const SECRET: usize = 32;
const TAG: usize = 16;
/// 64 bytes in base64url without padding.
const TEXT: usize = 86;
const TAG_LABEL: &[u8] = b"hallpass refresh tag\0";
const SUCCESSOR_LABEL: &[u8] = b"hallpass refresh successor\0";

#[cfg(test)]
mod tests;
