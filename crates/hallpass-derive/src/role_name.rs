//! The characters of a role's name.
//!
//! The name of a role is shown in logs, tokens and commands. A line end would begin a new line of a
//! log, a bidirectional control shows `admin` for another name, and with an invisible character two
//! names look the same ("Trojan Source", CVE-2021-42574).
//!
//! `hallpass-accounts` applies the same rule at the start, to roles that are implemented by hand. A
//! proc macro cannot share code with it.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Checks that each character of a name can be seen. Returns the text of the compile error.
pub(crate) fn check(name: &str) -> Result<(), String> {
    match name.chars().find(|c| !is_visible(*c)) {
        None => Ok(()),
        Some(c) => Err(format!(
            "a role's name cannot contain U+{:04X}, which is not visible: use letters, digits, punctuation and spaces",
            u32::from(c)
        )),
    }
}

fn is_visible(c: char) -> bool {
    use GeneralCategory as Category;
    if c.is_ascii() {
        return c == ' ' || c.is_ascii_graphic();
    }
    let is_other = matches!(
        c.general_category(),
        Category::Control
            | Category::Format
            | Category::LineSeparator
            | Category::ParagraphSeparator
            | Category::PrivateUse
            | Category::SpaceSeparator
            | Category::Surrogate
            | Category::Unassigned
    );
    !is_other && !INVISIBLE.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// The letters, marks and symbols that are not displayed or displayed as a blank: the
/// default-ignorable ones (`DerivedCoreProperties.txt`), and the blanks of Braille, Tifinagh,
/// Brahmi, Egyptian hieroglyphs, Khitan and music.
const INVISIBLE: [(char, char); 16] = [
    ('\u{034F}', '\u{034F}'),
    ('\u{115F}', '\u{1160}'),
    ('\u{17B4}', '\u{17B5}'),
    ('\u{180B}', '\u{180F}'),
    ('\u{2065}', '\u{2065}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{2D7F}', '\u{2D7F}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{FE00}', '\u{FE0F}'),
    ('\u{FFA0}', '\u{FFA0}'),
    ('\u{FFF0}', '\u{FFFC}'),
    ('\u{1107F}', '\u{1107F}'),
    ('\u{13440}', '\u{13442}'),
    ('\u{16FE4}', '\u{16FE4}'),
    ('\u{1D159}', '\u{1D159}'),
    ('\u{E0000}', '\u{E0FFF}'),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The default-ignorable code points of Unicode 17.
    const DEFAULT_IGNORABLE: [(u32, u32); 17] = [
        (0x00AD, 0x00AD),
        (0x034F, 0x034F),
        (0x061C, 0x061C),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x200B, 0x200F),
        (0x202A, 0x202E),
        (0x2060, 0x206F),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFEFF, 0xFEFF),
        (0xFFA0, 0xFFA0),
        (0xFFF0, 0xFFF8),
        (0x1BCA0, 0x1BCA3),
        (0x1D173, 0x1D17A),
        (0xE0000, 0xE0FFF),
    ];

    #[test]
    fn invisible_characters_are_rejected_at_every_position() {
        let ignorable = DEFAULT_IGNORABLE.into_iter().flat_map(|(first, last)| first..=last);
        let ignorable = ignorable.filter_map(char::from_u32);
        let controls = ('\0'..=char::MAX).filter(|c| c.is_control());
        let spaces = ('\0'..=char::MAX).filter(|c| c.is_whitespace() && *c != ' ');
        let others = ['\u{2800}', '\u{13441}', '\u{16fe4}', '\u{fffc}', '\u{e000}', '\u{ffff}'];
        for c in ignorable.chain(controls).chain(spaces).chain(others) {
            for name in [format!("{c}admin"), format!("ad{c}min"), format!("admin{c}")] {
                let text = check(&name).unwrap_err();
                assert!(text.contains(&format!("U+{:04X}", u32::from(c))), "{text}");
            }
        }
    }

    #[test]
    fn visible_characters_of_any_script_are_a_name() {
        for name in
            ["admin", "news editor", "a.b-c_d:e/f@g", "réviseur", "редактор", "編集者", "संपादक"]
        {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }
}
