//! An HMAC secret with its key schedule run once.
//!
//! Beside the keyed state stand those that have already absorbed the header segments which this key writes. Every token of one kind
//! begins with the same bytes, so the hash blocks that they fill are paid for when the key is loaded and not once per request.
//!
//! Who has such a state can sign, so it is a secret like the key itself: hmac's and sha2's feature `zeroize` erases each when it
//! goes, the clones of a verification included.

use hmac::{KeyInit, Mac};
use zeroize::Zeroizing;

use crate::{
    equal::equal_in_constant_time,
    signature::{Forged, Genuine, SigningInput},
    token_kind::{PerKind, TokenKind},
};

pub(crate) struct HmacKey<M> {
    secret: Zeroizing<Box<[u8]>>,
    keyed: M,
    after_header: PerKind<M>,
}

impl<M: Mac + KeyInit + Clone> HmacKey<M> {
    /// `header` gives the text that a token of each kind begins with: the header segment and its dot.
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length (RFC 2104, section 2)")]
    pub(crate) fn new<'h>(secret: Zeroizing<Box<[u8]>>, header: impl Fn(TokenKind) -> &'h str) -> Self {
        let keyed = <M as KeyInit>::new_from_slice(&secret).expect("a key of any length");
        Self { after_header: PerKind::from_fn(|kind| keyed.clone().chain_update(header(kind))), keyed, secret }
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }

    pub(crate) fn sign(&self, input: SigningInput<'_>) -> Vec<u8> {
        self.tag(input).to_vec()
    }

    pub(crate) fn check(&self, input: SigningInput<'_>, signature: &[u8]) -> Result<Genuine, Forged> {
        Genuine::when(equal_in_constant_time(&self.tag(input), signature))
    }

    fn tag(&self, input: SigningInput<'_>) -> hmac::digest::Output<M> {
        let (state, rest) = match input {
            SigningInput::AfterHeader { kind, payload, .. } => (self.after_header.of(kind), payload),
            SigningInput::Whole(bytes) => (&self.keyed, bytes),
        };
        state.clone().chain_update(rest).finalize().into_bytes()
    }
}
