//! The pages of the login routes: the data of each page, and the default templates.
//!
//! An endpoint returns the data of a page ([`Page`]), and [`Pages`] renders it as HTML. `Pages` has
//! one method, which a site may implement with any template engine.
//! [`DefaultPages`](crate::DefaultPages) is the included implementation. It renders the content of
//! each page and puts it into a [`Layout`](crate::Layout), so a site may also keep the content and
//! replace only the frame.
//!
//! Pages never contain a typed password, an inline script or an inline style. The content security
//! policy in the headers of every page (see [`SecurityHeaders`](hallpass_core::SecurityHeaders)) blocks
//! inline scripts and styles. [`SCRIPT`] is optional: every page works without it.
//!
//! The paths in the documentation of the pages have no prefix. On a site below a path, the links
//! and forms of a page begin with [`Reader::prefix`](crate::Reader). `next` and the other paths in
//! the data have the prefix.
//!
//! All text of a [`Page`] is plain text and must be escaped, except
//! [`TwoFactorSetUpPage::qr_svg`]. The documentation of each page lists the path and the field
//! names of its form.

#[cfg(feature = "pages")]
pub(crate) mod default_pages;
pub(crate) mod notice;
pub(crate) mod reader;

use std::{borrow::Cow, sync::Arc, time::Duration};

use hallpass_core::{OriginHeader, Rejection, RejectionKind};

use crate::{
    activity::page::ActivityPage,
    login::page::{CodePage, LoginPage},
    pages::reader::Reader,
    password::{page::PasswordPage, reset::page::ResetPage},
    register::page::RegisterPage,
    session::{confirm::page::ConfirmPage, page::SessionsPage},
    two_factor::page::{RecoveryCodesPage, TwoFactorOnPage, TwoFactorSetUpPage},
};

/// Renders a page as a complete HTML document.
///
/// `examples/own_pages.rs` of this crate implements every page without a template engine.
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
///             _ => String::from("<!doctype html><title>Log in</title>"),
///         }
///     }
/// }
/// ```
///
/// The implementation must escape all text of a page. Only [`TwoFactorSetUpPage::qr_svg`] is HTML.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not render the login pages: it does not implement `Pages`",
    label = "`Pages` is not implemented for this type",
    note = "write `impl Pages for {Self}` with the method `render`, or use `DefaultPages`",
    note = "guide: docs/guide/src/pages.md"
)]
pub trait Pages: Send + Sync + 'static {
    /// Returns the complete HTML document of the page for this reader.
    fn render(&self, page: &Page<'_>, reader: &Reader<'_>) -> String;
}

impl<P: Pages + ?Sized> Pages for Arc<P> {
    fn render(&self, page: &Page<'_>, reader: &Reader<'_>) -> String {
        (**self).render(page, reader)
    }
}

/// One page of the login routes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Page<'a> {
    /// `GET /register`, and a registration that was rejected.
    Register(RegisterPage<'a>),
    /// `GET /login`, and a login that was rejected.
    Login(LoginPage<'a>),
    /// `GET /login/code`, and a code that was rejected.
    Code(CodePage<'a>),
    /// `GET /account/two-factor` while the second factor is off, and a first code that was
    /// rejected.
    TwoFactorSetUp(TwoFactorSetUpPage<'a>),
    /// `GET /account/two-factor` while the second factor is on, and the forms of that page when
    /// rejected.
    TwoFactorOn(TwoFactorOnPage),
    /// New recovery codes, which are shown only once.
    RecoveryCodes(RecoveryCodesPage<'a>),
    /// `GET /session/confirm`, and a confirmation that was rejected.
    Confirm(ConfirmPage<'a>),
    /// `GET /account/password`, and a change of the password that was rejected.
    Password(PasswordPage),
    /// `GET /login/reset` with a link that is accepted, and a new password that was rejected.
    Reset(ResetPage<'a>),
    /// `GET /account/sessions`.
    Sessions(SessionsPage<'a>),
    /// `GET /account/activity`.
    Activity(ActivityPage<'a>),
    /// Any other rejection.
    Rejection(RejectionPage<'a>),
}

impl Page<'_> {
    /// Returns whether the page has a form, so that its response sets the browser cookie.
    pub(crate) fn has_form(&self) -> bool {
        !matches!(self, Self::Rejection(_) | Self::RecoveryCodes(_))
    }
}

/// A rejection without a form to show again.
#[derive(Debug)]
#[non_exhaustive]
pub struct RejectionPage<'a> {
    /// The HTTP status of the response.
    pub status: u16,
    /// The kind of the rejection. A page in another language selects its text by this kind.
    pub kind: RejectionKind,
    /// One or two sentences in English, as plain text.
    pub detail: Cow<'static, str>,
    /// The header by which the origin check (CSRF) rejected the request, or `None` for another
    /// kind.
    pub origin_header: Option<OriginHeader>,
    /// The time to wait before the next attempt, if a later attempt can succeed.
    pub retry_after: Option<Duration>,
    /// The path of the page that the person was on, or of the home page, with the prefix of the
    /// site. A link to the login page passes it as `next`.
    pub next: &'a str,
}

impl<'a> RejectionPage<'a> {
    /// Creates the page of a rejection. A site can also use it for its own routes, so that all
    /// rejections look the same.
    #[must_use]
    pub fn of(rejection: Rejection) -> Self {
        Self {
            status: rejection.status(),
            kind: rejection.kind(),
            detail: rejection.detail(),
            origin_header: rejection.origin_header(),
            retry_after: rejection.retry_after(),
            next: "/",
        }
    }

    /// Sets the path to return to after a login. Defaults to `/`.
    #[must_use]
    pub fn with_next(mut self, next: &'a str) -> Self {
        self.next = next;
        self
    }
}

/// The style sheet of the default pages, served at `/hallpass.css`.
///
/// A site's own layout can link to it. Its class names begin with `hp-`, and its colours are custom
/// properties with the same prefix. It styles only these classes and the frame of
/// [`DefaultPages`](crate::DefaultPages).
pub const STYLE_SHEET: &str = include_str!("style.css");

/// The script of the default pages, served at `/hallpass.js`. It adds a button that shows a
/// password, a button that copies the key or the recovery codes, and a button that prints the
/// recovery codes.
///
/// The script creates the buttons, so a page without the script has no buttons that do nothing. It
/// reads the attributes `data-hp-show` and `data-hp-hide` of a password field that has a `<label>`,
/// and `data-hp-copy`, `data-hp-copied` and `data-hp-print` of the element with the key or the
/// codes. Their values are the labels of the buttons.
pub const SCRIPT: &str = include_str!("script.js");

#[cfg(all(test, feature = "pages"))]
mod tests;
