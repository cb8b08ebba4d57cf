//! The caller that [`Auth`](crate::Auth) found, as the guards and extractors inside read it from the request.

use std::cell::Ref;

use actix_web::dev::Extensions;
use hallpass_core::{Admitted, Authentication, Clock, Denial, DenialKind, Requirement, SystemClock};

/// Finds the caller on a request's extensions. Without `Auth` around, nobody verified the token, and no answer to "who?" is not
/// "anyone".
pub(crate) fn caller<'r>(
    guard: &'static str,
    extensions: Ref<'r, Extensions>,
) -> Result<Ref<'r, Authentication>, Denial> {
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
pub(crate) fn admit(requirement: &Requirement, extensions: Ref<'_, Extensions>) -> Result<Admitted, Denial> {
    let who = caller("require", extensions)?;
    let now = who.moment().unwrap_or_else(|| SystemClock.now());
    requirement.admit(&who, now).inspect_err(|denial| note(*denial, requirement))
}

fn note(denial: Denial, requirement: &Requirement) {
    if denial.kind() == DenialKind::Misconfigured {
        tracing::error!(target: "hallpass", %requirement, "refused, because the route asks for roles of another enum than the token was verified for");
    } else {
        tracing::debug!(target: "hallpass", kind = denial.kind().as_str(), %requirement, "request refused");
    }
}
