//! The kinds of rejection and the one table of their names, statuses and texts.
//!
//! Every page, problem document and gRPC status is rendered from this table. Only the headings and
//! sentences of the login routes' pages are elsewhere, one table per language, keyed by
//! [`RejectionKind`].
//!
//! The texts are plain ASCII without quotes, backslashes, `%`, `<` or `&`, so that the same text
//! stands in HTML, JSON and a gRPC header without escaping. A test checks it.

use std::fmt;

/// The reason for a rejection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum RejectionKind {
    /// No token, or a token that does not verify.
    NotLoggedIn,
    /// The token was valid and has expired.
    Expired,
    /// The token was revoked: logout, changed roles or password, a disabled account.
    Revoked,
    /// Logged in, without a role that the route requires.
    RoleMissing,
    /// Logged in with a password alone where the route requires a second factor.
    SecondFactorMissing,
    /// Logged in too long ago for the route.
    NotRecent,
    /// An unsafe request that another site made the browser send.
    CrossOrigin,
    /// Too many attempts.
    Limited,
    /// A store or a key that the decision needs is not available.
    Unavailable,
    /// The service's own fault: a guard without its layer, or a guard for another role enum.
    Misconfigured,
    /// A wrong name, password or code. It never says which.
    InvalidCredentials,
    /// A field of the form is missing or not valid
    /// ([`Rejection::field`](super::rejection::Rejection::field)).
    InvalidField,
    /// Another account has the name.
    NameTaken,
    /// The second factor is on already.
    SecondFactorOn,
    /// The second factor is off.
    SecondFactorOff,
    /// No such path, account or session.
    NotFound,
    /// The path does not take the method
    /// ([`Rejection::allow`](super::rejection::Rejection::allow)).
    MethodNotAllowed,
    /// The body is larger than the route accepts.
    BodyTooLarge,
    /// The body is not in the format that its `Content-Type` names.
    MalformedBody,
    /// The body is neither a form nor JSON.
    UnsupportedMediaType,
}

