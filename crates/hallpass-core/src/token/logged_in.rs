//! The proof that somebody signed in.
//!
//! An access token is issued from this value and from nothing else. The sign-in flow makes it in one place, after the password and,
//! where it is due, the second factor. It cannot be copied: one sign-in, one value.

use std::fmt;

use crate::{
    time::unix_time::UnixTime,
    token::{
        methods::Methods,
        role::{Role, RoleSet},
    },
};

/// A completed sign-in.
#[must_use = "a sign-in that is dropped signs nobody in"]
pub struct LoggedIn<R>(LoggedInFacts<R>);

/// What is known of a completed sign-in.
///
/// Exhaustive, because callers construct it.
pub struct LoggedInFacts<R> {
    /// The account's name as it shows it.
    pub username: String,
    /// The account's identifier.
    pub user_id: String,
    /// What the account may do.
    pub roles: RoleSet<R>,
    /// The account's token generation; raising it in the store voids every older token.
    pub generation: u32,
    /// The session that this sign-in opened, or goes on with.
    pub session: String,
    /// When the password was accepted; a refreshed token keeps it.
    pub authenticated_at: UnixTime,
    /// What was shown.
    pub methods: Methods,
}

// By hand, because the derived one would require the same of `R`.
impl<R> Clone for LoggedInFacts<R> {
    fn clone(&self) -> Self {
        Self {
            username: self.username.clone(),
            user_id: self.user_id.clone(),
            roles: self.roles,
            generation: self.generation,
            session: self.session.clone(),
            authenticated_at: self.authenticated_at,
            methods: self.methods,
        }
    }
}

impl<R: Role> LoggedIn<R> {
    /// Vouches that this user signed in, without a check of anything: whoever can call it can be anybody. It is for the sign-in
    /// flow after its checks, for tests, and for an operator's tool.
    pub fn insecure_new(facts: LoggedInFacts<R>) -> Self {
        Self(facts)
    }

    /// The account's name.
    pub fn username(&self) -> &str {
        &self.0.username
    }

    /// The account's identifier.
    pub fn user_id(&self) -> &str {
        &self.0.user_id
    }

    /// What the account may do.
    pub fn roles(&self) -> RoleSet<R> {
        self.0.roles
    }

    /// The account's token generation.
    pub fn generation(&self) -> u32 {
        self.0.generation
    }

    /// The session.
    pub fn session(&self) -> &str {
        &self.0.session
    }

    /// When the password was accepted.
    pub fn authenticated_at(&self) -> UnixTime {
        self.0.authenticated_at
    }

    /// What was shown.
    pub fn methods(&self) -> Methods {
        self.0.methods
    }
}

impl<R: Role> fmt::Debug for LoggedIn<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn")
            .field("username", &self.username())
            .field("user_id", &self.user_id())
            .field("roles", &self.roles())
            .finish_non_exhaustive()
    }
}
