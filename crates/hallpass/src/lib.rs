//! Log in once, pass every route: signed role cookies, two-factor login and revocation, with no
//! query per request.
//!
//! A person logs in with a password and an authenticator code. A signed cookie then carries the
//! person's roles, and each route checks the cookie without a database query. The store is read at
//! login and when the session is refreshed. A logout, a role change or a disabled account still
//! revokes tokens that have not expired, on every node within 5 seconds.
//!
//! A site needs this crate and no other hallpass crate. It connects the other crates and holds the
//! settings that they share: names, keys, lifetimes and cookies. It does not decide whether a
//! request is allowed. `hallpass-core` makes that decision. A service that only verifies tokens
//! uses `hallpass-core` with `hallpass-tower`, `hallpass-axum` or `hallpass-actix`, without this
//! crate.
//!
//! # 25 lines
//!
//! ```rust,no_run
//! use axum::{Router, routing::get};
//! use hallpass::{Hallpass, Identity, Role, require_login, require_roles};
//!
//! #[derive(Role)]
//! enum SiteRole {
//!     #[role(default)] // the role of a new account
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
//!     Ok(hallpass::axum::serve(listener, hallpass.protect(app)).await?) // authentication, refresh, error pages
//! }
//!
//! async fn hello(me: Option<Identity<SiteRole>>) -> String {
//!     me.map_or("Hello, stranger".into(), |me| format!("{} may {:?}", me.username(), me.roles()))
//! }
//! ```
//!
//! This site serves `/register`, `/login`, `/logout` and the pages under `/account/`. Accounts and
//! sessions are stored in `site.db`, and the keys in `site-keys.json` in the same directory.
//! Browsers send the cookies only over HTTPS. For `http://localhost`, Chromium and Firefox accept
//! the cookies too, but Safari does not.
//!
//! A debug build hashes passwords at a low cost and logs a warning, because argon2 without compiler
//! optimisation is dozens of times slower. A release build replaces each of these hashes at the
//! next login of its account.
//!
//! # A site with its own users table
//!
//! A store with two methods is enough to log in with a password. Combined with
//! `SqlStore::on_pool(pool)`, everything else is in the tables of hallpass in the same database. If
//! the builder turns on a capability whose trait the store does not implement, the code does not
//! compile.
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
//! # #[cfg(feature = "sqlite")]
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! # let rest = store::SqlStore::open("sqlite::memory:").await?;
//! let users = Users.with(rest); // a site: .with(SqlStore::on_pool(pool))
//! let hallpass = Hallpass::<SiteRole>::builder(users)
//!     .keys_in_memory() // a site: .key_file("keys.json")
//!     .everything_but_accounts()
//!     .start()
//!     .await?;
//!
//! let forgotten = Hallpass::<SiteRole>::builder(Users).start().await;
//! assert!(forgotten.unwrap_err().to_string().starts_with("no keys: write .key_file("));
//! # Ok(())
//! # }
//! # #[cfg(feature = "sqlite")]
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(example()).unwrap();
//! ```
//!
//! # Features
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `actix` | layers, guards, extractors and login routes for actix-web, under the same names as for axum, and the module `actix` | off |
//! | `asymmetric` | EdDSA, ECDSA and RSA keys; `/.well-known/jwks.json` serves the public keys | off: a single site needs only HMAC, and aws-lc takes a minute to build |
//! | `axum` | layers, guards, extractors and login routes for axum and tower, and the module `axum` | on |
//! | `breached-passwords` | [`PwnedPasswords`](remote::PwnedPasswords), for [`HallpassBuilder::breached_passwords`] | off |
//! | `cli` | operator commands in the site's program: [`Hallpass::cli`] and the module `cli` | off: it adds clap |
//! | `metrics` | counters, gauges and a histogram of requests, logins, the password hasher and the revocation list, through the `metrics` facade | off |
//! | `postgres` | [`PostgresStore`](store::PostgresStore), and [`Hallpass::open`] with it | off |
//! | `redis` | [`RedisStore`](store::RedisStore), for [`HallpassBuilder::shared_backend`] | off: a site with one node does not need it |
//! | `sqlite` | [`SqliteStore`](store::SqliteStore), SQLite itself, and [`Hallpass::open`] | on |
//! | `tls` | TLS connections to PostgreSQL (`sslmode=verify-full`), Redis and Valkey (`rediss://`) | off: a server on the same machine does not need it, and aws-lc takes a minute to build |
//! | `utoipa` | `ApiSecurity` and `Routes::describe`: security schemes, requirements and the login routes for an OpenAPI document | off |

