//! The rejection of this crate's extractors.

use axum_core::response::{IntoResponse, Response};
use hallpass_core::{Authentication, Clock, Denial, DenialKind, Requirement, SystemClock};
use hallpass_tower::{DeniedRequest, Refusal};
use http::request::Parts;

/// A request that an extractor refused.
///
/// As a response it is bodiless and carries the refusal; the [`AuthLayer`](hallpass_tower::AuthLayer) words it.
#[derive(Debug)]
#[must_use]
pub struct Denied(Refusal);

impl Denied {
    /// Why.
    pub fn denial(&self) -> Denial {
        self.0.denial()
    }

    pub(crate) fn new(denial: Denial, parts: &Parts) -> Self {
        if denial.kind() == DenialKind::Misconfigured {
            tracing::error!(target: "hallpass", "refused, because the handler asks for another role enum than the token was verified for");
        }
        Self(Refusal::new(denial, DeniedRequest::of_parts(parts)))
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

/// Who asks, if they meet the requirement.
pub(crate) fn admit<'p>(
    requirement: &Requirement,
    parts: &'p Parts,
    extractor: &'static str,
) -> Result<&'p Authentication, Denied> {
    let Some(who) = parts.extensions.get::<Authentication>() else {
        return Err(Denied(Refusal::without_layer(extractor, DeniedRequest::of_parts(parts))));
    };
    let now = who.moment().unwrap_or_else(|| SystemClock.now());
    match requirement.admit(who, now) {
        Ok(_admitted) => Ok(who),
        Err(denial) => Err(Denied::new(denial, parts)),
    }
}
