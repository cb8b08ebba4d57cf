//! Encodings that keys and tokens share: base64url, strict JSON, and comparison in constant time.
//!
//! Nothing here gives the bytes a meaning. Keys, headers and claims are read in the rooms above.

pub(crate) mod base64url;
pub(crate) mod equal;
pub(crate) mod strict_json;