#![forbid(unsafe_code)]

mod background;
mod builder;
#[cfg(all(feature = "cli", any(feature = "postgres", feature = "sqlite")))]
pub mod cli;
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
// This macro emits `::hallpass` paths, so a site needs no other hallpass crate.
pub use hallpass_derive::FacadeRole as Role;

/// Items for axum and tower only. Layers, guards, extractors and login routes are at the root.
#[cfg(feature = "axum")]
pub mod axum {
    pub use crate::on_axum::Protected;
    pub use hallpass_axum::{GuardedRouter, HEAD_TIMEOUT, Rejected, serve, serve_until};
}

/// Items for actix-web only. Layers, guards, extractors and login routes are at the root.
#[cfg(feature = "actix")]
pub mod actix {
    pub use hallpass_actix::{GuardedRouter, Rejected};
}

/// Stores: the traits that a site's own store implements, and the included stores.
pub mod store {
    pub use hallpass_accounts::{
        AccountNumbers, AccountStore, Actor, AdministrationStore, AttemptOutcome, AttemptState,
        CombinedWith, CommandOutcome, Confirmation, ConsumeOutcome, ConsumedLink,
        ConsumedRefreshes, Cursor, DynAccountStore, DynAdministrationStore, DynBreachedPasswords,
        DynChallenge, DynPasswordStore, DynRateLimitStore, DynRefreshTokenStore,
        DynRegistrationStore, DynRevocationLog, DynSessionStore, DynSiteStore, DynTwoFactorStore,
        EndOutcome, Enrolment, Incarnation, KeptSession, KeyCheck, LimitedKey, LiveFactor,
        MalformedConsumedRefreshes, MalformedSessionId, MemoryRateLimits, NewAccount, NewSession,
        NoNotifier, Notifier, OpenOutcome, OwnChange, OwnChangeOutcome, PasswordChange,
        PasswordStore, PresentedRefresh, RateLimitStore, RecoveryCode, RecoveryHash, RefreshChain,
        RefreshHash, RefreshOutcome, RefreshState, RefreshTokenStore, RefreshedSession,
        RegistrationOutcome, RegistrationStore, ReplaceOutcome, ReservedUsernames, Revocation,
        RevocationLog, RevocationPage, Rotation, RotationOutcome, Session, SessionId, SessionRow,
        SessionStore, SiteStore, StoreConnections, StoreFacts, StoreFault, StoreSet, StoredSecret,
        TakeAllOutcome, TwoFactorStore, UsernameError, Usernames,
    };
    pub use hallpass_accounts::{
        Activity, ActivityKind, ActivityStore, BrowserCookie, BrowserHash, BrowserId, BrowserLogin,
        BrowserName, BrowserStore, ConsumedStore, DynActivityStore, DynBrowserStore,
        DynConsumedStore, DynOutcomeStore, KnownBrowser, OneTimeHash, OneTimePurpose, Outcome,
        OutcomeId, OutcomeKind, OutcomeStore, Pruned, PutOutcome, WhichBrowsers,
    };
    #[cfg(feature = "redis")]
    pub use hallpass_redis::{RedisOpenError, RedisStore, RedisStoreError, RedisStoreErrorKind};
    #[cfg(feature = "postgres")]
    pub use hallpass_sqlx::PostgresStore;
    #[cfg(feature = "sqlite")]
    pub use hallpass_sqlx::SqliteStore;
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub use hallpass_sqlx::{
        HashColumn, MigrateError, NoHashColumn, OwnUsers, Pooler, RevocationLogSize, SchemaStep,
        SqlStore, StoreError, StoreErrorKind, StoreOpenError, StoredAccount, StoredRoles,
        StoredRows,
    };
}

