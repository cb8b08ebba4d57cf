//! A post's name in its address.

use std::fmt;

/// Lower-case ASCII letters and digits, in words joined by single hyphens: nothing that an address
/// would have to escape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slug(String);

impl Slug {
    /// The slug that a title asks for. A title without a letter or digit of ASCII becomes `post`.
    #[must_use]
    pub fn of_title(title: &str) -> Self {
        let mut slug = String::new();
        for c in title.chars() {
            match c.to_ascii_lowercase() {
                c @ ('a'..='z' | '0'..='9') => slug.push(c),
                '\'' | '’' => {}
                _ if slug.ends_with('-') || slug.is_empty() => {}
                _ => slug.push('-'),
            }
            if slug.len() == LONGEST {
                break;
            }
        }
        let slug = slug.trim_end_matches('-');
        Self(if slug.is_empty() { "post" } else { slug }.to_owned())
    }

    /// The `n`th choice where the first is taken: `title`, `title-2`, `title-3`.
    #[must_use]
    pub fn choice(&self, n: u32) -> Self {
        Self(match n {
            0 | 1 => self.0.clone(),
            n => format!("{}-{n}", self.0),
        })
    }

    /// Whether the address of this post would be another page's.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.0 == "new"
    }

    /// The slug as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Bytes. Long enough for a headline, short enough for a line in a browser's address field.
const LONGEST: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_become_words_and_hyphens() {
        for (title, slug) in [
            ("Hello, World!", "hello-world"),
            ("  A door's   two sides — ", "a-doors-two-sides"),
            ("2FA & you", "2fa-you"),
            ("Ünïcode", "n-code"),
            ("日本語", "post"),
            ("../../etc/passwd", "etc-passwd"),
            ("<script>", "script"),
            ("", "post"),
        ] {
            assert_eq!(Slug::of_title(title).as_str(), slug, "{title:?}");
        }
    }

    #[test]
    fn a_long_title_is_cut_and_never_ends_in_a_hyphen() {
        let slug = Slug::of_title(&"word ".repeat(60));
        assert!(slug.as_str().len() <= LONGEST && !slug.as_str().ends_with('-'));
    }

    #[test]
    fn later_choices_are_numbered_from_two() {
        let slug = Slug::of_title("New");
        assert!(slug.is_reserved() && !slug.choice(2).is_reserved());
        assert_eq!(slug.choice(1).as_str(), "new");
        assert_eq!(slug.choice(2).as_str(), "new-2");
    }
}
