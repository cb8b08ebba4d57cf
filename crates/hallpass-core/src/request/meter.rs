//! The counters of the request path: tokens by outcome, rejected requests by kind.
//!
//! The counters make no decision. Without the feature `metrics`, a [`Meter`] is empty and its
//! methods do nothing. With it, they increment a counter of the recorder that the site installed
//! (the `metrics` facade). Each counter has its own handle, so there is no lookup and no allocation
//! after the first request.
//!
//! The values of labels are the names of kinds in the source code. No label comes from a request,
//! so a client cannot create series, and no label contains a name, an address or a token.

#[cfg(feature = "metrics")]
use std::sync::{Arc, OnceLock};

use crate::access::{authentication::Authentication, rejection::Rejection};

/// The counters of an outer layer. Clones share the same counters.
///
/// The first request registers them, so install the recorder before it. From then on each series
/// exists with the value zero, because an alert on a series that does not exist does not fire.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    #[cfg(feature = "metrics")]
    counters: Arc<OnceLock<counters::Counters>>,
}

impl Meter {
    /// Creates a meter.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts the token of a request by its outcome. A request without a token is not counted.
    #[inline]
    pub fn verified(&self, who: &Authentication) {
        #[cfg(feature = "metrics")]
        self.counters.get_or_init(counters::Counters::register).verified(who);
        #[cfg(not(feature = "metrics"))]
        let _ = who;
    }

    /// Counts a rejected request by its kind.
    #[inline]
    pub fn rejected(&self, rejection: Rejection) {
        #[cfg(feature = "metrics")]
        self.counters.get_or_init(counters::Counters::register).rejected(rejection);
        #[cfg(not(feature = "metrics"))]
        let _ = rejection;
    }
}

#[cfg(feature = "metrics")]
mod counters {
    use metrics::{Counter, counter, describe_counter};

    use crate::{
        access::{
            authentication::Authentication, rejection::Rejection, rejection_kind::RejectionKind,
        },
        token::error::TokenErrorKind,
    };

    /// The handles of the counters. Those of rejections are in the order of their kinds.
    #[derive(Debug)]
    pub(super) struct Counters {
        verified: Counter,
        refused: Vec<Counter>,
        rejected: Vec<Counter>,
    }

    impl Counters {
        pub(super) fn register() -> Self {
            describe_counter!(VERIFICATIONS, "Tokens of requests, by outcome of the verification.");
            describe_counter!(REJECTIONS, "Rejected requests, by kind.");
            let refused =
                |kind: &TokenErrorKind| counter!(VERIFICATIONS, "outcome" => kind.as_str());
            let rejected = |kind: &RejectionKind| counter!(REJECTIONS, "kind" => kind.as_str());
            Self {
                verified: counter!(VERIFICATIONS, "outcome" => "verified"),
                refused: TokenErrorKind::ALL.iter().map(refused).collect(),
                rejected: RejectionKind::ALL.iter().map(rejected).collect(),
            }
        }

        pub(super) fn verified(&self, who: &Authentication) {
            let counter = match who.reason() {
                Some(kind) => self.refused.get(kind as usize),
                None => who.username().map(|_| &self.verified),
            };
            if let Some(counter) = counter {
                counter.increment(1);
            }
        }

        pub(super) fn rejected(&self, rejection: Rejection) {
            if let Some(counter) = self.rejected.get(rejection.kind() as usize) {
                counter.increment(1);
            }
        }
    }

    const VERIFICATIONS: &str = "hallpass_verifications_total";
    const REJECTIONS: &str = "hallpass_rejections_total";
}

#[cfg(all(test, feature = "metrics"))]
mod tests {
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};

    use super::*;
    use crate::{access::rejection_kind::RejectionKind, token::error::TokenErrorKind};

    /// Returns the series with a value above zero: name, label, count.
    fn counted(count: impl FnOnce(&Meter)) -> Vec<(String, String, u64)> {
        let recorder = DebuggingRecorder::new();
        metrics::with_local_recorder(&recorder, || count(&Meter::new()));
        let series = recorder.snapshotter().snapshot().into_vec();
        assert_eq!(
            series.len(),
            1 + TokenErrorKind::ALL.len() + RejectionKind::ALL.len(),
            "every series exists from the start"
        );
        let above_zero = series.into_iter().filter_map(|(key, _, _, value)| match value {
            DebugValue::Counter(count @ 1..) => {
                let (_, key) = key.into_parts();
                Some((key.name().to_owned(), key.labels().next()?.value().to_owned(), count))
            }
            _ => None,
        });
        above_zero.collect()
    }

    #[test]
    fn metrics_count_each_kind_under_its_name() {
        for kind in TokenErrorKind::ALL {
            let counted = counted(|meter| meter.verified(&Authentication::rejected(*kind)));
            assert_eq!(
                counted,
                [("hallpass_verifications_total".to_owned(), kind.as_str().to_owned(), 1)]
            );
        }
        for kind in RejectionKind::ALL {
            let counted = counted(|meter| meter.rejected(Rejection::new(*kind)));
            assert_eq!(
                counted,
                [("hallpass_rejections_total".to_owned(), kind.as_str().to_owned(), 1)]
            );
        }
    }

    #[test]
    fn meter_ignores_no_token_and_clones_share_counters() {
        assert_eq!(counted(|meter| meter.verified(&Authentication::anonymous())), []);
        let twice = counted(|meter| {
            meter.rejected(RejectionKind::NotLoggedIn.into());
            meter.clone().rejected(RejectionKind::NotLoggedIn.into());
        });
        assert_eq!(twice, [("hallpass_rejections_total".to_owned(), "signed-out".to_owned(), 2)]);
    }
}
