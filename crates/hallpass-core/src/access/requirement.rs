//! The requirement of a route for its caller.
//!
//! [`Requirement`] is not generic over the role enum, because a requirement such as "logged in" has
//! none. A requirement with roles stores the `TypeId` of its role enum. A caller whose token was
//! verified for another role enum is rejected with [`RejectionKind::Internal`], because that
//! is a fault of the service. The check needs no lookup and no `await`.

use std::{any::TypeId, fmt, time::Duration};

use crate::{
    access::{authentication::Authentication, rejection::Rejection, rejection_kind::RejectionKind},
    time::{clock::MAX_CLOCK_SKEW, unix_time::UnixTime},
    token::role::{Role, RoleSet},
};

/// The requirement of a route: a login, roles, a second factor, a recent login.
///
/// ```
/// use hallpass_core::{Authentication, RejectionKind, Requirement, Role, UnixTime};
///
/// #[derive(Role, PartialEq, Eq, PartialOrd, Ord)]
/// enum SiteRole {
///     Guest,
///     Moderator,
///     Admin,
/// }
///
/// let requirement = Requirement::at_least(SiteRole::Moderator).and_second_factor();
/// assert_eq!(requirement.to_string(), "any of moderator, admin; second factor");
///
/// let refused = requirement.admit(&Authentication::anonymous(), UnixTime::from_secs(0));
/// assert_eq!(refused.unwrap_err().kind(), RejectionKind::NotLoggedIn);
/// ```
#[derive(Clone, Copy)]
pub struct Requirement {
    open: bool,
    all: u64,
    any: Option<u64>,
    second_factor: bool,
    recent: Option<Duration>,
    roles_of: Option<RoleEnum>,
}

impl Requirement {
    /// Admits everyone, for a route that is deliberately public. If
    /// [`and_second_factor`](Self::and_second_factor) or [`and_recent`](Self::and_recent) is added,
    /// the route is no longer public and requires a login.
    #[must_use]
    pub const fn public() -> Self {
        Self { open: true, ..Self::login() }
    }

    /// Requires a login. The caller may have any roles, or none.
    #[must_use]
    pub const fn login() -> Self {
        Self { open: false, all: 0, any: None, second_factor: false, recent: None, roles_of: None }
    }

    /// Requires all of these roles. An empty set requires only a login, with a token that was
    /// verified for this role enum.
    #[must_use]
    pub fn all_of<R: Role>(roles: impl Into<RoleSet<R>>) -> Self {
        Self { all: roles.into().bits(), roles_of: Some(RoleEnum::of::<R>()), ..Self::login() }
    }

    /// Requires at least one of these roles. An empty set rejects everyone.
    #[must_use]
    pub fn any_of<R: Role>(roles: impl Into<RoleSet<R>>) -> Self {
        Self {
            any: Some(roles.into().bits()),
            roles_of: Some(RoleEnum::of::<R>()),
            ..Self::login()
        }
    }

    /// Requires this role or a greater one, in the order of the enum's `Ord`. A derived `Ord`
    /// follows the order of declaration, so declare the lowest role first.
    #[must_use]
    pub fn at_least<R: Role + Ord>(lowest: R) -> Self {
        Self::any_of(R::ALL.iter().filter(|role| **role >= lowest).collect::<RoleSet<R>>())
    }

    /// Requires a login with a second factor.
    #[must_use]
    pub const fn and_second_factor(mut self) -> Self {
        self.open = false;
        self.second_factor = true;
        self
    }

    /// Requires that the login was at most `within` ago. The times are compared in whole seconds. A
    /// token without the time of the login (`auth_time`) is rejected. A login that is up to
    /// [`MAX_CLOCK_SKEW`] in the future, by the clock of another node, counts as a login of now.
    #[must_use]
    pub const fn and_recent(mut self, within: Duration) -> Self {
        self.open = false;
        self.recent = Some(within);
        self
    }

    /// Returns whether the requirement admits everyone. If so, the result of the check does not
    /// depend on the caller.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// Returns whether the requirement is a login and nothing more.
    #[cfg(feature = "utoipa")]
    pub(crate) fn is_login(&self) -> bool {
        !self.open
            && self.all == 0
            && self.any.is_none()
            && !self.second_factor
            && self.recent.is_none()
    }

