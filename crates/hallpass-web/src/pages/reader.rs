//! The reader of a page.

/// The reader of a page.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Reader<'a> {
    /// The user name of the visitor, as registered. `None` if nobody is logged in.
    pub username: Option<&'a str>,
    /// The value of the `Accept-Language` header as received, or empty.
    pub languages: &'a str,
}

impl<'a> Reader<'a> {
    /// Returns a reader who is logged in under this name.
    #[must_use]
    pub fn logged_in(username: &'a str) -> Self {
        Self { username: Some(username), languages: "" }
    }

    /// Sets the preferred languages, in the format of `Accept-Language`.
    #[must_use]
    pub fn with_languages(self, accept_language: &'a str) -> Self {
        Self { languages: accept_language, ..self }
    }
}
