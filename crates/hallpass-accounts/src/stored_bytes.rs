//! Values of 32 bytes that a store keeps and compares: hashes, and identifiers that are HMACs.

/// Defines the conversions of a value of 32 bytes, and a `Debug` that does not show it.
macro_rules! stored_bytes {
    ($value:ident) => {
        impl $value {
            /// Creates the value from the 32 stored bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Returns the 32 bytes to store.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl ::std::fmt::Debug for $value {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(concat!(stringify!($value), "(..)"))
            }
        }
    };
}
pub(crate) use stored_bytes;
