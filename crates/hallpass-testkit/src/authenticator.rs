//! The authenticator app, in the test's hand.

use hallpass_core::{Clock, OtpauthUri, TimeStep, Totp};

use crate::frozen_clock::FrozenClock;

/// An authenticator app that has scanned a site's QR code and follows the kit's clock.
///
/// ```
/// use hallpass_core::Role;
/// use hallpass_testkit::Kit;
/// #[derive(Role)]
/// enum SiteRole {
///     Admin,
/// }
///
/// let kit = Kit::<SiteRole>::new();
/// let app = kit.authenticator(
///     "otpauth://totp/site:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=site",
/// );
/// let first = app.code();
/// assert_eq!(app.code(), first, "the same 30 seconds");
/// assert_ne!(app.next_code(), first, "30 seconds later");
/// ```
#[derive(Debug)]
pub struct Authenticator {
    totp: Totp,
    clock: FrozenClock,
}

impl Authenticator {
    /// Scans the `otpauth://` link that a site shows when the second factor is set up.
    ///
    /// # Panics
    /// The link is none.
    #[must_use]
    pub fn scan(otpauth_uri: &str, clock: FrozenClock) -> Self {
        match OtpauthUri::parse(otpauth_uri) {
            Ok(uri) => Self { totp: uri.into_totp(), clock },
            Err(error) => panic!("no otpauth link: {error}"),
        }
    }

    /// The code on the display now.
    #[must_use]
    pub fn code(&self) -> String {
        self.totp.code_at(self.clock.now())
    }

    /// Waits for the next code, on the kit's clock, and reads it: a code that was used is consumed.
    #[must_use]
    pub fn next_code(&self) -> String {
        self.clock.advance(TimeStep::LENGTH);
        self.code()
    }

    /// A code that this authenticator does not show now, a step before, nor a step after.
    #[must_use]
    pub fn wrong_code(&self) -> String {
        let now = self.clock.now();
        let codes = (0..1_000_000).map(|code| format!("{code:06}"));
        codes.into_iter().find(|code| self.totp.check(code, now).is_err()).unwrap_or_default()
    }
}
