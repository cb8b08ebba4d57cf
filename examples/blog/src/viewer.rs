//! The person who views a page. The header and the links of a page depend on this person's roles.
//!
//! A hidden link is not access control: each route checks the roles itself, also for an address
//! that a person enters by hand.

use hallpass::RoleSet;

use crate::BlogRole;

/// A person who is logged in.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The user name as the person entered it.
    pub username: String,
    /// The roles.
    pub roles: RoleSet<BlogRole>,
}

impl Viewer {
    /// Creates a viewer with the name and the roles of a token.
    #[must_use]
    pub fn new(username: &str, roles: RoleSet<BlogRole>) -> Self {
        Self { username: username.to_owned(), roles }
    }

    /// Whether a page shows the link to the form for a new post.
    #[must_use]
    pub fn sees_new_post(&self) -> bool {
        self.roles.contains(BlogRole::Admin)
    }

    /// Whether a page shows the link to the people page.
    #[must_use]
    pub fn sees_admin(&self) -> bool {
        self.roles.contains(BlogRole::Admin)
    }

    /// Whether a page shows the button that hides a post.
    #[must_use]
    pub fn sees_hide(&self) -> bool {
        self.roles.contains(BlogRole::Moderator) || self.roles.contains(BlogRole::Admin)
    }
}
