//! Counts the runs of handlers.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use hallpass_conformance::Received;

/// A counter that handlers of one server share.
#[derive(Clone, Default)]
pub(crate) struct Runs(Arc<AtomicUsize>);

impl Runs {
    /// Counts a run and returns the body. Each handler calls this function.
    pub(crate) fn handle(&self, who: Option<&str>) -> String {
        self.0.fetch_add(1, Ordering::SeqCst);
        format!("for {}", who.unwrap_or("-"))
    }

    /// Sets the number of handler runs of one exchange. Exchanges must not be concurrent.
    pub(crate) async fn counted(&self, exchange: impl Future<Output = Received>) -> Received {
        let before = self.0.load(Ordering::SeqCst);
        let received = exchange.await;
        Received { handler_runs: self.0.load(Ordering::SeqCst) - before, ..received }
    }
}
