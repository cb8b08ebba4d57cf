//! What is on the log-in page and on the page for the code.

use hallpass_core::FieldFault;

use crate::fields::Fault;

/// Posts `username`, `password` and the hidden `next` to `/login`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct LoginPage<'a> {
    /// Where to go afterwards: a path on this site.
    pub next: &'a str,
    /// The name as typed before, or empty.
    pub username: &'a str,
    /// What is wrong with the name's field; never whether an account has that name.
    pub username_fault: Option<FieldFault>,
    /// What is wrong with the password's field; never whether the password is right.
    pub password_fault: Option<FieldFault>,
    /// Why the last attempt was rejected.
    pub fault: Option<Fault>,
    /// Whether there is a `/register` to link to.
    pub registration: bool,
}

/// Posts `code` and the hidden `next` to `/login/code`. The field takes an authenticator's code or
/// a recovery code.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct CodePage<'a> {
    /// Where to go afterwards: a path on this site.
    pub next: &'a str,
    /// For how many days this browser may stand in for the code, where the site lets it: a box
    /// `remember_device`, whose value is `on`.
    pub remember_days: Option<u64>,
    /// What is wrong with the code's field.
    pub code_fault: Option<FieldFault>,
    /// Why the last attempt was rejected.
    pub fault: Option<Fault>,
}

/// How that looks by default.
#[cfg(feature = "pages")]
pub(crate) mod template {
    use askama::Template;

    use crate::{
        login::page::{CodePage, LoginPage},
        response::with_next,
        texts::Texts,
    };

    #[derive(Template)]
    #[template(path = "login/login.html")]
    pub(crate) struct LoginTemplate<'a> {
        pub(crate) t: &'a Texts,
        pub(crate) page: &'a LoginPage<'a>,
        pub(crate) username: Option<&'a str>,
    }

    impl LoginTemplate<'_> {
        fn register_link(&self) -> String {
            with_next("/register", self.page.next)
        }
    }

    #[derive(Template)]
    #[template(path = "login/code.html")]
    pub(crate) struct CodeTemplate<'a> {
        pub(crate) t: &'a Texts,
        pub(crate) page: &'a CodePage<'a>,
    }

    impl CodeTemplate<'_> {
        fn login_link(&self) -> String {
            with_next("/login", self.page.next)
        }
    }
}
