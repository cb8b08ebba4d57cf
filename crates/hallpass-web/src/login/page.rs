//! The data of the login page and of the code page.

use hallpass_accounts::Usernames;
use hallpass_core::FieldFault;

use crate::{fields::Fault, pages::notice::Notice};

/// The login page. Its form posts `username`, `password` and the hidden `next` to `/login`.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct LoginPage<'a> {
    /// The path on this site to continue to after the login.
    pub next: &'a str,
    /// The user name as typed before, or empty.
    pub username: &'a str,
    /// The names with which people log in and register, for the label of the field.
    pub usernames: Usernames,
    /// The fault of the user name field. It does not reveal whether an account has that name.
    pub username_fault: Option<FieldFault>,
    /// The fault of the password field. It does not reveal whether the password is right.
    pub password_fault: Option<FieldFault>,
    /// The reason why the last attempt was rejected.
    pub fault: Option<Fault>,
    /// The notice about the change that has just been made, above the form.
    pub notice: Option<Notice>,
    /// Whether the browser sent two cookies of one name, so that nobody is logged in. The response
    /// of `GET /login` removes the known ones.
    pub duplicate_cookies: bool,
    /// The HTML of the site's [challenge](hallpass_accounts::Challenge), for the form. It is not
    /// escaped.
    pub challenge: Option<String>,
    /// Whether the site has `/register`, to link to.
    pub registration: bool,
}

/// The code page. Its form posts `code` and the hidden `next` to `/login/code`. The field accepts
/// an authenticator code or a recovery code.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct CodePage<'a> {
    /// The path on this site to continue to after the login.
    pub next: &'a str,
    /// The number of whole days for which a login in this browser can skip the code. `None` if the
    /// site does not allow it. Otherwise the form has a checkbox `remember_device` with the value
    /// `on`.
    pub remember_days: Option<u64>,
    /// The fault of the code field.
    pub code_fault: Option<FieldFault>,
    /// The reason why the last attempt was rejected.
    pub fault: Option<Fault>,
}

/// The default templates.
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
        pub(crate) prefix: &'a str,
    }

    impl LoginTemplate<'_> {
        fn register_link(&self) -> String {
            with_next(self.prefix, "/register", self.page.next)
        }
    }

    #[derive(Template)]
    #[template(path = "login/code.html")]
    pub(crate) struct CodeTemplate<'a> {
        pub(crate) t: &'a Texts,
        pub(crate) page: &'a CodePage<'a>,
        pub(crate) prefix: &'a str,
    }

    impl CodeTemplate<'_> {
        fn login_link(&self) -> String {
            with_next(self.prefix, "/login", self.page.next)
        }
    }
}
