//! The first part of verification: from the bytes of a token to the bytes of its verified payload.
//! It handles the compact JWS of RFC 7515 section 7.1, its header and its signature.
//!
//! The checks have this order: the length, so that a token of a megabyte costs nothing; the header,
//! compared with the bytes that a key of the ring writes, or else [parsed
//! strictly](crate::token::header); the kind; the key, which is found by name in the ring and never
//! taken from the token; the algorithm, which must be the key's; the signature; and only then the
//! encoding of the payload. Only the compact form is read: no JSON serialisation, no encryption, no
//! detached payload.

#[cfg(test)]
mod tests;

use std::{mem::MaybeUninit, sync::Arc};

use crate::{
    encoding::base64url,
    keys::{
        key::Key,
        key_id::KeyId,
        key_ring::KeyRing,
        signature::{SigningInput, TokenType},
    },
    time::unix_time::UnixTime,
    token::{error::TokenErrorKind, header::Header},
};

/// The headers and keys that a verifier accepts.
#[derive(Clone, Debug)]
pub(crate) struct TokenOpener {
    typ: TokenType,
    /// The beginning of the payload of the expected issuer, encoded.
    first_claims: Box<str>,
    other_types: Vec<Box<str>>,
    accepts_untyped: bool,
    key_without_kid: Option<KeyId>,
}

/// Maximum length of a token that is read or issued, in bytes: the maximum that a browser stores of
/// a cookie, name and value together (RFC 6265bis section 5.6). A longer token is rejected before
/// any of it is read.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// The buffer for a decoded payload.
pub(crate) type PayloadBuffer = [MaybeUninit<u8>; LONGEST_PAYLOAD];

/// Maximum length of a payload, in bytes, of a token of at most [`MAX_TOKEN_BYTES`].
pub(crate) const LONGEST_PAYLOAD: usize = MAX_TOKEN_BYTES / 4 * 3;

impl TokenOpener {
    /// Creates an opener. `opening` is the beginning of the claims of this issuer and audience.
    /// Other claims are also read.
    pub(crate) fn new(typ: TokenType, opening: &str) -> Self {
        let first_claims = base64url::encode_beginning(opening.as_bytes()).into();
        Self {
            typ,
            first_claims,
            other_types: Vec::new(),
            accepts_untyped: false,
            key_without_kid: None,
        }
    }

    /// Adds an accepted type. The type of another hallpass kind is never added, because only the
    /// code page may accept a pending token, independent of the settings.
    pub(crate) fn accept_type(&mut self, typ: &str) {
        if TokenType::ALL.iter().all(|ours| ours.as_str() != typ) {
            self.other_types.push(typ.into());
        }
    }

    pub(crate) fn accept_untyped(&mut self) {
        self.accepts_untyped = true;
    }

    pub(crate) fn set_key_without_kid(&mut self, id: KeyId) {
        self.key_without_kid = Some(id);
    }

