//! What [`Auth`](crate::Auth) leaves on a request's extensions, and the guards and extractors inside read: the caller that it found, and
//! whether a route said what it asks, where every route has to.

use std::cell::{Cell, Ref};

use actix_web::{
    HttpMessage,
    dev::{Extensions, ServiceResponse},
};
use hallpass_core::{Authentication, Clock, Denial, DenialKind, Requirement, SystemClock};

/// The caller, or the refusal of a request that none was looked for on.
type Found<'r> = Result<Ref<'r, Authentication>, Denial>;

/// Finds the caller on a request's extensions. Without `Auth` around, nobody verified the token, and no answer to "who?" is not
/// "anyone".
pub(crate) fn caller<'r>(guard: &'static str, extensions: Ref<'r, Extensions>) -> Found<'r> {
    Ref::filter_map(extensions, Extensions::get).map_err(|_| {
        tracing::error!(
            target: "hallpass",
            guard,
            "refused, because nobody verified the token: wrap the app in Auth (`hallpass.middleware()`), outside this guard"
        );
        Denial::new(DenialKind::Misconfigured)
    })
}

/// Asks core whether the caller meets the requirement, by the moment at which their token was judged.
pub(crate) fn admit<'r>(requirement: &Requirement, extensions: Ref<'r, Extensions>) -> Found<'r> {
    let who = caller("require", extensions)?;
    let now = who.moment().unwrap_or_else(|| SystemClock.now());
    let admitted = requirement.admit(&who, now).inspect_err(|denial| match denial.kind() {
        DenialKind::Misconfigured => {
            tracing::error!(target: "hallpass", %requirement, "refused, because the route asks for roles of another enum than the token was verified for");
        }
        kind => tracing::debug!(target: "hallpass", kind = kind.as_str(), %requirement, "request refused"),
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

/// The denial of a request whose route stated nothing. Nothing of what it answered goes out, its headers included.
pub(crate) fn unstated<B>(answer: &mut ServiceResponse<B>) -> Option<Denial> {
    let request = answer.request();
    if request.extensions().get().is_some_and(|statement: &Statement| statement.0.get()) {
        return None;
    }
    tracing::error!(
        target: "hallpass",
        method = request.method().as_str(),
        route = request.match_pattern().as_deref().unwrap_or("none"),
        path = request.path(),
        "refused, because the route states no requirement: wrap it in a guard, or in everyone()"
    );
    answer.headers_mut().clear();
    Some(Denial::new(DenialKind::Misconfigured))
}
