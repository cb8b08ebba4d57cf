//! Who looks at a page: what the header and the links on a page depend on.
//!
//! What a viewer sees decides nothing: each route asks for its roles again, and says no to an
//! address typed by hand.

use hallpass::RoleSet;

use crate::BlogRole;

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The name, as the person wrote it.
    pub username: String,
    /// The roles.
    pub roles: RoleSet<BlogRole>,
}

impl Viewer {
    /// A viewer of this name and these roles, as the token says.
    #[must_use]
    pub fn new(username: &str, roles: RoleSet<BlogRole>) -> Self {
        Self { username: username.to_owned(), roles }
    }

    /// Whether the link to the form for a new post shows.
    #[must_use]
    pub fn sees_new_post(&self) -> bool {
        self.roles.contains(BlogRole::Admin)
    }

    /// Whether the link to the people's page shows.
    #[must_use]
    pub fn sees_admin(&self) -> bool {
        self.roles.contains(BlogRole::Admin)
    }

    /// Whether the button that hides a post shows.
    #[must_use]
    pub fn sees_hide(&self) -> bool {
        self.roles.contains(BlogRole::Moderator) || self.roles.contains(BlogRole::Admin)
    }
}
