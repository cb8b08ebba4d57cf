//! What the sign-in asks of a store: small traits, one ability each.
//!
//! An application with its own users table implements [`Accounts`], two methods, and has password sign-in. Each further
//! ability is one more trait, and the builder does not compile with an ability on whose trait is missing.
//!
//! # Contract that all of them share
//! - **Atomic means atomic**: where a method says so, a second caller on another connection, thread or process sees
//!   the state before or after, and of two callers exactly one wins. A conditional `UPDATE` or a transaction that takes
//!   its write lock first does it; reading and then writing does not.
//! - **Acknowledged means durable**: once the future has answered `Ok`, a crash does not lose the change.
//! - **Cancel-safe**: the future may be dropped at any await (a time bound, a client that left). The change then
//!   happened as a whole or not at all.
//! - **An own change repeats the conditions that it was decided on.** A method that takes an [`OwnChange`] or an [`Actor`]
//!   writes only if the account exists, is not disabled, is still at the actor's generation, and the acting session still
//!   exists; all of it checked **in the transaction of the write**. It returns the account as written. Otherwise an
//!   operator's command that is committed between the decision and the write would be undone.
//! - Methods that void tokens raise the account's generation and append to the revocation feed **in the transaction of
//!   the change itself**. A store without a feed leaves the second half out.
//! - `at` is the sign-in's clock. A store writes it as given and asks no clock of its own.

mod accounts;
mod administration;
mod attempts;
pub(crate) mod erased;
mod fault;
mod feed;
mod own_change;
mod passwords;
mod push;
mod refreshes;
mod registration;
mod second_factors;
mod sessions;

pub use self::{
    accounts::Accounts,
    administration::Administration,
    attempts::Attempts,
    fault::StoreFault,
    feed::{Change, Changes, Cursor, Feed},
    own_change::{Actor, CommandOutcome, OwnChange, OwnChangeOutcome},
    passwords::{PasswordChange, Passwords, Replaced},
    push::{NoPush, Push},
    refreshes::{Refreshes, Renewed, RenewedSession},
    registration::{NewAccount, Registered, Registration},
    second_factors::{Enrolment, SecondFactors, Spend},
    sessions::{Ended, NewSession, Session, SessionOpened, Sessions},
};
