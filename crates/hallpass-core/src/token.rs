//! Tokens: the claims and roles that a token carries, issuing and verifying it, and the identity that
//! verification returns.
//!
//! The order in a verification is header and signature ([`opener`]), claims ([`claim_scanner`], or
//! [`claim_reader`] for any other layout), times and revocation ([`rules`]). No store is read, and
//! whether the caller may do something is decided in the room above.

mod cache;
mod claim_reader;
mod claim_scanner;
mod claim_writer;
pub(crate) mod claims;
pub(crate) mod error;
mod header;
pub(crate) mod identity;
pub(crate) mod issued_token;
pub(crate) mod issuer;
pub(crate) mod logged_in;
pub(crate) mod methods;
#[cfg(all(test, shuttle))]
mod model;
pub(crate) mod opened_token;
pub(crate) mod opener;
pub(crate) mod role;
mod rules;
pub(crate) mod verifier;
