//! The account data that a login uses, from one store read.
//!
//! [`Account`] is not the application's user record. An application converts its own row into an
//! `Account` in its [`AccountStore`](crate::AccountStore).

pub(crate) mod flow;
pub(crate) mod own_change;
pub(crate) mod reserved_usernames;
pub(crate) mod step_up;
pub(crate) mod store;
pub(crate) mod username;

use std::fmt;

use hallpass_core::TotpDrift;

use crate::account::username::Username;

/// The permanent identifier of an account. Tokens carry it as `user_id`, and stores look accounts
/// up by it.
///
/// This crate does not interpret the text. A site that has its own users table uses the primary key
/// of that table, as text.
///
/// ```
/// use hallpass_accounts::AccountId;
///
/// assert_eq!(AccountId::new("42").as_str(), "42");
/// assert_ne!(AccountId::new("42"), AccountId::new("042"));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountId(String);

impl AccountId {
    /// Creates an id from the text, unchanged.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The data of an account that a login needs, from one store read.
///
/// ```
/// use hallpass_accounts::{Account, AccountId, Username};
///
/// let name = Username::parse("Alice")?;
/// let account = Account::new(AccountId::new("1"), name, "$argon2id$…").with_roles(["admin"]);
/// assert_eq!(account.roles(), ["admin"]);
/// assert!(!format!("{account:?}").contains("argon2id"), "the hash stays out of logs");
/// # Ok::<(), hallpass_accounts::UsernameError>(())
/// ```
#[derive(Clone)]
pub struct Account {
    id: AccountId,
    username: Username,
    password_hash: String,
    roles: Vec<String>,
    numbers: AccountNumbers,
    epoch: u64,
    disabled: bool,
    second_factor: Option<LiveFactor>,
}

/// The numbers that decide which tokens and browsers of an account are accepted. They only grow.
///
/// A token carries the larger of the first two numbers at its issue as `gen`. It is revoked if
/// `gen` is less than `revoked_below`, or else stale if `gen` is less than `stale_below`. Raising
/// either sets it to the larger of the two plus one, so that every token issued before is below it.
///
/// Exhaustive, because a store constructs it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AccountNumbers {
    /// Tokens with a lower `gen` are revoked. Raised by a change of password or second factor, by
    /// ending sessions, and by disabling and enabling.
    pub revoked_below: u32,
    /// Tokens with a lower `gen` are stale: the session is live, and a refresh returns a token with
    /// the new roles. Raised by a change of roles.
    pub stale_below: u32,
    /// Raised by a change of password or second factor and by an operator who logs the account out.
    /// Known browsers and the counters of codes are keyed by it.
    pub credential: u32,
}

impl AccountNumbers {
    /// Returns the `gen` of a token that is issued now.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.revoked_below.max(self.stale_below)
    }
}

impl Account {
    /// Creates an enabled account without roles and without a second factor, with all numbers 0.
    /// `password_hash` is a PHC string of argon2, or a hash of another scheme that the site
    /// [reads](crate::PasswordHasherSettings::read_also).
    #[must_use]
    pub fn new(id: AccountId, username: Username, password_hash: impl Into<String>) -> Self {
        Self {
            id,
            username,
            password_hash: password_hash.into(),
            roles: Vec::new(),
            numbers: AccountNumbers::default(),
            epoch: 0,
            disabled: false,
            second_factor: None,
        }
    }

    /// Sets the names of the roles. Defaults to no roles.
    #[must_use]
    pub fn with_roles<S: Into<String>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        self.roles = roles.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the numbers. Defaults to 0, which is also the generation of a token without `gen`.
    #[must_use]
    pub fn with_numbers(mut self, numbers: AccountNumbers) -> Self {
        self.numbers = numbers;
        self
    }

    /// Sets the epoch of the site when the account was read. Defaults to 0, which is also the epoch
    /// of a token without `ep`.
    #[must_use]
    pub fn with_epoch(mut self, epoch: u64) -> Self {
        self.epoch = epoch;
        self
    }

