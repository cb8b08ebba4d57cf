//! The kinds of rejection and the one table of their names, statuses and texts.
//!
//! Every page, problem document and gRPC status is rendered from this table. The exception is the
//! pages of the login routes: their headings and sentences are in one table per language, with
//! [`RejectionKind`] as the key.
//!
//! The texts are plain ASCII without quotes, backslashes, `%`, `<` or `&`. The same text is
//! therefore valid in HTML, JSON and a gRPC header without escaping. A test checks this.

use std::fmt;

/// The reason for a rejection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum RejectionKind {
    /// No token, or a token that does not verify.
    NotLoggedIn,
    /// The token was valid and has expired.
    Expired,
    /// The token was revoked: logout, a changed password or second factor, a disabled account.
    Revoked,
    /// The roles of the account have changed since the token was issued. The session is live, and a
    /// refresh returns a token with the new roles.
    Stale,
    /// The caller is logged in, but does not have a role that the route requires.
    RoleMissing,
    /// The caller logged in without a second factor, and the route requires one.
    SecondFactorMissing,
    /// The login is too old for the route.
    NotRecent,
    /// An unsafe request that another site made the browser send.
    CrossOrigin,
    /// Too many attempts.
    Limited,
    /// A store or a key that the decision needs is not available.
    Unavailable,
    /// The service's own fault, which does not pass by itself: a guard without its layer, a guard
    /// for another role enum, or a lost encryption key.
    Internal,
    /// A wrong name, password or code. The response does not show which of them was wrong.
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
    /// A CAPTCHA or proof of work must be solved first.
    ChallengeRequired,
    /// The account is the last enabled one with a role that the site must keep.
    LastOfRole,
    /// The account is disabled, so the command would have no effect.
    AccountDisabled,
    /// A one-time link that was used, was replaced, has expired, or is not a link of this site.
    LinkOver,
    /// No such path, account or session.
    NotFound,
    /// The path does not accept the method
    /// ([`Rejection::allow`](super::rejection::Rejection::allow)).
    MethodNotAllowed,
    /// The body is larger than the route accepts.
    BodyTooLarge,
    /// The body did not arrive within the time limit of the request.
    Timeout,
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
        Self::Stale,
        Self::RoleMissing,
        Self::SecondFactorMissing,
        Self::NotRecent,
        Self::CrossOrigin,
        Self::Limited,
        Self::Unavailable,
        Self::Internal,
        Self::InvalidCredentials,
        Self::InvalidField,
        Self::NameTaken,
        Self::SecondFactorOn,
        Self::SecondFactorOff,
        Self::ChallengeRequired,
        Self::LastOfRole,
        Self::AccountDisabled,
        Self::LinkOver,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::BodyTooLarge,
        Self::Timeout,
        Self::MalformedBody,
        Self::UnsupportedMediaType,
    ];

    /// Returns the HTTP status: 401 if logging in (again) helps, 403 if it does not.
    ///
    /// A missing second factor and a login that is too old are 403, because the caller is already
    /// identified (RFC 9110 section 15.5.4).
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

    /// Returns whether the kind is about the content of a request and not about its caller. Logging
    /// in does not help then, so the response does not lead to the login page.
    #[must_use]
    pub const fn is_about_content(self) -> bool {
        matches!(
            self,
            Self::InvalidCredentials
                | Self::InvalidField
                | Self::NameTaken
                | Self::SecondFactorOn
                | Self::SecondFactorOff
                | Self::ChallengeRequired
                | Self::LastOfRole
                | Self::AccountDisabled
                | Self::LinkOver
                | Self::NotFound
                | Self::MethodNotAllowed
                | Self::BodyTooLarge
                | Self::Timeout
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
            409 | 410 => 9,             // FAILED_PRECONDITION
            429 => 8,                   // RESOURCE_EXHAUSTED
            408 => 4,                   // DEADLINE_EXCEEDED
            503 => 14,                  // UNAVAILABLE
            _ => 13,                    // INTERNAL
        }
    }

    /// Returns the entry of the table.
    const fn entry(self) -> Entry {
        match self {
            Self::NotLoggedIn => entry("signed-out", 401, "Not logged in", "Log in to continue."),
            Self::Expired => {
                entry("expired", 401, "Your login has expired", "Log in again to continue.")
            }
            Self::Revoked => entry(
                "revoked",
                401,
                "You have been logged out",
                "Your session was ended. Log in again to continue.",
            ),
            Self::Stale => entry(
                "stale",
                401,
                "Your roles have changed",
                "Refresh the session or log in again to continue.",
            ),
            Self::RoleMissing => entry(
                "role-missing",
                403,
                "Access denied",
                "You are logged in, but your account is not allowed to do this.",
            ),
            Self::SecondFactorMissing => entry(
                "second-factor-missing",
                403,
                "A second factor is required",
                "Set up a second factor, or log in again with its code.",
            ),
            Self::NotRecent => entry(
                "not-recent",
                403,
                "A recent login is required",
                "Your login is too old for this action. Confirm that it is you to continue.",
            ),
            Self::CrossOrigin => entry(
                "cross-origin",
                403,
                "Request rejected",
                "Another site sent this request. Nothing was changed.",
            ),
            Self::Limited => {
                entry("limited", 429, "Too many attempts", "Wait a moment, then try again.")
            }
            Self::Unavailable => {
                entry("unavailable", 503, "Not available right now", "Try again in a moment.")
            }
            Self::Internal => entry(
                "internal",
                500,
                "Server error",
                "The fault is in the service, and trying again does not help. Ask its administrator.",
            ),
            // One text for every cause: a more precise text would show an attacker which part was
            // right.
            Self::InvalidCredentials => entry(
                "invalid-credentials",
                401,
                "Invalid credentials",
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
            Self::ChallengeRequired => entry(
                "challenge-required",
                403,
                "A challenge must be solved",
                "Solve the challenge of the form and send its response in the field challenge.",
            ),
            Self::LastOfRole => entry(
                "last-of-role",
                409,
                "Last account of its role",
                "No other active account has this role. Give it to another account first.",
            ),
            Self::AccountDisabled => entry(
                "account-disabled",
                409,
                "Account disabled",
                "The account is disabled. Enable it first.",
            ),
            Self::LinkOver => entry(
                "link-over",
                410,
                "This link is not valid any more",
                "The link was used, was replaced by a newer one, or has expired. Ask for a new link.",
            ),
            Self::NotFound => entry("not-found", 404, "Not found", "There is nothing here."),
            Self::MethodNotAllowed => entry(
                "method-not-allowed",
                405,
                "Method not allowed",
                "This path does not accept this method.",
            ),
            Self::BodyTooLarge => {
                entry("body-too-large", 413, "Body too large", "The body is larger than 8 KiB.")
            }
            Self::Timeout => entry(
                "timeout",
                408,
                "Request timeout",
                "The body did not arrive in time. Nothing was changed. Send it again.",
            ),
            Self::MalformedBody => entry(
                "malformed-body",
                400,
                "Malformed body",
                "The body is not in the format that its Content-Type names.",
            ),
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
