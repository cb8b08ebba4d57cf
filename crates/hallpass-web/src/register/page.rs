//! The data of the registration page.

use hallpass_accounts::Usernames;
use hallpass_core::FieldFault;

use crate::fields::Fault;

/// The registration page. Its form posts `username` and `password` to `/register`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct RegisterPage<'a> {
    /// The user name as typed before, or empty.
    pub username: &'a str,
    /// The names with which people log in and register, for the label of the field.
    pub usernames: Usernames,
    /// The fault of the user name.
    pub username_fault: Option<FieldFault>,
    /// The fault of the password.
    pub password_fault: Option<FieldFault>,
    /// The reason why the last attempt was rejected, if it was not a field.
    pub fault: Option<Fault>,
    /// The HTML of the site's [challenge](hallpass_accounts::Challenge), for the form. It is not
    /// escaped.
    pub challenge: Option<String>,
    /// The path on this site that the link to the login page passes as `next`. A registration
    /// itself continues to `/profile`.
    pub next: &'a str,
}

/// The default template.
#[cfg(feature = "pages")]
pub(crate) mod template {
    use askama::Template;

    use crate::{register::page::RegisterPage, response::with_next, texts::Texts};

    #[derive(Template)]
    #[template(path = "register/register.html")]
    pub(crate) struct RegisterTemplate<'a> {
        pub(crate) t: &'a Texts,
        pub(crate) page: &'a RegisterPage<'a>,
        pub(crate) prefix: &'a str,
    }

    impl RegisterTemplate<'_> {
        fn login_link(&self) -> String {
            with_next(self.prefix, "/login", self.page.next)
        }
    }
}
