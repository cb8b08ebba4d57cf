//! What a caller may be allowed to do, as a type of the site's own.
//!
//! A handler that asks for a permission says so in its arguments (`Allowed<P>` of the adapters), and the requirement stands once, at
//! the permission.

use crate::{requirement::Requirement, token::role::Role};

/// Something a caller may be allowed to do.
///
/// ```
/// use hallpass_core::{Permission, Requirement, Role};
///
/// #[derive(Role, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
/// enum SiteRole { Guest, Moderator, Admin }
///
/// struct HidePosts;
///
/// impl Permission for HidePosts {
///     type Role = SiteRole;
///
///     fn requirement() -> Requirement {
///         Requirement::at_least(SiteRole::Moderator)
///     }
/// }
///
/// assert_eq!(HidePosts::requirement().to_string(), "any of moderator, admin");
/// ```
pub trait Permission: 'static {
    /// The role enum that the site's tokens are verified for.
    type Role: Role;

    /// What it takes. It is asked at each request, so it should be no more than a [`Requirement`] put together.
    fn requirement() -> Requirement;
}
