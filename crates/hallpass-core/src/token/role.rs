//! Roles as a closed set: an enum of at most 64 variants, and sets of roles in a `u64`.
//!
//! [`Role::from_name`] compares whole names byte by byte, so a similar name, another case or a
//! trailing space gives no role. To check whether a set contains a role costs one bitwise AND. With
//! a set of strings it would cost a hash and a comparison.
//!
//! This module does not decide about access; [`Requirement`](crate::Requirement) does.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// A role of an account: one variant of the site's own enum.
///
/// Derive it. The derived names are the variants in `snake_case`, and `#[role(name = "…")]` on a
/// variant sets another name.
///
/// ```
/// use hallpass_core::{Role, RoleSet};
///
/// #[derive(Role)]
/// enum SiteRole {
///     #[role(default)]
///     Guest,
///     #[role(name = "administrator")]
///     Admin,
/// }
///
/// assert_eq!(SiteRole::from_name("administrator").map(|role| role.index()), Some(1));
/// assert!(SiteRole::from_name("Administrator").is_none());
/// assert!(RoleSet::from(SiteRole::Guest).contains(SiteRole::Guest));
/// assert!(!RoleSet::from(SiteRole::Guest).contains(SiteRole::Admin));
/// assert_eq!(format!("{:?}", RoleSet::from(SiteRole::Admin)), "{administrator}");
/// ```
///
/// The enum needs no other derive. It may also derive `Clone`, `Copy`, `Debug` and others.
///
/// An implementation by hand must fulfil three conditions, because role sets depend on them. First,
/// `ALL` contains every role once, at most 64 roles. Second, `index` returns the role's position in
/// `ALL`, and `from_index` returns the role at that position. Third, the names are distinct.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a role enum: it does not implement `Role`",
    label = "`Role` is not implemented for this type",
    note = "add `#[derive(Role)]` to the enum, with `use hallpass::Role` or `use hallpass_core::Role`",
    note = "guide: docs/guide/src/roles.md"
)]
pub trait Role: Sized + Send + Sync + 'static {
    /// Every role, in the order of declaration; at most 64.
    const ALL: &'static [Self];

    /// Returns the role's name in tokens and in the store.
    fn name(&self) -> &'static str;

    /// Returns the role's position in [`Role::ALL`].
    fn index(&self) -> u8;

    /// Returns the role at this position of [`Role::ALL`].
    fn from_index(index: u8) -> Option<Self>;

    /// Returns the role that a newly registered account gets if the site sets no roles for new
    /// accounts.
    ///
    /// `#[role(default)]` on a variant sets it. Defaults to `None`: a new account has no role.
    #[must_use]
    fn default_role() -> Option<Self> {
        None
    }

    /// Returns the role with exactly this name.
    #[must_use]
    fn from_name(name: &str) -> Option<Self> {
        (0..64).map_while(Self::from_index).find(|role| role.name() == name)
    }
}

/// A set of roles of one role enum, stored as the bits of a `u64`.
pub struct RoleSet<R> {
    bits: u64,
    roles: PhantomData<R>,
}

impl<R: Role> RoleSet<R> {
    /// The set without any role.
    pub const EMPTY: Self = Self::from_bits(0);

    /// Rejects an enum with more than 64 roles at compile time.
    const FITS: () = assert!(R::ALL.len() <= 64, "a role enum has at most 64 variants");

    /// Creates the set that has role `n` if bit `n` is set.
    pub(crate) const fn from_bits(bits: u64) -> Self {
        const { Self::FITS };
        Self { bits, roles: PhantomData }
    }

    /// Returns the set as an integer. Bit `n` is set if the set contains the role with index `n`.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.bits
    }

    /// Adds a role. If the set already contains the role, nothing changes.
    pub fn insert(&mut self, role: R) {
        self.bits |= bit(&role);
    }

    /// Returns whether the role is in the set.
    #[must_use]
    pub fn contains(self, role: R) -> bool {
        self.bits & bit(&role) != 0
    }

    /// Returns whether every role of `others` is in the set. For an empty `others` it returns
    /// `true`.
    #[must_use]
    pub const fn contains_all(self, others: Self) -> bool {
        self.bits & others.bits == others.bits
    }

    /// Returns whether at least one role of `others` is in the set. For an empty `others` it
    /// returns `false`.
    #[must_use]
    pub const fn intersects(self, others: Self) -> bool {
        self.bits & others.bits != 0
    }

    /// Returns the number of roles in the set.
    #[must_use]
    pub const fn len(self) -> usize {
        self.bits.count_ones() as usize
    }

    /// Returns whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// Returns the roles of the set, in the order of declaration.
    pub fn iter(self) -> impl Iterator<Item = R> {
        (0..64).filter(move |index| self.bits & (1 << index) != 0).filter_map(R::from_index)
    }
}

/// Returns the bit of a role. An `index` out of range has no bit, so it can never be taken for
/// another role.
fn bit<R: Role>(role: &R) -> u64 {
    1u64.checked_shl(u32::from(role.index())).unwrap_or(0)
}

impl<R: Role> Default for RoleSet<R> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<R: Role> From<R> for RoleSet<R> {
    fn from(role: R) -> Self {
        Self::from_bits(bit(&role))
    }
}

impl<R: Role> From<&R> for RoleSet<R> {
    fn from(role: &R) -> Self {
        Self::from_bits(bit(role))
    }
}

impl<R: Role, const N: usize> From<[R; N]> for RoleSet<R> {
    fn from(roles: [R; N]) -> Self {
        roles.into_iter().collect()
    }
}

impl<R: Role> FromIterator<R> for RoleSet<R> {
    fn from_iter<I: IntoIterator<Item = R>>(roles: I) -> Self {
        let mut set = Self::EMPTY;
        for role in roles {
            set.insert(role);
        }
        set
    }
}

impl<'a, R: Role> FromIterator<&'a R> for RoleSet<R> {
    fn from_iter<I: IntoIterator<Item = &'a R>>(roles: I) -> Self {
        Self::from_bits(roles.into_iter().fold(0, |bits, role| bits | bit(role)))
    }
}

impl<R: Role> fmt::Debug for RoleSet<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|role| Bare(role.name()))).finish()
    }
}

/// Prints a role's name without quotation marks.
struct Bare(&'static str);

impl fmt::Debug for Bare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

// Implemented by hand, because the derived implementations would require the same traits of `R`.
impl<R> Clone for RoleSet<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for RoleSet<R> {}

impl<R> PartialEq for RoleSet<R> {
    fn eq(&self, other: &Self) -> bool {
        self.bits == other.bits
    }
}

impl<R> Eq for RoleSet<R> {}

impl<R> Hash for RoleSet<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bits.hash(state);
    }
}

#[cfg(test)]
mod tests;
