//! The characters of a user name, and the key that all spellings of a name share.
//!
//! The tables of Unicode are those of ICU4X.

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{CanonicalCombiningClass, DefaultIgnorableCodePoint, GeneralCategory, SoftDotted},
};

use crate::account::username::UsernameError;

/// Returns the form of a name that is shown: NFC.
pub(super) fn shown(text: &str) -> String {
    ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned()
}

/// Returns the key: `NFKC_Casefold` of Unicode (chapter 3.13, R5), with two additions for the
/// letter i. Dotless letters (`ı`, `ȷ`) get their dot, and a second dot above a letter is removed.
/// So `İpek`, `ipek` and `IPEK` are one name, and so are `i` and `i` with U+0307, which look the
/// same.
///
/// `NFKC_Casefold` also removes characters that are not displayed. [`check`] rejects them, so that
/// a name in the store has no invisible part.
///
/// All of it is done twice, because the key of a key must be the same key.
pub(super) fn fold(text: &str) -> String {
    let nfkc = ComposingNormalizerBorrowed::new_nfkc();
    let once = |text: &str| {
        let folded = CaseMapper::new().fold_string(&nfkc.normalize(text)).into_owned();
        let dotted = folded.replace('ı', "i").replace('ȷ', "j");
        nfkc.normalize(&without_second_dots(&dotted)).into_owned()
    };
    once(&once(text))
}

/// Removes each dot above (U+0307) from a letter that is written with a dot, such as i and j.
fn without_second_dots(text: &str) -> String {
    let decomposed = DecomposingNormalizerBorrowed::new_nfd().normalize(text);
    let classes = CodePointMapData::<CanonicalCombiningClass>::new();
    let dotted = CodePointSetData::new::<SoftDotted>();
    let mut has_dot = false;
    decomposed
        .chars()
        .filter(|&c| match classes.get(c) {
            CanonicalCombiningClass::NotReordered => {
                has_dot = dotted.contains(c);
                true
            }
            CanonicalCombiningClass::Above if c == DOT_ABOVE => !has_dot,
            // Another mark above replaces the dot.
            CanonicalCombiningClass::Above => {
                has_dot = false;
                true
            }
            _ => true,
        })
        .collect()
}

/// Checks the characters of a name or of a key. The text of each error names the reason, because a
/// person cannot see an invisible character.
pub(super) fn check(text: &str) -> Result<(), UsernameError> {
    if text.chars().any(is_invisible) {
        return Err(UsernameError::Invisible);
    }
    let mut marks = 0;
    for c in text.chars() {
        if !is_mark(c) {
            if !c.is_alphanumeric() && !matches!(c, '.' | '_' | '-') {
                return Err(UsernameError::Character);
            }
            marks = marks_of_letter(c);
            continue;
        }
        marks += 1;
        if marks > MOST_MARKS {
            return Err(UsernameError::Marks);
        }
    }
    if text.starts_with(char::is_alphanumeric) { Ok(()) } else { Err(UsernameError::Character) }
}

fn is_mark(c: char) -> bool {
    matches!(
        CodePointMapData::<GeneralCategory>::new().get(c),
        GeneralCategory::NonspacingMark
            | GeneralCategory::SpacingMark
            | GeneralCategory::EnclosingMark
    )
}

/// Returns the number of marks that a letter contains, such as 2 for `ễ`. A letter is accepted with
/// any number of marks of its own, if no other mark follows.
fn marks_of_letter(c: char) -> usize {
    if c.is_ascii() {
        return 0;
    }
    let decomposed = DecomposingNormalizerBorrowed::new_nfd();
    decomposed.normalize_iter(std::iter::once(c)).filter(|c| is_mark(*c)).count()
}

/// Returns whether a character is not displayed, or is displayed as a blank. White space is not
/// included: it is visible as a gap.
fn is_invisible(c: char) -> bool {
    !c.is_ascii()
        && (CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
            || CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::Format
            || BLANKS.contains(&c))
}

/// Returns whether each character of a text can be seen, or is a space.
pub(crate) fn is_visible(text: &str) -> bool {
    let categories = CodePointMapData::<GeneralCategory>::new();
    text.chars().all(|c| {
        let is_other = matches!(
            categories.get(c),
            GeneralCategory::Control
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
                | GeneralCategory::PrivateUse
                | GeneralCategory::SpaceSeparator
                | GeneralCategory::Surrogate
                | GeneralCategory::Unassigned
        );
        c == ' ' || (!is_other && !is_invisible(c))
    })
}

/// The maximum number of combining marks in a row. More of them are drawn over the lines above and
/// below ("Zalgo" text).
const MOST_MARKS: usize = 2;
const DOT_ABOVE: char = '\u{307}';

/// Letters, marks and symbols that are displayed as a blank or not at all, and that are not
/// default-ignorable: the blank pattern of Braille, the joiners of Brahmi and
/// Tifinagh, the filler of Khitan, the blanks and the mirror of Egyptian hieroglyphs, and the null
/// note head.
const BLANKS: [char; 8] = [
    '\u{2800}',
    '\u{2D7F}',
    '\u{1107F}',
    '\u{13440}',
    '\u{13441}',
    '\u{13442}',
    '\u{16FE4}',
    '\u{1D159}',
];
