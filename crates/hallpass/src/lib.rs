//! Sign in once, pass every route: signed role cookies, two-factor sign-in and instant revocation, with no query on the way.
#![forbid(unsafe_code)]

mod ability;
mod assemble;
mod background;
mod builder;
mod hallpass;
mod key_file;
#[cfg(feature = "axum")]
mod on_axum;
#[cfg(feature = "sqlite")]
mod open;
mod watched_key_file;

pub use assemble::{BuildError, StartError};
pub use builder::{HallpassBuilder, NoFeed, WithFeed};
pub use hallpass::Hallpass;
pub use key_file::{KeyFile, KeyFileError};
#[cfg(feature = "sqlite")]
pub use open::OpenError;

// Roles. The macro of this name writes `::hallpass`, so that a site needs no other crate of ours.
pub use hallpass_core::{__facade::Role, RoleSet};
pub use hallpass_derive::FacadeRole as Role;

// Who asks, and may they.
#[cfg(feature = "axum")]
pub use hallpass_axum::{Allowed, Denied, Identity};
#[cfg(not(feature = "axum"))]
pub use hallpass_core::Identity;
pub use hallpass_core::{
    AnswerSettings, Authentication, Denial, DenialKind, Gate, Methods, Permission, Requirement, TokenError,
    TokenErrorKind, Verifier,
};
#[cfg(feature = "axum")]
pub use hallpass_tower::{
    AuthLayer, DeniedRequest, OriginLayer, RequireLayer, require_any_role, require_at_least, require_login,
    require_roles,
};

// Keys, cookies, time.
pub use hallpass_core::{
    Algorithm, Clock, CookieSettings, CookieSettingsBuilder, CookieSettingsError, Issuer, Key, KeyError, KeyId,
    KeyRing, KeyRingError, Keys, OriginCheckError, RevocationView, SameSite, StalePolicy, SystemClock, UnixTime,
};

// Codes.
pub use hallpass_core::{OtpauthUri, Totp, TotpAlgorithm, TotpDigits, TotpSecret, TotpSettings, TotpSkew};

// Sign-in: its settings, its pages, and the stores that a site may bring.
pub use hallpass_signin::{
    Account, AccountId, Accounts, Administration, AttemptPolicy, AttemptState, Attempted, Attempts, Change, Changes,
    Cursor, Enabled, Ended, Enrolment, Event, Feed, HashGateSettings, LiveFactor, NewAccount, NewSession, Page, Pages,
    Password, PasswordChange, PasswordPolicy, Passwords, RecoveryHash, Registered, Registration, Replaced,
    SecondFactors, Session, SessionId, SessionOpened, Sessions, SignIn, SignInBuildError, SignInBuilder, SignInError,
    SignInErrorKind, Spend, StoreFault, Username, UsernameError, Viewer,
};
pub use hallpass_signin::{DefaultLayout, DefaultPages, Layout, STYLE_SHEET, Texts};
#[cfg(feature = "sqlite")]
pub use hallpass_sqlx::{SqliteStore, StoreError, StoreErrorKind};
