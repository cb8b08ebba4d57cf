//! The public keys of another service, fetched from its JWK Set in a task of its own.
//!
//! 1. **No request waits for a fetch.** Requests read the key ring that is in memory.
//! 2. **A fetch that fails changes nothing at first.** It may take too long, return an unusable set
//!    or no response. It is logged once and repeated soon, with a back-off and jitter.
//! 3. **Keys that are not confirmed are not accepted** ([`RemoteJwks::max_staleness`]). Otherwise a
//!    withdrawn key would stay in use as long as somebody makes the fetches fail. The end is part
//!    of the key ring, so it also holds if the task is aborted or panics.
//! 4. **A key that cannot be used is ignored, and the others are used** (RFC 7517 section 5).
//! 5. **Tokens with an unknown `kid` cause few additional fetches** ([`looks`]). Anyone can make
//!    such tokens; without a limit a flood of them would become a flood of requests to the issuer.
//!    With a limit of one for all names, one invented name would hide a key rollover.
//! 6. The URL comes from the configuration. The `jku` and `x5u` headers of a token are never
//!    followed (RFC 8725 section 3.10), and redirects are not followed.
//!
//! `tests/hostile_server` has the table of sets and behaviours with their verdicts.

mod looks;

use std::{
    convert::Infallible,
    error::Error,
    fmt,
    hash::{BuildHasher, RandomState},
    mem,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use hallpass_core::{Clock, KeyRing, KeyRingError, Keys, SystemClock};
use tokio::time::{Instant, sleep, timeout_at};

use crate::{
    fetch::{Fetch, FetchRequest, FetchResponse},
    jwks::looks::Looks,
};

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
    max_staleness: Duration,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    /// The last good set. An equal set does not replace its ring, because a verifier forgets its
    /// verified tokens when the keys are others.
    text: String,
    ring: KeyRing,
    loaded_at: Option<Instant>,
    /// The number of failed fetches since the last successful one.
    failures: u32,
}

impl<F: Fetch> RemoteJwks<F> {
    /// Sets the URL of the set and the client that fetches it. There are no keys yet.
    pub fn new(url: impl Into<String>, fetch: F) -> Self {
        Self {
            keys: Keys::from(KeyRing::default()),
            url: url.into(),
            fetch,
            period: PERIOD,
            max_staleness: MAX_STALENESS,
            timeout: TIMEOUT,
            clock: Arc::new(SystemClock),
            text: String::new(),
            ring: KeyRing::default(),
            loaded_at: None,
            failures: 0,
        }
    }

    /// Sets how long a set is used before it is fetched again. Defaults to 15 minutes: a withdrawn
    /// key is accepted for at most this long while fetches succeed, and issuers announce a new key
    /// earlier than that before its first use. A set is always fetched again before half of
    /// [`max_staleness`](Self::max_staleness) has passed.
    #[must_use]
    pub fn period(self, period: Duration) -> Self {
        Self { period, ..self }
    }

    /// Sets how long a set is used without a successful fetch. Defaults to 1 hour. After that time
    /// no key is accepted, and every token is rejected, until a fetch succeeds. This is the time
    /// after which a withdrawn key is rejected at the latest.
    ///
    /// A longer time tolerates longer outages of the issuer. An empty set and a set without a
    /// usable key count as failed fetches.
    #[must_use]
    pub fn max_staleness(self, max_staleness: Duration) -> Self {
        Self { max_staleness, ..self }
    }

    /// Sets the time limit of a fetch, from the connection to the last byte of the body. Defaults
    /// to 10 seconds.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sets the clock by which the keys end, which must be the clock of the verifier. Defaults to
    /// the clock of the system.
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Returns the keys, for a verifier. They are updated while [`run`](Self::run) runs.
    pub fn keys(&self) -> Keys {
        self.keys.clone()
    }

    /// Fetches the set once. Its keys are accepted for [`max_staleness`](Self::max_staleness).
    ///
    /// # Errors
    /// There is no usable set. The previous keys stay in use until they are too old.
    pub async fn load(&mut self) -> Result<(), RemoteJwksError> {
        // The time before the fetch: the set may be as old as the request for it.
        let (asked_at, now) = (Instant::now(), self.clock.now());
        let response = self.fetch().await?;
        if response.status() != 200 {
            return Err(RemoteJwksError::Status(response.status()));
        }
        let text = String::from_utf8(response.into_body()).map_err(|_| RemoteJwksError::NotUtf8)?;
        if text != self.text {
            self.ring = read(&text)?;
            self.text = text;
        }
        self.keys.replace(self.ring.accepted_until(now.saturating_add(self.max_staleness)));
        self.loaded_at = Some(asked_at);
        Ok(())
    }

    /// Fetches the set once per period, and a few times more when a token names a key that is not
    /// in it: four times without a pause, then once per 30 seconds. After a failed fetch it waits
    /// for 2 to 4 seconds, and then for twice as long each time, up to a minute. Runs until its
    /// task is aborted; the keys are then accepted until [`max_staleness`](Self::max_staleness).
    pub async fn run(mut self) -> Infallible {
        let period = self.period.min(self.max_staleness / 2).clamp(SHORTEST_PERIOD, LONGEST_TIME);
        let mut next = self.loaded_at.map_or_else(Instant::now, |loaded| loaded + period);
        let mut looks = Looks::new(Instant::now());
        loop {
            self.drop_stale_keys();
            let is_due = Instant::now() >= next;
            looks.add(self.keys.take_unknown_kids(), Instant::now());
            if is_due || looks.may_begin(Instant::now()) {
                let is_loaded = self.load_and_log().await;
                let now = Instant::now();
                looks.end(is_loaded, now);
                next = match is_loaded {
                    true => now + period,
                    false if is_due => now + self.pause(),
                    false => next.min(now + self.pause()),
                };
            }
            sleep(period.min(LOOK)).await;
        }
    }

