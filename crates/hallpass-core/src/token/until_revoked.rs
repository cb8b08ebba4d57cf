//! The future that completes when a token is no longer accepted.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use crate::{
    revocation::{
        outcome::TokenFacts,
        watch::{Watch, WatchEnd, WatchedToken},
    },
    token::{claims::Claims, error::TokenErrorKind},
};

/// The future of [`Identity::revoked`](crate::Identity::revoked). Its output is the reason for
/// which a request with the token is rejected from now on.
#[must_use = "futures do nothing unless they are polled"]
pub struct UntilRevoked(Option<Watch<Arc<Claims<'static>>>>);

impl UntilRevoked {
    pub(crate) fn new(claims: Arc<Claims<'static>>) -> Self {
        Self(claims.revocations.clone().map(|list| Watch::new(list, claims)))
    }
}

impl WatchedToken for Arc<Claims<'static>> {
    fn facts(&self) -> TokenFacts<'_> {
        self.for_revocation()
    }
}

impl Future for UntilRevoked {
    type Output = TokenErrorKind;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<TokenErrorKind> {
        let Some(watch) = &mut self.0 else { return Poll::Ready(TokenErrorKind::Unavailable) };
        Pin::new(watch).poll(cx).map(|end| match end {
            WatchEnd::Revoked(kind) => kind.into(),
            WatchEnd::Expired => TokenErrorKind::Expired,
            WatchEnd::Unmaintained => TokenErrorKind::Unavailable,
        })
    }
}

impl fmt::Debug for UntilRevoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntilRevoked").finish_non_exhaustive()
    }
}
