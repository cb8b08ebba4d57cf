//! The authentication methods of a login: the `amr` claim (RFC 8176) as a small set.
//!
//! Unknown values are ignored when a token is read, because an unknown method must not count as a
//! second factor. RFC 8176 section 2 defines the names.

use std::{
    fmt,
    ops::{BitOr, BitOrAssign},
};

/// A set of authentication methods.
///
/// ```
/// use hallpass_core::Methods;
///
/// assert!(!Methods::PASSWORD.includes_second_factor());
/// assert!((Methods::PASSWORD | Methods::ONE_TIME_CODE).includes_second_factor());
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Methods(u8);

impl Methods {
    /// The set without a method.
    pub const NONE: Self = Self(0);
    /// A password (`pwd`).
    pub const PASSWORD: Self = Self(1);
    /// A one-time code (`otp`) or a recovery code.
    pub const ONE_TIME_CODE: Self = Self(1 << 1);
    /// Proof of possession of a hardware-secured key (`hwk`).
    pub const HARDWARE_KEY: Self = Self(1 << 2);
    /// Proof of possession of a software-secured key (`swk`).
    pub const SOFTWARE_KEY: Self = Self(1 << 3);
    /// More than one factor, as another issuer reports it (`mfa`).
    pub const MULTI_FACTOR: Self = Self(1 << 4);

    /// Returns whether every method of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns whether the set has a method of a second factor: `otp`, `hwk`, `swk` or `mfa`. `pwd`
    /// alone is not a second factor.
    pub const fn includes_second_factor(self) -> bool {
        const SECOND: u8 = Methods::ONE_TIME_CODE.0
            | Methods::HARDWARE_KEY.0
            | Methods::SOFTWARE_KEY.0
            | Methods::MULTI_FACTOR.0;
        self.0 & SECOND != 0
    }

    /// Returns whether the set has no method.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns the RFC 8176 names, in the order of the constants.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().filter(move |(method, _)| self.contains(*method)).map(|(_, name)| name)
    }

    /// Returns the method of this name, or the empty set for a name that is not one of the
    /// constants.
    pub fn from_name(name: &str) -> Self {
        NAMES.into_iter().find(|(_, known)| *known == name).map_or(Self::NONE, |(method, _)| method)
    }
}

impl BitOr for Methods {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Methods {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

const NAMES: [(Methods, &str); 5] = [
    (Methods::PASSWORD, "pwd"),
    (Methods::ONE_TIME_CODE, "otp"),
    (Methods::HARDWARE_KEY, "hwk"),
    (Methods::SOFTWARE_KEY, "swk"),
    (Methods::MULTI_FACTOR, "mfa"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_other_than_password_are_a_second_factor() {
        assert!(!Methods::NONE.includes_second_factor());
        assert!(!Methods::PASSWORD.includes_second_factor());
        for method in [
            Methods::ONE_TIME_CODE,
            Methods::HARDWARE_KEY,
            Methods::SOFTWARE_KEY,
            Methods::MULTI_FACTOR,
        ] {
            assert!(method.includes_second_factor(), "{method:?}");
        }
    }

    #[test]
    fn amr_names_round_trip_and_unknown_names_are_ignored() {
        for (method, name) in NAMES {
            assert_eq!(Methods::from_name(name), method);
            assert_eq!(method.names().collect::<Vec<_>>(), [name]);
        }
        for unknown in ["", "PWD", "face", "otp ", "pin"] {
            assert!(Methods::from_name(unknown).is_empty(), "{unknown}");
        }
    }
}
