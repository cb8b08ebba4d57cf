//! Being woken: the quick half of the revocation feed.

use std::{
    convert::Infallible,
    future::{Future, pending},
};

/// Waits for news of a [`Feed`](crate::Feed), on a connection of its own.
///
/// A push carries no change and may be lost, doubled or false: it says "read the feed now", and the feed is what counts. Whoever
/// reads the feed polls it as well.
pub trait Push: Send + 'static {
    /// What goes wrong on the way.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Waits until the feed may have news. The first call, and the first after an error, connects, and answers as soon as nothing
    /// later can be missed: what happened before is there to be read.
    ///
    /// # Errors
    /// The connection is lost or cannot be made. The caller waits a little and calls again.
    fn news(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// No news is ever told: the feed is polled alone.
#[derive(Clone, Copy, Default, Debug)]
pub struct NoPush;

impl Push for NoPush {
    type Error = Infallible;

    async fn news(&mut self) -> Result<(), Infallible> {
        pending().await
    }
}
