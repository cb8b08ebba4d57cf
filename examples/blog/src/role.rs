//! The roles of the blog.

use hallpass::Role;

/// The blog's roles, lowest first.
#[derive(Role, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlogRole {
    /// Reads posts and has a profile. The role of a new account.
    Guest,
    /// Hides posts.
    Moderator,
    /// Publishes posts, hides posts and sets roles.
    Admin,
}
