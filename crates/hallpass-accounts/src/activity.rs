//! The recent activity of an account: logins, failed logins and changes, for the account page.
//!
//! The owner of an account can see logins that were not theirs. It is not an audit log: an account
//! keeps its last 100 rows only.
//!
//! The rows are written after the response, from the [events](crate::Event) of the account, by a
//! [queue](recorder) of the node: a login does not wait for them, and a store that is slow does not
//! make logins slow. A row is missing if the node stops within that time, if the store fails, or if
//! the queue is full. The last two are a warning and a metric.

pub(crate) mod flow;
pub(crate) mod recorder;
pub(crate) mod store;

use std::{net::IpAddr, time::Duration};

use hallpass_core::{Methods, UnixTime};

use crate::{browser::BrowserName, kind::stored_as_text};

stored_as_text! {
    /// The kind of a row. A store keeps the name.
    #[non_exhaustive]
    pub enum ActivityKind {
        /// The account was created.
        Registered = "registered",
        /// A login.
        LoggedIn = "logged-in",
        /// A failed login.
        LoginFailed = "login-failed",
        /// A logout.
        LoggedOut = "logged-out",
        /// The password was changed.
        PasswordChanged = "password-changed",
        /// A link that sets a new password was created.
        ResetLinkCreated = "reset-link-created",
        /// The password was changed with a link.
        PasswordReset = "password-reset",
        /// A second factor was turned on.
        SecondFactorEnabled = "second-factor-enabled",
        /// The second factor was turned off.
        SecondFactorDisabled = "second-factor-disabled",
        /// The second factor was removed by a command.
        SecondFactorReset = "second-factor-reset",
        /// A recovery code was consumed.
        RecoveryCodeUsed = "recovery-code-used",
        /// A new set of recovery codes was generated.
        RecoveryCodesReplaced = "recovery-codes-replaced",
        /// One session was ended from the list of sessions.
        SessionEnded = "session-ended",
        /// All sessions, or all but one, were ended.
        SessionsEnded = "sessions-ended",
        /// A consumed refresh token was presented again, and its session was ended.
        RefreshReused = "refresh-reused",
        /// The roles were changed.
        RolesChanged = "roles-changed",
        /// The account was disabled.
        Disabled = "disabled",
        /// The account was enabled.
        Enabled = "enabled",
    }
}

/// One row of the recent activity.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Activity {
    /// The kind.
    pub kind: ActivityKind,
    /// The time.
    pub at: UnixTime,
    /// The address of the client. `None` if it is not known, or if no client acted.
    pub address: Option<IpAddr>,
    /// The browser. Empty if it is not known.
    pub browser: BrowserName,
    /// The authentication methods that were used.
    pub methods: Methods,
}

impl Activity {
    /// Maximum number of rows per account. Older rows are deleted.
    pub const MAX_PER_ACCOUNT: u32 = 100;
    /// The time for which a row is kept: 180 days. Rows contain IP addresses, which must not be
    /// kept for ever on an account that nobody uses any more.
    pub const KEPT: Duration = Duration::from_secs(180 * 24 * 3600);

    /// Creates a row without address, browser and methods.
    #[must_use]
    pub fn new(kind: ActivityKind, at: UnixTime) -> Self {
        Self { kind, at, address: None, browser: BrowserName::default(), methods: Methods::NONE }
    }

    /// Sets the client. Defaults to an unknown client.
    #[must_use]
    pub fn with_client(mut self, address: Option<IpAddr>, browser: BrowserName) -> Self {
        self.address = address;
        self.browser = browser;
        self
    }

    /// Sets the authentication methods. Defaults to none.
    #[must_use]
    pub fn with_methods(mut self, methods: Methods) -> Self {
        self.methods = methods;
        self
    }
}
