//! The data of the page that confirms a session.

use hallpass_core::FieldFault;

use crate::fields::Fault;

/// The page that confirms a session. Its form posts `password`, `code` if [`asks_code`] is set, and
/// the hidden `next` to `/session/confirm`.
///
/// [`asks_code`]: Self::asks_code
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ConfirmPage<'a> {
    /// The path on this site to continue to after the confirmation.
    pub next: &'a str,
    /// Whether the form has a code field, because a second factor is on.
    pub asks_code: bool,
    /// The fault of the password field.
    pub password_fault: Option<FieldFault>,
    /// The fault of the code field.
    pub code_fault: Option<FieldFault>,
    /// The reason why the last attempt was rejected.
    pub fault: Option<Fault>,
}

/// The default template.
#[cfg(feature = "pages")]
pub(crate) mod template {
    use askama::Template;

    use crate::{session::confirm::page::ConfirmPage, texts::Texts};

    #[derive(Template)]
    #[template(path = "session/confirm.html")]
    pub(crate) struct ConfirmTemplate<'a> {
        pub(crate) t: &'a Texts,
        pub(crate) page: &'a ConfirmPage<'a>,
        pub(crate) username: Option<&'a str>,
        pub(crate) prefix: &'a str,
    }

    impl ConfirmTemplate<'_> {
        fn lead(&self) -> &'static str {
            if self.page.asks_code { self.t.confirm_code_lead } else { self.t.confirm_lead }
        }
    }
}
