//! The client on whose behalf an event happens.
//!
//! Changes of an account happen deep in a flow, far from the request. Instead of an argument of
//! each function on the way, the client is a value of the task, as a span of `tracing` is.

use std::net::IpAddr;

use crate::{browser::BrowserName, visitor::Visitor};

tokio::task_local! {
    static CURRENT: EventClient;
}

/// The client on whose behalf an [`Event`](crate::Event) happens.
///
/// The login routes set it for each request. A site with routes of its own wraps its calls of the
/// engine into [`scope`](Self::scope), so that the log and the account's
/// [activity](crate::Activity) name the client.
///
/// ```
/// use hallpass_accounts::EventClient;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let address = "192.0.2.7".parse().ok();
/// let client = EventClient::new(address, "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0");
/// let seen = client.scope(async { EventClient::current() }).await;
/// assert_eq!(seen.address, address);
/// assert_eq!(EventClient::current().address, None, "outside");
/// # }
/// ```
#[derive(Clone, Default, Debug)]
#[non_exhaustive]
pub struct EventClient {
    /// The address of the client, if it is known.
    pub address: Option<IpAddr>,
    /// The browser. Empty if it is not known.
    pub browser: BrowserName,
}

impl EventClient {
    /// Creates a client. `user_agent` is the value of `User-Agent`, or empty.
    #[must_use]
    pub fn new(address: Option<IpAddr>, user_agent: &str) -> Self {
        Self { address, browser: BrowserName::from_user_agent(user_agent) }
    }

    /// Runs the future on behalf of this client.
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }

    /// Returns the client of the running task, for a function of
    /// [`on_event`](crate::Settings::on_event). Returns an unknown client if no client acts, as for
    /// an operator's command.
    #[must_use]
    pub fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    /// Returns the client of the running task, or the visitor if the task has no client.
    pub(crate) fn or_visitor(visitor: &Visitor<'_>) -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_else(|_| Self::new(visitor.peer, visitor.device))
    }

    /// Calls the function on behalf of this client.
    pub(crate) fn sync_scope<T>(self, call: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self, call)
    }
}
