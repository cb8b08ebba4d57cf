//! Tokens just issued, on their way into a cookie.
//!
//! Each kind is a type of its own, so that a pending token cannot be handed to the function that sets the access cookie. `Debug`
//! shows none: a token in a log is a session in a log.

use std::fmt;

use zeroize::Zeroizing;

use crate::time::unix_time::UnixTime;

macro_rules! issued_token {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[must_use]
        pub struct $name {
            text: Zeroizing<String>,
            expires_at: UnixTime,
        }

        impl $name {
            pub(crate) fn new(text: String, expires_at: UnixTime) -> Self {
                Self { text: Zeroizing::new(text), expires_at }
            }

            /// The token as it goes into the cookie.
            pub fn as_str(&self) -> &str {
                &self.text
            }

            /// The moment from which it is dead.
            pub fn expires_at(&self) -> UnixTime {
                self.expires_at
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("expires_at", &self.expires_at).finish_non_exhaustive()
            }
        }
    };
}

issued_token! {
    /// The token that carries a signed-in user through the routes.
    AccessToken
}

issued_token! {
    /// The token that opens the code page and nothing else.
    PendingToken
}

issued_token! {
    /// The token that opens the page on which a second factor is set up, and nothing else.
    EnrolmentToken
}

issued_token! {
    /// The token by which a browser is known again that an account signed in with. It signs nobody in.
    DeviceToken
}
