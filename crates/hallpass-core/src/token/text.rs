//! One string of a claims set: borrowed from the payload, or owned.
//!
//! An owned string of usual length is stored inline. An allocation per string would cost a request
//! more than the bytes that are moved with the claims.

use std::{borrow::Cow, ops::Deref, str};

#[derive(Clone)]
pub(crate) enum Text<'b> {
    Borrowed(&'b str),
    Short { bytes: [u8; SHORT], length: u8 },
    Long(Box<str>),
}

/// Maximum length of an inline string, in bytes. A UUID in hexadecimal digits and hyphens has 36, a
/// session 22.
const SHORT: usize = 38;

impl<'b> Text<'b> {
    pub(crate) fn into_owned(self) -> Text<'static> {
        match self {
            Self::Borrowed(text) => Text::kept(text),
            Self::Short { bytes, length } => Text::Short { bytes, length },
            Self::Long(text) => Text::Long(text),
        }
    }
}

impl Text<'static> {
    fn kept(text: &str) -> Self {
        let mut bytes = [0; SHORT];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(text.as_bytes());
                Self::Short { bytes, length }
            }
            _ => Self::Long(text.into()),
        }
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            // The bytes were copied from a `str` by `kept`, so they are present and valid UTF-8.
            Self::Short { bytes, length } => bytes
                .get(..usize::from(*length))
                .and_then(|text| str::from_utf8(text).ok())
                .unwrap_or_default(),
            Self::Long(text) => text,
        }
    }
}

impl<'b> From<&'b str> for Text<'b> {
    fn from(text: &'b str) -> Self {
        Self::Borrowed(text)
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self::Long(text.into())
    }
}

impl<'b> From<Cow<'b, str>> for Text<'b> {
    fn from(text: Cow<'b, str>) -> Self {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owned_text_of_any_length_is_unchanged() {
        for length in [0, 1, SHORT - 1, SHORT, SHORT + 1, 255, 256, 4096] {
            let text = "ë".repeat(length / 2) + &"e".repeat(length % 2);
            let kept = Text::from(&*text).into_owned();
            assert_eq!(&*kept, text);
            assert_eq!(matches!(kept, Text::Short { .. }), length <= SHORT);
        }
    }

    #[test]
    fn text_has_a_size_of_40_bytes() {
        assert_eq!(size_of::<Option<Text<'_>>>(), 40);
    }
}
