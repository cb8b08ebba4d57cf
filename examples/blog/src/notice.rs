//! Pages that say why something did not happen, and where to go from here.

use std::borrow::Cow;

use askama::Template;
use hallpass::RejectionKind;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::{Content, Viewer};

/// A heading, a few sentences, and the ways on; the first is the likeliest.
#[derive(Template)]
#[template(path = "notice.html")]
pub struct Notice {
    /// The HTTP status, shown large.
    pub status: u16,
    heading: &'static str,
    text: Vec<Cow<'static, str>>,
    ways: Vec<Way>,
}

struct Way {
    href: Cow<'static, str>,
    label: &'static str,
}

impl Content for Notice {
    fn title(&self) -> &str {
        self.heading
    }
}

impl Notice {
    /// The page for a refusal; `target` is the path and query that was asked for.
    ///
    /// `None` where the library's own answer says it better: a redirect, or a status for another
    /// service.
    #[must_use]
    pub fn of_denial(
        kind: RejectionKind,
        status: u16,
        target: &str,
        viewer: Option<&Viewer>,
    ) -> Option<Self> {
        Some(match kind {
            RejectionKind::RoleMissing => Self::access_denied(viewer),
            RejectionKind::SecondFactorMissing => Self {
                status,
                heading: "One step more",
                text: vec![
                    "This page asks for two-factor sign-in: your password, and a code from an authenticator.".into(),
                    "Set it up once in your profile, then sign in again with a code.".into(),
                ],
                ways: vec![way("/profile/two-factor", "Set up two-factor sign-in"), FRONT_PAGE],
            },
            RejectionKind::NotRecent => Self {
                status,
                heading: "Are you still there?",
                text: vec!["This page asks for a sign-in within the last ten minutes, and yours is older.".into()],
                ways: vec![way(login(target), "Sign in again"), FRONT_PAGE],
            },
            RejectionKind::NotLoggedIn | RejectionKind::Expired | RejectionKind::Revoked => Self {
                status,
                heading: "Sign in first",
                text: vec!["You are not signed in, or no longer. Nothing was changed.".into()],
                ways: vec![way(login(target), "Log in"), FRONT_PAGE],
            },
            RejectionKind::CrossOrigin => Self {
                status,
                heading: "That came from another site",
                text: vec!["Another site tried to do this in your name. Nothing was changed.".into()],
                ways: vec![FRONT_PAGE],
            },
            _ => return None,
        })
    }

    fn access_denied(viewer: Option<&Viewer>) -> Self {
        let who = viewer.map_or("Your account".into(), |viewer| {
            format!("You are signed in as {}, and that account", viewer.username)
        });
        Self {
            status: 403,
            heading: "This door stays shut",
            text: vec![
                format!("{who} has no role that opens this page. Nothing is broken, and nothing was changed.").into(),
                "If you were given the role a moment ago, sign in again to pick it up. If you think you should have it, ask whoever runs the blog."
                    .into(),
            ],
            ways: vec![FRONT_PAGE, way("/profile", "Your profile")],
        }
    }

    /// The page for an address that has none.
    #[must_use]
    pub fn not_found() -> Self {
        Self {
            status: 404,
            heading: "Nothing is here",
            text: vec!["The address may be mistyped, or the post has been taken down.".into()],
            ways: vec![FRONT_PAGE],
        }
    }

    /// The page for a refusal that is about the request itself: its method, its size, its fields.
    #[must_use]
    pub fn of_request(status: u16, heading: &'static str, detail: Cow<'static, str>) -> Self {
        Self { status, heading, text: vec![detail], ways: vec![FRONT_PAGE] }
    }
}

fn way(href: impl Into<Cow<'static, str>>, label: &'static str) -> Way {
    Way { href: href.into(), label }
}

fn login(target: &str) -> String {
    format!("/login?next={}", utf8_percent_encode(page_of(target), QUERY_VALUE))
}

/// The page to come back to: this one, or the one whose form went there.
fn page_of(target: &str) -> &str {
    match target {
        "/posts" => "/posts/new",
        target if target.starts_with("/admin/users/") => "/admin",
        target => target.strip_suffix("/hide").unwrap_or(target),
    }
}

const FRONT_PAGE: Way = Way { href: Cow::Borrowed("/"), label: "Back to the front page" };

/// What would end a query's value or mean something else in it.
const QUERY_VALUE: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'+').add(b'<').add(b'>');
