//! The input of a command: values on the command line, and secrets from a file or from standard
//! input. Secrets are erased from memory after use.

use std::{
    fs,
    io::{self, Read},
    path::Path,
    time::Duration,
};

use hallpass_core::{Algorithm, Clock, KeyId, SystemClock, UnixTime};
use zeroize::Zeroizing;

use crate::report::CommandError;

/// Parses an algorithm for clap: `ed25519` and `es256` as well as the `EdDSA` and `ES256` of RFC
/// 7518.
pub(crate) fn algorithm(text: &str) -> Result<Algorithm, String> {
    if text.eq_ignore_ascii_case("ed25519") {
        return Ok(Algorithm::EdDsa);
    }
    let known =
        Algorithm::ALL.into_iter().find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(text));
    known.ok_or_else(|| {
        let names: Vec<&str> = Algorithm::ALL.iter().map(|algorithm| algorithm.as_str()).collect();
        format!("give one of {}", names.join(", "))
    })
}

/// Parses a key's name for clap.
pub(crate) fn key_id(text: &str) -> Result<KeyId, String> {
    KeyId::parse(text).map_err(|error| error.to_string())
}

/// Returns the given time, or the current time.
pub(crate) fn moment(given: Option<u64>) -> UnixTime {
    given.map_or_else(|| SystemClock.now(), UnixTime::from_secs)
}

/// Parses a duration for clap.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_secs).map_err(|_| "give whole seconds, such as 900".to_owned())
}

/// Returns the text of a file, or of standard input if the path is `-`, without the line ending
/// that an editor or `echo` adds. `what` names the text in errors.
pub(crate) fn secret(path: &Path, what: &'static str) -> Result<Zeroizing<String>, CommandError> {
    let unreadable = |source| CommandError::Input { path: path.to_owned(), source };
    let bytes = if path.as_os_str() == "-" {
        let mut bytes = Zeroizing::new(Vec::new());
        io::stdin().lock().read_to_end(&mut bytes).map_err(unreadable)?;
        bytes
    } else {
        Zeroizing::new(fs::read(path).map_err(unreadable)?)
    };
    let text = std::str::from_utf8(&bytes).map_err(|_| CommandError::NotText { what })?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(CommandError::NoInput { what });
    }
    Ok(Zeroizing::new(text.to_owned()))
}
