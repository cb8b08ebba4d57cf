//! Sign in once, pass every route: signed role cookies, two-factor sign-in and instant revocation,
//! with no query on the way.
//!
//! A person signs in with a password and an authenticator's code, and that is when the store is
//! read. From then on a signed cookie carries the roles, and each route checks them without a
//! query. Log-out, a role change or a disabled account ends live tokens all the same, on every node
//! within 5 seconds.
//!
//! This crate is the one dependency of a site. It puts the others together and says once what they
//! share: names, keys, lifetimes, cookies. What it does not do is decide anything about a request:
//! that is `hallpass-core`, which a service that only verifies tokens takes alone, with
//! `hallpass-tower` or `hallpass-axum`.
//!
//! # 25 lines
//!
//! ```rust,no_run
//! use axum::{Router, routing::get};
//! use hallpass::{Hallpass, Identity, Role, require_login, require_roles};
//!
//! #[derive(Role)]
//! enum SiteRole {
//!     #[role(default)] // what a new account is
//!     Guest,
//!     Admin,
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let hallpass = Hallpass::<SiteRole>::open("sqlite://site.db").await?; // accounts, sessions, keys: made on first start
//!     let app = Router::new()
//!         .route("/", get(hello))
//!         .route("/profile", get(hello).route_layer(require_login()))
//!         .route("/admin", get(hello).route_layer(require_roles([SiteRole::Admin])))
//!         .merge(hallpass.routes()); // log in, log out, sign up, account page
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//!     Ok(axum::serve(listener, hallpass.protect(app)).await?) // authentication, refresh, error pages
//! }
//!
//! async fn hello(me: Option<Identity<SiteRole>>) -> String {
//!     me.map_or("Hello, stranger".into(), |me| format!("{} may {:?}", me.username(), me.roles()))
//! }
//! ```
//!
//! `/register`, `/login`, `/logout` and the pages under `/profile/` are there; accounts and
//! sessions are in `site.db`, the keys in `site-keys.json` beside it. Browsers send the cookies
//! over HTTPS, and all but Safari to `localhost`.
//!
//! A debug build hashes passwords cheaply, because argon2 without optimisation takes seconds, and
//! logs a warning. A release build replaces these hashes at the next login.
//!
//! # A site with its own users table
//!
//! Two methods are enough to log in with a password. Each further capability is one more small
//! trait, and a capability whose trait is missing does not compile.
//!
//! ```
//! # use hallpass::{store::AccountStore, *};
//! # #[derive(Role)] enum SiteRole { Guest, Admin }
//! # struct Users;
//! impl AccountStore for Users {
//!     type Error = std::io::Error; // sqlx::Error, say
//!     async fn by_username(&self, name: &Username) -> Result<Option<Account>, Self::Error> {
//!         Ok(None) // SELECT … WHERE username_key = name.key()
//!     }
//!     async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, Self::Error> {
//!         Ok(None) // SELECT … WHERE id = id.as_str()
//!     }
//! }
//! # async fn example() -> Result<(), StartError> {
//! let hallpass = Hallpass::<SiteRole>::builder(Users).keys_in_memory().start().await?; // a site: .key_file("keys.json")
//!
//! let forgotten = Hallpass::<SiteRole>::builder(Users).start().await;
//! assert!(forgotten.unwrap_err().to_string().starts_with("no keys: write .key_file("));
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
//! ```
//!
//! # Features
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `actix` | layers, guards, extractors and login routes on actix-web, under the same names as on axum, and the module `actix` | off, because a site is on one framework |
//! | `asymmetric` | keys of EdDSA, ECDSA and RSA, whose public halves `/.well-known/jwks.json` shows | off, because one site alone needs no more than HMAC, and aws-lc takes a minute to build |
//! | `axum` | layers, guards, extractors and login routes on axum and tower, and the module `axum` | on, because most sites here are |
//! | `metrics` | counters, gauges and a histogram of requests, sign-ins, password hasher and revocation list, for the recorder of the `metrics` facade | off, because a site without a recorder has nobody to count for |
//! | `postgres` | [`PostgresStore`](store::PostgresStore) and [`Hallpass::open`] on it | off, because it needs a server |
//! | `redis` | [`RedisStore`](store::RedisStore), for [`HallpassBuilder::shared_backend`] | off, because one node needs none |
//! | `sqlite` | [`SqliteStore`](store::SqliteStore) and [`Hallpass::open`], with SQLite itself | on, because a site must keep its accounts somewhere |
//! | `tls` | TLS on the way to PostgreSQL (`sslmode=verify-full`), Redis and Valkey (`rediss://`) | off, because many a server is on the same machine, and aws-lc takes a minute to build |
//! | `utoipa` | `ApiSecurity` and `Routes::describe`: security schemes, requirements and the sign-in routes for an OpenAPI document | off, because most sites have no such document |

