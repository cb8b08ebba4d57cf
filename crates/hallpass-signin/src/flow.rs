//! The flows: typed states from a password to a token, and the changes that a person makes to their own account.
//!
//! ```text
//! attempt counted ─▶ PasswordAccepted ─▶ Due::Nothing ────────────────────▶ Proven ─▶ SignedIn ─▶ access token
//!                                    ├─▶ Due::SecondFactor ─▶ FactorDue ──────┤
//!                                    └─▶ Due::Enrolment ─▶ Enrolling ─────────┘
//! ```
//!
//! Each arrow consumes its state and there is no other way along, so a forgotten check does not compile
//! (`tests/compile/`, and the examples of [`PasswordAccepted`]). [`vouch`] alone calls `SignedIn::insecure_vouch`.
//!
//! **No oracle.** Each failing way through `log_in` takes one argon2 run and ends in the one error
//! [`Refused`](crate::SignInErrorKind::Refused); what it was goes to the [events](crate::Event).

mod administration;
mod breached_password;
mod code;
mod enrolment;
mod factor_due;
mod known_device;
mod log_in;
mod own_account;
mod password;
mod password_accepted;
mod proven;
mod recovery;
mod refresh;
mod register;
mod second_factor;
mod sessions;
mod vouch;

pub(crate) use self::refresh::Live;
pub use self::{
    administration::Commands,
    enrolment::{Enrolling, EnrolmentDue},
    factor_due::FactorDue,
    log_in::{LoginStep, Member, Opened},
    password_accepted::{Due, PasswordAccepted},
    proven::Proven,
    refresh::Tokens,
    second_factor::{FactorOff, SetUp, TwoFactor},
};