impl RejectionKind {
    /// Every kind, for tables that must be complete.
    pub const ALL: &'static [Self] = &[
        Self::NotLoggedIn,
        Self::Expired,
        Self::Revoked,
        Self::RoleMissing,
        Self::SecondFactorMissing,
        Self::NotRecent,
        Self::CrossOrigin,
        Self::Limited,
        Self::Unavailable,
        Self::Misconfigured,
        Self::InvalidCredentials,
        Self::InvalidField,
        Self::NameTaken,
        Self::SecondFactorOn,
        Self::SecondFactorOff,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::BodyTooLarge,
        Self::MalformedBody,
        Self::UnsupportedMediaType,
    ];

    /// Returns the HTTP status: 401 where logging in (again) helps, 403 where it does not.
    ///
    /// A missing factor and a login that is too old are 403: the caller *is* known (RFC 9110
    /// section 15.5.4).
    #[must_use]
    pub const fn status(self) -> u16 {
        self.entry().status
    }

    /// Returns the stable kebab-case name: the last part of the problem type, and the label in logs
    /// and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.entry().name
    }

    /// Returns the heading, in English. It is the same for every problem of this type (RFC 9457
    /// section 3.1.3).
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.entry().title
    }

    /// Returns a sentence for a person, in English.
    /// [`Rejection::detail`](super::rejection::Rejection::detail) is more precise for fields and
    /// methods.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        self.entry().detail
    }

    /// Returns whether the kind is about the content of a request, not about its caller. Logging in
    /// does not help then, so the response does not lead to the login page.
    #[must_use]
    pub const fn is_about_content(self) -> bool {
        matches!(
            self,
            Self::InvalidCredentials
                | Self::InvalidField
                | Self::NameTaken
                | Self::SecondFactorOn
                | Self::SecondFactorOff
                | Self::NotFound
                | Self::MethodNotAllowed
                | Self::BodyTooLarge
                | Self::MalformedBody
                | Self::UnsupportedMediaType
        )
    }

    /// Returns the `grpc-status`.
    pub(crate) const fn grpc_status(self) -> u8 {
        match self.entry().status {
            400 | 413 | 415 | 422 => 3, // INVALID_ARGUMENT
            401 => 16,                  // UNAUTHENTICATED
            403 => 7,                   // PERMISSION_DENIED
            404 => 5,                   // NOT_FOUND
            405 => 12,                  // UNIMPLEMENTED
            409 => 9,                   // FAILED_PRECONDITION
            429 => 8,                   // RESOURCE_EXHAUSTED
            503 => 14,                  // UNAVAILABLE
            _ => 13,                    // INTERNAL
        }
    }

    /// The table.
    const fn entry(self) -> Entry {
        match self {
            Self::NotLoggedIn => entry("signed-out", 401, "Signed out", "Sign in to go on."),
            Self::Expired => {
                entry("expired", 401, "Your sign-in has expired", "Sign in again to go on.")
            }
            Self::Revoked => entry(
                "revoked",
                401,
                "You have been signed out",
                "This sign-in was ended. Sign in again to go on.",
            ),
            Self::RoleMissing => entry(
                "role-missing",
                403,
                "Access denied",
                "You are signed in, but your account may not do this.",
            ),
            Self::SecondFactorMissing => entry(
                "second-factor-missing",
                403,
                "A second factor is needed",
                "Set one up, or sign in again with its code, to go on.",
            ),
            Self::NotRecent => entry(
                "not-recent",
                403,
                "A fresh sign-in is needed",
                "You signed in a while ago. Sign in again to go on.",
            ),
            Self::CrossOrigin => entry(
                "cross-origin",
                403,
                "Refused",
                "Another site sent this request. Nothing was changed.",
            ),
            Self::Limited => {
                entry("limited", 429, "Too many attempts", "Wait a little, then try again.")
            }
            Self::Unavailable => {
                entry("unavailable", 503, "Not available right now", "Try again in a moment.")
            }
            Self::Misconfigured => entry(
                "misconfigured",
                500,
                "Something is wrong here",
                "The fault is in the service, not in what you did.",
            ),
            // One text for every cause, in one place: anything more would tell which part was
            // right.
            Self::InvalidCredentials => entry(
                "invalid-credentials",
                401,
                "Not recognised",
                "Invalid username, password or code",
            ),
            Self::InvalidField => {
                entry("invalid-field", 422, "Invalid field", "A field is missing or not valid.")
            }
            Self::NameTaken => entry("name-taken", 409, "Name taken", "This user name is taken."),
            Self::SecondFactorOn => entry(
                "second-factor-on",
                409,
                "Second factor on",
                "The second factor is on already.",
            ),
            Self::SecondFactorOff => {
                entry("second-factor-off", 409, "Second factor off", "The second factor is off.")
            }
            Self::NotFound => entry("not-found", 404, "Not found", "There is nothing here."),
            Self::MethodNotAllowed => entry(
                "method-not-allowed",
                405,
                "Method not allowed",
                "This path does not take this method.",
            ),
            Self::BodyTooLarge => {
                entry("body-too-large", 413, "Body too large", "The body is larger than 8 KiB.")
            }
            Self::MalformedBody => {
                entry("malformed-body", 400, "Malformed body", "The body cannot be read.")
            }
            Self::UnsupportedMediaType => entry(
                "unsupported-media-type",
                415,
                "Unsupported media type",
                "Send application/x-www-form-urlencoded or application/json.",
            ),
        }
    }
}

struct Entry {
    name: &'static str,
    status: u16,
    title: &'static str,
    detail: &'static str,
}

const fn entry(
    name: &'static str,
    status: u16,
    title: &'static str,
    detail: &'static str,
) -> Entry {
    Entry { name, status, title, detail }
}

impl fmt::Display for RejectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_distinct_names() {
        let names: std::collections::HashSet<_> =
            RejectionKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(names.len(), RejectionKind::ALL.len());
        assert!(RejectionKind::ALL.iter().enumerate().all(|(place, kind)| *kind as usize == place));
        assert_eq!(RejectionKind::ALL.len(), RejectionKind::UnsupportedMediaType as usize + 1);
    }
}
