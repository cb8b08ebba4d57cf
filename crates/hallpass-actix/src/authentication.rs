//! The extensions that [`AuthLayer`](crate::AuthLayer) shares with the guards and extractors inside
//! it. On a request: the caller, and whether a guard ran (for
//! [`deny_unguarded_routes`](crate::AuthLayer::deny_unguarded_routes)). On a response without a
//! body: the rejection, which `AuthLayer` renders.

use std::{
    cell::{Cell, Ref},
    fmt,
};

use actix_web::{
    HttpMessage, HttpResponse, ResponseError,
    dev::{Extensions, ServiceResponse},
    http::StatusCode,
};
use hallpass_core::{Authentication, Clock, Rejection, RejectionKind, Requirement, SystemClock};

/// The caller, or the rejection of a request that did not pass through an `AuthLayer`.
type Found<'r> = Result<Ref<'r, Authentication>, Rejection>;

/// Returns the caller from a request's extensions. Without an `AuthLayer` nothing verified the
/// token, so the request is rejected.
pub(crate) fn caller<'r>(guard: &'static str, extensions: Ref<'r, Extensions>) -> Found<'r> {
    Ref::filter_map(extensions, Extensions::get).map_err(|_| {
        tracing::error!(
            target: "hallpass",
            guard,
            "rejected, because nothing verified the token: wrap the app in AuthLayer (`hallpass.layer()`), outside this guard"
        );
        Rejection::new(RejectionKind::Internal)
    })
}

/// Checks that the caller meets the requirement, at the time at which the token was verified.
pub(crate) fn admit<'r>(requirement: &Requirement, extensions: Ref<'r, Extensions>) -> Found<'r> {
    let who = caller("require", extensions)?;
    let now = who.moment().unwrap_or_else(|| SystemClock.now());
    let admitted = requirement.admit(&who, now).inspect_err(|rejection| match rejection.kind() {
        RejectionKind::Internal => {
            tracing::error!(target: "hallpass", %requirement, "rejected, because the route requires roles of another enum than the token was verified for");
        }
        kind => tracing::debug!(target: "hallpass", kind = kind.as_str(), %requirement, "request rejected"),
    });
    admitted.map(|_proof| who)
}

/// Whether a guard ran. It is in the extensions of a request if every route has to state its
/// requirement.
#[derive(Default)]
pub(crate) struct Statement(Cell<bool>);

/// Records that a guard ran.
pub(crate) fn state(extensions: Ref<'_, Extensions>) {
    if let Some(statement) = extensions.get::<Statement>() {
        statement.0.set(true);
    }
}

/// Returns the rejection of a request for which no guard ran. Removes the headers of the response,
/// so that nothing of the response is sent.
pub(crate) fn unstated<B>(answer: &mut ServiceResponse<B>) -> Option<Rejection> {
    let request = answer.request();
    if request.extensions().get().is_some_and(|statement: &Statement| statement.0.get()) {
        return None;
    }
    tracing::error!(
        target: "hallpass",
        method = request.method().as_str(),
        route = request.match_pattern().as_deref().unwrap_or("none"),
        path = request.path(),
        "rejected, because the route states no requirement: wrap it in a guard, or in public()"
    );
    answer.headers_mut().clear();
    Some(Rejection::new(RejectionKind::Internal))
}

/// The rejection of this crate's extractors.
///
/// As a response it has no body and carries the rejection. The [`AuthLayer`](crate::AuthLayer)
/// renders it.
#[derive(Clone, Copy, Debug)]
pub struct Rejected(Rejection);

impl Rejected {
    /// Creates a rejection. A site's own handler may return it (for its own limit, for a store that
    /// is down), so that the response looks like the others.
    pub fn new(rejection: Rejection) -> Self {
        Self(rejection)
    }

    /// Returns the reason.
    pub fn rejection(&self) -> Rejection {
        self.0
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Rejected {}

impl ResponseError for Rejected {
    fn status_code(&self) -> StatusCode {
        status(self.0.status())
    }

    /// Returns a response without a body that carries the rejection for the outer middleware.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status_code());
        response.extensions_mut().insert(*self);
        response
    }
}

/// Converts a status from core. Core uses only valid codes. With any other code the request would
/// stay rejected.
pub(crate) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::FORBIDDEN)
}
