//! A post before it is published: what a writer typed, checked field by field.

/// A title and a body that may be published.
#[derive(Clone, Debug)]
pub struct Draft {
    title: String,
    body: String,
}

impl Draft {
    /// Checks what was typed. Line ends become `\n`, since browsers send `\r\n`.
    ///
    /// # Errors
    /// What is wrong with each field, in words for the writer.
    pub fn parse(title: &str, body: &str) -> Result<Self, DraftErrors> {
        let title = title.trim();
        let body = body.replace("\r\n", "\n");
        let body = body.trim();
        let errors = DraftErrors {
            title: match title.chars().count() {
                0 => Some("Give the post a title."),
                n if n > TITLE_CHARACTERS => Some("Keep the title within 120 characters."),
                _ if title.chars().any(char::is_control) => Some("Keep the title on one line."),
                _ => None,
            },
            body: match body.chars().count() {
                0 => Some("Write something."),
                n if n > BODY_CHARACTERS => Some("Keep the text within 20,000 characters."),
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

    /// The title, trimmed, in one line.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The text: paragraphs apart by empty lines.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }
}

/// What is wrong with a draft, beside each field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DraftErrors {
    /// What is wrong with the title.
    pub title: Option<&'static str>,
    /// What is wrong with the body.
    pub body: Option<&'static str>,
}

/// Characters: a headline, not a text.
const TITLE_CHARACTERS: usize = 120;
/// Characters. Four bytes each, form-encoded threefold, stay below the adapter's limit on a body.
const BODY_CHARACTERS: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_trimmed_and_its_line_ends_are_one_kind() {
        let draft = Draft::parse(" A title ", "\r\none\r\n\r\ntwo\r\n").unwrap();
        assert_eq!((draft.title(), draft.body()), ("A title", "one\n\ntwo"));
    }

    #[test]
    fn each_field_is_blamed_for_itself() {
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
