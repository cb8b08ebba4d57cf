//! The future of a service that either ran or was refused before it could.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;
use pin_project_lite::pin_project;

use crate::Refusal;

pin_project! {
    /// The answer of the service within, or the refusal in its place.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct GuardFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = Projection]
    enum State<F, B> {
        Admitted { #[pin] inner: F },
        Refused { response: Option<Response<B>> },
    }
}

impl<F, B> GuardFuture<F, B> {
    pub(crate) fn admitted(inner: F) -> Self {
        Self { state: State::Admitted { inner } }
    }

    pub(crate) fn refused(refusal: Refusal) -> Self
    where
        B: Default,
    {
        Self { state: State::Refused { response: Some(refusal.into_response()) } }
    }
}

impl<F, B, E> Future for GuardFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            Projection::Admitted { inner } => inner.poll(cx),
            // Polled again after it was ready, a future may never answer (`Future::poll`); this one stays refused.
            Projection::Refused { response } => {
                response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)))
            }
        }
    }
}
