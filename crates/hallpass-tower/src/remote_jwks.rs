//! Keys of another service: its JWK Set, fetched again and again beside the requests.
//!
//! 1. **No request waits for it.** Requests read the ring that is there; a task of its own fetches.
//! 2. **The last good set stays.** A fetch that fails, takes too long or brings nothing usable changes nothing; it is logged once and
//!    tried again soon.
//! 3. **A token of an unknown key has the set fetched once more in a period, not more often**, however many such tokens come: anybody
//!    can make them (a flood of made-up `kid`s would else become a flood at the issuer).
//! 4. The address is the site's own. `jku` and `x5u` of a token are never followed (RFC 8725 section 3.10).
//!
//! There is no HTTP client here: a service has one, with its own TLS, proxy and limits.

use std::{convert::Infallible, fmt, future::Future, time::Duration};

use hallpass_core::{KeyRing, KeyRingError, Keys};
use tokio::time::{Instant, sleep, timeout};

/// Keeps [`Keys`] as another service publishes them.
///
/// ```
/// # use hallpass_core::{Role, Verifier};
/// # use hallpass_tower::{AuthLayer, RemoteJwks};
/// # #[derive(Role, Clone, Copy, Debug, PartialEq, Eq)] enum SiteRole { Guest }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # struct Client;
/// # impl Client { async fn text(&self, _: &str) -> Result<String, std::io::Error> { Err(std::io::ErrorKind::TimedOut.into()) } }
/// # let client = std::sync::Arc::new(Client);
/// let mut remote = RemoteJwks::new(move || {
///     let client = client.clone(); // the service's own
///     async move { client.text("https://login.example/.well-known/jwks.json").await }
/// });
/// let verifier = Verifier::<SiteRole>::new(remote.keys(), "https://login.example", "orders");
/// let layer = AuthLayer::new(verifier);
///
/// assert!(remote.load().await.is_err()); // a service may refuse to start without keys
/// tokio::spawn(remote.run()); // or start, and refuse every token until there are some
/// # let _ = layer;
/// # }
/// ```
pub struct RemoteJwks<F> {
    keys: Keys,
    fetch: F,
    period: Duration,
    /// What is in use. An equal set is not taken up again: the verifier would forget its verified tokens.
    text: String,
    loaded_at: Option<Instant>,
    failing: bool,
}

impl<F, Fut, E> RemoteJwks<F>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<String, E>>,
    E: fmt::Display,
{
    /// No keys yet, and a way to fetch the text of the set.
    pub fn new(fetch: F) -> Self {
        Self {
            keys: Keys::from(KeyRing::default()),
            fetch,
            period: PERIOD,
            text: String::new(),
            loaded_at: None,
            failing: false,
        }
    }

    /// How long a fetched set is used before it is fetched again. Defaults to 15 minutes, because a key that was retired for good reason
    /// should not be accepted much longer, and issuers announce a new key longer before its first use.
    #[must_use]
    pub fn period(self, period: Duration) -> Self {
        Self { period, ..self }
    }

    /// The keys, for a verifier. They follow the set for as long as [`run`](Self::run) does.
    pub fn keys(&self) -> Keys {
        self.keys.clone()
    }

    /// Fetches the set once.
    ///
    /// # Errors
    /// What came of it instead; the keys that were there stay in use.
    pub async fn load(&mut self) -> Result<(), RemoteJwksError> {
        let answer = timeout(PATIENCE, (self.fetch)()).await.map_err(|_| RemoteJwksError::TooSlow)?;
        let text = answer.map_err(|error| RemoteJwksError::Fetch(error.to_string().into()))?;
        if text != self.text {
            self.keys.replace(KeyRing::from_jwks(&text)?);
            self.text = text;
        }
        self.loaded_at = Some(Instant::now());
        Ok(())
    }

    /// Fetches the set each period, and at most once more in a period when a token names a key that is not in it. Ends when its task
    /// is aborted.
    pub async fn run(mut self) -> Infallible {
        let mut next = self.loaded_at.map_or_else(Instant::now, |loaded| loaded + self.period);
        let mut may_look_again = true;
        loop {
            if Instant::now() >= next {
                let pause = if self.load_and_log().await { self.period } else { self.period.min(RETRY) };
                next = Instant::now() + pause;
                may_look_again = true;
            } else if self.keys.take_unknown_asked() && may_look_again {
                may_look_again = false;
                self.load_and_log().await;
            }
            sleep(self.period.min(LOOK)).await;
        }
    }

    /// Whether it went well. A fault is logged when it begins, and its end.
    async fn load_and_log(&mut self) -> bool {
        let result = self.load().await;
        let was_failing = std::mem::replace(&mut self.failing, result.is_err());
        match &result {
            Err(error) if !was_failing => {
                tracing::error!(target: "hallpass", %error, "the JWK Set cannot be had; the last one stays in use");
            }
            Ok(()) if was_failing => tracing::info!(target: "hallpass", "the JWK Set can be had again"),
            _ => {}
        }
        result.is_ok()
    }
}

impl<F> fmt::Debug for RemoteJwks<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteJwks").field("keys", &self.keys).field("period", &self.period).finish_non_exhaustive()
    }
}

/// Why there are no new keys.
#[derive(Debug)]
#[non_exhaustive]
pub enum RemoteJwksError {
    /// The fetch did not end within 10 seconds.
    TooSlow,
    /// The fetch failed, in the client's words.
    Fetch(Box<str>),
    /// What was fetched has no key that can be used.
    Set(KeyRingError),
}

impl fmt::Display for RemoteJwksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooSlow => f.write_str("the JWK Set did not come within 10 seconds"),
            Self::Fetch(words) => write!(f, "the JWK Set was not fetched: {words}"),
            Self::Set(error) => write!(f, "the JWK Set is of no use: {error}"),
        }
    }
}

impl std::error::Error for RemoteJwksError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Set(error) => Some(error),
            Self::TooSlow | Self::Fetch(_) => None,
        }
    }
}

impl From<KeyRingError> for RemoteJwksError {
    fn from(error: KeyRingError) -> Self {
        Self::Set(error)
    }
}

/// [`RemoteJwks::period`] says why.
const PERIOD: Duration = Duration::from_secs(900);
/// How long a fetch may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// After a failed fetch.
const RETRY: Duration = Duration::from_secs(10);
/// How often it is seen whether an unknown key was asked for: a rotated issuer's users wait for no longer.
const LOOK: Duration = Duration::from_secs(1);
