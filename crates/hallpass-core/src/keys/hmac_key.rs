//! An HMAC secret whose key schedule runs once.
//!
//! [`HmacKey`] also keeps hash states that have already absorbed the beginning of a token: the
//! header segment that this key writes for each kind, and after it the first claims (issuer and
//! audience) of the site that verifies. The hash blocks that they fill are computed once and not at
//! every request: usually two of eight blocks.
//!
//! Such a state is sufficient to sign, so it is as secret as the key. The feature `zeroize` of hmac
//! and sha2 erases each state when it is dropped, including the clones of a verification.

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

/// A hash state, and the bytes after the header that it has absorbed.
struct HeadStart<M> {
    state: M,
    absorbed: Box<[u8]>,
}

impl<M: Mac + KeyInit + Clone> HmacKey<M> {
    /// Creates the key. `header` returns the text that a token of each kind begins with: the header
    /// segment and its dot.
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

    /// Returns the state after the first claims of the first verifier that used this key. A second
    /// site with the same key has no such state for its own claims.
    fn head_start(&self, typ: TokenType, first_claims: &[u8]) -> &HeadStart<M> {
        self.after_first_claims.of(typ).get_or_init(|| HeadStart {
            state: self.after_header.of(typ).clone().chain_update(first_claims),
            absorbed: first_claims.into(),
        })
    }
}
