//! The pages of the sign-in routes: one documented view model, and a default look.
//!
//! An endpoint decides what is on a page ([`Page`]) and never how it looks: that is [`Pages`], one
//! method, which a site may implement with any template engine.
//! [`DefaultPages`](crate::DefaultPages) is the look that comes along; it renders each page's
//! content and puts it into a [`Layout`](crate::Layout), so that a site may also keep the content
//! and give only its own frame.
//!
//! What pages never carry: a password that was typed, an inline script, an inline style. The policy
//! in the headers of every page (see [`SECURITY_HEADERS`](crate::SECURITY_HEADERS)) would refuse
//! the last two. [`SCRIPT`] is a touch on top: nothing needs it.
//!
//! All text of a [`Page`] is plain and must be escaped, [`TwoFactorSetUpPage::qr_svg`] alone
//! excepted. Each form posts to the path that stands in its page's doc, with the field names of
//! that doc.

#[cfg(feature = "pages")]
pub(crate) mod default_pages;
pub(crate) mod reader;

use std::{borrow::Cow, sync::Arc, time::Duration};

use hallpass_core::{Rejection, RejectionKind};

use crate::{
    login::page::{CodePage, LoginPage},
    pages::reader::Reader,
    password::page::PasswordPage,
    register::page::RegisterPage,
    session::page::SessionsPage,
    two_factor::page::{RecoveryCodesPage, TwoFactorOnPage, TwoFactorSetUpPage},
};

/// Turns a page's content into a whole HTML document.
///
/// `examples/own_pages.rs` of this crate writes every page anew, without any template engine.
///
/// ```
/// use hallpass_web::{Page, Pages, Reader};
///
/// struct Terse;
///
/// impl Pages for Terse {
///     fn render(&self, page: &Page<'_>, _reader: &Reader<'_>) -> String {
///         match page {
///             Page::Rejection(page) => {
///                 format!("<!doctype html><title>{}</title>", page.status)
///             }
///             _ => String::from("<!doctype html><title>Sign in</title>"),
///         }
///     }
/// }
/// ```
///
/// Whatever is shown must be escaped by the implementation: nothing in the model is HTML but
/// [`TwoFactorSetUpPage::qr_svg`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not render the login pages: it does not implement `Pages`",
    label = "`Pages` is not implemented for this type",
    note = "write `impl Pages for {Self}` with the method `render`, or use `DefaultPages`",
    note = "guide: docs/guide/src/pages.md"
)]
pub trait Pages: Send + Sync + 'static {
    /// Renders the page for whoever reads it.
    fn render(&self, page: &Page<'_>, reader: &Reader<'_>) -> String;
}

impl<P: Pages + ?Sized> Pages for Arc<P> {
    fn render(&self, page: &Page<'_>, reader: &Reader<'_>) -> String {
        (**self).render(page, reader)
    }
}

/// One page of the sign-in routes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Page<'a> {
    /// `GET /register`, and a registration that was rejected.
    Register(RegisterPage<'a>),
    /// `GET /login`, and a log-in that was rejected.
    Login(LoginPage<'a>),
    /// `GET /login/code`, and a code that was rejected.
    Code(CodePage<'a>),
    /// `GET /profile/two-factor` while the second factor is off, and a first code that was
    /// rejected.
    TwoFactorSetUp(TwoFactorSetUpPage<'a>),
    /// `GET /profile/two-factor` while the second factor is on, and the forms of that page when
    /// rejected.
    TwoFactorOn(TwoFactorOnPage),
    /// Recovery codes, shown this once.
    RecoveryCodes(RecoveryCodesPage<'a>),
    /// A change of password that was rejected.
    Password(PasswordPage),
    /// `GET /profile/sessions`.
    Sessions(SessionsPage<'a>),
    /// Any other rejection.
    Rejection(RejectionPage<'a>),
}

/// A rejection without a form to show again.
#[derive(Debug)]
#[non_exhaustive]
pub struct RejectionPage<'a> {
    /// The HTTP status of the response.
    pub status: u16,
    /// The kind, by which a page in another language finds its text.
    pub kind: RejectionKind,
    /// One sentence in English.
    pub detail: Cow<'static, str>,
    /// How long to wait before the next try, where that helps.
    pub retry_after: Option<Duration>,
    /// The page that the person was on, a checked path: where a link to the login leads back to.
    /// `/` where there is none.
    pub next: &'a str,
}

impl<'a> RejectionPage<'a> {
    /// Creates the page of a rejection; for a site's own guarded routes too, so that every
    /// rejection looks the same.
    #[must_use]
    pub fn of(rejection: Rejection) -> Self {
        Self {
            status: rejection.status(),
            kind: rejection.kind(),
            detail: rejection.detail(),
            retry_after: rejection.retry_after(),
            next: "/",
        }
    }

    /// Sets the path that a login leads back to. Defaults to `/`.
    #[must_use]
    pub fn with_next(mut self, next: &'a str) -> Self {
        self.next = next;
        self
    }
}

/// The style sheet of the default pages, served at `/hallpass.css`.
///
/// Its class names begin with `hp-`, its colours are custom properties of the same prefix, and it
/// styles nothing outside the classes but the frame of [`DefaultPages`](crate::DefaultPages), so
/// that it can be linked from a site's own layout.
pub const STYLE_SHEET: &str = include_str!("style.css");

/// The script of the default pages, served at `/hallpass.js`: a button that shows a password, one
/// that copies the key or the recovery codes, one that prints them.
///
/// Every button is made by the script, so that without it nothing is there that does nothing. It
/// looks for the attributes `data-hp-show` and `data-hp-hide` (on a password field),
/// `data-hp-copy`, `data-hp-copied` and `data-hp-print`, whose values are what the buttons say.
pub const SCRIPT: &str = include_str!("script.js");

#[cfg(all(test, feature = "pages"))]
mod tests;
