//! The data of the page of a link that sets a new password.

use std::fmt;

use hallpass_core::FieldFault;

use crate::fields::Fault;

/// The page of a one-time link. Its form posts the hidden `token` and `new_password` to
/// `/login/reset`, with `code` if [`asks_code`](Self::asks_code) is set. The field `code` accepts an
/// authenticator code or a recovery code.
#[derive(Default)]
#[non_exhaustive]
pub struct ResetPage<'a> {
    /// The token of the link, for the form. It must be in no link and in no log.
    pub token: &'a str,
    /// Whether the form has a field for the code, because a second factor is on.
    pub asks_code: bool,
    /// The reason why the last attempt was rejected.
    pub fault: Option<Fault>,
    /// The fault of the code.
    pub code_fault: Option<FieldFault>,
    /// The fault of the new password.
    pub new_fault: Option<FieldFault>,
}

/// Leaves the token out.
impl fmt::Debug for ResetPage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResetPage")
            .field("asks_code", &self.asks_code)
            .field("fault", &self.fault)
            .field("code_fault", &self.code_fault)
            .field("new_fault", &self.new_fault)
            .finish_non_exhaustive()
    }
}

/// The default template.
#[cfg(feature = "pages")]
pub(crate) mod template {
    use askama::Template;

    use crate::{password::reset::page::ResetPage, texts::Texts};

    #[derive(Template)]
    #[template(path = "password/reset.html")]
    pub(crate) struct ResetTemplate<'a> {
        pub(crate) t: &'a Texts,
        pub(crate) page: &'a ResetPage<'a>,
        pub(crate) prefix: &'a str,
    }
}
