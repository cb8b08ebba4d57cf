//! Who reads a page.

/// Who is signed in.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Viewer<'a> {
    /// The name as the person wrote it.
    pub username: &'a str,
}

/// Who reads a page.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Reader<'a> {
    /// Who is signed in, if anyone is.
    pub viewer: Option<Viewer<'a>>,
    /// `Accept-Language` as it was sent, or empty: the languages that the reader asks for.
    pub languages: &'a str,
}

impl<'a> Reader<'a> {
    /// Somebody who signed in under this name.
    #[must_use]
    pub fn logged_in(username: &'a str) -> Self {
        Self { viewer: Some(Viewer { username }), languages: "" }
    }

    /// The languages that the reader asks for, as `Accept-Language` has them.
    #[must_use]
    pub fn with_languages(self, accept_language: &'a str) -> Self {
        Self { languages: accept_language, ..self }
    }
}
