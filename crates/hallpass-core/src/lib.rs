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

mod answer;
#[cfg(feature = "utoipa")]
mod api_security;
mod caller;
mod claim_reader;
mod claim_scanner;
mod claim_set;
mod claim_writer;
mod claims;
mod cookie_reader;
mod cookie_settings;
mod denial;
mod encoding;
mod gate;
mod header;
mod identity;
mod issue_error;
mod issued_token;
mod issuer;
mod keys;
mod known_device;
mod meter;
mod methods;
mod origin;
mod own_claims;
mod pending;
mod permission;
mod renew;
mod requirement;
mod revocation;
mod role;
mod route_table;
mod safe_next;
mod shared;
mod signed_in;
mod time;
mod token_cache;
mod token_error;
mod token_opener;
mod token_rules;
#[cfg(feature = "totp")]
mod totp;
mod verifier;

pub use answer::{Answer, AnswerSettings, BODY_HEADERS, answer, own_page, refusal_headers};
#[cfg(feature = "utoipa")]
pub use api_security::ApiSecurity;
pub use caller::Caller;
pub use claims::{Claims, ClaimsBuffer};
pub use cookie_reader::{DuplicateCookie, find_cookie};
pub use cookie_settings::{CookieSettings, CookieSettingsBuilder, CookieSettingsError, SameSite, SetCookieError};
pub use denial::{Denial, DenialKind};
pub use gate::Gate;
pub use identity::{Authentication, Identity};
pub use issue_error::IssueError;
pub use issued_token::{AccessToken, DeviceToken, EnrolmentToken, PendingToken};
pub use issuer::Issuer;
pub use keys::algorithm::Algorithm;
pub use keys::error::KeyError;
pub use keys::error::KeyRingError;
pub use keys::handle::Keys;
pub use keys::key::Key;
pub use keys::key_id::{KeyId, KeyIdError};
pub use keys::key_ring::{KeyRing, RingEntry};
pub use known_device::KnownDevice;
pub use meter::Meter;
pub use methods::Methods;
pub use origin::{OriginCheck, OriginCheckError, OriginFacts, SameOrigin};
pub use pending::{Pending, PendingEnrolment};
pub use permission::Permission;
pub use renew::{Renew, RenewedRequest, Renewing};
pub use requirement::{Admitted, Requirement};
pub use revocation::{
    outcome::{Live, Revoked, RevokedKind, TokenFacts},
    view::{RevocationView, StalePolicy},
};
pub use role::{Role, RoleSet};
pub use route_table::RouteTable;
pub use safe_next::SafeNext;
pub use signed_in::{SignedIn, SignedInFacts};
pub use time::clock::{Clock, SystemClock};
pub use time::unix_time::UnixTime;
pub use token_error::{TokenError, TokenErrorKind};
pub use token_opener::MAX_TOKEN_BYTES;
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
pub use verifier::Verifier;

#[cfg(feature = "derive")]
pub use hallpass_derive::Role;

/// The trait without the macro of the same name, for the facade, whose macro writes other paths.
#[doc(hidden)]
pub mod __facade {
    pub use crate::role::Role;
}

// The macro writes `::hallpass_core`, and so do this crate's own tests.
#[cfg(test)]
extern crate self as hallpass_core;
