//! What an axum router takes from the handle.

use std::sync::Arc;

use axum::Router;
use hallpass_core::{Clock, Role, UnixTime};
use hallpass_tower::AuthLayer;

use crate::{Hallpass, background::Background};

impl<R: Role> Hallpass<R> {
    /// The outer layer: tells every route who asks, and words the refusals that come back. Goes around the router, after the
    /// last route.
    #[must_use]
    pub fn layer(&self) -> AuthLayer<R> {
        let clock =
            ClockOfTheSite { clock: Arc::clone(self.sign_in.clock()), _background: Arc::clone(&self.background) };
        let answers = self.sign_in.answers().clone();
        let answers = if self.gate.accepts_bearer() { answers.bearer() } else { answers };
        AuthLayer::new(self.gate.clone()).clock(clock).answers(answers)
    }

    /// The sign-in routes, to be merged into the router. Do not nest them: pages and cookies name their paths.
    ///
    /// Attempts are limited by address too where the site is served with `into_make_service_with_connect_info::<SocketAddr>()`;
    /// limits by account need nothing.
    pub fn sign_in_routes<S>(&self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        hallpass_axum::sign_in_routes(&self.sign_in)
    }
}

/// The site's clock, which keeps the background task running for as long as a layer asks it for the time: a router outlives
/// the function that made the handle.
struct ClockOfTheSite {
    clock: Arc<dyn Clock>,
    _background: Arc<Background>,
}

impl Clock for ClockOfTheSite {
    fn now(&self) -> UnixTime {
        self.clock.now()
    }
}
