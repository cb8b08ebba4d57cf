//! The authenticator app of a test.

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
    /// Scans the `otpauth://` link that a site shows when a person sets up the second factor.
    ///
    /// # Panics
    /// `otpauth_uri` is not a valid `otpauth://` link.
    #[must_use]
    pub fn scan(otpauth_uri: &str, clock: FrozenClock) -> Self {
        match OtpauthUri::parse(otpauth_uri) {
            Ok(uri) => Self { totp: uri.into_totp(), clock },
            Err(error) => panic!("not a valid otpauth link: {error}"),
        }
    }

    /// Returns the code at the clock's time. A code stays the same for 30 seconds.
    #[must_use]
    pub fn code(&self) -> String {
        self.totp.code_at(self.clock.now())
    }

    /// Advances the kit's clock by 30 seconds and returns the code of that time. A site accepts a
    /// code once, so a second login needs a new code.
    #[must_use]
    pub fn next_code(&self) -> String {
        self.clock.advance(TimeStep::LENGTH);
        self.code()
    }

    /// Returns a code that is not accepted at the clock's time: it is not the code of this step, of
    /// the step before, or of the step after.
    #[must_use]
    pub fn wrong_code(&self) -> String {
        let now = self.clock.now();
        let codes = (0..1_000_000).map(|code| format!("{code:06}"));
        codes.into_iter().find(|code| self.totp.check(code, now).is_err()).unwrap_or_default()
    }
}
