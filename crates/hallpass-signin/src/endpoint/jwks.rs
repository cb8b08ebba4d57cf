//! `/.well-known/jwks.json`: the public keys, for services that verify and do not issue. Empty for HMAC keys, which are secrets.

use hallpass_core::Role;

use super::{exchange::Exchange, response::EndpointResponse};

pub(super) fn show<R: Role>(exchange: &Exchange<'_, R>) -> EndpointResponse {
    EndpointResponse::public("application/jwk-set+json", KEPT, exchange.sign_in.issuer().keys().current().to_jwks())
}

/// Seconds for which a verifier may keep the keys: 5 minutes, a third of a token's life, so that a new key is known long before
/// tokens of the old one have run out.
const KEPT: u32 = 300;
