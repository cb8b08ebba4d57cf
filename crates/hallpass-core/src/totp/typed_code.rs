//! A code as a person types or pastes it: a one-time code or a recovery code.
//!
//! Authenticators and pages show a code in groups, with a no-break space or a dash. A copied text
//! contains line ends and invisible characters. Keyboards of many languages write other digits than
//! ASCII. None of this is information about the code, so reading it does not weaken the check:
//! each text is read as exactly one code.
//!
//! The tables of Unicode are those of `unicode-properties`.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// A code without separators, in ASCII letters of lower case and ASCII digits. Zeroized on drop.
///
/// ```
/// use hallpass_core::TypedCode;
///
/// for typed in ["123456", " 123\u{a0}456\n", "123–456", "１２３４５６", "١٢٣٤٥٦"] {
///     assert_eq!(TypedCode::parse(typed).unwrap().as_str(), "123456");
/// }
/// assert_eq!(TypedCode::parse("K7D2 M0FG").unwrap().as_str(), "k7d2m0fg");
/// assert!(TypedCode::parse("123.456").is_none());
/// ```
pub struct TypedCode(Zeroizing<String>);

impl TypedCode {
    /// The maximum length of the typed text, in bytes. A recovery code of 24 characters has 96
    /// bytes if each character has four, and as many separators fit between them.
    pub const MAX_TYPED_LENGTH: usize = 256;

    /// Reads a typed code. White space, separators, dashes of any kind and invisible characters are
    /// left out. Decimal digits of any script and full-width letters become ASCII.
    ///
    /// Returns `None` for a text with any other character, and for a text of more than
    /// [`MAX_TYPED_LENGTH`](Self::MAX_TYPED_LENGTH) bytes. The number of characters is not checked.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > Self::MAX_TYPED_LENGTH {
            return None;
        }
        // Never longer than the text, so that no copy is left behind by a growing buffer.
        let mut code = Zeroizing::new(String::with_capacity(typed.len()));
        for c in typed.chars().filter(|c| !is_left_out(*c)) {
            code.push(ascii(c)?);
        }
        Some(Self(code))
    }

    /// Returns the code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for TypedCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TypedCode(..)")
    }
}

/// Returns whether the character separates the groups of a code, or is not visible at all.
fn is_left_out(c: char) -> bool {
    use GeneralCategory as Category;
    match c {
        '-' | ' ' => true,
        _ if c.is_ascii_graphic() => false,
        _ => {
            c.is_whitespace()
                || matches!(
                    c.general_category(),
                    Category::DashPunctuation
                        | Category::SpaceSeparator
                        | Category::LineSeparator
                        | Category::ParagraphSeparator
                        | Category::Format
                )
                || MORE_DASHES.contains(&c)
                || BLANKS.contains(&c)
        }
    }
}

/// Returns the ASCII character that the character of another script or width stands for.
fn ascii(c: char) -> Option<char> {
    let c = match c {
        'Ａ'..='Ｚ' | 'ａ'..='ｚ' => char::from_u32(u32::from(c) - FULL_WIDTH)?,
        _ => c,
    };
    if c.is_ascii_alphanumeric() {
        return Some(c.to_ascii_lowercase());
    }
    // Unicode encodes the decimal digits of each script from 0 to 9 in a row, and never changes
    // this (chapter 4.6, "Numeric Value"). Rows may follow one another without a gap.
    let code = u32::from(c);
    let is_digit = |code| char::from_u32(code).is_some_and(is_decimal_digit);
    is_digit(code).then_some(())?;
    let before = (1..MOST_DIGITS_IN_A_ROW)
        .take_while(|back| code.checked_sub(*back).is_some_and(is_digit))
        .count();
    char::from_digit(u32::try_from(before).ok()? % 10, 10)
}

fn is_decimal_digit(c: char) -> bool {
    c.general_category() == GeneralCategory::DecimalNumber
}

/// The mathematical digits have five rows of ten, without a gap.
const MOST_DIGITS_IN_A_ROW: u32 = 50;
/// The distance between a full-width character and its ASCII character.
const FULL_WIDTH: u32 = 0xFEE0;
/// Dashes that Unicode does not have in the category of dashes: those of its property `Dash`, the
/// hyphen bullet, the modifier letter, the long vowel signs that Japanese keyboards write for a
/// hyphen, and the line of boxes.
const MORE_DASHES: [char; 10] = [
    '\u{2053}', '\u{207B}', '\u{208B}', '\u{2212}', '\u{2043}', '\u{02D7}', '\u{2796}', '\u{30FC}',
    '\u{FF70}', '\u{2500}',
];
/// Characters that are displayed as a blank, and variation selectors, which are not displayed.
const BLANKS: [char; 9] = [
    '\u{034F}', '\u{115F}', '\u{1160}', '\u{2800}', '\u{3164}', '\u{FFA0}', '\u{180B}', '\u{FE0E}',
    '\u{FE0F}',
];
