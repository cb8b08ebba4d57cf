//! What is on the registration page.

use hallpass_core::FieldFault;

/// Posts `username` and `password` to `/register`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct RegisterPage<'a> {
    /// The name as typed before, or empty.
    pub username: &'a str,
    /// What is wrong with the name.
    pub username_fault: Option<FieldFault>,
    /// What is wrong with the password.
    pub password_fault: Option<FieldFault>,
    /// Where to go after the log-in that the page links to: a path on this site.
    pub next: &'a str,
}

/// How that looks by default.
#[cfg(feature = "pages")]
pub(crate) mod template {
    use askama::Template;

    use crate::{register::page::RegisterPage, response::with_next, texts::Texts};

    #[derive(Template)]
    #[template(path = "register/register.html")]
    pub(crate) struct RegisterTemplate<'a> {
        pub(crate) t: &'a Texts,
        pub(crate) page: &'a RegisterPage<'a>,
    }

    impl RegisterTemplate<'_> {
        fn login_link(&self) -> String {
            with_next("/login", self.page.next)
        }
    }
}
