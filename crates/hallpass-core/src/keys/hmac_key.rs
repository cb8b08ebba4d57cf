//! An HMAC secret with its key schedule run once.
//!
//! Beside the keyed state stand those that have already absorbed what tokens begin with: the header
//! segment that this key writes for each kind, and after it the first claims, issuer and audience,
//! of the site that verifies. The hash blocks which they fill are paid for once and not by every
//! request: mostly two of eight.
//!
//! Who has such a state can sign, so it is a secret like the key itself: hmac's and sha2's feature
//! `zeroize` erases each when it goes, the clones of a verification included.

use std::sync::OnceLock;

use hmac::{KeyInit, Mac};
use zeroize::Zeroizing;

use crate::{
    encoding::equal::equal_in_constant_time,
    keys::signature::{Forged, PerKind, SigningInput, TokenType},
};

pub(crate) struct HmacKey<M> {
    secret: Zeroizing<Box<[u8]>>,
    keyed: M,
    after_header: PerKind<M>,
    after_first_claims: PerKind<OnceLock<HeadStart<M>>>,
}

/// A state, and the bytes after the header that it has absorbed.
struct HeadStart<M> {
    state: M,
    absorbed: Box<[u8]>,
}

impl<M: Mac + KeyInit + Clone> HmacKey<M> {
    /// `header` gives the text that a token of each kind begins with: the header segment and its
    /// dot.
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length (RFC 2104, section 2)")]
    pub(crate) fn new<'h>(
        secret: Zeroizing<Box<[u8]>>,
        header: impl Fn(TokenType) -> &'h str,
    ) -> Self {
        let keyed = <M as KeyInit>::new_from_slice(&secret).expect("a key of any length");
        Self {
            after_header: PerKind::from_fn(|typ| keyed.clone().chain_update(header(typ))),
            after_first_claims: PerKind::from_fn(|_| OnceLock::new()),
            keyed,
            secret,
        }
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }

    pub(crate) fn sign(&self, input: SigningInput<'_>) -> Vec<u8> {
        self.tag(input).to_vec()
    }

    pub(crate) fn check(&self, input: SigningInput<'_>, signature: &[u8]) -> Result<(), Forged> {
        if equal_in_constant_time(&self.tag(input), signature) { Ok(()) } else { Err(Forged) }
    }

    fn tag(&self, input: SigningInput<'_>) -> hmac::digest::Output<M> {
        let (state, rest) = match input {
            SigningInput::AfterHeader { typ, first_claims, payload, .. } => {
                let start = self.head_start(typ, first_claims);
                match payload.strip_prefix(&*start.absorbed) {
                    Some(rest) => (&start.state, rest),
                    None => (self.after_header.of(typ), payload),
                }
            }
            SigningInput::Whole(bytes) => (&self.keyed, bytes),
        };
        state.clone().chain_update(rest).finalize().into_bytes()
    }

    /// That of whichever verifier comes first: a second site with the same key has none over its
    /// own claims.
    fn head_start(&self, typ: TokenType, first_claims: &[u8]) -> &HeadStart<M> {
        self.after_first_claims.of(typ).get_or_init(|| HeadStart {
            state: self.after_header.of(typ).clone().chain_update(first_claims),
            absorbed: first_claims.into(),
        })
    }
}
