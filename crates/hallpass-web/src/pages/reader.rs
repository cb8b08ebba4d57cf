//! Who reads a page.

/// Who reads a page.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Reader<'a> {
    /// The user name of the visitor, as registered. `None` if nobody is logged in.
    pub username: Option<&'a str>,
    /// `Accept-Language` as it was sent, or empty: the languages that the reader asks for.
    pub languages: &'a str,
}

impl<'a> Reader<'a> {
    /// Returns a visitor who is logged in under this name.
    #[must_use]
    pub fn logged_in(username: &'a str) -> Self {
        Self { username: Some(username), languages: "" }
    }

    /// The languages that the reader asks for, as `Accept-Language` has them.
    #[must_use]
    pub fn with_languages(self, accept_language: &'a str) -> Self {
        Self { languages: accept_language, ..self }
    }
}
