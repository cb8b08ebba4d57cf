//! The reader of a page.

use hallpass_core::PathPrefix;

/// The reader of a page.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Reader<'a> {
    /// The user name of the visitor, as registered. `None` if nobody is logged in.
    pub username: Option<&'a str>,
    /// The value of the `Accept-Language` header as received, or empty.
    pub languages: &'a str,
    /// The path below which the site is reached, such as `/app`, or empty. Links and forms of a
    /// page begin with it.
    pub prefix: &'a str,
}

impl<'a> Reader<'a> {
    /// Returns a reader who is logged in under this name.
    #[must_use]
    pub fn logged_in(username: &'a str) -> Self {
        Self { username: Some(username), ..Self::default() }
    }

    /// Sets the preferred languages, in the format of `Accept-Language`.
    #[must_use]
    pub fn with_languages(self, accept_language: &'a str) -> Self {
        Self { languages: accept_language, ..self }
    }

    /// Sets the path below which the site is reached.
    #[must_use]
    pub fn with_prefix(self, prefix: &'a PathPrefix) -> Self {
        Self { prefix: prefix.as_str(), ..self }
    }
}
