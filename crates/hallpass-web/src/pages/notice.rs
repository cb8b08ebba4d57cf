//! A sentence about what has just happened, for the next page.
//!
//! The notice cookie contains the name of the sentence, from this list. So neither a link nor
//! another site can make a page show a text of its own.

/// A sentence for the next page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Notice {
    /// The password was changed with a link. The person logs in with the new one.
    PasswordReset,
}

impl Notice {
    /// Returns a stable kebab-case name, the value of the cookie.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PasswordReset => "password-reset",
        }
    }

    /// Returns the notice with this name.
    pub(crate) fn parse(name: &[u8]) -> Option<Self> {
        [Self::PasswordReset].into_iter().find(|notice| notice.as_str().as_bytes() == name)
    }
}
