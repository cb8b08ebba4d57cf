//! A site's own page for a refused request.

use hallpass_core::Denial;
use http::Response;

use crate::DeniedRequest;

/// Makes the page for a refused request, or leaves it to the default.
///
/// It is asked only where the caller takes a page: never for JSON, gRPC or a WebSocket, whose clients could not read one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not render pages of `Response<{B}>` for rejected requests: it \
            does not implement `DeniedPage`",
    label = "`DeniedPage` is not implemented for this type",
    note = "the closure that `.on_denied(…)` takes must return `Option<Response<{B}>>`, \
            with the body type of the service inside",
    note = "guide: docs/guide/src/axum.md"
)]
pub trait DeniedPage<B> {
    /// The page; `None` for the default answer.
    fn page(&self, denial: Denial, request: &DeniedRequest) -> Option<Response<B>>;
}

/// No page of the site's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct DefaultPage;

impl<B> DeniedPage<B> for DefaultPage {
    fn page(&self, _: Denial, _: &DeniedRequest) -> Option<Response<B>> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<B, F: Fn(Denial, &DeniedRequest) -> Option<Response<B>>> DeniedPage<B> for F {
    fn page(&self, denial: Denial, request: &DeniedRequest) -> Option<Response<B>> {
        self(denial, request)
    }
}
