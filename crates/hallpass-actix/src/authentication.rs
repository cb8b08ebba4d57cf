//! What [`AuthLayer`](crate::AuthLayer) leaves on a request's extensions, and the guards and
//! extractors inside read: the caller that it found, and whether a route said what it asks, where
//! every route has to. And the rejection that they leave on a bare response for `AuthLayer` to
//! render.

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

/// The caller, or the rejection of a request without `Auth` around it.
type Found<'r> = Result<Ref<'r, Authentication>, Rejection>;

/// Finds the caller on a request's extensions. Without `AuthLayer` around, nobody verified the
/// token, and no answer to "who?" is not "anyone".
pub(crate) fn caller<'r>(guard: &'static str, extensions: Ref<'r, Extensions>) -> Found<'r> {
    Ref::filter_map(extensions, Extensions::get).map_err(|_| {
        tracing::error!(
            target: "hallpass",
            guard,
            "rejected, because nothing verified the token: wrap the app in AuthLayer (`hallpass.layer()`), outside this guard"
        );
        Rejection::new(RejectionKind::Misconfigured)
    })
}

/// Asks core whether the caller meets the requirement, by the moment at which their token was
/// judged.
pub(crate) fn admit<'r>(requirement: &Requirement, extensions: Ref<'r, Extensions>) -> Found<'r> {
    let who = caller("require", extensions)?;
    let now = who.moment().unwrap_or_else(|| SystemClock.now());
    let admitted = requirement.admit(&who, now).inspect_err(|rejection| match rejection.kind() {
        RejectionKind::Misconfigured => {
            tracing::error!(target: "hallpass", %requirement, "rejected, because the route asks for roles of another enum than the token was verified for");
        }
        kind => tracing::debug!(target: "hallpass", kind = kind.as_str(), %requirement, "request rejected"),
    });
    admitted.map(|_proof| who)
}

/// On the extensions of a request where every route has to state its requirement: whether one did.
#[derive(Default)]
pub(crate) struct Statement(Cell<bool>);

/// Notes that a guard had its say.
pub(crate) fn state(extensions: Ref<'_, Extensions>) {
    if let Some(statement) = extensions.get::<Statement>() {
        statement.0.set(true);
    }
}

/// Returns the rejection of a request whose route stated nothing. Nothing of what it answered goes
/// out, its headers included.
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
    Some(Rejection::new(RejectionKind::Misconfigured))
}

/// The rejection of this crate's extractors.
///
/// As a response it has no body and carries the rejection. [`AuthLayer`](crate::AuthLayer) renders
/// it.
#[derive(Clone, Copy, Debug)]
pub struct Rejected(Rejection);

impl Rejected {
    /// Rejects the request. A site's own handler may use it (its own limit, a store that is down),
    /// so that the response looks like the others.
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

/// A status from core. All that core gives are valid; if one were not, the request would stay
/// rejected.
pub(crate) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::FORBIDDEN)
}