    /// Sets whether the account is disabled. Defaults to `false`.
    #[must_use]
    pub fn with_disabled(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }

    /// Sets the second factor that is on. Defaults to `None`.
    #[must_use]
    pub fn with_second_factor(mut self, factor: Option<LiveFactor>) -> Self {
        self.second_factor = factor;
        self
    }

    /// Returns the id.
    #[must_use]
    pub fn id(&self) -> &AccountId {
        &self.id
    }

    /// Returns the user name.
    #[must_use]
    pub fn username(&self) -> &Username {
        &self.username
    }

    /// Returns the stored hash of the password.
    #[must_use]
    pub fn password_hash(&self) -> &str {
        &self.password_hash
    }

    /// Returns the names of the roles, as stored.
    #[must_use]
    pub fn roles(&self) -> &[String] {
        &self.roles
    }

    /// Returns the numbers.
    #[must_use]
    pub fn numbers(&self) -> AccountNumbers {
        self.numbers
    }

    /// Returns the `gen` of a token that is issued now: [`AccountNumbers::generation`].
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.numbers.generation()
    }

    /// Returns the epoch of the site when the account was read.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns whether the account is enabled and a token of this generation and epoch is not
    /// revoked. The token may be stale. A number above those of the account is not accepted either:
    /// the store has lost a change.
    pub(crate) fn accepts(&self, generation: u32, epoch: u64) -> bool {
        let is_valid = self.numbers.revoked_below <= generation && generation <= self.generation();
        !self.disabled && is_valid && self.epoch == epoch
    }

    /// Returns whether the account is disabled.
    #[must_use]
    pub fn disabled(&self) -> bool {
        self.disabled
    }

    /// Returns the second factor, if one is on. A secret whose first code has not been verified is
    /// not a second factor yet.
    #[must_use]
    pub fn second_factor(&self) -> Option<&LiveFactor> {
        self.second_factor.as_ref()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.id)
            .field("username", &self.username)
            .field("roles", &self.roles)
            .field("numbers", &self.numbers)
            .field("disabled", &self.disabled)
            .field("second_factor", &self.second_factor.is_some())
            .finish_non_exhaustive()
    }
}

/// An authenticator that is on: its encrypted secret, the last time step that was consumed, and the
/// offset of the authenticator's clock at that step.
#[derive(Clone, PartialEq, Eq)]
pub struct LiveFactor {
    encrypted_secret: Vec<u8>,
    last_step: Option<u64>,
    drift: TotpDrift,
}

impl LiveFactor {
    /// Creates a factor from the encrypted secret and the last consumed time step (RFC 6238). The
    /// step is `None` if no code was ever consumed.
    #[must_use]
    pub fn new(encrypted_secret: Vec<u8>, last_step: Option<u64>) -> Self {
        Self { encrypted_secret, last_step, drift: TotpDrift::NONE }
    }

    /// Sets the offset of the authenticator's clock when that step was consumed. Defaults to no
    /// offset. Only a site that sets
    /// [`remember_drift`](hallpass_core::TotpSettings::remember_drift) stores the offset.
    #[must_use]
    pub fn with_drift(mut self, drift: TotpDrift) -> Self {
        self.drift = drift;
        self
    }

    /// Returns the secret as it is stored: encrypted with a key of the key ring.
    #[must_use]
    pub fn encrypted_secret(&self) -> &[u8] {
        &self.encrypted_secret
    }

    /// Returns the last consumed time step, for information only. The store's compare-and-set
    /// decides whether a code is consumed.
    #[must_use]
    pub fn last_step(&self) -> Option<u64> {
        self.last_step
    }

    /// Returns the offset of the authenticator's clock when that step was consumed.
    #[must_use]
    pub fn drift(&self) -> TotpDrift {
        self.drift
    }
}

impl fmt::Debug for LiveFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveFactor").field("last_step", &self.last_step).finish_non_exhaustive()
    }
}
