//! Claims, tokens, keys, roles, TOTP, cookies and denials of hallpass, without I/O

#![forbid(unsafe_code)]

mod clock;
mod identity;
mod methods;
mod role;
mod time;
mod token_error;

pub use clock::{Clock, SystemClock};
pub use identity::{Authentication, Identity};
pub use methods::Methods;
pub use role::{Role, RoleSet};
pub use time::UnixTime;
pub use token_error::{TokenError, TokenErrorKind};

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
