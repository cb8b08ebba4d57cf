//! The range API of Have I Been Pwned, as [`BreachedPasswords`] of the engine.
//!
//! The service never receives a password or its hash. It receives the first 5 of the 40 hexadecimal
//! digits of its SHA-1 and returns the rest of every hash that begins with them, some 800 to 1,000
//! (k-anonymity). `Add-Padding` hides from an observer of the network how many there are.
//!
//! SHA-1 is the hash by which the service lists passwords. Nothing is protected by it.

use std::{error::Error, fmt, time::Duration};

use hallpass_accounts::{Breach, BreachedPasswords};
use sha1::{Digest as _, Sha1};
use tokio::time::timeout;
use zeroize::Zeroize as _;

use crate::fetch::{Fetch, FetchRequest};

/// Looks new passwords up in the range API of Have I Been Pwned, or of a mirror with the same
/// answers.
///
/// Pass it to `breached_passwords` of the site's builder, or to
/// [`Settings::breached_passwords`](hallpass_accounts::Settings::breached_passwords). If the
/// service does not respond, the password is accepted, and a metric counts it.
///
/// ```
/// use hallpass_accounts::{Breach, BreachedPasswords};
/// use hallpass_remote::{PwnedPasswords, get_with};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // In production: the HTTP client of the site. This one knows one password.
/// let client = get_with(|url: String| async move {
///     let hit = url.ends_with("/range/5BAA6");
///     Ok::<_, std::io::Error>(if hit { "1E4C9B93F3F0682250B6CF8331B7EE68FD8:52372427" } else { "" })
/// });
/// let breached = PwnedPasswords::new(client);
/// assert_eq!(breached.look_up("password").await?, Breach::Known);
/// assert_eq!(breached.look_up("two grey herons at dawn").await?, Breach::Unknown);
/// # Ok(())
/// # }
/// ```
pub struct PwnedPasswords<F> {
    url: String,
    fetch: F,
    timeout: Duration,
}

impl<F: Fetch> PwnedPasswords<F> {
    /// Sends the requests with this client.
    pub fn new(fetch: F) -> Self {
        Self { url: SERVICE.to_owned(), fetch, timeout: TIMEOUT }
    }

    /// Sets the URL of a mirror, before the 5 digits. Defaults to
    /// `https://api.pwnedpasswords.com/range/`.
    #[must_use]
    pub fn url(self, url: impl Into<String>) -> Self {
        Self { url: url.into(), ..self }
    }

    /// Sets the time limit of a look-up. Defaults to 1 second. The engine limits it to
    /// [`store_timeout`](hallpass_accounts::Settings::store_timeout) too.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }
}

impl<F: Fetch> BreachedPasswords for PwnedPasswords<F> {
    type Error = PwnedPasswordsError;

    async fn look_up(&self, password: &str) -> Result<Breach, PwnedPasswordsError> {
        let mut digits = digits(password);
        let found = self.look_up_digits(&digits).await;
        digits.zeroize();
        found
    }
}

impl<F: Fetch> PwnedPasswords<F> {
    /// Looks up the 40 digits of a hash.
    async fn look_up_digits(&self, digits: &str) -> Result<Breach, PwnedPasswordsError> {
        let (prefix, rest) = digits.split_at(SENT);
        let request = FetchRequest::get(format!("{}{prefix}", self.url))
            .header("accept", "text/plain")
            .header("add-padding", "true")
            .header("user-agent", "hallpass");
        let fetched = timeout(self.timeout, self.fetch.fetch(request)).await;
        let response = fetched
            .map_err(|_| PwnedPasswordsError::TimedOut(self.timeout))?
            .map_err(|error| PwnedPasswordsError::Fetch(error.into()))?;
        if response.status() != 200 {
            return Err(PwnedPasswordsError::Status(response.status()));
        }
        let mut breach = Breach::Unknown;
        for line in response.body().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
            if line.is_empty() {
                continue;
            }
            let (hash, count) = line.split_at_checked(rest.len()).unwrap_or_default();
            // A page of a proxy or of another service is not a list without the password.
            let Some(count) = count.strip_prefix(b":").filter(|_| is_hexadecimal(hash)) else {
                return Err(PwnedPasswordsError::Malformed);
            };
            // A line of the padding has the count 0.
            if hash.eq_ignore_ascii_case(rest.as_bytes()) && count != b"0" {
                breach = Breach::Known;
            }
        }
        Ok(breach)
    }
}

fn is_hexadecimal(digits: &[u8]) -> bool {
    !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit)
}

/// Returns the 40 hexadecimal digits of the SHA-1 of a password, in upper case.
fn digits(password: &str) -> String {
    let mut hash: [u8; 20] = Sha1::digest(password.as_bytes()).into();
    let mut digits = String::with_capacity(40);
    for byte in &hash {
        for digit in [byte >> 4, byte & 15] {
            digits
                .extend(char::from_digit(digit.into(), 16).map(|digit| digit.to_ascii_uppercase()));
        }
    }
    hash.zeroize();
    digits
}

impl<F> fmt::Debug for PwnedPasswords<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PwnedPasswords").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Why a password was not looked up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PwnedPasswordsError {
    /// The service did not respond in time.
    #[error("the service of breached passwords did not respond within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// There was no response, or its body was longer than
    /// [`LimitedBody::MAX`](crate::LimitedBody::MAX).
    #[error("the service of breached passwords was not reached")]
    Fetch(#[source] Box<dyn Error + Send + Sync>),
    /// The response has another status than 200.
    #[error("the service of breached passwords returned status {0} instead of 200")]
    Status(u16),
    /// The response is not a list of hashes.
    #[error("the service of breached passwords returned no list of hashes: check its URL")]
    Malformed,
}

const SERVICE: &str = "https://api.pwnedpasswords.com/range/";
/// Number of digits that the service receives.
const SENT: usize = 5;
const TIMEOUT: Duration = Duration::from_secs(1);
