//! The client of a request: the data for the limits and the list of sessions.

use std::{fmt, net::IpAddr};

use crate::browser::BrowserHash;

/// The client that logs in.
///
/// Exhaustive, because callers construct it.
#[derive(Clone, Copy, Default)]
pub struct Visitor<'a> {
    /// The address of the client. Behind a reverse proxy it must come from the **configured**
    /// proxy, because a client can send any address. The limits per address do not apply to `None`.
    /// The loopback addresses share one wide limit. All of these clients share the limit per
    /// account and network.
    pub peer: Option<IpAddr>,
    /// The value of `User-Agent`, as sent, or empty.
    pub device: &'a str,
    /// The hash of the [browser cookie](crate::BrowserCookie), if the request has a valid one.
    pub browser: Option<BrowserHash>,
    /// The form field `challenge`: the response to the site's [`Challenge`](crate::Challenge).
    pub challenge: Option<&'a str>,
    /// Whether this browser may skip the code at later logins. Has an effect only if the site
    /// [trusts devices](crate::Settings::trust_devices).
    pub remember: bool,
    /// Whether the person is logged in already and logs in again, for example for a route that
    /// requires a second factor. A trusted device then does not replace the code.
    pub step_up: bool,
}

impl Visitor<'_> {
    pub(crate) fn device_name(&self) -> String {
        device_name(self.device)
    }
}

/// Leaves the token out.
impl fmt::Debug for Visitor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visitor")
            .field("peer", &self.peer)
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

/// Returns a readable device name for a `User-Agent`: `Firefox on Linux`.
///
/// For an unknown browser and system it is the first product of the header, cut to 60 characters.
/// Without a header it is empty: the page has the text for it, in the language of the reader. No
/// decision depends on the name, because a client can send any header.
#[must_use]
pub fn device_name(agent: &str) -> String {
    let browser = first_of(agent, &BROWSERS);
    let system = first_of(agent, &SYSTEMS);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => {
            let product = agent.split_whitespace().next().unwrap_or_default();
            product.chars().filter(|c| !c.is_control()).take(60).collect()
        }
    }
}

fn first_of(agent: &str, marks: &[(&str, &'static str)]) -> Option<&'static str> {
    let found = marks.iter().find(|(mark, _)| agent.contains(mark));
    found.map(|(_, name)| *name)
}

/// Most specific first: Edge also names Chrome, and Chrome also names Safari.
const BROWSERS: [(&str, &str); 7] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

#[cfg(test)]
mod tests {
    use super::device_name;

    #[test]
    fn browsers_are_named_and_unknown_agents_are_cut() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.14.1", "curl/8.14.1"),
            ("", ""),
            (" ", ""),
        ] {
            assert_eq!(device_name(agent), name);
        }
        assert_eq!(device_name(&"x".repeat(8000)).len(), 60);
        assert_eq!(device_name("a\u{1b}[31m"), "a[31m");
    }
}
