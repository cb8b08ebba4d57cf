//! The decisions of hallpass, without I/O: who a token speaks for, whether they may, and what to answer if not.
//!
//! Everything here takes bytes, `&str` and numbers and gives a value back: a proof, or the reason why not. No runtime, no framework
//! and no store is reached from here, no clock is read and no random number drawn; `now` and random bytes come in as values. So
//! the crate is the same under tower, actix-web and a shell, and a test says what time it is.
//!
//! | to | there is |
//! |---|---|
//! | hold keys, rotate them, read and publish JWK Sets | [`KeyRing`], [`Keys`], [`Key`] |
//! | sign a token, for a completed sign-in and nothing else | [`Issuer`], [`SignedIn`] |
//! | verify one | [`Verifier`], [`Identity`], [`Claims`] |
//! | find it in a request's headers | [`Gate`], [`CookieSettings`] |
//! | tear it up before its time | [`RevocationView`] |
//! | ask for roles, a second factor, freshness | [`Role`], [`RoleSet`], [`Requirement`] |
//! | refuse, in the caller's own language | [`Denial`], [`answer()`] |
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

pub use access::denial::{Denial, DenialKind};
pub use access::requirement::Permission;
pub use access::requirement::{Admitted, Requirement};
pub use access::route_table::RouteTable;
pub use keys::algorithm::Algorithm;
pub use keys::error::KeyError;
pub use keys::error::KeyRingError;
pub use keys::handle::Keys;
pub use keys::key::Key;
pub use keys::key_id::{KeyId, KeyIdError};
pub use keys::key_ring::{KeyRing, RingEntry};
pub use request::answer::{Answer, AnswerSettings, BODY_HEADERS, answer, own_page, refusal_headers};
#[cfg(feature = "utoipa")]
pub use request::api_security::ApiSecurity;
pub use request::caller::Caller;
pub use request::cookie_reader::{DuplicateCookie, find_cookie};
pub use request::cookie_settings::{
    CookieSettings, SameSite, SetCookieError, builder::CookieSettingsBuilder, rules::CookieSettingsError,
};
pub use request::gate::Gate;
pub use request::meter::Meter;
pub use request::origin::{OriginCheck, OriginCheckError, OriginFacts, SameOrigin};
pub use request::renew::{Renew, RenewedRequest, Renewing};
pub use request::safe_next::SafeNext;
pub use revocation::{
    outcome::{Live, Revoked, RevokedKind, TokenFacts},
    view::{RevocationView, StalePolicy},
};
pub use time::clock::{Clock, SystemClock};
pub use time::unix_time::UnixTime;
pub use token::claims::{Claims, ClaimsBuffer};
pub use token::error::{TokenError, TokenErrorKind};
pub use token::issued_token::{AccessToken, DeviceToken, EnrolmentToken, PendingToken};
pub use token::issuer::IssueError;
pub use token::issuer::Issuer;
pub use token::methods::Methods;
pub use token::opened_token::KnownDevice;
pub use token::opened_token::{Pending, PendingEnrolment};
pub use token::opener::MAX_TOKEN_BYTES;
pub use token::role::{Role, RoleSet};
pub use token::signed_in::{SignedIn, SignedInFacts};
pub use token::verifier::Verifier;
#[cfg(feature = "totp")]
pub use totp::check::TotpDrift;
#[cfg(feature = "totp")]
pub use totp::check::{RightCode, TimeStep, Totp, WrongCode};
#[cfg(feature = "totp")]
pub use totp::otpauth::{OtpauthError, OtpauthUri};
#[cfg(feature = "totp")]
pub use totp::secret::{TotpSecret, TotpSecretError};
#[cfg(feature = "totp")]
pub use totp::settings::{TotpAlgorithm, TotpDigits, TotpSettings, TotpSkew};
pub use {access::authentication::Authentication, token::identity::Identity};

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
