//! Encodings that keys and tokens share: base64url, strict JSON, and comparison in constant time.
//!
//! This module does not interpret the bytes. The modules `keys` and `token` read keys, headers and
//! claims.

pub(crate) mod base64url;
pub(crate) mod equal;
pub(crate) mod strict_json;