    /// Returns the payload, and the key of the ring that signed it.
    pub(crate) fn open<'b, 'r>(
        &self,
        ring: &'r KeyRing,
        token: &[u8],
        now: UnixTime,
        buffer: &'b mut PayloadBuffer,
    ) -> Result<(&'b [u8], &'r Arc<Key>), TokenErrorKind> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenErrorKind::TooLong);
        }
        let parts = match self.known_header(ring, token, now) {
            Some(parts) => parts,
            None => self.any_header(ring, token, now)?,
        };
        let mut space = [MaybeUninit::uninit(); LONGEST_SIGNATURE];
        let signature = base64url::decode_into(parts.signature, &mut space)
            .map_err(|_| TokenErrorKind::Malformed)?;
        parts.key.check(parts.input, signature).map_err(|_| TokenErrorKind::Signature)?;
        let payload =
            base64url::decode_into(parts.payload, buffer).map_err(|_| TokenErrorKind::Malformed)?;
        Ok((payload, parts.key))
    }

    /// Splits a token that begins with exactly the bytes that a key of the ring writes. Kind,
    /// algorithm and `kid` are then correct, and the length of the signature gives its position. A
    /// dot in the payload is found when the payload is decoded.
    fn known_header<'t, 'r>(
        &'t self,
        ring: &'r KeyRing,
        token: &'t [u8],
        now: UnixTime,
    ) -> Option<Parts<'t, 'r>> {
        let after_header = |key: &'r Arc<Key>| token.strip_prefix(key.header(self.typ).as_bytes());
        let (key, rest) = ring.accepted(now).find_map(|key| Some((key, after_header(key)?)))?;
        let signature_length = base64url::encoded_length(key.signature_length());
        let payload_length = rest.len().checked_sub(signature_length + 1)?;
        let (payload, signature) = rest.split_at_checked(payload_length)?;
        let signature = signature.strip_prefix(b".")?;
        let whole = token.get(..token.len() - signature_length - 1)?;
        let first_claims = self.first_claims.as_bytes();
        let input = SigningInput::AfterHeader { typ: self.typ, first_claims, whole, payload };
        Some(Parts { key, input, payload, signature })
    }

    /// Returns the name of the key that a token names, if a ring could have a key of that name.
    pub(crate) fn named_key(&self, token: &[u8]) -> Option<KeyId> {
        let header = token.split(|byte| *byte == b'.').next()?;
        let mut space = [MaybeUninit::uninit(); LONGEST_HEADER];
        let header = Header::read(base64url::decode_into(header, &mut space).ok()?).ok()?;
        match header.key_id {
            Some(id) => KeyId::parse(&id).ok(),
            None => self.key_without_kid.clone(),
        }
    }

    fn any_header<'t, 'r>(
        &self,
        ring: &'r KeyRing,
        token: &'t [u8],
        now: UnixTime,
    ) -> Result<Parts<'t, 'r>, TokenErrorKind> {
        let mut segments = token.split(|byte| *byte == b'.');
        let (Some(header), Some(payload), Some(signature), None) =
            (segments.next(), segments.next(), segments.next(), segments.next())
        else {
            return Err(TokenErrorKind::Malformed);
        };
        let mut space = [MaybeUninit::uninit(); LONGEST_HEADER];
        let json =
            base64url::decode_into(header, &mut space).map_err(|_| TokenErrorKind::Malformed)?;
        let header = Header::read(json)?;
        self.check_type(header.typ.as_deref())?;
        let key = self.key(ring, header.key_id.as_deref(), now)?;
        if header.algorithm != key.algorithm().as_str() {
            return Err(TokenErrorKind::Algorithm);
        }
        // The signature is the last part of the token, after a dot, so the subtraction cannot fail.
        let signed = token.len().saturating_sub(signature.len() + 1);
        let input = SigningInput::Whole(token.get(..signed).unwrap_or_default());
        Ok(Parts { key, input, payload, signature })
    }

    /// Checks the type by exact comparison. RFC 7515 section 4.1.9 would allow `application/` and
    /// any case, but RFC 8725 section 3.11 recommends one explicit type per kind.
    fn check_type(&self, typ: Option<&str>) -> Result<(), TokenErrorKind> {
        let accepted = match typ {
            Some(typ) => {
                typ == self.typ.as_str() || self.other_types.iter().any(|other| **other == *typ)
            }
            None => self.accepts_untyped,
        };
        if accepted { Ok(()) } else { Err(TokenErrorKind::Type) }
    }

    fn key<'r>(
        &self,
        ring: &'r KeyRing,
        id: Option<&str>,
        now: UnixTime,
    ) -> Result<&'r Arc<Key>, TokenErrorKind> {
        let id = id
            .or(self.key_without_kid.as_ref().map(KeyId::as_str))
            .ok_or(TokenErrorKind::UnknownKey)?;
        ring.accepted(now).find(|key| key.id().as_str() == id).ok_or(TokenErrorKind::UnknownKey)
    }
}

/// The parts of a token, with the key that should have signed it.
struct Parts<'t, 'r> {
    key: &'r Arc<Key>,
    input: SigningInput<'t>,
    payload: &'t [u8],
    signature: &'t [u8],
}

/// Maximum length, in bytes, decoded. Headers of hallpass have 60. A longer header contains a
/// certificate chain, which is refused anyway.
const LONGEST_HEADER: usize = 1024;

/// Maximum length, in bytes: that of an RSA key of 8192 bits.
const LONGEST_SIGNATURE: usize = 1024;