#![forbid(unsafe_code)]

mod background;
mod builder;
mod hallpass;
mod identity;
mod key_file;
#[cfg(any(feature = "actix", feature = "axum"))]
mod layer;
#[cfg(feature = "actix")]
mod on_actix;
#[cfg(feature = "axum")]
mod on_axum;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod open;
#[cfg(any(feature = "actix", feature = "axum"))]
mod require;
#[cfg(any(feature = "actix", feature = "axum"))]
mod site;
mod start;

#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use crate::open::OpenError;
pub use crate::{
    builder::HallpassBuilder, hallpass::Hallpass, identity::Identity, start::StartError,
};
#[cfg(any(feature = "actix", feature = "axum"))]
pub use crate::{
    identity::Allowed,
    layer::AuthLayer,
    require::{
        RequireLayer, public, require_any_role, require_at_least, require_login, require_roles,
    },
};
pub use hallpass_accounts::{
    Account, AccountId, AccountsError, AccountsErrorKind, Event, HashCost, PasswordHasherSettings,
    PasswordPolicy, Proxies, RateLimit, RateLimits, SessionSettings, TwoFactorPolicy, Username,
    VerifierSettings,
};
pub use hallpass_core::{
    __facade::Role, Clock, CookieSettings, Permission, Rejection, RejectionKind, Requirement,
    RoleSet, SameSite, StalePolicy, SystemClock, UnixTime,
};
// The macro of this name writes `::hallpass`, so that a site needs no other crate of ours.
pub use hallpass_derive::FacadeRole as Role;

/// What only axum and tower have. Layers, guards, extractors and login routes are at the root.
#[cfg(feature = "axum")]
pub mod axum {
    pub use crate::on_axum::Protected;
    pub use hallpass_axum::{GuardedRouter, Rejected};
}

/// What only actix-web has. Layers, guards, extractors and login routes are at the root.
#[cfg(feature = "actix")]
pub mod actix {
    pub use hallpass_actix::{GuardedRouter, Rejected};
}

/// Stores: the traits that a site's own store implements, and the stores that are there.
pub mod store {
    pub use hallpass_accounts::{
        AccountStore, Actor, AdministrationStore, AttemptOutcome, AttemptState, CommandOutcome,
        ConsumeOutcome, ConsumedRefreshes, Cursor, DynAccountStore, DynAdministrationStore,
        DynBreachedPasswords, DynPasswordStore, DynRateLimitStore, DynRefreshTokenStore,
        DynRegistrationStore, DynRevocationLog, DynSessionStore, DynTwoFactorStore, EndOutcome,
        Enrolment, LiveFactor, MalformedConsumedRefreshes, MalformedSessionId, MemoryRateLimits,
        NewAccount, NewSession, NoNotifier, Notifier, OpenOutcome, OwnChange, OwnChangeOutcome,
        PasswordChange, PasswordStore, RateLimitStore, RecoveryCode, RecoveryHash, RefreshChain,
        RefreshHash, RefreshOutcome, RefreshState, RefreshTokenStore, RefreshedSession,
        RegistrationOutcome, RegistrationStore, ReplaceOutcome, Revocation, RevocationLog,
        RevocationPage, Rotation, RotationOutcome, Session, SessionId, SessionStore, StoreFault,
        StoreSet, TwoFactorStore, UsernameError,
    };
    #[cfg(feature = "redis")]
    pub use hallpass_redis::{RedisOpenError, RedisStore, RedisStoreError, RedisStoreErrorKind};
    #[cfg(feature = "postgres")]
    pub use hallpass_sqlx::PostgresStore;
    #[cfg(feature = "sqlite")]
    pub use hallpass_sqlx::SqliteStore;
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub use hallpass_sqlx::{MigrateError, SqlStore, StoreError, StoreErrorKind, StoreOpenError};
}

