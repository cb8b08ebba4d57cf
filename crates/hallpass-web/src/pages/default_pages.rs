//! The default pages: askama templates render the content, and a [`Layout`] renders the frame.

use askama::Template;
use hallpass_core::RejectionKind;
use zeroize::Zeroizing;

use crate::{
    activity::page::template::ActivityTemplate,
    login::page::template::{CodeTemplate, LoginTemplate},
    pages::{Page, Pages, RejectionPage, reader::Reader},
    password::{page::template::PasswordTemplate, reset::page::template::ResetTemplate},
    register::page::template::RegisterTemplate,
    response::{SECRET_BODY, with_next},
    session::{confirm::page::template::ConfirmTemplate, page::template::SessionsTemplate},
    texts::{Texts, language::Languages},
    two_factor::page::template::{
        RecoveryCodesTemplate, TwoFactorOnTemplate, TwoFactorSetUpTemplate,
    },
};

/// The frame around the content of a page: a site's own head, navigation and footer.
///
/// ```
/// use hallpass_web::{DefaultPages, Layout, Reader};
///
/// struct Frame;
///
/// impl Layout for Frame {
///     fn wrap(&self, title: &str, main: &str, lang: &str, reader: &Reader<'_>) -> String {
///         let prefix = reader.prefix;
///         format!(
///             "<!doctype html><html lang=\"{lang}\"><title>{title}</title>\
///              <link rel=\"stylesheet\" href=\"{prefix}/hallpass.css\"><main>{main}</main></html>"
///         )
///     }
/// }
///
/// let pages = DefaultPages::new().layout(Frame);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a page layout: it does not implement `Layout`",
    label = "`Layout` is not implemented for this type",
    note = "write `impl Layout for {Self}` with the method `wrap`",
    note = "guide: docs/guide/src/pages.md"
)]
pub trait Layout: Send + Sync + 'static {
    /// Returns the complete document.
    ///
    /// - `title` is plain text from [`Texts`]. Escape it if a text of the site contains `&` or `<`.
    /// - `main` is HTML with one `<h1>`, which must not be escaped.
    /// - `lang` is the language of both, for the `lang` attribute.
    /// - `reader` has the user name of the logged-in visitor, as plain text that must be escaped,
    ///   and the prefix of the frame's own links.
    fn wrap(&self, title: &str, main: &str, lang: &str, reader: &Reader<'_>) -> String;
}

/// The default pages: accessible HTML that works without JavaScript, light and dark, styled by
/// [`STYLE_SHEET`](crate::STYLE_SHEET).
#[derive(Debug)]
pub struct DefaultPages<L = DefaultLayout> {
    languages: Languages,
    layout: L,
}

/// A plain frame: the name of the site as a link to `/`, the user name of the logged-in visitor,
/// and a button to log out.
#[derive(Debug)]
pub struct DefaultLayout {
    languages: Languages,
    site_name: Option<String>,
}

impl DefaultPages {
    /// Returns English pages in the plain frame.
    #[must_use]
    pub fn new() -> Self {
        let languages = Languages::one(Texts::english());
        Self { layout: DefaultLayout { languages: languages.clone(), site_name: None }, languages }
    }

    /// Sets the name of the site, in titles and at the top of the frame. Defaults to no name: the
    /// top of the frame is then a link "Home".
    #[must_use]
    pub fn site_name(mut self, name: impl Into<String>) -> Self {
        self.layout.site_name = Some(name.into());
        self
    }

    /// Sets the texts, and so the only language of the pages. Defaults to [`Texts::english`].
    #[must_use]
    pub fn texts(self, texts: Texts) -> Self {
        self.speaking(Languages::one(texts))
    }

    /// Adds a language. Each reader gets the language that the `Accept-Language` header prefers, or
    /// the first language if it names none of them. Defaults to one language. A site's own layout
    /// should support each language that is added.
    ///
    /// ```
    /// use hallpass_core::{Rejection, RejectionKind};
    /// use hallpass_web::{DefaultPages, Page, Pages, Reader, RejectionPage, Texts};
    ///
    /// let pages = DefaultPages::new().and_texts(Texts::dutch());
    /// let page = Page::Rejection(RejectionPage::of(Rejection::new(RejectionKind::Limited)));
    /// let for_reader =
    ///     |languages| pages.render(&page, &Reader::default().with_languages(languages));
    /// assert!(for_reader("nl-BE,nl;q=0.9,en;q=0.5").contains("lang=\"nl\""));
    /// assert!(for_reader("fr").contains("lang=\"en\""));
    /// ```
    #[must_use]
    pub fn and_texts(self, texts: Texts) -> Self {
        let languages = self.languages.clone().and(texts);
        self.speaking(languages)
    }

    fn speaking(self, languages: Languages) -> Self {
        Self { layout: DefaultLayout { languages: languages.clone(), ..self.layout }, languages }
    }

