//! What a person may do on the blog.

use hallpass::Role;

/// The blog's roles, lowest first.
#[derive(Role, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlogRole {
    /// Reads, and has a profile. Every new registration.
    Guest,
    /// Hides posts.
    Moderator,
    /// Publishes, hides, and gives roles.
    Admin,
}
