//! The pages of the sign-in routes: one documented view model, and a default look.
//!
//! An endpoint decides what is on a page ([`Page`]) and never how it looks: that is [`Pages`], one method, which a site
//! may implement with any template engine. [`DefaultPages`] is the look that comes along; it renders each page's content
//! and puts it into a [`Layout`], so that a site may also keep the content and give only its own frame.
//!
//! What pages never carry: a password that was typed, a script, an inline style. The policy in the headers of every page
//! (see [`SECURITY_HEADERS`](crate::SECURITY_HEADERS)) would refuse the last two.

#[cfg(feature = "pages")]
mod default_pages;
mod fault;
mod model;
mod qr_code;
#[cfg(all(test, feature = "pages"))]
mod tests;
#[cfg(feature = "pages")]
mod texts;
#[cfg(feature = "pages")]
mod when;

#[cfg(feature = "pages")]
pub use default_pages::{DefaultLayout, DefaultPages, Layout};
pub use fault::{Fault, FieldFault};
pub use model::{
    CodePage, FailurePage, LoginPage, Page, PasswordPage, RecoveryCodesPage, RegisterPage, SessionLine, SessionsPage,
    TwoFactorOnPage, TwoFactorSetUpPage, Viewer,
};
pub(crate) use qr_code::qr_code;
#[cfg(feature = "pages")]
pub use texts::{FailureText, Texts};

/// Turns a page's content into a whole HTML document.
///
/// ```
/// use hallpass_signin::{Page, Pages, Viewer};
///
/// struct Terse;
///
/// impl Pages for Terse {
///     fn render(&self, page: &Page<'_>, _viewer: Option<&Viewer<'_>>) -> String {
///         match page {
///             Page::Failure(failure) => format!("<!doctype html><title>{}</title>", failure.status),
///             _ => String::from("<!doctype html><title>Sign in</title>"),
///         }
///     }
/// }
/// ```
///
/// Whatever is shown must be escaped by the implementation: nothing in the model is HTML but
/// [`TwoFactorSetUpPage::qr_svg`].
pub trait Pages: Send + Sync + 'static {
    /// Renders the page. `viewer` is who is signed in, if anyone is.
    fn render(&self, page: &Page<'_>, viewer: Option<&Viewer<'_>>) -> String;
}

/// The style sheet of the default pages, served at `/hallpass.css`.
///
/// Its class names begin with `hp-`, its colours are custom properties of the same prefix, and it styles nothing outside
/// the classes but the frame of [`DefaultPages`], so that it can be linked from a site's own layout.
pub const STYLE_SHEET: &str = include_str!("../templates/hallpass.css");
