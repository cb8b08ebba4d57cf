//! Error pages. Each page describes the problem and links to the next step.

use std::borrow::Cow;

use askama::Template;
use hallpass::{
    Rejection, RejectionKind,
    request::{OriginHeader, PathPrefix},
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::{Content, Viewer, filters};

/// A heading, a few sentences, and links. The first link is the most likely next step.
#[derive(Template)]
#[template(path = "notice.html")]
pub struct Notice {
    /// The HTTP status, which the page shows.
    pub status: u16,
    heading: &'static str,
    text: Vec<Cow<'static, str>>,
    ways: Vec<Way>,
}

struct Way {
    /// A path without the prefix, which the template adds.
    href: Cow<'static, str>,
    label: &'static str,
}

impl Content for Notice {
    fn title(&self) -> &str {
        self.heading
    }
}

impl Notice {
    /// Returns the page for a rejection. `target` is the path and query of the request, with or
    /// without the prefix of the blog.
    ///
    /// Returns `None` if hallpass's own response should be used: a redirect, or a status for
    /// another service.
    #[must_use]
    pub fn of_denial(
        rejection: Rejection,
        target: &str,
        viewer: Option<&Viewer>,
        prefix: &PathPrefix,
    ) -> Option<Self> {
        let (target, status) = (prefix.strip(target), rejection.status());
        let target = &*target;
        Some(match rejection.kind() {
            RejectionKind::RoleMissing => Self::access_denied(viewer),
            RejectionKind::SecondFactorMissing => Self {
                status,
                heading: "Two-factor login required",
                text: vec![
                    "This page requires two-factor login: your password and a code from an authenticator app.".into(),
                    "Set up two-factor login in your profile, then log in again with a code.".into(),
                ],
                ways: vec![way("/account/two-factor", "Set up two-factor login"), FRONT_PAGE],
            },
            RejectionKind::NotRecent => Self {
                status,
                heading: "Confirm that it is you",
                text: vec!["To continue, type your password again. Your last login is more than ten minutes ago.".into()],
                ways: vec![way(confirm(target, prefix), "Confirm that it is you"), FRONT_PAGE],
            },
            RejectionKind::NotLoggedIn
            | RejectionKind::Expired
            | RejectionKind::Revoked
            | RejectionKind::Stale => Self {
                status,
                heading: "You are not logged in",
                text: vec!["This action requires a login. Nothing was changed.".into()],
                ways: vec![way(login(target, prefix), "Log in"), FRONT_PAGE],
            },
            RejectionKind::CrossOrigin => Self {
                status,
                heading: "Request from another site",
                text: ["Another site sent this request from your browser. Nothing was changed."]
                    .into_iter()
                    .chain(rejection.origin_header().map(OriginHeader::hint))
                    .map(Cow::from)
                    .collect(),
                ways: vec![FRONT_PAGE],
            },
            _ => return None,
        })
    }

    fn access_denied(viewer: Option<&Viewer>) -> Self {
        let who = viewer.map_or("Your account".into(), |viewer| {
            format!("You are logged in as {}. This account", viewer.username)
        });
        Self {
            status: 403,
            heading: "Access denied",
            text: vec![
                format!("{who} does not have a role that this page requires. Nothing was changed.").into(),
                "If you received the role recently, log in again. If you need the role, contact the administrator of the blog."
                    .into(),
            ],
            ways: vec![FRONT_PAGE, way("/profile", "Your profile")],
        }
    }

    /// Returns the page for an address that does not exist.
    #[must_use]
    pub fn not_found() -> Self {
        Self {
            status: 404,
            heading: "Page not found",
            text: vec!["The address may be wrong, or the post may have been hidden.".into()],
            ways: vec![FRONT_PAGE],
        }
    }

    /// Returns the page for an invalid request: its method, its size or its fields.
    #[must_use]
    pub fn of_request(status: u16, heading: &'static str, detail: Cow<'static, str>) -> Self {
        Self { status, heading, text: vec![detail], ways: vec![FRONT_PAGE] }
    }
}

fn way(href: impl Into<Cow<'static, str>>, label: &'static str) -> Way {
    Way { href: href.into(), label }
}

fn login(target: &str, prefix: &PathPrefix) -> String {
    leading_back("/login", target, prefix)
}

fn confirm(target: &str, prefix: &PathPrefix) -> String {
    leading_back("/session/confirm", target, prefix)
}

fn leading_back(page: &str, target: &str, prefix: &PathPrefix) -> String {
    let next = prefix.join(page_of(target));
    format!("{page}?next={}", utf8_percent_encode(&next, QUERY_VALUE))
}

/// Returns the page to open after the login: `target`, or the page that has the form of `target`.
fn page_of(target: &str) -> &str {
    match target {
        "/posts" => "/posts/new",
        target if target.starts_with("/admin/users/") => "/admin",
        target => target.strip_suffix("/hide").unwrap_or(target),
    }
}

const FRONT_PAGE: Way = Way { href: Cow::Borrowed("/"), label: "Back to the front page" };

/// The characters that end a value of a query or have another meaning in it.
const QUERY_VALUE: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'+').add(b'<').add(b'>');
