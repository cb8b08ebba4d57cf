//! What a signature covers, and the proof that one was checked.

use crate::token_kind::TokenKind;

/// The header segment, a dot, and the payload segment (RFC 7515 section 5.1).
#[derive(Clone, Copy)]
pub(crate) enum SigningInput<'t> {
    /// It begins with the very header segment that its key writes for this kind, dot included; `payload` is what follows, and
    /// `first_claims` what that begins with where the issuer wrote it, by what the verifier was told.
    AfterHeader {
        kind: TokenKind,
        first_claims: &'t [u8],
        #[cfg_attr(not(feature = "asymmetric"), expect(dead_code, reason = "HMAC has a head start over the header"))]
        whole: &'t [u8],
        payload: &'t [u8],
    },
    /// It begins with any other header.
    Whole(&'t [u8]),
}

#[cfg(feature = "asymmetric")]
impl<'t> SigningInput<'t> {
    pub(crate) const fn whole(self) -> &'t [u8] {
        match self {
            Self::AfterHeader { whole, .. } | Self::Whole(whole) => whole,
        }
    }
}

/// Proof that a signature is its key's. Only a comparison in the key files makes one.
#[must_use]
pub(crate) struct Genuine(());

impl Genuine {
    /// The proof, where the primitive said yes.
    pub(crate) const fn when(verified: bool) -> Result<Self, Forged> {
        if verified { Ok(Self(())) } else { Err(Forged) }
    }
}

/// A signature that is not its key's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Forged;