    /// Returns the sets of role names, each of which is sufficient. There is always at least one
    /// set: it is empty if no role is required.
    #[cfg(feature = "utoipa")]
    pub(crate) fn enough(&self) -> Vec<Vec<&'static str>> {
        let names =
            |bits| self.roles_of.iter().flat_map(|asked| asked.names(bits)).collect::<Vec<_>>();
        match self.any {
            Some(any) if any != 0 => names(any).into_iter().map(|name| vec![name]).collect(),
            _ => vec![names(self.all)],
        }
    }

    #[cfg(feature = "utoipa")]
    pub(crate) fn asks_second_factor(&self) -> bool {
        self.second_factor
    }

    #[cfg(feature = "utoipa")]
    pub(crate) fn asks_recent(&self) -> Option<Duration> {
        self.recent
    }

    /// Returns a cell of the [route table](crate::RouteTable): the access of a caller with these
    /// roles. `None` is a caller who is not logged in. Second factor and recent login are taken as
    /// present.
    pub(crate) fn reach<R: Role>(&self, roles: Option<RoleSet<R>>) -> &'static str {
        let Some(has) = roles.map(RoleSet::bits) else {
            return if self.open { "yes" } else { "-" };
        };
        if self.roles_of.is_some_and(|asked| asked.id != TypeId::of::<R>()) {
            return "?";
        }
        match has & self.all {
            _ if self.any.is_some_and(|any| has & any == 0) => "-",
            part if part == self.all => "yes",
            0 => "-",
            _ => "part",
        }
    }

    /// Checks whether the caller meets the requirement.
    ///
    /// # Errors
    /// Returns the first part of the requirement that the caller does not meet, in this order:
    /// login, roles, second factor, recent login. Returns [`RejectionKind::Internal`] if the
    /// caller was verified for another role enum than the required one.
    pub fn admit(&self, who: &Authentication, now: UnixTime) -> Result<(), Rejection> {
        if self.open {
            return Ok(());
        }
        let Some(claims) = who.claims() else {
            return Err(who
                .reason()
                .map_or(Rejection::new(RejectionKind::NotLoggedIn), Rejection::from));
        };
        if self.roles_of.is_some_and(|asked| asked.id != claims.roles_of) {
            return Err(Rejection::new(RejectionKind::Internal));
        }
        let has = claims.roles;
        if has & self.all != self.all || self.any.is_some_and(|any| has & any == 0) {
            return Err(Rejection::new(RejectionKind::RoleMissing));
        }
        if self.second_factor && !claims.methods().includes_second_factor() {
            return Err(Rejection::new(RejectionKind::SecondFactorMissing));
        }
        if let Some(within) = self.recent {
            match claims.authenticated_at() {
                // `since` is zero for a login in the future.
                Some(at) if at <= now.saturating_add(MAX_CLOCK_SKEW) && now.since(at) <= within => {
                }
                _ => return Err(Rejection::new(RejectionKind::NotRecent)),
            }
        }
        Ok(())
    }
}

/// Writes the requirement as a line of a table of routes and roles: `login`, or
/// `all of editor, admin; second factor; within 600 s`.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |f: &mut fmt::Formatter<'_>, kind: &str, bits: u64| -> fmt::Result {
            f.write_str(kind)?;
            let mut separator = " ";
            for name in self.roles_of.iter().flat_map(|asked| asked.names(bits)) {
                write!(f, "{separator}{name}")?;
                separator = ", ";
            }
            Ok(())
        };
        match (self.all, self.any) {
            _ if self.open => f.write_str("public")?,
            (_, Some(0)) => f.write_str("nobody")?,
            (_, Some(any)) => names(f, "any of", any)?,
            (0, None) => f.write_str("login")?,
            (all, None) => names(f, "all of", all)?,
        }
        if self.second_factor {
            f.write_str("; second factor")?;
        }
        if let Some(within) = self.recent {
            write!(f, "; within {} s", within.as_secs())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Requirement({self})")
    }
}

/// An action that a caller may be allowed to do, as a type of the site.
///
/// A handler that requires a permission names it in its arguments (`Allowed<P>` of the adapters).
/// The requirement is defined once, at the permission.
///
/// ```
/// use hallpass_core::{Permission, Requirement, Role};
///
/// #[derive(Role, PartialEq, Eq, PartialOrd, Ord)]
/// enum SiteRole {
///     Guest,
///     Moderator,
///     Admin,
/// }
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a permission: it does not implement `Permission`",
    label = "`Permission` is not implemented for this type",
    note = "write `impl Permission for {Self}` with the role enum as `type Role` and a function \
            `requirement()` that returns the `Requirement`",
    note = "guide: docs/guide/src/roles.md"
)]
pub trait Permission: 'static {
    /// The role enum that the site's tokens are verified for.
    type Role: Role;

    /// Returns the requirement. It is called at each request, so it should do nothing else than
    /// construct a [`Requirement`].
    fn requirement() -> Requirement;
}

/// A role enum without its type: its identity for comparison, and its role names.
#[derive(Clone, Copy)]
struct RoleEnum {
    id: TypeId,
    name: fn(usize) -> Option<&'static str>,
}

impl RoleEnum {
    fn of<R: Role>() -> Self {
        Self { id: TypeId::of::<R>(), name: |index| R::ALL.get(index).map(|role| role.name()) }
    }

    fn names(self, bits: u64) -> impl Iterator<Item = &'static str> {
        (0..64).filter(move |index| bits & (1 << index) != 0).filter_map(self.name)
    }
}

#[cfg(test)]
mod tests;
