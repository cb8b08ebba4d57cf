//! What a refusal says to a person. Constants only: plain ASCII without quotes, backslashes, `%`, `<` or `&`, so that the same
//! words stand in HTML, JSON and a gRPC header as they are; a test holds them to it.

use crate::DenialKind;

/// A heading and a sentence.
#[derive(Clone, Copy)]
pub(super) struct Wording {
    pub(super) title: &'static str,
    pub(super) detail: &'static str,
}

impl Wording {
    pub(super) fn of(kind: DenialKind) -> Self {
        let (title, detail) = match kind {
            DenialKind::SignedOut => ("Signed out", "Sign in to go on."),
            DenialKind::Expired => ("Your sign-in has expired", "Sign in again to go on."),
            DenialKind::Revoked => (
                "You have been signed out",
                "This sign-in was ended. Sign in again to go on.",
            ),
            DenialKind::RoleMissing => (
                "Access denied",
                "You are signed in, but your account may not do this.",
            ),
            DenialKind::SecondFactorMissing => (
                "A second factor is needed",
                "Set one up, or sign in again with its code, to go on.",
            ),
            DenialKind::NotRecent => (
                "A fresh sign-in is needed",
                "You signed in a while ago. Sign in again to go on.",
            ),
            DenialKind::CrossOrigin => (
                "Refused",
                "Another site sent this request. Nothing was changed.",
            ),
            DenialKind::Limited => ("Too many attempts", "Wait a little, then try again."),
            DenialKind::Unavailable => ("Not available right now", "Try again in a moment."),
            DenialKind::Misconfigured => (
                "Something is wrong here",
                "The fault is in the service, not in what you did.",
            ),
        };
        Self { title, detail }
    }
}
