//! What an adapter's outer layer takes from the handle beside the gate: the time, and how refusals look.

use std::sync::Arc;

use hallpass_core::{AnswerSettings, Clock, Role, UnixTime};

use crate::{Hallpass, background::Background};

impl<R: Role> Hallpass<R> {
    pub(crate) fn clock_of_the_site(&self) -> impl Clock + use<R> {
        ClockOfTheSite { clock: Arc::clone(self.sign_in.clock()), _background: Arc::clone(&self.background) }
    }

    pub(crate) fn answers(&self) -> AnswerSettings {
        self.sign_in.answers().clone().for_gate(&self.gate)
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
