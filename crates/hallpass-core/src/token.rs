//! Tokens: the claims and roles of a token, issuing and verifying, and the identity that
//! verification returns.
//!
//! Verification checks the header and the signature ([`opener`]), then the claims
//! ([`claim_scanner`], or [`claim_reader`] for any other layout), then the times and the revocation
//! ([`rules`]). No store is read. The module `access` decides whether the caller meets a
//! requirement.
//!
//! The claims of a verified token have two types between the bytes and a handler:
//!
//! 1. [`Claims`](claims::Claims) are borrowed from the payload at first. They are then stored in
//!    the request's extension ([`Authentication`](crate::Authentication)) and in the cache. For the
//!    other kinds of token they are the result of [`Issuer::verify`](issuer::Issuer::verify).
//! 2. [`Identity`](identity::Identity) is the proof for one role enum. It is a shared pointer to
//!    the claims.
//!
//! For issuing, [`LoggedIn`](logged_in::LoggedIn), the proof of a login, contains the same claims,
//! and [`Token`](issued_token::Token) is the token that the issuer signed.

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
pub(crate) mod opener;
pub(crate) mod role;
mod rules;
mod text;
pub(crate) mod until_revoked;
pub(crate) mod verifier;
