//! A refusal on its way out: a denial on a bare response, which [`Auth`](crate::Auth) words.

use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use hallpass_core::Denial;

/// The error with which an extractor, or a handler of the site's own, refuses.
#[derive(Clone, Copy, Debug)]
pub struct Refused(Denial);

impl Refused {
    /// A refusal for this reason; for what a site itself refuses (its own limit, a store that is down), so that it looks like the
    /// rest.
    pub fn new(denial: Denial) -> Self {
        Self(denial)
    }

    /// Why.
    pub fn denial(&self) -> Denial {
        self.0
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Refused {}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        status(self.0.status())
    }

    /// A bare response with the denial's status, which leaves the service so where no outer middleware words it: this on it marks it.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status_code());
        response.extensions_mut().insert(*self);
        response
    }
}

/// A status from core. All that core gives are valid; were one not, the request stays refused.
pub(crate) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::FORBIDDEN)
}
