//! The engine of hallpass: accounts, passwords, second factors, sessions, rate limits, login flows,
//! store traits.
//!
//! A person proves their identity once, with a flow of this crate. From then on a signed token
//! proves it, and requests are verified without a store. This crate contains no pages and no
//! routes: those are in `hallpass-web`. It depends on no database, because its stores are traits.
//! It requires tokio, for timeouts and for the blocking threads on which passwords are hashed.
//!
//! | task | start with |
//! |---|---|
//! | create the engine | [`Accounts::new`] with a [`StoreSet`] and [`Settings`] |
//! | use an existing users table | [`AccountStore`], two methods; then one trait per further capability |
//! | write your own login route | the typed flow: [`Accounts::accept_password`] |
//! | end sessions, change roles | [`Accounts::log_out_everywhere`], [`Accounts::set_roles`], [`Accounts::disable`] |
//! | be notified of events | [`Event`], [`Settings::on_event`] |
//!
//! Each capability is a folder with its store trait in `store.rs`, its rules and its flows.
//!
//! ```
//! use std::{convert::Infallible, sync::Arc};
//! use hallpass_core::{Clock, KeyRing, Role, SystemClock};
//! use hallpass_accounts::{
//!     Account, AccountId, AccountStore, Accounts, HashCost, LoginStep, Password, Random, Settings, StoreSet, SystemRandom, Username, Visitor,
//!     hash_password,
//! };
//!
//! #[derive(Role)]
//! enum SiteRole {
//!     Editor,
//! }
//!
//! struct Users(Account);
//!
//! impl AccountStore for Users {
//!     type Error = Infallible;
//!
//!     async fn by_username(&self, name: &Username) -> Result<Option<Account>, Infallible> {
//!         Ok((self.0.username() == name).then(|| self.0.clone()))
//!     }
//!
//!     async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, Infallible> {
//!         Ok((self.0.id() == id).then(|| self.0.clone()))
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let (mut salt, mut random) = ([0; 16], [0; 32]);
//! SystemRandom.fill(&mut salt)?;
//! SystemRandom.fill(&mut random)?;
//! let hash = hash_password(&Password::typed("two grey herons"), salt, HashCost::default())?;
//! let alice = Account::new(AccountId::new("1"), Username::parse("alice")?, hash).with_roles(["editor"]);
//! let keys = KeyRing::generate_hs256(random, SystemClock.now());
//! let stores = StoreSet::new(Arc::new(Users(alice)));
//! let site = Accounts::<SiteRole>::new(keys, stores, Settings::default())?;
//!
//! let visitor = Visitor::default();
//! let LoginStep::LoggedIn(opened) = site.log_in("Alice", "two grey herons", None, &visitor).await? else {
//!     panic!("alice has no second factor");
//! };
//! assert_eq!(opened.user.roles, ["editor"]);
//! assert!(site.log_in("alice", "another password", None, &visitor).await.is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | feature | contents | default |
//! |---|---|---|
//! | `metrics` | metrics of logins, limits, refreshes, the password hasher and the revocation list, for the recorder of the `metrics` facade | off |

#![forbid(unsafe_code)]

mod account;
mod accounts;
mod activity;
mod browser;
mod challenge;
mod consumed;
mod error;
mod event;
mod kind;
mod login;
mod outcome;
mod password;
mod random;
mod rate_limit;
mod registration;
mod retention;
mod revocation;
mod session;
mod settings;
mod site;
mod store;
mod stored_bytes;
mod two_factor;
mod visitor;

