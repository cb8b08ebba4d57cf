//! Requests: the caller of a request by its headers, and the response to a rejection.
//!
//! The modules are the public origin with its path prefix, the cookies, the CSRF check by origin,
//! the redirect target after a login, the refresh inside a request, the security headers, the
//! counters, and the reports of rejections. Headers are
//! bytes and strings. No type of an HTTP crate or framework is used, and nothing is sent.

#[cfg(feature = "utoipa")]
pub(crate) mod api_security;
pub(crate) mod authenticator;
pub(crate) mod caller;
pub(crate) mod cookie_reader;
pub(crate) mod cookie_settings;
pub(crate) mod meter;
pub(crate) mod origin;
pub(crate) mod path_prefix;
pub(crate) mod public_origin;
pub(crate) mod refresh;
pub(crate) mod rejection_report;
pub(crate) mod rejection_response;
pub(crate) mod safe_next;
pub(crate) mod security_headers;
