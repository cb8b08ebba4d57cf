//! What a refusal says to a person. Constants only: plain ASCII without quotes, backslashes, `%`, `<` or `&`, so that the same
//! words stand in HTML, JSON and a gRPC header as they are; a test holds them to it.

use crate::denial::DenialKind;

impl DenialKind {
    /// A heading for a person to read.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.wording().0
    }

    /// A sentence for a person to read: what is wrong, and what to do about it.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        self.wording().1
    }

    const fn wording(self) -> (&'static str, &'static str) {
        match self {
            Self::SignedOut => ("Signed out", "Sign in to go on."),
            Self::Expired => ("Your sign-in has expired", "Sign in again to go on."),
            Self::Revoked => ("You have been signed out", "This sign-in was ended. Sign in again to go on."),
            Self::RoleMissing => ("Access denied", "You are signed in, but your account may not do this."),
            Self::SecondFactorMissing => {
                ("A second factor is needed", "Set one up, or sign in again with its code, to go on.")
            }
            Self::NotRecent => ("A fresh sign-in is needed", "You signed in a while ago. Sign in again to go on."),
            Self::CrossOrigin => ("Refused", "Another site sent this request. Nothing was changed."),
            Self::Limited => ("Too many attempts", "Wait a little, then try again."),
            Self::Unavailable => ("Not available right now", "Try again in a moment."),
            Self::Misconfigured => ("Something is wrong here", "The fault is in the service, not in what you did."),
        }
    }
}
