//! The data of the page of recent activity.

use std::{net::IpAddr, time::Duration};

use hallpass_accounts::ActivityKind;

/// The page of recent activity.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ActivityPage<'a> {
    /// The rows, last first.
    pub lines: Vec<ActivityLine<'a>>,
    /// The path of the page with earlier rows, with the prefix of the site.
    pub next: Option<&'a str>,
}

/// One row.
#[derive(Debug)]
#[non_exhaustive]
pub struct ActivityLine<'a> {
    /// The kind.
    pub kind: ActivityKind,
    /// The time, in Unix seconds.
    pub at: u64,
    /// The time since then. Unlike a date, it is correct in every time zone.
    pub ago: Duration,
    /// The address of the client, if it is known.
    pub address: Option<IpAddr>,
    /// The `User-Agent` of the client. Empty if it is not known. A client can send any text.
    pub browser: &'a str,
}

/// The default template.
#[cfg(feature = "pages")]
pub(crate) mod template {
    use askama::Template;

    use crate::{
        activity::page::{ActivityLine, ActivityPage},
        texts::{Texts, when},
    };

    #[derive(Template)]
    #[template(path = "activity/activity.html")]
    pub(crate) struct ActivityTemplate<'a> {
        pub(crate) t: &'a Texts,
        pub(crate) page: &'a ActivityPage<'a>,
    }

    impl ActivityTemplate<'_> {
        fn stamp(&self, unix: &u64) -> String {
            when::rfc3339(*unix)
        }

        /// Returns the address and the browser.
        fn client(&self, line: &ActivityLine<'_>) -> String {
            let name = hallpass_accounts::device_name(line.browser);
            let address = line.address.map(|address| address.to_string());
            [Some(name).filter(|name| !name.is_empty()), address]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(", ")
        }
    }
}
