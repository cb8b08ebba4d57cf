//! A post before it is published, with each field checked.

/// A valid title and a valid body.
#[derive(Clone, Debug)]
pub struct Draft {
    title: String,
    body: String,
}

impl Draft {
    /// Checks a title and a body. Converts `\r\n`, which browsers send, to `\n`.
    ///
    /// # Errors
    /// If a field is invalid. The error has a text for the writer for each invalid field.
    pub fn parse(title: &str, body: &str) -> Result<Self, DraftErrors> {
        let title = title.trim();
        let body = body.replace("\r\n", "\n");
        let body = body.trim();
        let errors = DraftErrors {
            title: match title.chars().count() {
                0 => Some("Enter a title."),
                n if n > TITLE_CHARACTERS => Some("Use at most 120 characters in the title."),
                _ if title.chars().any(char::is_control) => Some("Enter the title on one line."),
                _ => None,
            },
            body: match body.chars().count() {
                0 => Some("Enter a text."),
                n if n > BODY_CHARACTERS => Some("Use at most 20,000 characters in the text."),
                _ => None,
            },
        };
        match errors {
            DraftErrors { title: None, body: None } => {
                Ok(Self { title: title.to_owned(), body: body.to_owned() })
            }
            errors => Err(errors),
        }
    }

    /// Returns the trimmed title, which has one line.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Returns the text. Empty lines separate its paragraphs.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }
}

/// The faults of a draft, one text for each field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DraftErrors {
    /// The fault of the title.
    pub title: Option<&'static str>,
    /// The fault of the body.
    pub body: Option<&'static str>,
}

/// Maximum length of a title, in characters.
const TITLE_CHARACTERS: usize = 120;
/// Maximum length of a text, in characters. With 4 bytes per character and 3 bytes per
/// percent-encoded byte, the form is smaller than the server's limit for a request body.
const BODY_CHARACTERS: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_trimmed_and_its_line_ends_are_converted() {
        let draft = Draft::parse(" A title ", "\r\none\r\n\r\ntwo\r\n").unwrap();
        assert_eq!((draft.title(), draft.body()), ("A title", "one\n\ntwo"));
    }

    #[test]
    fn each_invalid_field_has_its_own_error() {
        let long = "é".repeat(121);
        for (title, body, title_wrong, body_wrong) in [
            ("", "", true, true),
            (" ", "text", true, false),
            ("title", "\r\n", false, true),
            (long.as_str(), "text", true, false),
            ("two\nlines", "text", true, false),
        ] {
            let errors = Draft::parse(title, body).unwrap_err();
            assert_eq!(errors.title.is_some(), title_wrong, "{title:?}");
            assert_eq!(errors.body.is_some(), body_wrong, "{body:?}");
        }
        assert!(Draft::parse(&"é".repeat(120), &"é".repeat(20_000)).is_ok());
        assert!(Draft::parse("title", &"é".repeat(20_001)).is_err());
    }
}