pub use account::flow::Commands;
pub use account::own_change::{
    Actor, CommandOutcome, Confirmation, KeptSession, OwnChange, OwnChangeOutcome, SessionRow,
};
pub use account::reserved_usernames::ReservedUsernames;
pub use account::step_up::{Confirmed, Proof, ProofNeeds};
pub use account::store::{AccountStore, AdministrationStore, CombinedWith};
pub use account::username::{Username, UsernameError, Usernames};
pub use account::{Account, AccountId, AccountNumbers, LiveFactor};
pub use accounts::{Ability, Accounts};
pub use activity::store::ActivityStore;
pub use activity::{Activity, ActivityKind};
pub use browser::store::{BrowserLogin, BrowserStore, KnownBrowser, WhichBrowsers};
pub use browser::{BrowserCookie, BrowserHash, BrowserId, BrowserName};
pub use challenge::{
    Challenge, ChallengeAttempt, ChallengeOutage, ChallengeOutcome, ChallengedAction,
};
pub use consumed::store::ConsumedStore;
pub use consumed::{OneTimeHash, OneTimePurpose};
pub use error::{AccountsError, AccountsErrorKind};
pub use event::client::EventClient;
pub use event::rejected::RejectionEvents;
pub use event::{Event, EventActor, EventHook, RateLimitKind, RejectionReason, reminder::Reminder};
pub use login::authenticated::Authenticated;
pub use login::mfa_required::MfaRequired;
pub use login::own_claims::OwnClaims;
pub use login::password_accepted::{NextStep, PasswordAccepted};
pub use login::{AccountSummary, LoginStep, OpenedSession};
pub use outcome::store::{OutcomeStore, PutOutcome};
pub use outcome::{Outcome, OutcomeId, OutcomeKind};
pub use password::HashCost;
pub use password::Password;
pub use password::offline_hash::{HashError, RightPassword, check_password, hash_password};
pub use password::password_hasher::{ImpossibleCost, PasswordHasher};
pub use password::password_hasher_settings::PasswordHasherSettings;
pub use password::policy::{
    AcceptablePassword, Breach, BreachedPasswords, PasswordError, PasswordPolicy,
};
pub use password::reset::link::ResetLink;
pub use password::reset::{NewPassword, PasswordReset, ResetNeeds};
pub use password::store::{ConsumedLink, PasswordChange, PasswordStore, ReplaceOutcome};
pub use password::stored_hash::{ForeignHash, ForeignMatch};
pub use random::{NoRandomness, Random, SystemRandom};
pub use rate_limit::limits::RateLimits;
pub use rate_limit::proxies::{Proxies, ProxiesError};
pub use rate_limit::store::{MemoryRateLimits, RateLimitStore};
pub use rate_limit::{AttemptOutcome, AttemptState, LimitedKey, RateLimit, TakeAllOutcome};
pub use registration::{NewAccount, RegistrationOutcome, RegistrationStore};
pub use retention::Pruned;
pub use revocation::store::{
    Cursor, NoNotifier, Notifier, Revocation, RevocationLog, RevocationPage, StoreConnections,
};
pub use revocation::{readiness::Readiness, sync::RevocationSync};
pub use session::refresh_state::{
    ConsumedRefreshes, MalformedConsumedRefreshes, PresentedRefresh, RefreshChain, RefreshHash,
    RefreshState, Rotation, RotationOutcome,
};
pub use session::refresh_token::RefreshToken;
pub use session::request_refresh::RequestRefresh;
pub use session::session_id::{MalformedSessionId, SessionId};
pub use session::store::{
    EndOutcome, NewSession, OpenOutcome, RefreshOutcome, RefreshTokenStore, RefreshedSession,
    Session, SessionStore,
};
pub use session::{SessionSettings, Tokens, session_page::SessionPage};
pub use settings::{Settings, SettingsError, VerifierSettings};
pub use site::store::{Incarnation, KeyCheck, SiteStore, StoreFacts};
pub use store::DynChallenge;
pub use store::{
    DynAccountStore, DynAdministrationStore, DynBreachedPasswords, DynPasswordStore,
    DynRateLimitStore, DynRefreshTokenStore, DynRegistrationStore, DynRevocationLog,
    DynSessionStore, DynSiteStore, DynTwoFactorStore, StoreFault, StoreSet,
};
pub use store::{DynActivityStore, DynBrowserStore, DynConsumedStore, DynOutcomeStore};
pub use two_factor::enrolment::{Enrolling, EnrolmentRequired};
pub use two_factor::recovery_code::{RecoveryCode, RecoveryHash};
pub use two_factor::reencryption::Reencryption;
pub use two_factor::store::{ConsumeOutcome, Enrolment, StoredSecret, TwoFactorStore};
pub use two_factor::{FactorOff, SetUp, TwoFactor, TwoFactorPolicy};
pub use visitor::{Visitor, device_name};