    /// Sets the frame. Defaults to [`DefaultLayout`].
    #[must_use]
    pub fn layout<L: Layout>(self, layout: L) -> DefaultPages<L> {
        DefaultPages { languages: self.languages, layout }
    }
}

impl Default for DefaultPages {
    fn default() -> Self {
        Self::new()
    }
}

impl<L: Layout> Pages for DefaultPages<L> {
    fn render(&self, page: &Page<'_>, reader: &Reader<'_>) -> String {
        let t = self.languages.preferred(reader.languages);
        let Reader { username, prefix, .. } = *reader;
        let (title, main) = match page {
            Page::Register(page) => (t.register, RegisterTemplate { t, page, prefix }.render()),
            Page::Login(page) => (t.log_in, LoginTemplate { t, page, username, prefix }.render()),
            Page::Code(page) => (t.code_title, CodeTemplate { t, page, prefix }.render()),
            Page::TwoFactorSetUp(page) => {
                (t.two_factor, secret(&TwoFactorSetUpTemplate { t, page, prefix }))
            }
            Page::TwoFactorOn(page) => {
                (t.two_factor, TwoFactorOnTemplate { t, page, prefix }.render())
            }
            Page::RecoveryCodes(page) => {
                (t.codes_title, secret(&RecoveryCodesTemplate { t, page, prefix }))
            }
            Page::Confirm(page) => {
                (t.confirm_title, ConfirmTemplate { t, page, username, prefix }.render())
            }
            Page::Password(page) => {
                (t.password_title, PasswordTemplate { t, page, username, prefix }.render())
            }
            Page::Reset(page) => (t.reset_title, secret(&ResetTemplate { t, page, prefix })),
            Page::Sessions(page) => {
                (t.sessions_title, SessionsTemplate { t, page, prefix }.render())
            }
            Page::Activity(page) => (t.activity_title, ActivityTemplate { t, page }.render()),
            Page::Rejection(page) => {
                let template = RejectionTemplate { t, page, prefix };
                (template.title(), template.render())
            }
        };
        // Rendering into a `String` fails only if the `Display` of a value fails. No value here has
        // a `Display` implementation that fails.
        // Zeroized, because it may contain a key, recovery codes or the token of a link.
        let main = Zeroizing::new(main.unwrap_or_default());
        self.layout.wrap(title, &main, t.lang, reader)
    }
}

impl Layout for DefaultLayout {
    fn wrap(&self, title: &str, main: &str, lang: &str, reader: &Reader<'_>) -> String {
        let layout = LayoutTemplate {
            t: self.languages.of(lang),
            site: self.site_name.as_deref(),
            title,
            main,
            reader,
        };
        written(&layout, main.len() + FRAME).unwrap_or_default()
    }
}

/// Renders content that contains secrets.
fn secret(template: &impl Template) -> askama::Result<String> {
    written(template, SECRET_BODY / 2)
}

/// Renders into a `String` with this capacity: one that grows leaves its old bytes in memory.
fn written(template: &impl Template, capacity: usize) -> askama::Result<String> {
    let mut text = String::with_capacity(capacity);
    template.render_into(&mut text)?;
    Ok(text)
}

/// Capacity for the frame around the content, in bytes.
const FRAME: usize = 8 * 1024;

#[derive(Template)]
#[template(path = "pages/layout.html")]
struct LayoutTemplate<'a> {
    t: &'a Texts,
    site: Option<&'a str>,
    title: &'a str,
    main: &'a str,
    reader: &'a Reader<'a>,
}

#[derive(Template)]
#[template(path = "pages/rejection.html")]
struct RejectionTemplate<'a> {
    t: &'a Texts,
    page: &'a RejectionPage<'a>,
    prefix: &'a str,
}

impl RejectionTemplate<'_> {
    fn title(&self) -> &'static str {
        self.t.rejection(self.page.kind).map_or(self.t.rejection_title, |rejection| rejection.title)
    }

    fn text(&self) -> &str {
        self.t.rejection(self.page.kind).map_or(&self.page.detail, |rejection| rejection.text)
    }

    /// Returns the hint for the operator, if the request came from another site.
    fn hint(&self) -> Option<&'static str> {
        self.page.origin_header.map(|header| self.t.hint(header))
    }

    /// Returns the path and the label of the link that helps the person.
    fn way(&self) -> (String, &'static str) {
        match self.page.kind {
            RejectionKind::LinkOver => (format!("{}/login", self.prefix), self.t.log_in),
            RejectionKind::NotLoggedIn
            | RejectionKind::Expired
            | RejectionKind::Revoked
            | RejectionKind::Stale => {
                (with_next(self.prefix, "/login", self.page.next), self.t.log_in)
            }
            RejectionKind::NotRecent => {
                (with_next(self.prefix, "/session/confirm", self.page.next), self.t.confirm)
            }
            RejectionKind::SecondFactorMissing => {
                (format!("{}/account/two-factor", self.prefix), self.t.two_factor)
            }
            _ => (format!("{}/", self.prefix), self.t.home),
        }
    }
}
