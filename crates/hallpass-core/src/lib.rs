//! Claims, tokens, keys, roles, TOTP, cookies and denials of hallpass, without I/O

#![forbid(unsafe_code)]

mod answer;
mod caller;
mod clock;
mod cookie_reader;
mod cookie_settings;
mod denial;
mod identity;
mod methods;
mod origin;
#[cfg(feature = "totp")]
mod otpauth;
mod requirement;
mod revocation;
mod role;
mod safe_next;
mod time;
mod token_error;
#[cfg(feature = "totp")]
mod totp;
#[cfg(feature = "totp")]
mod totp_secret;

pub use answer::{Answer, AnswerSettings, answer, refusal_headers};
pub use caller::Caller;
pub use clock::{Clock, SystemClock};
pub use cookie_reader::{DuplicateCookie, find_cookie};
pub use cookie_settings::{
    CookieSettings, CookieSettingsBuilder, CookieSettingsError, SameSite, SetCookieError,
};
pub use denial::{Denial, DenialKind};
pub use identity::{Authentication, Identity};
pub use methods::Methods;
pub use origin::{OriginCheck, OriginCheckError, OriginFacts, SameOrigin};
#[cfg(feature = "totp")]
pub use otpauth::{OtpauthError, OtpauthUri};
pub use requirement::{Admitted, Requirement};
pub use revocation::{Live, RevocationView, Revoked, RevokedKind, StalePolicy, TokenFacts};
pub use role::{Role, RoleSet};
pub use safe_next::SafeNext;
pub use time::UnixTime;
pub use token_error::{TokenError, TokenErrorKind};
#[cfg(feature = "totp")]
pub use totp::{TimeStep, Totp, TotpAlgorithm, TotpDigits, TotpSettings, TotpSkew, WrongCode};
#[cfg(feature = "totp")]
pub use totp_secret::{TotpSecret, TotpSecretError};

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
