//! Selects the language of the site for a reader.

use crate::texts::Texts;

/// The texts of a site, in at least one language.
#[derive(Clone, Debug)]
pub(crate) struct Languages {
    first: Texts,
    others: Vec<Texts>,
}

impl Languages {
    pub(crate) fn one(texts: Texts) -> Self {
        Self { first: texts, others: Vec::new() }
    }

    pub(crate) fn and(mut self, texts: Texts) -> Self {
        self.others.push(texts);
        self
    }

    /// Returns the texts of exactly this language, or of the first language if no other matches.
    pub(crate) fn of(&self, lang: &str) -> &Texts {
        self.all().find(|texts| texts.lang.eq_ignore_ascii_case(lang)).unwrap_or(&self.first)
    }

    /// Returns the texts that an `Accept-Language` header prefers, by the "lookup" of RFC 4647
    /// section 3.4: the ranges are tried in the order of their weights, and each is shortened from
    /// the right until it matches a language of the site. Returns the first language if no range
    /// matches.
    pub(crate) fn preferred(&self, accept_language: &str) -> &Texts {
        let mut ranges: Vec<(&str, u16)> = accept_language.split(',').filter_map(range).collect();
        // A stable sort: ranges of the same weight keep their order in the header.
        ranges.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        let lookup = |range: &str| self.all().find(|texts| covers(range, texts.lang));
        ranges.into_iter().find_map(|(range, _)| lookup(range)).unwrap_or(&self.first)
    }

    fn all(&self) -> impl Iterator<Item = &Texts> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// Returns whether a range matches this language or a variety of it: `nl` and `nl-BE` match `nl`,
/// and `*` matches every language.
fn covers(range: &str, lang: &str) -> bool {
    let Some((start, rest)) = range.split_at_checked(lang.len()) else {
        return range == "*";
    };
    start.eq_ignore_ascii_case(lang) && (rest.is_empty() || rest.starts_with('-'))
}

/// Returns a language range and its weight in thousandths. Returns `None` if the weight is 0 or not
/// valid.
fn range(part: &str) -> Option<(&str, u16)> {
    let mut parts = part.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let weight =
        match parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="))) {
            None => 1000,
            Some(qvalue) => thousandths(qvalue)?,
        };
    (weight > 0).then_some((name, weight))
}

fn thousandths(qvalue: &str) -> Option<u16> {
    let weight: f32 = qvalue.parse().ok()?;
    // At most 1000, so the cast does not truncate.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within 0 and 1000"
    )]
    (0.0..=1.0).contains(&weight).then(|| (weight * 1000.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_language_selects_a_language_of_the_site() {
        let languages = Languages::one(Texts::english()).and(Texts::dutch());
        for (accept_language, lang) in [
            ("", "en"),
            ("nl", "nl"),
            ("NL-be", "nl"),
            ("nl-NL,nl;q=0.9,en-US;q=0.8,en;q=0.7", "nl"),
            ("en-GB,en;q=0.9,nl;q=0.8", "en"),
            ("fr-FR, nl;q=0.3", "nl"),
            ("de, fr", "en"),
            ("en;q=0.1, nl;q=0.2", "nl"),
            ("en, nl", "en"),
            ("nl, en", "nl"),
            ("nl;q=0, *", "en"),
            ("*", "en"),
            ("nl;q=2", "en"),
            ("nl;q=nan", "en"),
            ("nlx", "en"),
            ("n", "en"),
            (",;q=,;;nl", "en"),
            ("é, nl", "nl"),
        ] {
            assert_eq!(languages.preferred(accept_language).lang, lang, "{accept_language:?}");
        }
        assert_eq!((languages.of("nl").lang, languages.of("fr").lang), ("nl", "en"));
    }
}
