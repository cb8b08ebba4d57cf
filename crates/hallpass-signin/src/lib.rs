//! The sign-in of hallpass: flows, store traits, hash gate, limits, endpoints for any framework

#![forbid(unsafe_code)]

mod account;
mod attempt;
mod builder;
mod catch_up;
mod common_password;
mod device;
mod endpoint;
mod event;
mod factor_policy;
mod flow;
mod foreign_hash;
mod hash_cost;
mod hash_gate;
mod hash_gate_settings;
mod limits;
mod local_attempts;
mod next_link;
mod offline_hash;
mod page;
mod password;
mod password_policy;
mod random;
mod recovery_code;
mod sealing;
mod session_id;
mod set_up_secret;
mod sign_in;
mod sign_in_error;
mod store;
mod stored_hash;
mod stores;
mod username;
mod visitor;

pub use account::{Account, AccountId, LiveFactor};
pub use attempt::{AttemptPolicy, AttemptState, Attempted};
pub use builder::{SignInBuildError, SignInBuilder};
pub use endpoint::{Body, EndpointRequest, EndpointResponse, Route, SECURITY_HEADERS};
pub use event::{Event, Limit, RefusedReason};
pub use factor_policy::FactorPolicy;
pub use flow::{Due, FactorDue, LoginStep, Member, Opened, PasswordAccepted, Proven, SetUp, TwoFactor};
pub use foreign_hash::{ForeignHash, ForeignMatch};
pub use hash_cost::HashCost;
pub use hash_gate::{HashGate, ImpossibleCost};
pub use hash_gate_settings::HashGateSettings;
pub use local_attempts::LocalAttempts;
pub use offline_hash::{HashError, RightPassword, check_password, hash_password};
pub use page::{
    CodePage, FailurePage, Fault, FieldFault, LoginPage, Page, Pages, PasswordPage, RecoveryCodesPage, RegisterPage,
    STYLE_SHEET, SessionLine, SessionsPage, TwoFactorOnPage, TwoFactorSetUpPage, Viewer,
};
#[cfg(feature = "pages")]
pub use page::{DefaultLayout, DefaultPages, FailureText, Layout, Texts};
pub use password::Password;
pub use password_policy::{AcceptablePassword, PasswordError, PasswordPolicy};
pub use random::{NoRandomness, Random, SystemRandom};
pub use recovery_code::{RecoveryCode, RecoveryHash};
pub use session_id::{MalformedSessionId, SessionId};
pub use sign_in::SignIn;
pub use sign_in_error::{SignInError, SignInErrorKind};
pub use store::{
    Accounts, Administration, Attempts, Change, Changes, Cursor, Enabled, Ended, Enrolment, Feed, NewAccount,
    NewSession, PasswordChange, Passwords, Registered, Registration, Replaced, SecondFactors, Session, SessionOpened,
    Sessions, Spend, StoreFault,
};
pub use username::{Username, UsernameError};
pub use visitor::Visitor;
