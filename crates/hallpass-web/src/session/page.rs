//! What is on the page of the sessions.

use std::time::Duration;

/// Posts `session`, an id or `others`, to `/profile/sessions/revoke`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct SessionsPage<'a> {
    /// The live sessions, this one first.
    pub sessions: Vec<SessionLine<'a>>,
}

/// One signed-in device.
#[derive(Debug)]
#[non_exhaustive]
pub struct SessionLine<'a> {
    /// What `session` takes.
    pub id: &'a str,
    /// A name such as "Firefox on Linux"; empty where nothing is known.
    pub device: &'a str,
    /// When it was opened, Unix seconds.
    pub created_at: u64,
    /// How long ago that was. An age reads right in every time zone; a page made without
    /// JavaScript does not know the reader's.
    pub created_ago: Duration,
    /// When it was last renewed, Unix seconds.
    pub renewed_at: u64,
    /// How long ago that was.
    pub renewed_ago: Duration,
    /// Whether it is the session that asks.
    pub current: bool,
}

/// How that looks by default.
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
    }

    impl SessionsTemplate<'_> {
        fn stamp(&self, unix: &u64) -> String {
            when::rfc3339(*unix)
        }
    }
}
