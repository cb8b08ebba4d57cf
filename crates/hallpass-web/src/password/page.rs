//! The data of the page that changes the password.

use hallpass_core::FieldFault;

use crate::fields::Fault;

/// The page that changes the password. Its form posts `new_password` to `/account/password`, with
/// `current_password` if [`asks_proof`](Self::asks_proof) is set, and then with `code` if
/// [`asks_code`](Self::asks_code) is set too.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct PasswordPage {
    /// Whether the form has the field of the current password: the session was not confirmed
    /// recently.
    pub asks_proof: bool,
    /// Whether a proof needs a code, because a second factor is on.
    pub asks_code: bool,
    /// The reason why the change was rejected.
    pub fault: Option<Fault>,
    /// The fault of the current password.
    pub current_fault: Option<FieldFault>,
    /// The fault of the code.
    pub code_fault: Option<FieldFault>,
    /// The fault of the new password.
    pub new_fault: Option<FieldFault>,
}

/// The default template.
#[cfg(feature = "pages")]
pub(crate) mod template {
    use askama::Template;

    use crate::{password::page::PasswordPage, texts::Texts};

    #[derive(Template)]
    #[template(path = "password/password.html")]
    pub(crate) struct PasswordTemplate<'a> {
        pub(crate) t: &'a Texts,
        pub(crate) page: &'a PasswordPage,
        pub(crate) username: Option<&'a str>,
        pub(crate) prefix: &'a str,
    }
}
