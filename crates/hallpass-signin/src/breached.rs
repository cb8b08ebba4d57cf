//! Passwords known from breaches: a hook for a service that knows them.
//!
//! This crate asks no service of its own accord. One that is asked should learn as little as can be: Have I Been Pwned takes the
//! first five digits of a SHA-1, for instance.

use std::future::Future;

/// Knows passwords from breaches.
///
/// ```
/// use std::convert::Infallible;
/// use hallpass_signin::{Breach, BreachedPasswords};
///
/// struct OneLeak;
///
/// impl BreachedPasswords for OneLeak {
///     type Error = Infallible;
///
///     async fn look_up(&self, password: &str) -> Result<Breach, Infallible> {
///         Ok(if password == "correct horse battery staple" { Breach::Known } else { Breach::Unknown })
///     }
/// }
/// ```
pub trait BreachedPasswords: Send + Sync + 'static {
    /// What goes wrong with the service.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Looks a new password up. It has passed the site's own rules; the answer is waited for as long as for a store.
    ///
    /// # Errors
    /// The service's own. The password is then **accepted**: a service that is down must not stop registrations, and the site's
    /// own rules have been kept.
    fn look_up(&self, password: &str) -> impl Future<Output = Result<Breach, Self::Error>> + Send;
}

/// Whether a password is known from a breach.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Breach {
    /// It is: refused like a common one.
    Known,
    /// It is not.
    Unknown,
}
