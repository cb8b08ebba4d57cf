//! The guards that every framework has under the same names.
//!
//! A guard must be a type of the crate that implements the framework's traits for it. The facade
//! implements those of two frameworks. So each of these crates calls the macro and adds only the
//! traits.

/// Defines `RequireLayer` and the functions that make one. The attributes are those of
/// `RequireLayer`.
#[doc(hidden)]
#[macro_export]
macro_rules! guards {
    ($(#[$attribute:meta])*) => {
        /// Admits everyone. A route that is deliberately open has this guard where
        /// [every route must have one](crate::AuthLayer::deny_unguarded_routes).
        pub fn public() -> RequireLayer {
            RequireLayer::new($crate::Requirement::public())
        }

        /// Admits only callers who are logged in.
        pub fn require_login() -> RequireLayer {
            RequireLayer::new($crate::Requirement::login())
        }

        /// Admits only callers who have every one of these roles (RBAC).
        pub fn require_roles<R: $crate::Role>(
            roles: impl Into<$crate::RoleSet<R>>,
        ) -> RequireLayer {
            RequireLayer::new($crate::Requirement::all_of(roles))
        }

        /// Admits only callers who have one of these roles. An empty set admits no one.
        pub fn require_any_role<R: $crate::Role>(
            roles: impl Into<$crate::RoleSet<R>>,
        ) -> RequireLayer {
            RequireLayer::new($crate::Requirement::any_of(roles))
        }

        /// Admits only callers who have this role, or one that the enum orders above it.
        pub fn require_at_least<R: $crate::Role + Ord>(lowest: R) -> RequireLayer {
            RequireLayer::new($crate::Requirement::at_least(lowest))
        }

        $(#[$attribute])*
        #[derive(Clone, Copy, Debug)]
        #[must_use]
        pub struct RequireLayer {
            requirement: $crate::Requirement,
        }

        impl RequireLayer {
            /// Makes a guard of a requirement.
            pub const fn new(requirement: $crate::Requirement) -> Self {
                Self { requirement }
            }

            /// Also requires that the login used a second factor.
            pub const fn and_second_factor(self) -> Self {
                Self::new(self.requirement.and_second_factor())
            }

            /// Also requires that the login was at most this long ago, to the second.
            pub const fn and_recent(self, within: ::core::time::Duration) -> Self {
                Self::new(self.requirement.and_recent(within))
            }

            /// Returns the requirement.
            #[must_use]
            pub const fn requirement(&self) -> &$crate::Requirement {
                &self.requirement
            }
        }

        impl From<RequireLayer> for $crate::Requirement {
            fn from(layer: RequireLayer) -> Self {
                layer.requirement
            }
        }
    };
}
