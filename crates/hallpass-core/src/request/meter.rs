//! What adapters count on the request path: tokens by outcome, refused requests by kind.
//!
//! Nothing is decided here. Without the feature `metrics` a [`Meter`] is empty and its methods do
//! nothing. With it they add one to a counter of the recorder that the site installed (the
//! `metrics` facade), by a handle of its own: nothing is looked up or allocated after the first
//! request.
//!
//! Labels are the names of kinds, which the source code lists: none comes from a request, so nobody
//! can make series, and no name, address or token can stand in one.

#[cfg(feature = "metrics")]
use std::sync::{Arc, OnceLock};

use crate::access::{authentication::Authentication, rejection::Rejection};

/// The counters of an outer layer. Clones count together.
///
/// They are registered by the first request, so the recorder has to be there before it. From then
/// on each series exists, at zero: an alert on one that is not there yet would never fire.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    #[cfg(feature = "metrics")]
    counters: Arc<OnceLock<counters::Counters>>,
}

impl Meter {
    /// A meter that has counted nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts a request's token by its outcome; a request without one is none.
    #[inline]
    pub fn verified(&self, who: &Authentication) {
        #[cfg(feature = "metrics")]
        self.counters.get_or_init(counters::Counters::register).verified(who);
        #[cfg(not(feature = "metrics"))]
        let _ = who;
    }

    /// Counts a refused request by the kind of the refusal.
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

    /// Handles, those of rejections in the order of their kinds.
    #[derive(Debug)]
    pub(super) struct Counters {
        verified: Counter,
        refused: Vec<Counter>,
        rejected: Vec<Counter>,
    }

    impl Counters {
        pub(super) fn register() -> Self {
            describe_counter!(
                VERIFICATIONS,
                "Tokens that requests brought, by what became of them."
            );
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

    /// Series that stand above zero: name, label, count.
    fn counted(count: impl FnOnce(&Meter)) -> Vec<(String, String, u64)> {
        let recorder = DebuggingRecorder::new();
        metrics::with_local_recorder(&recorder, || count(&Meter::new()));
        let series = recorder.snapshotter().snapshot().into_vec();
        assert_eq!(
            series.len(),
            1 + TokenErrorKind::ALL.len() + RejectionKind::ALL.len(),
            "each is there from the start"
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
    fn each_kind_is_counted_under_its_own_name() {
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
    fn a_request_without_a_token_counts_as_no_verification_and_clones_count_together() {
        assert_eq!(counted(|meter| meter.verified(&Authentication::anonymous())), []);
        let twice = counted(|meter| {
            meter.rejected(RejectionKind::NotLoggedIn.into());
            meter.clone().rejected(RejectionKind::NotLoggedIn.into());
        });
        assert_eq!(twice, [("hallpass_rejections_total".to_owned(), "signed-out".to_owned(), 2)]);
    }
}
