//! Reports of rejected requests that an operator should see at the default level of the log:
//! forged tokens, missing roles, and requests of other sites (ASVS 5.0, 16.3.2).
//!
//! Any client can cause them without limit, so each kind is reported at most once per minute, with
//! the number of requests since the last report. The metrics count each request. The accepted path
//! does no work for the reports.

use std::{
    fmt,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use crate::{
    access::{authentication::Authentication, rejection_kind::RejectionKind},
    time::unix_time::UnixTime,
    token::{claims::Claims, error::TokenErrorKind},
};

/// The kind of a reported request.
///
/// It is exhaustive, because a request is rejected for its token or by a requirement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReportedKind {
    /// The token was not issued by this site: [`TokenErrorKind::is_forged`].
    Token(TokenErrorKind),
    /// A guard or the origin check rejected the request.
    Request(RejectionKind),
}

impl ReportedKind {
    /// Returns the stable kebab-case name of the check that failed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token(kind) => kind.as_str(),
            Self::Request(kind) => kind.as_str(),
        }
    }

    /// Returns whether requests of this kind are reported. A token that has expired, a login that
    /// is not recent and a person who is not logged in are parts of normal use.
    const fn is_reported(self) -> bool {
        match self {
            Self::Token(kind) => kind.is_forged(),
            Self::Request(kind) => matches!(
                kind,
                RejectionKind::RoleMissing
                    | RejectionKind::SecondFactorMissing
                    | RejectionKind::CrossOrigin
            ),
        }
    }
}

/// A report: the last rejected request of a kind, and the number of requests of that kind.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct RejectionReport<'a> {
    /// The kind.
    pub kind: ReportedKind,
    /// The number of requests of this kind since the last report, including this one.
    pub count: u64,
    /// The id of the account of this request, if the caller is logged in.
    pub account: Option<&'a str>,
    /// The address of the connection of this request, if it is known. It may be that of a proxy.
    pub peer: Option<IpAddr>,
    /// The lines of a header of this request, by its lower-case name.
    pub lines: &'a dyn Fn(&'static str) -> Vec<&'a [u8]>,
}

impl<'a> RejectionReport<'a> {
    /// Creates the report of a request of this caller.
    pub fn new(
        kind: ReportedKind,
        count: u64,
        who: &'a Authentication,
        peer: Option<IpAddr>,
        lines: &'a dyn Fn(&'static str) -> Vec<&'a [u8]>,
    ) -> Self {
        Self { kind, count, account: who.claims().map(Claims::user_id), peer, lines }
    }
}

/// Omits the headers, because they may contain tokens.
impl fmt::Debug for RejectionReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RejectionReport")
            .field("kind", &self.kind)
            .field("count", &self.count)
            .field("account", &self.account)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

/// Receives the reports of an outer layer. The hook of hallpass-accounts makes events of them.
pub trait ReportHook: Send + Sync + 'static {
    /// Receives a report. It is called inside the request, so it must not block.
    fn report(&self, report: &RejectionReport<'_>);
}

/// The reports of an outer layer: counts rejected requests, and decides which of them are reported.
/// Clones share the counts.
///
/// ```
/// use hallpass_core::{RejectionKind, RejectionReports, ReportedKind, TokenErrorKind, UnixTime};
///
/// let reports = RejectionReports::new();
/// let forged = ReportedKind::Token(TokenErrorKind::Signature);
/// let at = |second: u64| UnixTime::from_secs(1_764_000_000 + second);
/// assert_eq!(reports.due(forged, at(0)), Some(1));
/// assert_eq!(reports.due(forged, at(1)), None);
/// assert_eq!(reports.due(forged, at(60)), Some(2), "two since the last report");
/// let not_logged_in = ReportedKind::Request(RejectionKind::NotLoggedIn);
/// assert_eq!(reports.due(not_logged_in, at(0)), None, "never reported");
/// ```
#[derive(Clone, Default)]
pub struct RejectionReports {
    samples: Arc<Samples>,
}

