//! Deny by default: whether a route said what it asks.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use hallpass_core::{Denial, DenialKind};
use http::{Extensions, Request};

use crate::{DeniedRequest, Refusal};

/// On the extensions of a request where every route has to state its requirement: whether one did.
#[derive(Clone, Default)]
pub(crate) struct Statement(Arc<AtomicBool>);

impl Statement {
    /// Notes that a guard had its say.
    pub(crate) fn make(extensions: &Extensions) {
        if let Some(Self(made)) = extensions.get() {
            // The answer travels back the way the request went, so that whoever reads this has it from the same task or a later one.
            made.store(true, Ordering::Release);
        }
    }
}

/// A request that is watched for a statement.
pub(crate) struct Watched {
    statement: Statement,
    request: DeniedRequest,
}

impl Watched {
    /// Watches a request from here on.
    pub(crate) fn new<B>(request: &mut Request<B>) -> Self {
        let statement = Statement::default();
        request.extensions_mut().insert(statement.clone());
        Self { statement, request: DeniedRequest::of(request) }
    }

    /// The refusal of a request whose route stated nothing.
    pub(crate) fn refusal(self) -> Option<Refusal> {
        if self.statement.0.load(Ordering::Acquire) {
            return None;
        }
        tracing::error!(
            target: "hallpass",
            method = %self.request.method(),
            path = self.request.uri().path(),
            "refused, because the route states no requirement: put a guard on it, or everyone()"
        );
        Some(Refusal::new(Denial::new(DenialKind::Misconfigured), self.request))
    }
}
