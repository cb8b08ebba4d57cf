//! The proof that a password was accepted and a second factor is awaited.

use crate::UnixTime;

/// What a verified pending token says.
#[derive(Debug)]
#[must_use]
pub struct Pending {
    user_id: String,
    generation: u32,
    authenticated_at: UnixTime,
}

impl Pending {
    pub(crate) fn new(user_id: &str, generation: u32, authenticated_at: UnixTime) -> Self {
        Self { user_id: user_id.to_owned(), generation, authenticated_at }
    }

    /// The account whose password was accepted.
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// The account's token generation at that time; if it has been raised since, the password is to be asked for again.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// When the password was accepted.
    pub fn authenticated_at(&self) -> UnixTime {
        self.authenticated_at
    }
}