/// The steps of the login flow and their settings, for a site that writes its own login routes.
pub mod flow {
    pub use hallpass_accounts::{
        Ability, AcceptablePassword, AccountSummary, Accounts, Authenticated, Breach,
        BreachedPasswords, Challenge, ChallengeAttempt, ChallengeOutage, ChallengeOutcome,
        ChallengedAction, Commands, Confirmed, Enrolling, EnrolmentRequired, EventActor,
        EventClient, EventHook, FactorOff, ForeignHash, ForeignMatch, HashError, ImpossibleCost,
        LoginStep, MfaRequired, NewPassword, NextStep, NoRandomness, OpenedSession, OwnClaims,
        Password, PasswordAccepted, PasswordError, PasswordHasher, PasswordReset, Proof,
        ProofNeeds, ProxiesError, Random, RateLimitKind, Readiness, Reencryption, RefreshToken,
        RejectionReason, ResetLink, ResetNeeds, RevocationSync, RightPassword, SessionPage, SetUp,
        Settings, SettingsError, SystemRandom, Tokens, TwoFactor, Visitor, check_password,
        hash_password,
    };
    pub use hallpass_core::{
        CookieSettingsBuilder, CookieSettingsError, OriginCheckError, SetCookieError,
    };
}

/// The pages of the login routes, their data and their texts.
pub mod pages {
    pub use hallpass_core::FieldFault;
    pub use hallpass_web::{
        ActivityLine, ActivityPage, Body, CodePage, ConfirmPage, DefaultLayout, DefaultPages,
        EndpointRequest, EndpointResponse, Fault, Layout, LoginPage, Notice, Page, Pages,
        PasswordPage, Reader, RecoveryCodesPage, RegisterPage, RejectionPage, RejectionText,
        ResetPage, Route, Routes, SCRIPT, STYLE_SHEET, SessionLine, SessionsPage, Texts,
        TwoFactorOnPage, TwoFactorSetUpPage,
    };
}

/// Keys that sign and verify, key rings, and the key file.
pub mod keys {
    pub use crate::key_file::{KeyFile, KeyFileError};
    pub use hallpass_core::{
        Algorithm, CheckValue, Key, KeyError, KeyFacts, KeyId, KeyIdError, KeyPurpose, KeyRing,
        KeyRingError, KeyState, Keys, RingEntry,
    };
}

/// Access tokens: issuing them, reading them from a request, and verifying them.
pub mod token {
    pub use hallpass_core::{
        Access, Authentication, Claims, EnrolmentPending, Identity, IssueError, Issuer, LoggedIn,
        Maintenance, Methods, MfaPending, RequestAuthenticator, RevocationList, Revoked,
        RevokedKind, Token, TokenError, TokenErrorKind, TokenFacts, TokenKind, TokenSubject,
        Unprivileged, UntilRevoked, Verifier,
    };
}

/// Data from other services, over the site's own HTTP client.
#[cfg(feature = "breached-passwords")]
pub mod remote {
    pub use hallpass_remote::{
        BodyTooLong, Fetch, FetchRequest, FetchResponse, GetWith, LimitedBody, PwnedPasswords,
        PwnedPasswordsError, get_with,
    };
}

/// One-time codes of authenticator apps (TOTP, RFC 6238).
pub mod totp {
    pub use hallpass_core::{
        OtpauthError, OtpauthUri, RightCode, TimeStep, Totp, TotpAlgorithm, TotpDigits, TotpDrift,
        TotpSecret, TotpSecretError, TotpSettings, TotpSkew, TypedCode, WrongCode,
    };
}

/// The public origin, the origin check (CSRF), the responses of rejected requests, and the table of
/// routes.
pub mod request {
    #[cfg(any(feature = "actix", feature = "axum"))]
    pub use crate::{
        layer::{
            DefaultPage, FromText, OriginLayer, RejectedRequest, RejectionPage,
            SecurityHeadersLayer,
        },
        site::LoginRoutes,
    };
    #[cfg(feature = "utoipa")]
    pub use hallpass_core::ApiSecurity;
    pub use hallpass_core::{
        Caller, FieldFault, Meter, OriginCheck, OriginFacts, OriginHeader, PathPrefix,
        PublicOrigin, PublicOriginError, RejectionResponse, RejectionSettings, RouteTable,
        SecurityHeaders,
    };
}