    /// Fetches the response. Drops the keys in the meantime if they become too old.
    async fn fetch(&self) -> Result<FetchResponse, RemoteJwksError> {
        let request = FetchRequest::get(&self.url)
            .header("accept", "application/jwk-set+json, application/json");
        let mut fetch = pin!(self.fetch.fetch(request));
        let deadline = Instant::now() + self.timeout.min(LONGEST_TIME);
        let mut fetched = None;
        if let Some(end) = self.stale_at().filter(|end| *end < deadline) {
            fetched = timeout_at(end, &mut fetch).await.ok();
            self.drop_stale_keys();
        }
        let fetched = match fetched {
            Some(fetched) => fetched,
            None => timeout_at(deadline, fetch)
                .await
                .map_err(|_| RemoteJwksError::TimedOut(self.timeout))?,
        };
        fetched.map_err(|error| RemoteJwksError::Fetch(error.into()))
    }

    fn stale_at(&self) -> Option<Instant> {
        self.loaded_at?.checked_add(self.max_staleness)
    }

    /// Drops the keys if they are too old by the clock of the task. Their end by the clock of the
    /// verifier is part of the ring.
    fn drop_stale_keys(&self) {
        let is_stale = self.stale_at().is_some_and(|end| Instant::now() >= end);
        if is_stale && self.keys.current().keys().next().is_some() {
            self.keys.replace(KeyRing::default());
            tracing::error!(target: "hallpass", "JWK Set too old; its keys are not accepted any more");
        }
    }

    /// Returns whether the set was loaded. Logs the first failure of a series and its end.
    async fn load_and_log(&mut self) -> bool {
        let result = self.load().await;
        let failures = if result.is_err() { self.failures.saturating_add(1) } else { 0 };
        let was_failing = mem::replace(&mut self.failures, failures) > 0;
        match &result {
            Err(error) if !was_failing => {
                let error: &(dyn Error + 'static) = error;
                tracing::error!(target: "hallpass", error, "JWK Set not loaded; the last one stays in use until it is too old");
            }
            Ok(()) if was_failing => tracing::info!(target: "hallpass", "JWK Set loaded again"),
            _ => {}
        }
        result.is_ok()
    }

    /// Returns the pause after the latest of the failures: twice as long each time, and reduced by
    /// up to a half, so that the services of a site do not fetch at the same moment.
    fn pause(&self) -> Duration {
        let doublings = self.failures.saturating_sub(1).min(MOST_DOUBLINGS);
        let pause = (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE);
        let pause = pause.min(self.period.max(SHORTEST_PERIOD));
        // Not a secret: the seed of a `HashMap` is random enough for a pause.
        let per_mille = RandomState::new().hash_one(self.failures) % 500;
        pause.mul_f64(1.0 - per_mille as f64 / 1000.0)
    }
}

/// Reads a set and logs how many of its keys are ignored.
fn read(text: &str) -> Result<KeyRing, KeyRingError> {
    let (mut ignored, mut first) = (0_u32, None);
    let ring = KeyRing::from_jwks_and_report(text, |fault| {
        ignored += 1;
        first.get_or_insert_with(|| fault.clone());
    })?;
    if let Some(first) = &first {
        let first: &(dyn Error + 'static) = first;
        tracing::warn!(target: "hallpass", ignored, first, "keys of the JWK Set ignored");
    }
    Ok(ring)
}

impl<F> fmt::Debug for RemoteJwks<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteJwks")
            .field("keys", &self.keys)
            .field("url", &self.url)
            .field("period", &self.period)
            .field("max_staleness", &self.max_staleness)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Why a JWK Set was not loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteJwksError {
    /// The fetch took longer than [`RemoteJwks::timeout`].
    #[error("the JWK Set was not received within {} ms", .0.as_millis())]
    TimedOut(Duration),
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
/// A period of 0, for example by a `max_staleness` of 0, must not become a flood of requests.
const SHORTEST_PERIOD: Duration = Duration::from_millis(10);
/// A year. The sum of a longer time and the clock of the system could overflow.
const LONGEST_TIME: Duration = Duration::from_secs(365 * 86_400);
/// Four periods: an issuer may be out of order for three quarters of an hour.
const MAX_STALENESS: Duration = Duration::from_secs(3600);
/// Maximum duration of a fetch.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Pause after the first failed fetch of a series, and the maximum of the later ones.
const FIRST_PAUSE: Duration = Duration::from_secs(4);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Doublings until the longest pause is reached.
const MOST_DOUBLINGS: u32 = 4;
/// How often `run` checks whether a token named an unknown key. Users of an issuer that rotated its
/// key wait for at most this long and for the fetch.
const LOOK: Duration = Duration::from_millis(100);
