//! The browser that an account signed in with before, and what that is worth.
//!
//! **Limits.** It has attempts of its own (OWASP, "device cookies"): a stranger who keeps the account's count full does not keep the
//! owner out of the browser that they use. Each device is named at random at a sign-in that went to its end, so nobody makes one
//! without the password and the code. It outlives the session that runs out, and ends with a log-out: the token names the account,
//! and who logs out leaves the browser to others.
//!
//! **The code.** Where the site allows it and the person asked for it, the device stands in for the code for some time. It is
//! remembered as long as the account's token generation stands: a new password, a factor turned on or off, and ending all
//! sessions void it. The session shows the password alone (`amr`), so a route that asks for a second factor still gets one; and an
//! account that **must** have one shows it each time.

use hallpass_core::{DeviceToken, KnownDevice, Methods, Role};

use crate::{
    account::{Account, username::Username},
    accounts::Accounts,
    error::AccountsError,
    two_factor::{Asked, enrolment::fresh_name},
    visitor::Visitor,
};

/// Proof that a device may stand in for the code.
#[must_use]
pub(crate) struct Remembered(());

impl<R: Role> Accounts<R> {
    /// The device, where it is one of the account of this name. No store is asked.
    pub(crate) fn known_device(&self, visitor: &Visitor<'_>, name: &Username) -> Option<KnownDevice> {
        let device = self.issuer().open_device(visitor.known?, self.now()).ok()?;
        (device.username == name.key()).then_some(device)
    }

    pub(crate) fn remembered(&self, device: Option<&KnownDevice>, account: &Account) -> Option<Remembered> {
        let (device, within) = (device?, self.trust_devices()?);
        let is_theirs = device.user_id == account.id().as_str() && device.generation == account.generation();
        let is_fresh = self.now().since(device.authenticated_at) < within;
        let consented = device.methods.includes_second_factor();
        let suffices = self.factor_policy().asks(account, Methods::PASSWORD) == Asked::Nothing;
        (is_theirs && is_fresh && consented && suffices).then_some(Remembered(()))
    }

    /// The token by which the browser of a sign-in that went to its end is known from now on. A device keeps its name, or each
    /// sign-in would begin its attempts afresh.
    pub(crate) fn device_token(
        &self,
        account: &Account,
        shown: Methods,
        visitor: &Visitor<'_>,
    ) -> Result<DeviceToken, AccountsError> {
        let before = self.known_device(visitor, account.username()).filter(|it| it.user_id == account.id().as_str());
        let consents = visitor.remember && shown.includes_second_factor() && self.trust_devices().is_some();
        let stood_in = account.second_factor().is_some() && !shown.includes_second_factor();
        let (methods, authenticated_at) = match &before {
            Some(before) if stood_in => (before.methods, before.authenticated_at),
            _ if consents => (shown, self.now()),
            _ => (Methods::PASSWORD, self.now()),
        };
        let device = KnownDevice {
            username: account.username().key().to_owned(),
            user_id: account.id().as_str().to_owned(),
            generation: account.generation(),
            device: before.map_or_else(|| fresh_name(self.random()), |before| Ok(before.device))?,
            methods,
            authenticated_at,
        };
        let lifetime = std::time::Duration::from_secs(DEVICE_LIFETIME);
        self.issuer().issue_device(&device, lifetime, self.now()).map_err(|error| {
            tracing::error!(target: "hallpass", %error, "a device token could not be signed");
            AccountsError::unavailable(error)
        })
    }
}

/// Seconds: half a year, so that who comes back after the summer is known.
const DEVICE_LIFETIME: u64 = 180 * 24 * 60 * 60;