/// The login flow and its settings, for a site that calls the steps itself.
pub mod flow {
    pub use hallpass_accounts::{
        Ability, AcceptablePassword, AccountSummary, Accounts, Authenticated, Breach,
        BreachedPasswords, Commands, Enrolling, EnrolmentRequired, EventHook, FactorOff,
        ForeignHash, ForeignMatch, HashError, ImpossibleCost, LoginStep, MfaRequired, NextStep,
        NoRandomness, OpenedSession, OwnClaims, Password, PasswordAccepted, PasswordError,
        PasswordHasher, ProxiesError, Random, RateLimitKind, RefreshToken, RejectionReason,
        RevocationSync, RightPassword, SetUp, Settings, SettingsError, SystemRandom, Tokens,
        TwoFactor, Visitor, check_password, hash_password,
    };
    pub use hallpass_core::{
        CookieSettingsBuilder, CookieSettingsError, OriginCheckError, SetCookieError,
    };
}

/// The pages of the login routes, their models and texts.
pub mod pages {
    pub use hallpass_core::FieldFault;
    pub use hallpass_web::{
        Body, CodePage, DefaultLayout, DefaultPages, EndpointRequest, EndpointResponse, Fault,
        Layout, LoginPage, Page, Pages, PasswordPage, Reader, RecoveryCodesPage, RegisterPage,
        RejectionPage, RejectionText, Route, Routes, SCRIPT, STYLE_SHEET, SessionLine,
        SessionsPage, Texts, TwoFactorOnPage, TwoFactorSetUpPage,
    };
}

/// Keys that sign and verify, key rings, and the key file.
pub mod keys {
    pub use crate::key_file::{KeyFile, KeyFileError};
    pub use hallpass_core::{
        Algorithm, Key, KeyError, KeyId, KeyIdError, KeyRing, KeyRingError, Keys, RingEntry,
    };
}

/// Access tokens: issuing and verifying them, and finding them in a request.
pub mod token {
    pub use hallpass_core::{
        Access, Authentication, Claims, Device, EnrolmentPending, Identity, IssueError, Issuer,
        LoggedIn, Methods, MfaPending, RequestAuthenticator, RevocationList, Revoked, RevokedKind,
        Token, TokenError, TokenErrorKind, TokenFacts, TokenKind, TokenSubject, Unprivileged,
        Verifier,
    };
}

/// One-time codes.
pub mod totp {
    pub use hallpass_core::{
        OtpauthError, OtpauthUri, RightCode, TimeStep, Totp, TotpAlgorithm, TotpDigits, TotpDrift,
        TotpSecret, TotpSecretError, TotpSettings, TotpSkew, WrongCode,
    };
}

/// What a request asks for, how a rejection is rendered for it, and the table of routes.
pub mod request {
    #[cfg(any(feature = "actix", feature = "axum"))]
    pub use crate::{
        layer::{DefaultPage, FromText, OriginLayer, RejectedRequest, RejectionPage},
        site::LoginRoutes,
    };
    #[cfg(feature = "utoipa")]
    pub use hallpass_core::ApiSecurity;
    pub use hallpass_core::{
        Caller, FieldFault, Meter, OriginCheck, OriginFacts, RejectionResponse, RejectionSettings,
        RouteTable,
    };
}
