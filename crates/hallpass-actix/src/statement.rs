//! Deny by default: whether a route said what it asks.

use std::cell::{Cell, Ref};

use actix_web::dev::Extensions;

/// On the extensions of a request where every route has to state its requirement: whether one did.
#[derive(Default)]
pub(crate) struct Statement(Cell<bool>);

impl Statement {
    pub(crate) fn is_missing(extensions: Ref<'_, Extensions>) -> bool {
        !extensions.get::<Self>().is_some_and(|statement| statement.0.get())
    }
}

/// Notes that a guard had its say.
pub(crate) fn state(extensions: Ref<'_, Extensions>) {
    if let Some(statement) = extensions.get::<Statement>() {
        statement.0.set(true);
    }
}
