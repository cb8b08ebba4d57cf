//! The data of the page for a rejected change of the password.

use hallpass_core::FieldFault;

use crate::fields::Fault;

/// The page of a rejected change of the password. Its form posts `current_password` and
/// `new_password` to `/profile/password`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct PasswordPage {
    /// The reason why the change was rejected.
    pub fault: Option<Fault>,
    /// The fault of the current password.
    pub current_fault: Option<FieldFault>,
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
