//! One-time codes (RFC 6238, TOTP): secrets, settings, checking a code, and the `otpauth` URI.
//!
//! The room has no state: the last used time step and the clock drift are values that the caller
//! stores. Recovery codes, attempts and rate limits are not here.

pub(crate) mod check;
pub(crate) mod otpauth;
pub(crate) mod secret;
pub(crate) mod settings;
