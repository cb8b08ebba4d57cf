//! The pages of the sign-in routes: one documented view model, and a default look.
//!
//! An endpoint decides what is on a page ([`Page`]) and never how it looks: that is [`Pages`], one method, which a site
//! may implement with any template engine. [`DefaultPages`] is the look that comes along; it renders each page's content
//! and puts it into a [`Layout`], so that a site may also keep the content and give only its own frame.
//!
//! What pages never carry: a password that was typed, an inline script, an inline style. The policy in the headers of
//! every page (see [`SECURITY_HEADERS`](crate::SECURITY_HEADERS)) would refuse the last two. [`SCRIPT`] is a touch on top:
//! nothing needs it.

#[cfg(feature = "pages")]
mod default_pages;
mod fault;
#[cfg(feature = "pages")]
mod language;
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
    CodePage, FailurePage, LoginPage, Page, PasswordPage, Reader, RecoveryCodesPage, RegisterPage, SessionLine,
    SessionsPage, TwoFactorOnPage, TwoFactorSetUpPage, Viewer,
};
pub(crate) use qr_code::qr_code;
#[cfg(feature = "pages")]
pub use texts::{FailureText, Texts};

/// Turns a page's content into a whole HTML document.
///
/// `examples/own_pages.rs` of this crate writes every page anew, without any template engine.
///
/// ```
/// use hallpass_signin::{Page, Pages, Reader};
///
/// struct Terse;
///
/// impl Pages for Terse {
///     fn render(&self, page: &Page<'_>, _reader: &Reader<'_>) -> String {
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
    /// Renders the page for whoever reads it.
    fn render(&self, page: &Page<'_>, reader: &Reader<'_>) -> String;
}

/// The style sheet of the default pages, served at `/hallpass.css`.
///
/// Its class names begin with `hp-`, its colours are custom properties of the same prefix, and it styles nothing outside
/// the classes but the frame of [`DefaultPages`], so that it can be linked from a site's own layout.
pub const STYLE_SHEET: &str = include_str!("../templates/hallpass.css");

/// The script of the default pages, served at `/hallpass.js`: a button that shows a password, one that copies the key or the
/// recovery codes, one that prints them.
///
/// Every button is made by the script, so that without it nothing is there that does nothing. It looks for the attributes
/// `data-hp-show` and `data-hp-hide` (on a password field), `data-hp-copy`, `data-hp-copied` and `data-hp-print`, whose values
/// are what the buttons say.
pub const SCRIPT: &str = include_str!("../templates/hallpass.js");
