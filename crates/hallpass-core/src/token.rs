//! Tokens: the claims and roles that a token carries, issuing and verifying it, and the identity
//! that verification returns.
//!
//! The order in a verification is header and signature ([`opener`]), claims ([`claim_scanner`], or
//! [`claim_reader`] for any other layout), times and revocation ([`rules`]). No store is read, and
//! whether the caller may do something is decided in the room above.
//!
//! A verified token passes through two types on its way from bytes to a handler:
//!
//! 1. [`Claims`](claims::Claims), borrowed from the payload and then kept: in the request's
//!    extension ([`Authentication`](crate::Authentication)), in the cache, and, for the other kinds
//!    of token, as the result of [`Issuer::verify`](issuer::Issuer::verify);
//! 2. [`Identity`](identity::Identity), the proof for one role enum, which is a shared pointer to
//!    them.
//!
//! In the other direction [`LoggedIn`](logged_in::LoggedIn), the proof of a login, holds the same
//! claims, and [`Token`](issued_token::Token) is what the issuer signs.

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
pub(crate) mod verifier;
