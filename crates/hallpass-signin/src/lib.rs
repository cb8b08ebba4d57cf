//! The sign-in of hallpass: flows, store traits, hash gate, limits, endpoints for any framework.
//!
//! A person proves who they are once, here; from then on a signed token does, and no store is asked. This crate knows no HTTP framework
//! (its endpoints take and give plain values) and no database (its stores are traits), but it needs tokio, for bounds on time and
//! for the blocking threads on which passwords are hashed.
//!
//! | to | begin with |
//! |---|---|
//! | put a sign-in together | [`SignIn::builder`] |
//! | bring a users table of one's own | [`Accounts`], two methods; then one trait for each further ability |
//! | mount the sign-in routes | [`SignIn::routes`] and [`SignIn::handle`], or the adapter of a framework |
//! | write a route of one's own | the typed flow: [`SignIn::accept_password`] |
//! | end sessions, change roles | [`SignIn::sign_out_everywhere`], [`SignIn::set_roles`], [`SignIn::disable`] |
//! | hear what happens | [`Event`], [`SignInBuilder::on_event`] |
//!
//! What it does on purpose not do: send mail, or sign people in by other sites.
//!
//! ```
//! use std::convert::Infallible;
//! use hallpass_core::{Issuer, KeyRing, Role, SystemClock, Clock};
//! use hallpass_signin::{Account, AccountId, Accounts, HashCost, LoginStep, Password, SignIn, Username, Visitor, hash_password};
//!
//! #[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
//! enum SiteRole {
//!     Editor,
//! }
//!
//! struct Users(Account);
//!
//! impl Accounts for Users {
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
//! let hash = hash_password(&Password::typed("two grey herons"), [7; 16], HashCost::default())?;
//! let alice = Account::new(AccountId::new("1"), Username::parse("alice")?, hash).with_roles(["editor"]);
//! let keys = KeyRing::generate_hs256([1; 32], SystemClock.now()); // bytes of the operating system, outside an example
//! let site = SignIn::<SiteRole>::builder(Users(alice), Issuer::new(keys, "https://site.example", "site")).build()?;
//!
//! let visitor = Visitor::default();
//! let LoginStep::SignedIn(opened) = site.log_in("Alice", "two grey herons", None, &visitor).await? else {
//!     panic!("alice has no second factor");
//! };
//! assert_eq!(opened.user.roles, ["editor"]);
//! assert!(site.log_in("alice", "another password", None, &visitor).await.is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | feature | what | default |
//! |---|---|---|
//! | `metrics` | sign-ins, limits, renewals, hash gate and revocation view in numbers, for the recorder of the `metrics` facade | off, because a site without a recorder has nobody to count for |
//! | `pages` | [`DefaultPages`]: the sign-in pages as HTML | on |
//! | `utoipa` | `SignIn::describe`: the sign-in routes in an OpenAPI document | off, because most sites have no such document |

#![forbid(unsafe_code)]

mod account;
mod attempt;
mod breached;
mod builder;
mod catch_up;
mod common_password;
mod device;
mod endpoint;
mod event;
mod factor_policy;
mod feed_push;
mod flow;
mod foreign_hash;
mod hash_cost;
mod hash_gate;
mod hash_gate_settings;
mod limits;
mod local_attempts;
#[cfg(feature = "metrics")]
mod metric;
mod next_link;
mod offline_hash;
mod outbox;
mod page;
mod password;
mod password_policy;
mod pepper;
mod proxies;
mod random;
mod recovery_code;
mod refresh_hash;
mod refresh_state;
mod refresh_token;
mod request_renewal;
mod sealing;
mod session_id;
mod session_limits;
mod set_up_secret;
mod sign_in;
mod sign_in_error;
mod single_flight;
mod store;
mod stored_hash;
mod stores;
mod username;
mod visitor;

pub use account::{Account, AccountId, LiveFactor};
pub use attempt::{AttemptPolicy, AttemptState, Attempted};
pub use breached::{Breach, BreachedPasswords};
pub use builder::{SignInBuildError, SignInBuilder};
pub use endpoint::{Body, EndpointRequest, EndpointResponse, Route, SECURITY_HEADERS};
pub use event::{Event, Limit, RefusedReason};
pub use factor_policy::FactorPolicy;
pub use feed_push::FeedPush;
pub use flow::{
    Commands, Due, Enrolling, EnrolmentDue, FactorDue, FactorOff, LoginStep, Member, Opened, PasswordAccepted, Proven,
    SetUp, Tokens, TwoFactor,
};
pub use foreign_hash::{ForeignHash, ForeignMatch};
pub use hash_cost::HashCost;
pub use hash_gate::{HashGate, ImpossibleCost};
pub use hash_gate_settings::HashGateSettings;
pub use local_attempts::LocalAttempts;
pub use offline_hash::{HashError, RightPassword, check_password, hash_password};
pub use page::{
    CodePage, FailurePage, Fault, FieldFault, LoginPage, Page, Pages, PasswordPage, Reader, RecoveryCodesPage,
    RegisterPage, SCRIPT, STYLE_SHEET, SessionLine, SessionsPage, TwoFactorOnPage, TwoFactorSetUpPage, Viewer,
};
#[cfg(feature = "pages")]
pub use page::{DefaultLayout, DefaultPages, FailureText, Layout, Texts};
pub use password::Password;
pub use password_policy::{AcceptablePassword, PasswordError, PasswordPolicy};
pub use proxies::{Proxies, ProxiesError};
pub use random::{NoRandomness, Random, SystemRandom};
pub use recovery_code::{RecoveryCode, RecoveryHash};
pub use refresh_hash::RefreshHash;
pub use refresh_state::{MalformedSpentRefreshes, Presented, RefreshState, Renewable, Renewal, SpentRefreshes};
pub use refresh_token::RefreshToken;
pub use request_renewal::RequestRenewal;
pub use session_id::{MalformedSessionId, SessionId};
pub use session_limits::SessionLimits;
pub use sign_in::SignIn;
pub use sign_in_error::{SignInError, SignInErrorKind};
pub use store::{
    Accounts, Actor, Administration, Attempts, Change, Changes, CommandOutcome, Cursor, Ended, Enrolment, Feed,
    NewAccount, NewSession, NoPush, OwnChange, OwnChangeOutcome, PasswordChange, Passwords, Push, Refreshes,
    Registered, Registration, Renewed, RenewedSession, Replaced, SecondFactors, Session, SessionOpened, Sessions,
    Spend, StoreFault,
};
pub use username::{Username, UsernameError};
pub use visitor::Visitor;
