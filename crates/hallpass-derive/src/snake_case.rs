//! Converts a variant's name to a role's name.

/// Converts `NewsEditor` to `news_editor`. A run of capitals is one word: `HTTPAdmin` becomes
/// `http_admin`.
pub(crate) fn snake_case(variant: &str) -> String {
    let mut name = String::with_capacity(variant.len() + 4);
    let mut letters = variant.chars().peekable();
    let mut before: Option<char> = None;
    while let Some(letter) = letters.next() {
        let starts_a_word = letter.is_uppercase()
            && before.is_some_and(|before| {
                before != '_'
                    && (!before.is_uppercase()
                        || letters.peek().is_some_and(|next| next.is_lowercase()))
            });
        if starts_a_word {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
        before = Some(letter);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn snake_case_splits_words_and_acronyms() {
        for (variant, name) in [
            ("Admin", "admin"),
            ("NewsEditor", "news_editor"),
            ("HTTPAdmin", "http_admin"),
            ("AdminHTTP", "admin_http"),
            ("Level2Support", "level2_support"),
            ("A", "a"),
            ("AB", "ab"),
            ("Already_Split", "already_split"),
            ("snake_case", "snake_case"),
            ("Übersetzer", "übersetzer"),
        ] {
            assert_eq!(snake_case(variant), name);
        }
    }
}
