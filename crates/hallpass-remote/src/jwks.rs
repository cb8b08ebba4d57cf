//! The public keys of another service, fetched from its JWK Set in a task of its own.
//!
//! 1. **No request waits for a fetch.** Requests read the key ring that is in memory.
//! 2. **The last good set stays in use.** A fetch that fails, takes too long or returns an unusable
//!    set changes nothing. It is logged once and repeated soon.
//! 3. **A token with an unknown `kid` causes at most one additional fetch per period.** Anyone can
//!    make such tokens; without this rule a flood of them would become a flood of requests to the
//!    issuer.
//! 4. The URL comes from the configuration. The `jku` and `x5u` headers of a token are never
//!    followed (RFC 8725 section 3.10).

use std::{convert::Infallible, error::Error, fmt, mem, time::Duration};

use hallpass_core::{KeyRing, KeyRingError, Keys};
use tokio::time::{Instant, sleep, timeout};

use crate::fetch::{Fetch, FetchRequest};

/// Keeps [`Keys`] equal to the JWK Set that another service publishes.
///
/// ```
/// # use hallpass_core::{Role, Verifier};
/// # use hallpass_remote::{RemoteJwks, get_with};
/// # #[derive(Role)] enum SiteRole { Guest }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # #[derive(Clone)] struct Client;
/// # impl Client {
/// #     async fn text(&self, _: String) -> Result<String, std::io::Error> {
/// #         Err(std::io::ErrorKind::TimedOut.into())
/// #     }
/// # }
/// # let client = Client;
/// let mut remote = RemoteJwks::new(
///     "https://login.example/.well-known/jwks.json",
///     get_with(move |url| {
///         let client = client.clone(); // the HTTP client of the service
///         async move { client.text(url).await }
///     }),
/// );
/// let verifier = Verifier::<SiteRole>::new(remote.keys(), "https://login.example", "orders");
///
/// // A service may refuse to start without keys:
/// assert!(remote.load().await.is_err());
/// // Or it starts, and every token is rejected until the first fetch succeeds:
/// tokio::spawn(remote.run());
/// # let _ = verifier;
/// # }
/// ```
pub struct RemoteJwks<F> {
    keys: Keys,
    url: String,
    fetch: F,
    period: Duration,
    /// The set in use. An equal set does not replace it, because a replaced key ring makes the
    /// verifier forget its verified tokens.
    text: String,
    loaded_at: Option<Instant>,
    failing: bool,
}

impl<F: Fetch> RemoteJwks<F> {
    /// Sets the URL of the set and the client that fetches it. There are no keys yet.
    pub fn new(url: impl Into<String>, fetch: F) -> Self {
        Self {
            keys: Keys::from(KeyRing::default()),
            url: url.into(),
            fetch,
            period: PERIOD,
            text: String::new(),
            loaded_at: None,
            failing: false,
        }
    }

    /// Sets how long a set is used before it is fetched again. Defaults to 15 minutes: a withdrawn
    /// key should not be accepted much longer, and issuers announce a new key earlier than that
    /// before its first use.
    #[must_use]
    pub fn period(self, period: Duration) -> Self {
        Self { period, ..self }
    }

    /// Returns the keys, for a verifier. They are updated while [`run`](Self::run) runs.
    pub fn keys(&self) -> Keys {
        self.keys.clone()
    }

    /// Fetches the set once.
    ///
    /// # Errors
    /// There is no usable set. The previous keys stay in use.
    pub async fn load(&mut self) -> Result<(), RemoteJwksError> {
        let request = FetchRequest::get(&self.url)
            .header("accept", "application/jwk-set+json, application/json");
        let fetched = timeout(TIMEOUT, self.fetch.fetch(request)).await;
        let response = fetched
            .map_err(|_| RemoteJwksError::TimedOut)?
            .map_err(|error| RemoteJwksError::Fetch(error.into()))?;
        if response.status() != 200 {
            return Err(RemoteJwksError::Status(response.status()));
        }
        let text = String::from_utf8(response.into_body()).map_err(|_| RemoteJwksError::NotUtf8)?;
        if text != self.text {
            self.keys.replace(KeyRing::from_jwks(&text)?);
            self.text = text;
        }
        self.loaded_at = Some(Instant::now());
        Ok(())
    }

    /// Fetches the set once per period, and at most once more per period when a token names a key
    /// that is not in it. Runs until its task is aborted.
    pub async fn run(mut self) -> Infallible {
        let loaded = self.loaded_at.map(|loaded| loaded + self.period);
        let mut next = loaded.unwrap_or_else(Instant::now);
        let mut may_look_again = true;
        loop {
            if Instant::now() >= next {
                let loaded = self.load_and_log().await;
                let pause = if loaded { self.period } else { self.period.min(RETRY) };
                next = Instant::now() + pause;
                may_look_again = true;
            } else if self.keys.take_unknown_asked() && may_look_again {
                may_look_again = false;
                self.load_and_log().await;
            }
            sleep(self.period.min(LOOK)).await;
        }
    }

    /// Returns whether the set was loaded. Logs the first failure of a series and its end.
    async fn load_and_log(&mut self) -> bool {
        let result = self.load().await;
        let was_failing = mem::replace(&mut self.failing, result.is_err());
        match &result {
            Err(error) if !was_failing => {
                let error: &(dyn Error + 'static) = error;
                tracing::error!(target: "hallpass", error, "JWK Set not loaded; the last one stays in use");
            }
            Ok(()) if was_failing => tracing::info!(target: "hallpass", "JWK Set loaded again"),
            _ => {}
        }
        result.is_ok()
    }
}

impl<F> fmt::Debug for RemoteJwks<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteJwks")
            .field("keys", &self.keys)
            .field("url", &self.url)
            .field("period", &self.period)
            .finish_non_exhaustive()
    }
}

/// Why a JWK Set was not loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteJwksError {
    /// The fetch took longer than 10 seconds.
    #[error("the JWK Set was not received within 10 seconds")]
    TimedOut,
    /// There was no response.
    #[error("the JWK Set was not fetched")]
    Fetch(#[source] Box<dyn Error + Send + Sync>),
    /// The response has another status than 200.
    #[error("the JWK Set was not fetched: status {0} instead of 200")]
    Status(u16),
    /// The body is not text.
    #[error("the JWK Set is not valid UTF-8")]
    NotUtf8,
    /// The set has no key that can be used.
    #[error("the JWK Set is not usable")]
    Set(#[from] KeyRingError),
}

/// [`RemoteJwks::period`] gives the reason.
const PERIOD: Duration = Duration::from_secs(900);
/// Maximum duration of a fetch.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after a failed fetch.
const RETRY: Duration = Duration::from_secs(10);
/// How often `run` checks whether a token named an unknown key. Users of an issuer that rotated its
/// key wait for at most this long.
const LOOK: Duration = Duration::from_secs(1);
