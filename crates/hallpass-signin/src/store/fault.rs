//! A store that did not answer, or not in time: one error for all stores.

use std::{error::Error, fmt, time::Duration};

/// Why a store gave no answer. The detail is for logs; the person sees a 503.
pub struct StoreFault(Cause);

enum Cause {
    Failed(Box<dyn Error + Send + Sync>),
    TimedOut(Duration),
}

impl StoreFault {
    pub(crate) fn failed(source: impl Error + Send + Sync + 'static) -> Self {
        Self(Cause::Failed(Box::new(source)))
    }

    pub(crate) fn timed_out(bound: Duration) -> Self {
        Self(Cause::TimedOut(bound))
    }
}

impl fmt::Display for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::Failed(_) => f.write_str("the store failed"),
            Cause::TimedOut(bound) => {
                write!(f, "the store did not answer within {} ms", bound.as_millis())
            }
        }
    }
}

impl fmt::Debug for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::Failed(source) => f.debug_tuple("Failed").field(source).finish(),
            Cause::TimedOut(bound) => f.debug_tuple("TimedOut").field(bound).finish(),
        }
    }
}

impl Error for StoreFault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Cause::Failed(source) => Some(source.as_ref()),
            Cause::TimedOut(_) => None,
        }
    }
}
