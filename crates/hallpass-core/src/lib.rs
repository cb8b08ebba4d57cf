//! The decisions of hallpass, without I/O: who a token speaks for, whether they may, and what to
//! answer if not.
//!
//! Everything here takes bytes, `&str` and numbers and gives a value back: a proof, or the reason
//! why not. No runtime, no framework and no store is reached from here, no clock is read and no
//! random number drawn; `now` and random bytes come in as values. So the crate is the same under
//! tower, actix-web and a shell, and a test says what time it is.
//!
//! | to | there is |
//! |---|---|
//! | hold keys, rotate them, read and publish JWK Sets | [`KeyRing`], [`Keys`], [`Key`] |
//! | sign a token, for a completed sign-in and nothing else | [`Issuer`], [`LoggedIn`] |
//! | verify one | [`Verifier`], [`Identity`], [`Claims`] |
//! | find it in a request's headers | [`RequestAuthenticator`], [`CookieSettings`] |
//! | tear it up before its time | [`RevocationList`] |
//! | ask for roles, a second factor, freshness | [`Role`], [`RoleSet`], [`Requirement`] |
//! | reject a request and render the response | [`Rejection`], [`RejectionResponse`] |
//! | count what was let in and what was not | [`Meter`] |
//! | keep other sites out | [`OriginCheck`], [`SafeNext`] |
//! | check one-time codes (feature `totp`) | `Totp`, `TotpSecret` |
//!
//! # Features
//!
//! | feature | brings | default |
//! |---|---|---|
//! | `asymmetric` | EdDSA, ECDSA and RSA keys, PEM and JWK of them, by aws-lc-rs | yes |
//! | `derive` | `#[derive(Role)]` | yes |
//! | `metrics` | what adapters count, for the recorder of the `metrics` facade | no, because a site without a recorder has nobody to count for |
//! | `totp` | one-time codes, by totp-rs | yes |
//! | `utoipa` | `ApiSecurity`: security schemes and requirements for an OpenAPI document | no, because most sites have no such document |

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
    rejection::{FieldFault, Rejection},
    rejection_kind::RejectionKind,
    requirement::{Permission, Requirement},
    route_table::RouteTable,
};
pub use keys::{
    algorithm::Algorithm,
    error::{KeyError, KeyRingError},
    handle::Keys,
    key::Key,
    key_id::{KeyId, KeyIdError},
    key_ring::{KeyRing, RingEntry},
};
#[cfg(feature = "utoipa")]
pub use request::api_security::ApiSecurity;
pub use request::{
    authenticator::RequestAuthenticator,
    caller::Caller,
    cookie_reader::{DuplicateCookie, find_cookie},
    cookie_settings::{
        CookieSettings, SameSite, SetCookieError, builder::CookieSettingsBuilder,
        rules::CookieSettingsError,
    },
    meter::Meter,
    origin::{OriginCheck, OriginCheckError, OriginFacts},
    refresh::{RefreshHook, RefreshedRequest, Refreshing},
    rejection_response::{RejectionResponse, RejectionSettings},
    safe_next::SafeNext,
};
pub use revocation::{
    list::{RevocationList, StalePolicy},
    outcome::{Revoked, RevokedKind, TokenFacts},
};
pub use time::{
    clock::{Clock, SystemClock},
    unix_time::UnixTime,
};
pub use token::{
    claims::Claims,
    error::{TokenError, TokenErrorKind},
    identity::Identity,
    issued_token::{Access, Device, EnrolmentPending, MfaPending, Token, TokenKind, Unprivileged},
    issuer::{IssueError, Issuer},
    logged_in::{LoggedIn, TokenSubject},
    methods::Methods,
    opener::MAX_TOKEN_BYTES,
    role::{Role, RoleSet},
    verifier::Verifier,
};
#[cfg(feature = "totp")]
pub use totp::{
    check::{RightCode, TimeStep, Totp, TotpDrift, WrongCode},
    otpauth::{OtpauthError, OtpauthUri},
    secret::{TotpSecret, TotpSecretError},
    settings::{TotpAlgorithm, TotpDigits, TotpSettings, TotpSkew},
};

#[cfg(feature = "derive")]
pub use hallpass_derive::Role;

/// The trait without the macro of the same name, for the facade, whose macro writes other paths.
#[doc(hidden)]
pub mod __facade {
    pub use crate::token::role::Role;
}

// The macro writes `::hallpass_core`, and so do this crate's own tests.
#[cfg(test)]
extern crate self as hallpass_core;
