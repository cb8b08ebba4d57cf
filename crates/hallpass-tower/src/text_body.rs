//! How a response body is made from text.
//!
//! Bodies have no common constructor. Most are made from a `String`, as axum's and hyper's `Full` are; tonic's and boxed ones are
//! not, and a wrapper around every response, so as to be able to answer a few, would cost each of them a box.

/// Makes a response body from text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot make the response body `{B}` from text: it does not implement \
            `TextBody`",
    label = "`TextBody` is not implemented for this type",
    note = "write `.body_with(|text: String| …)` on the layer, with a closure that returns \
            `{B}`; a body that implements `From<String>` does not need it",
    note = "guide: docs/guide/src/axum.md"
)]
pub trait TextBody<B> {
    /// The body that holds this text.
    fn body(&self, text: String) -> B;
}

/// Bodies that are made from a `String`.
#[derive(Clone, Copy, Debug, Default)]
pub struct FromText;

// The error then names `TextBody` and the fix, not `From<String>` alone.
#[diagnostic::do_not_recommend]
impl<B: From<String>> TextBody<B> for FromText {
    fn body(&self, text: String) -> B {
        B::from(text)
    }
}

#[diagnostic::do_not_recommend]
impl<B, F: Fn(String) -> B> TextBody<B> for F {
    fn body(&self, text: String) -> B {
        self(text)
    }
}
