//! The name of a post in its address.

use std::fmt;

/// Words of lower-case ASCII letters and digits, joined by single hyphens. An address needs no
/// escaping for these characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slug(String);

impl Slug {
    /// Returns the slug of a title. A title without an ASCII letter or digit becomes `post`.
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

    /// Returns the `n`th choice, for a slug that is already used: `title`, `title-2`, `title-3`.
    #[must_use]
    pub fn choice(&self, n: u32) -> Self {
        Self(match n {
            0 | 1 => self.0.clone(),
            n => format!("{}-{n}", self.0),
        })
    }

    /// Whether another page has the address of this slug.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.0 == "new"
    }

    /// Returns the slug as text.
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

/// Maximum length of a slug, in bytes, before a number is appended.
const LONGEST: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_has_the_words_of_the_title_and_hyphens() {
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
    fn a_long_slug_is_cut_and_does_not_end_with_a_hyphen() {
        let slug = Slug::of_title(&"word ".repeat(60));
        assert!(slug.as_str().len() <= LONGEST && !slug.as_str().ends_with('-'));
    }

    #[test]
    fn further_choices_are_numbered_from_2() {
        let slug = Slug::of_title("New");
        assert!(slug.is_reserved() && !slug.choice(2).is_reserved());
        assert_eq!(slug.choice(1).as_str(), "new");
        assert_eq!(slug.choice(2).as_str(), "new-2");
    }
}
