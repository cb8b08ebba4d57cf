//! The log line of a request that the origin check rejected.
//!
//! The usual cause is a reverse proxy that does not pass `Host` on, and the person sees only a 403.
//! The line has the headers that the check compared, so that an operator finds the cause. Any
//! client can cause the line, so the number of lines is limited, and the values are shortened and
//! printable (log injection, CWE-117). It has no path, no query and no cookie, because they may
//! contain tokens.

use std::{
    fmt::{self, Write as _},
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{
    access::rejection::Rejection, request::origin::OriginFacts, time::unix_time::UnixTime,
};

/// Limits the lines of one check: [`LINES`] per minute.
#[derive(Debug, Default)]
pub(super) struct RejectionLog {
    /// The minute, in the high half, and the number of rejections in it.
    counted: AtomicU64,
}

impl RejectionLog {
    /// Writes a line, unless there were enough of them in this minute.
    pub(super) fn rejected(
        &self,
        rejection: Rejection,
        request: &OriginFacts<'_>,
        now: impl FnOnce() -> UnixTime,
    ) {
        let Some(header) = rejection.origin_header() else { return };
        if !self.is_due(now()) {
            return;
        }
        tracing::warn!(
            target: "hallpass",
            header = header.as_str(),
            method = %Shortened(Some(request.method.as_bytes())),
            origin = %Shortened(request.origin),
            host = %Shortened(request.host),
            sec_fetch_site = %Shortened(request.sec_fetch_site),
            upgrade = %Shortened(request.upgrade),
            hint = header.hint(),
            "rejected a request from another origin"
        );
    }

    /// Counts a rejection and returns whether it is logged.
    fn is_due(&self, now: UnixTime) -> bool {
        let minute = (now.as_secs() / 60) << 32;
        let next = |counted: u64| match counted & !COUNT == minute {
            true if counted & COUNT >= LINES => None,
            true => Some(counted + 1),
            false => Some(minute | 1),
        };
        self.counted.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

/// A header in a log line: at most [`LONGEST`] printable ASCII characters. Other bytes are `?`.
struct Shortened<'a>(Option<&'a [u8]>);

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(value) = self.0 else { return f.write_str("none") };
        for byte in value.iter().take(LONGEST) {
            f.write_char(if byte.is_ascii_graphic() { char::from(*byte) } else { '?' })?;
        }
        if value.len() > LONGEST { f.write_str("...") } else { Ok(()) }
    }
}

const COUNT: u64 = u32::MAX as u64;
/// Maximum number of lines per minute. The first ones show the cause.
const LINES: u64 = 10;
/// Maximum length of a value, in characters. The origin of a real site is shorter.
const LONGEST: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejections_are_logged_ten_times_per_minute() {
        let log = RejectionLog::default();
        let due = |second: u64| (0..50).filter(|_| log.is_due(UnixTime::from_secs(second))).count();
        let minute = 1_764_000_000;
        assert_eq!([due(minute), due(minute + 59), due(minute + 60)], [10, 0, 10]);
        assert_eq!(due(minute), 10, "after a step of the clock");
    }

    #[test]
    fn logged_headers_are_short_and_printable() {
        let shown = |value: &[u8]| Shortened(Some(value)).to_string();
        assert_eq!(shown(b"https://site.example:8443"), "https://site.example:8443");
        assert_eq!(shown(b"a\r\n\x1b[2J\xff b"), "a???[2J??b");
        assert_eq!(shown(&[b'a'; 81]), format!("{}...", "a".repeat(80)));
        assert_eq!(Shortened(None).to_string(), "none");
    }
}
