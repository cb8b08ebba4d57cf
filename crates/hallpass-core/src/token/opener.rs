//! From the bytes of a token to the bytes of its payload, which are worth reading from here on: the
//! compact JWS of RFC 7515 section 7.1, its header and its signature.
//!
//! In this order: the length, so that a megabyte costs nothing; the header, as known bytes of a key
//! of the ring where the token is one of ours and else by a [strict reading](crate::token::header);
//! the kind; the key, by name out of the ring and never out of the token; the algorithm, which must
//! be the key's; the signature; and only then the payload's own encoding. Only the compact form
//! is read: no JSON serialisation, no encryption, no detached payload.

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

/// What a verifier accepts by way of header and key.
#[derive(Clone, Debug)]
pub(crate) struct TokenOpener {
    typ: TokenType,
    /// What a payload of ours begins with, encoded.
    first_claims: Box<str>,
    other_types: Vec<Box<str>>,
    accepts_untyped: bool,
    key_without_kid: Option<KeyId>,
}

/// The longest token that is read or issued, in bytes: what a browser keeps of a cookie, name and
/// value together (RFC 6265bis section 5.6). A longer one is refused before anything of it is
/// looked at.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// Where a decoded payload is put.
pub(crate) type PayloadBuffer = [MaybeUninit<u8>; LONGEST_PAYLOAD];

/// Bytes: no token within the cap has a longer one.
pub(crate) const LONGEST_PAYLOAD: usize = MAX_TOKEN_BYTES / 4 * 3;

impl TokenOpener {
    /// `opening` is how our claims of this issuer and audience begin; any others are read as well.
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

    /// The type of another kind of ours is never added: a pending token must open nothing but the
    /// code page, whatever a setting says.
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

    /// The payload and the key of the ring whose signature it has.
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

    /// A token that begins with the very bytes which a key of the ring writes: kind, algorithm and
    /// `kid` are then right, and where the signature begins follows from its length. A dot in
    /// the payload is found when it is decoded.
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
        // The signature is the token's last part, behind a dot, so the subtraction cannot fail.
        let signed = token.len().saturating_sub(signature.len() + 1);
        let input = SigningInput::Whole(token.get(..signed).unwrap_or_default());
        Ok(Parts { key, input, payload, signature })
    }

    /// Exact spelling: RFC 7515 section 4.1.9 would allow `application/` and any case, and a second
    /// spelling of a kind is what RFC 8725 section 3.11 wants to get rid of.
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

/// A token taken apart, with the key that should have signed it.
struct Parts<'t, 'r> {
    key: &'r Arc<Key>,
    input: SigningInput<'t>,
    payload: &'t [u8],
    signature: &'t [u8],
}

/// Bytes, decoded. Ours have 60; what grows beyond this carries a certificate chain, which is
/// refused anyway.
const LONGEST_HEADER: usize = 1024;

/// Bytes: that of an RSA key of 8192 bits.
const LONGEST_SIGNATURE: usize = 1024;