impl RejectionReports {
    /// The time between two reports of one kind, in seconds.
    pub const INTERVAL: u64 = 60;

    /// Creates reports without counts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts a rejected request. Returns the count since the last report of this kind if a report
    /// is due now.
    #[must_use]
    pub fn due(&self, kind: ReportedKind, now: UnixTime) -> Option<u64> {
        if kind.is_reported() { self.samples.of(kind)?.due(now.as_secs()) } else { None }
    }
}

impl fmt::Debug for RejectionReports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RejectionReports")
    }
}

/// One sample per kind, in the order of the kinds.
struct Samples {
    tokens: Vec<Sample>,
    requests: Vec<Sample>,
}

impl Samples {
    fn of(&self, kind: ReportedKind) -> Option<&Sample> {
        match kind {
            ReportedKind::Token(kind) => self.tokens.get(kind as usize),
            ReportedKind::Request(kind) => self.requests.get(kind as usize),
        }
    }
}

impl Default for Samples {
    fn default() -> Self {
        Self {
            tokens: TokenErrorKind::ALL.iter().map(|_| Sample::default()).collect(),
            requests: RejectionKind::ALL.iter().map(|_| Sample::default()).collect(),
        }
    }
}

#[derive(Default)]
struct Sample {
    /// The time of the last report, in Unix seconds. 0 before the first one.
    reported: AtomicU64,
    count: AtomicU64,
}

impl Sample {
    fn due(&self, now: u64) -> Option<u64> {
        self.count.fetch_add(1, Relaxed);
        let last = self.reported.load(Relaxed);
        // A clock that is set back does not end the reports.
        if last != 0 && now.abs_diff(last) < RejectionReports::INTERVAL {
            return None;
        }
        // One of several concurrent requests reports.
        self.reported.compare_exchange(last, now.max(1), Relaxed, Relaxed).ok()?;
        Some(self.count.swap(0, Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_a_kind_is_one_report_per_minute() {
        let reports = RejectionReports::new();
        let role = ReportedKind::Request(RejectionKind::RoleMissing);
        let due = |second: u64| reports.due(role, UnixTime::from_secs(1_000 + second));
        let counts: Vec<u64> = (0..=120).filter_map(due).collect();
        assert_eq!(counts, [1, 60, 60]);
        assert_eq!(due(0), Some(1), "a clock that was set back by two minutes");
    }

    #[test]
    fn each_kind_has_its_own_interval() {
        let reports = RejectionReports::new();
        let now = UnixTime::from_secs(1_000);
        let reported = |kind: &ReportedKind| reports.due(*kind, now).is_some();
        let tokens = TokenErrorKind::ALL.iter().map(|kind| ReportedKind::Token(*kind));
        let forged: Vec<_> = tokens.filter(reported).map(ReportedKind::as_str).collect();
        assert_eq!(
            forged,
            [
                "too-long",
                "malformed",
                "header",
                "type",
                "unknown-key",
                "algorithm",
                "signature",
                "claims",
                "issuer",
                "audience",
                "lifetime-too-long"
            ]
        );
        let requests = RejectionKind::ALL.iter().map(|kind| ReportedKind::Request(*kind));
        let rejected: Vec<_> = requests.filter(reported).map(ReportedKind::as_str).collect();
        assert_eq!(rejected, ["role-missing", "second-factor-missing", "cross-origin"]);
    }

    #[test]
    fn concurrent_requests_are_each_counted_once() {
        let reports = RejectionReports::new();
        let forged = ReportedKind::Token(TokenErrorKind::Signature);
        let counted = |second: u64| reports.due(forged, UnixTime::from_secs(second)).unwrap_or(0);
        let sum: u64 = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| (0..1_000).map(|n| counted(1_000 + n)).sum::<u64>()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(sum + counted(10_000), 8_001);
    }
}
