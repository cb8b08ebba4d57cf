//! The decisions of hallpass, without I/O: the caller that a token identifies, whether the caller
//! meets a requirement, and the response to a rejected request.
//!
//! The functions take bytes, `&str` and numbers and return a value: a proof, or the reason for a
//! rejection. This crate uses no runtime, no framework and no store. It reads no clock and draws no
//! random numbers: `now` and random bytes are arguments. The crate therefore works the same under
//! tower, under actix-web and in a command-line program, and a test chooses the time.
//!
//! | task | types |
//! |---|---|
//! | hold keys, rotate them, read and publish JWK Sets | [`KeyRing`], [`Keys`], [`Key`] |
//! | sign a token, only after a completed login | [`Issuer`], [`LoggedIn`] |
//! | verify a token | [`Verifier`], [`Identity`], [`Claims`] |
//! | find the token in a request's headers | [`RequestAuthenticator`], [`CookieSettings`] |
//! | revoke a token before it expires | [`RevocationList`] |
//! | require roles, a second factor, a recent login | [`Role`], [`RoleSet`], [`Requirement`] |
//! | reject a request and render the response | [`Rejection`], [`RejectionResponse`] |
//! | count verified and rejected requests, and report some of them | [`Meter`], [`RejectionReports`] |
//! | reject requests from other sites (CSRF), redirect only within the site | [`OriginCheck`], [`SafeNext`] |
//! | add the security headers to a response | [`SecurityHeaders`] |
//! | state the address of the site in the browser, with its path prefix | [`PublicOrigin`], [`PathPrefix`] |
//! | check one-time codes (feature `totp`) | `Totp`, `TotpSecret` |
//!
//! # Features
//!
//! | feature | adds | default |
//! |---|---|---|
//! | `asymmetric` | EdDSA, ECDSA and RSA keys, also as PEM and JWK, by aws-lc-rs | yes |
//! | `derive` | `#[derive(Role)]` | yes |
//! | `metrics` | counters of verifications and rejections, for the recorder of the `metrics` facade | no |
//! | `totp` | one-time codes, by totp-rs | yes |
//! | `utoipa` | `ApiSecurity`: security schemes and requirements for an OpenAPI document | no |

#![forbid(unsafe_code)]

mod access;
mod encoding;
mod keys;
mod request;
mod revocation;
mod shared;
mod time;
mod token;
#[cfg(feature = "totp")]
mod totp;

pub use access::{
    authentication::Authentication,
    origin_header::OriginHeader,
    rejection::{FieldFault, Rejection},
    rejection_kind::RejectionKind,
    requirement::{Permission, Requirement},
    route_table::RouteTable,
};
pub use keys::{
    algorithm::Algorithm,
    check_value::CheckValue,
    error::{KeyError, KeyRingError},
    handle::Keys,
    key::Key,
    key_id::{KeyId, KeyIdError},
    key_ring::{
        KeyRing, RingEntry,
        facts::{KeyFacts, KeyPurpose, KeyState},
    },
};
#[cfg(feature = "utoipa")]
pub use request::api_security::ApiSecurity;
pub use request::{
    authenticator::RequestAuthenticator,
    caller::Caller,
    cookie_reader::{DuplicateCookie, cookie_values, find_cookie},
    cookie_settings::{
        CookieSettings, SameSite, SetCookieError, builder::CookieSettingsBuilder,
        rules::CookieSettingsError,
    },
    meter::Meter,
    origin::{OriginCheck, OriginCheckError, OriginFacts},
    path_prefix::PathPrefix,
    public_origin::{PublicOrigin, PublicOriginError},
    refresh::{RefreshHook, RefreshedRequest, Refreshing},
    rejection_report::{RejectionReport, RejectionReports, ReportHook, ReportedKind},
    rejection_response::{RejectionResponse, RejectionSettings},
    safe_next::SafeNext,
    security_headers::SecurityHeaders,
};
pub use revocation::{
    list::{RevocationList, StalePolicy},
    outcome::{Revoked, RevokedKind, TokenFacts},
    watch::Maintenance,
};
pub use time::{
    clock::{Clock, MAX_CLOCK_SKEW, SystemClock},
    unix_time::UnixTime,
};
pub use token::{
    claims::Claims,
    error::{TokenError, TokenErrorKind},
    identity::Identity,
    issued_token::{Access, EnrolmentPending, MfaPending, Token, TokenKind, Unprivileged},
    issuer::{IssueError, Issuer},
    logged_in::{LoggedIn, TokenSubject},
    methods::Methods,
    opener::MAX_TOKEN_BYTES,
    role::{Role, RoleSet},
    until_revoked::UntilRevoked,
    verifier::Verifier,
};
#[cfg(feature = "totp")]
pub use totp::{
    check::{RightCode, TimeStep, Totp, TotpDrift, WrongCode},
    otpauth::{OtpauthError, OtpauthUri},
    secret::{TotpSecret, TotpSecretError},
    settings::{TotpAlgorithm, TotpDigits, TotpSettings, TotpSkew},
    typed_code::TypedCode,
};

#[cfg(feature = "derive")]
pub use hallpass_derive::Role;

/// The trait without the macro of the same name, for the facade, whose macro generates other paths.
#[doc(hidden)]
pub mod __facade {
    pub use crate::token::role::Role;
}

// The macro generates the path `::hallpass_core`, also in this crate's own tests.
#[cfg(test)]
extern crate self as hallpass_core;
