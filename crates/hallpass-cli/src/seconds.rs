//! Moments and spans as the command line gives them: Unix seconds, and seconds.

use std::time::Duration;

use hallpass_core::{Clock, SystemClock, UnixTime};

/// The moment that was given, or this one.
pub(crate) fn moment(given: Option<u64>) -> UnixTime {
    given.map_or_else(|| SystemClock.now(), UnixTime::from_secs)
}

/// Reads a span for clap.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_secs).map_err(|_| "give whole seconds, such as 900".to_owned())
}
