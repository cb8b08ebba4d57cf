//! What is on the page of a change of password that was rejected.

use hallpass_core::FieldFault;

use crate::fields::Fault;

/// Posts `current_password` and `new_password` to `/profile/password`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct PasswordPage {
    /// Why the change was rejected.
    pub fault: Option<Fault>,
    /// What is wrong with the field of the old password.
    pub current_fault: Option<FieldFault>,
    /// What is wrong with the new password.
    pub new_fault: Option<FieldFault>,
}

/// How that looks by default.
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
    }
}
