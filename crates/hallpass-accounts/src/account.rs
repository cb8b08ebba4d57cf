//! An account as the sign-in sees it: what one store read brings, and no more.
//!
//! It is not the application's user record. An application maps its own row into it in
//! [`AccountStore`](crate::AccountStore).

pub(crate) mod flow;
pub(crate) mod own_change;
pub(crate) mod store;
pub(crate) mod username;

use std::fmt;

use hallpass_core::TotpDrift;

use crate::account::username::Username;

/// Names an account for good: what tokens carry as `user_id` and what stores look up.
///
/// Opaque to this crate. A site with a users table of its own puts its primary key here, as text.
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
    /// Takes the text as the id, unchanged.
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

/// Everything that a sign-in needs to know of an account, from one store read.
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
    generation: u32,
    disabled: bool,
    second_factor: Option<LiveFactor>,
}

impl Account {
    /// Starts from what each account has. `password_hash` is a PHC string.
    #[must_use]
    pub fn new(id: AccountId, username: Username, password_hash: impl Into<String>) -> Self {
        Self {
            id,
            username,
            password_hash: password_hash.into(),
            roles: Vec::new(),
            generation: 0,
            disabled: false,
            second_factor: None,
        }
    }

    /// Sets the names of the roles. Defaults to none, because a role is a grant.
    #[must_use]
    pub fn with_roles<S: Into<String>>(mut self, roles: impl IntoIterator<Item = S>) -> Self {
        self.roles = roles.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the token generation. Defaults to 0, because a token without `gen` counts as 0 too.
    #[must_use]
    pub fn with_generation(mut self, generation: u32) -> Self {
        self.generation = generation;
        self
    }

    /// Marks the account as disabled or not. Defaults to not, because most stores have no such
    /// column.
    #[must_use]
    pub fn with_disabled(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }

    /// Sets the live second factor. Defaults to none, because the factor is optional per account.
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

    /// Returns the PHC string of the password.
    #[must_use]
    pub fn password_hash(&self) -> &str {
        &self.password_hash
    }

    /// Returns the names of the roles, as stored.
    #[must_use]
    pub fn roles(&self) -> &[String] {
        &self.roles
    }

    /// Returns the token generation: raising it revokes every token issued before.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Tells whether the account is disabled.
    #[must_use]
    pub fn disabled(&self) -> bool {
        self.disabled
    }

    /// Returns the live second factor, if one is on. A secret that awaits its first code is not
    /// live.
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
            .field("generation", &self.generation)
            .field("disabled", &self.disabled)
            .field("second_factor", &self.second_factor.is_some())
            .finish_non_exhaustive()
    }
}

/// An authenticator that is on: its secret, encrypted, the last time step that it consumed, and by
/// how much its clock was off then.
#[derive(Clone, PartialEq, Eq)]
pub struct LiveFactor {
    encrypted_secret: Vec<u8>,
    last_step: Option<u64>,
    drift: TotpDrift,
}

impl LiveFactor {
    /// Pairs the encrypted secret with the last consumed time step of RFC 6238, if a code was ever
    /// consumed.
    #[must_use]
    pub fn new(encrypted_secret: Vec<u8>, last_step: Option<u64>) -> Self {
        Self { encrypted_secret, last_step, drift: TotpDrift::NONE }
    }

    /// Sets by how much the authenticator's clock was off when that step was consumed. Defaults to
    /// not at all, because a site [remembers](hallpass_core::TotpSettings::remember_drift) that
    /// only if it wants.
    #[must_use]
    pub fn with_drift(mut self, drift: TotpDrift) -> Self {
        self.drift = drift;
        self
    }

    /// Returns the secret as the store keeps it: encrypted, of no use without the key ring.
    #[must_use]
    pub fn encrypted_secret(&self) -> &[u8] {
        &self.encrypted_secret
    }

    /// Returns the last consumed time step. Informative: consuming is the store's compare-and-set.
    #[must_use]
    pub fn last_step(&self) -> Option<u64> {
        self.last_step
    }

    /// Returns by how much the authenticator's clock was off when that step was consumed.
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
