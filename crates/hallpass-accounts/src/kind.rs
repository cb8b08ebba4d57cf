//! Closed lists of names that a store keeps as text.

/// Defines an enum whose variants have a name. A store keeps the name, and not a number: a row can
/// be read in the database, and a variant can be moved without a change of the rows.
macro_rules! stored_as_text {
    (
        // The attributes include `#[non_exhaustive]`.
        $(#[$attribute:meta])*
        pub enum $kind:ident {
            $($(#[$documentation:meta])* $variant:ident = $name:literal,)+
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        // The attributes of the caller include `#[non_exhaustive]`.
        pub enum $kind {
            $($(#[$documentation])* $variant,)+
        }

        impl $kind {
            /// All variants.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Returns the stable kebab-case name that a store keeps.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// Returns the variant of this name. Returns `None` for another text, such as the name
            /// of a variant that only a newer version has.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use stored_as_text;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use crate::{activity::ActivityKind, consumed::OneTimePurpose, outcome::OutcomeKind};

    /// Checks that the names of a list are different, are kebab-case, and lead to their variant.
    macro_rules! check {
        ($kind:ident) => {
            let names: HashSet<_> = $kind::ALL.iter().map(|kind| kind.as_str()).collect();
            assert_eq!(names.len(), $kind::ALL.len());
            for kind in $kind::ALL {
                let name = kind.as_str();
                assert_eq!($kind::from_name(name), Some(*kind));
                assert!(
                    name.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase()),
                    "{name}"
                );
                assert_eq!($kind::from_name(&name.to_uppercase()), None);
            }
            assert_eq!($kind::from_name(""), None);
        };
    }

    #[test]
    fn stored_names_lead_back_to_their_variant() {
        check!(ActivityKind);
        check!(OneTimePurpose);
        check!(OutcomeKind);
    }
}
