//! The sign-in of hallpass: flows, store traits, hash gate, limits, endpoints for any framework

#![forbid(unsafe_code)]

mod account;
mod attempt;
mod recovery_code;
mod session_id;
mod store;
mod username;

pub use account::{Account, AccountId, LiveFactor};
pub use attempt::{AttemptPolicy, AttemptState, Attempted};
pub use recovery_code::{RecoveryCode, RecoveryHash};
pub use session_id::{MalformedSessionId, SessionId};
pub use store::{
    Accounts, Administration, Attempts, Change, Changes, Cursor, Enabled, Ended, Enrolment, Feed,
    NewAccount, NewSession, PasswordChange, Passwords, Registered, Registration, Replaced,
    SecondFactors, Session, SessionOpened, Sessions, Spend, StoreFault,
};
pub use username::{Username, UsernameError};
