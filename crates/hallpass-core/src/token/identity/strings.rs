//! User name, account identifier and session, beside each other.
//!
//! They are kept in place where they fit, as they do for the names that people have: to allocate costs a request more than to carry a
//! hundred bytes along.

use std::{
    io::{self, Write},
    ops::Range,
    str,
};

/// The three, in this order.
pub(crate) struct Strings {
    text: Text,
    username_end: usize,
    user_id_end: usize,
    end: usize,
    has_session: bool,
}

enum Text {
    Short([u8; SHORT]),
    Long(Box<[u8]>),
}

/// Bytes: a name of 28, a UUID in hexadecimal digits and hyphens, and a session of 32.
const SHORT: usize = 96;

impl Strings {
    pub(crate) fn new(username: &str, user_id: &str, session: Option<&str>) -> Self {
        let parts = [username, user_id, session.unwrap_or_default()];
        Self {
            text: in_place(parts)
                .map_or_else(|_does_not_fit| Text::Long(parts.concat().into_bytes().into()), Text::Short),
            username_end: username.len(),
            user_id_end: username.len() + user_id.len(),
            end: parts.iter().map(|part| part.len()).sum(),
            has_session: session.is_some(),
        }
    }

    pub(crate) fn username(&self) -> &str {
        self.part(0..self.username_end)
    }

    pub(crate) fn user_id(&self) -> &str {
        self.part(self.username_end..self.user_id_end)
    }

    pub(crate) fn session(&self) -> Option<&str> {
        self.has_session.then(|| self.part(self.user_id_end..self.end))
    }

    /// The offsets are those of the strings that `new` put there, so the range lies within the text and is UTF-8.
    fn part(&self, range: Range<usize>) -> &str {
        let text = match &self.text {
            Text::Short(bytes) => &bytes[..],
            Text::Long(bytes) => bytes,
        };
        text.get(range).and_then(|part| str::from_utf8(part).ok()).unwrap_or_default()
    }
}

fn in_place(parts: [&str; 3]) -> io::Result<[u8; SHORT]> {
    let mut bytes = [0; SHORT];
    let mut room = &mut bytes[..];
    for part in parts {
        room.write_all(part.as_bytes())?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_strings_come_apart_where_they_were_joined() {
        let both = Strings::new("zoë", "17", Some("s-1"));
        assert_eq!((both.username(), both.user_id(), both.session()), ("zoë", "17", Some("s-1")));
        let bare = Strings::new("zoë", "17", None);
        assert_eq!((bare.username(), bare.user_id(), bare.session()), ("zoë", "17", None));
        assert_eq!(Strings::new("a", "b", Some("")).session(), Some(""));
    }

    #[test]
    fn strings_of_any_length_are_kept_whole() {
        for length in [SHORT - 3, SHORT - 2, SHORT - 1, 4096] {
            let name = "ë".repeat(length / 2) + &"e".repeat(length % 2);
            let strings = Strings::new(&name, "7", Some("s"));
            assert_eq!((strings.username(), strings.user_id(), strings.session()), (&*name, "7", Some("s")));
            assert_eq!(matches!(strings.text, Text::Short(_)), length + 2 <= SHORT);
        }
    }
}
