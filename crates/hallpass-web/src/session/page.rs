//! The data of the page of sessions.

use std::time::Duration;

/// The page of sessions. Its forms post `session`, an id or `others`, to
/// `/account/sessions/revoke`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct SessionsPage<'a> {
    /// At most 20 live sessions: on the first page the session of the request first, then the
    /// newest first.
    pub sessions: Vec<SessionLine<'a>>,
    /// The value of the parameter `after` of the next page, which needs no escaping. `None` on the
    /// last page.
    pub next: Option<&'a str>,
}

/// One session of the account.
#[derive(Debug)]
#[non_exhaustive]
pub struct SessionLine<'a> {
    /// The id, for the field `session`.
    pub id: &'a str,
    /// A name such as "Firefox on Linux", or empty for a login without `User-Agent`. The default
    /// pages show the text `unknown_device` for an empty name.
    pub device: &'a str,
    /// The time of the login, in Unix seconds.
    pub created_at: u64,
    /// The time since the login. Unlike a date, it is correct in every time zone: without
    /// JavaScript, the time zone of the reader is unknown.
    pub created_ago: Duration,
    /// The time of the last refresh, or of the login before the first refresh, in Unix seconds.
    pub renewed_at: u64,
    /// The time since the last refresh.
    pub renewed_ago: Duration,
    /// Whether this is the session of the request.
    pub current: bool,
}

/// The default template.
#[cfg(feature = "pages")]
pub(crate) mod template {
    use askama::Template;

    use crate::{
        session::page::SessionsPage,
        texts::{Texts, when},
    };

    #[derive(Template)]
    #[template(path = "session/sessions.html")]
    pub(crate) struct SessionsTemplate<'a> {
        pub(crate) t: &'a Texts,
        pub(crate) page: &'a SessionsPage<'a>,
        pub(crate) prefix: &'a str,
    }

    impl SessionsTemplate<'_> {
        fn stamp(&self, unix: &u64) -> String {
            when::rfc3339(*unix)
        }
    }
}
