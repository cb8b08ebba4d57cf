use proptest::prelude::*;

use super::*;

/// The code `123456` in 62 spellings: white space, dashes, invisible characters, digits of other
/// scripts.
const SPELLINGS: [&str; 62] = [
    "123456",
    " 123456 ",
    "123 456",
    "1 2 3 4 5 6",
    "12 34 56",
    "123\t456",
    "123456\n",
    "123456\r\n",
    "123\u{b}456",
    "123\u{c}456",
    "123\u{85}456",
    "123\u{a0}456",
    "123\u{1680}456",
    "123\u{2000}456",
    "123\u{2003}456",
    "123\u{2007}456",
    "123\u{2009}456",
    "123\u{200a}456",
    "123\u{2028}456",
    "123\u{2029}456",
    "123\u{202f}456",
    "123\u{205f}456",
    "123\u{3000}456",
    "123-456",
    "1-2-3-4-5-6",
    "-123456-",
    "123\u{ad}456",
    "123\u{58a}456",
    "123\u{5be}456",
    "123\u{2010}456",
    "123\u{2011}456",
    "123\u{2012}456",
    "123\u{2013}456",
    "123\u{2014}456",
    "123\u{2015}456",
    "123\u{2212}456",
    "123\u{2043}456",
    "123\u{301c}456",
    "123\u{3030}456",
    "123\u{fe58}456",
    "123\u{fe63}456",
    "123\u{ff0d}456",
    "123\u{30fc}456",
    "123 \u{2013} 456",
    "\u{feff}123456",
    "123\u{200b}456",
    "\u{200e}123456\u{200e}",
    "\u{202a}123456\u{202c}",
    "\u{2066}123456\u{2069}",
    "123\u{2060}456",
    "123\u{2800}456",
    "１２３４５６",
    "１２３　４５６",
    "١٢٣٤٥٦",
    "۱۲۳۴۵۶",
    "१२३४५६",
    "১২৩৪৫৬",
    "๑๒๓๔๕๖",
    "၁၂၃၄၅၆",
    "𝟏𝟐𝟑𝟒𝟓𝟔",
    "𝟙𝟚𝟛𝟜𝟝𝟞",
    "𞥑𞥒𞥓𞥔𞥕𞥖",
];

fn read(typed: &str) -> Option<String> {
    TypedCode::parse(typed).map(|code| code.as_str().to_owned())
}

#[test]
fn each_spelling_is_read_as_the_same_code() {
    for typed in SPELLINGS {
        assert_eq!(read(typed).as_deref(), Some("123456"), "{typed:?}");
    }
}

#[test]
fn letters_are_read_in_lower_case_and_of_any_width() {
    for typed in ["K7d2-mZ", "k7D2Mz", "Ｋ７ｄ２－ｍＺ"] {
        assert_eq!(read(typed).as_deref(), Some("k7d2mz"), "{typed:?}");
    }
}

#[test]
fn other_characters_are_no_part_of_a_code() {
    for typed in [
        "123.456",
        "123,456",
        "123_456",
        "+123456",
        "123456'--",
        "123456\0",
        "123\u{7}456",
        "123\u{301}456",
        "é123456",
        "kа",
        "½23456",
        "²23456",
        "ⅷ",
        "①23456",
        "一二三",
        "<b>",
    ] {
        assert_eq!(read(typed), None, "{typed:?}");
    }
    assert_eq!(read(&" ".repeat(TypedCode::MAX_TYPED_LENGTH)).as_deref(), Some(""));
    assert_eq!(read(&" ".repeat(TypedCode::MAX_TYPED_LENGTH + 1)), None);
}

/// Every decimal digit of Unicode, with its value from another table: the standard library's rule
/// that a row of digits begins where its category begins, counted upwards.
#[test]
fn decimal_digits_of_every_script_have_their_value() {
    let mut rows = 0;
    let mut in_row = 0;
    for c in '\0'..=char::MAX {
        if c.general_category() != GeneralCategory::DecimalNumber {
            assert_eq!(in_row % 10, 0, "a row of ten ends before {c:?}");
            in_row = 0;
            continue;
        }
        let digit = char::from_digit(in_row % 10, 10).unwrap();
        assert_eq!(read(&c.to_string()), Some(digit.to_string()), "U+{:04X}", u32::from(c));
        in_row += 1;
        rows += u32::from(in_row % 10 == 0);
    }
    assert!(rows >= 68, "{rows} rows of digits");
}

#[test]
fn typed_code_debug_is_redacted() {
    assert_eq!(format!("{:?}", TypedCode::parse("123456").unwrap()), "TypedCode(..)");
}

proptest! {
    #[test]
    fn a_read_code_is_ascii_and_reads_as_itself(typed in any::<String>()) {
        if let Some(code) = read(&typed) {
            prop_assert!(code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()));
            prop_assert_eq!(read(&code), Some(code));
        }
    }

    /// Separators anywhere do not change the code, and no separator becomes a character of it.
    #[test]
    fn separators_do_not_change_a_code(
        code in "[0-9a-z]{1,24}", gaps in prop::collection::vec("[ \t\n\u{a0}\u{2009}\u{200b}\u{2013}\u{2212}-]{0,2}", 25),
    ) {
        let spaced: String = code.chars().zip(&gaps).flat_map(|(c, gap)| gap.chars().chain([c])).collect();
        prop_assert_eq!(read(&spaced), Some(code));
    }
}
