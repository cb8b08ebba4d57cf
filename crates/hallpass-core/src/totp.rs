//! One-time codes (RFC 6238, TOTP): secrets, settings, the check of a code, and the `otpauth` URI.
//!
//! This module has no state: the caller stores the last used time step and the clock drift.
//! Recovery codes, attempts and rate limits are not part of it.

pub(crate) mod check;
pub(crate) mod otpauth;
pub(crate) mod secret;
pub(crate) mod settings;
pub(crate) mod typed_code;
