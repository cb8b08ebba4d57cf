//! Tests of user names, with examples, every code point of a kind, and property tests.

use icu_properties::{CodePointSetData, props::DefaultIgnorableCodePoint};
use proptest::prelude::*;

use super::*;

#[test]
fn spellings_of_one_name_share_a_key() {
    for (a, b) in [
        ("alice", "ALICE"),
        ("alice", "\u{ff21}lice"),
        ("alice", "  alice\t"),
        ("zo\u{eb}", "ZOE\u{308}"),
        ("stra\u{df}e", "STRASSE"),
        ("\u{3c3}\u{3c2}", "\u{3a3}\u{3a3}"),
        ("office", "o\u{fb03}ce"),
        ("kelvin", "\u{212a}elvin"),
        ("ipek", "\u{130}pek"),
        ("ipek", "\u{130}PEK"),
        ("ipek", "\u{131}pek"),
        ("ipek", "i\u{307}pek"),
        ("ipek", "I\u{307}pek"),
        ("ipek", "i\u{307}\u{307}pek"),
        ("i\u{328}za", "i\u{328}\u{307}za"),
        ("joop", "j\u{307}oop"),
        ("joop", "\u{237}oop"),
        ("\u{456}gor", "\u{456}\u{307}gor"),
        ("\u{13a0}\u{13a1}", "\u{ab70}\u{ab71}"),
    ] {
        let (a, b) = (Username::parse(a).unwrap(), Username::parse(b).unwrap());
        assert_eq!(a.key(), b.key());
    }
}

#[test]
fn key_of_a_key_is_the_same_key() {
    for name in ["\u{130}stanbul", "\u{1f80}x", "ǅ", "ŉa", "Ⅷ", "ﬁ", "ı\u{307}\u{323}", "ΐ"]
    {
        let name = Username::parse(name).unwrap();
        assert_eq!(Username::parse(name.key()).unwrap().key(), name.key());
    }
}

#[test]
fn different_names_stay_different() {
    assert_ne!(Username::parse("alice"), Username::parse("a.lice"));
    assert_ne!(Username::parse("alice"), Username::parse("alic\u{e9}"));
}

#[test]
fn scripts_other_than_latin_are_names() {
    for name in ["नमस्ते", "山田", "Ольга", "מיכל", "9lives", "j.-p._2"] {
        assert!(Username::parse(name).is_ok(), "{name}");
    }
}

#[test]
fn invalid_usernames_are_rejected() {
    for (name, why) in [
        ("", UsernameError::Length),
        (" \t", UsernameError::Length),
        (&*"a".repeat(65), UsernameError::Length),
        (&*"a".repeat(1 << 20), UsernameError::Length),
        ("a b", UsernameError::Character),
        ("a\u{a0}b", UsernameError::Character),
        ("a\0b", UsernameError::Character),
        ("a\u{200b}b", UsernameError::Invisible),
        ("a\u{202e}b", UsernameError::Invisible),
        ("a\u{3164}", UsernameError::Invisible),
        ("\u{fdfa}", UsernameError::Character),
        (".hidden", UsernameError::Character),
        ("\u{301}a", UsernameError::Character),
        ("<b>", UsernameError::Character),
        ("a\u{ff20}b", UsernameError::Character),
        ("@b", UsernameError::Email),
        ("a@", UsernameError::Email),
        ("a@b@c", UsernameError::Email),
        ("a b@c", UsernameError::Email),
        ("a@b_c", UsernameError::Email),
        ("a@-b", UsernameError::Email),
        ("a@b..c", UsernameError::Email),
        ("\u{df}@b", UsernameError::Email),
        ("a@\u{df}.example", UsernameError::Email),
        ("a@b, c@d", UsernameError::Email),
        (&*format!("{}@b", "a".repeat(65)), UsernameError::Email),
        (&*format!("a@{}", "b.".repeat(130)), UsernameError::Length),
    ] {
        assert_eq!(Username::parse(name), Err(why), "{name:?}");
    }
    assert!(Username::parse(&"a".repeat(64)).is_ok());
}

#[test]
fn addresses_are_names_only_where_the_site_allows_them() {
    let address = " Ada+shop@Site.Example ";
    let parsed = Username::parse(address).unwrap();
    assert_eq!((parsed.as_str(), parsed.key()), ("Ada+shop@Site.Example", "ada+shop@site.example"));
    assert!(parsed.is_email() && !Username::parse("ada").unwrap().is_email());
    for (usernames, of_address, of_name) in [
        (Usernames::Name, Err(UsernameError::EmailNotAllowed), Ok("ada")),
        (Usernames::Email, Ok("ada+shop@site.example"), Err(UsernameError::NotEmail)),
        (Usernames::NameOrEmail, Ok("ada+shop@site.example"), Ok("ada")),
    ] {
        let key = |typed: &str| usernames.parse(typed).map(|name| name.key().to_owned());
        assert_eq!(key(address), of_address.map(str::to_owned), "{usernames:?}");
        assert_eq!(key("Ada"), of_name.map(str::to_owned), "{usernames:?}");
    }
    assert_eq!(Usernames::default(), Usernames::Name);
}

/// The default-ignorable code points of Unicode (`DerivedCoreProperties.txt`), as ranges. The list
/// does not come from the library that the rule uses.
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

fn at_each_position(c: char) -> [String; 3] {
    [format!("{c}victim"), format!("vic{c}tim"), format!("victim{c}")]
}

#[test]
fn default_ignorable_characters_are_rejected_at_every_position() {
    let listed: Vec<char> = DEFAULT_IGNORABLE
        .into_iter()
        .flat_map(|(first, last)| first..=last)
        .filter_map(char::from_u32)
        .collect();
    assert_eq!(listed.len(), 4174);
    let of_library = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let missing =
        ('\0'..=char::MAX).filter(|c| of_library.contains(*c) != listed.binary_search(c).is_ok());
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<char>::new());
    for c in listed {
        for name in at_each_position(c) {
            assert_eq!(Username::parse(&name), Err(UsernameError::Invisible), "{name:?}");
        }
    }
}

#[test]
fn blanks_and_controls_are_rejected_inside_a_name() {
    let blanks = [
        '\u{2800}',
        '\u{3164}',
        '\u{115f}',
        '\u{1160}',
        '\u{ffa0}',
        '\u{2d7f}',
        '\u{1107f}',
        '\u{13441}',
        '\u{13442}',
        '\u{16fe4}',
        '\u{1d159}',
        '\u{e0020}',
        '\u{fffc}',
        '\u{fff9}',
    ];
    let others = ('\0'..=char::MAX).filter(|c| c.is_whitespace() || c.is_control());
    for c in blanks.into_iter().chain(others) {
        assert!(Username::parse(&format!("vic{c}tim")).is_err(), "U+{:04X}", u32::from(c));
        // Surrounding white space is removed.
        if !c.is_whitespace() {
            for name in at_each_position(c) {
                assert!(Username::parse(&name).is_err(), "{name:?}");
            }
        }
    }
}

#[test]
fn at_most_two_combining_marks_follow_one_another() {
    for (name, expected) in [
        ("z\u{335}\u{323}algo", Ok(())),
        ("z\u{335}\u{323}\u{332}algo", Err(UsernameError::Marks)),
        ("zalgo\u{335}\u{323}\u{332}", Err(UsernameError::Marks)),
        ("a\u{301}\u{301}", Ok(())),
        ("a\u{301}\u{301}\u{301}", Err(UsernameError::Marks)),
        ("\u{e1}\u{301}\u{301}", Err(UsernameError::Marks)),
        ("\u{1ec5}\u{301}", Err(UsernameError::Marks)),
        ("\u{1fa7}", Ok(())),
        ("x\u{20dd}\u{20de}\u{20df}", Err(UsernameError::Marks)),
        ("Nguyễn", Ok(())),
        ("Nguye\u{302}\u{303}n", Ok(())),
        ("ที่รัก", Ok(())),
        ("क्षितिज", Ok(())),
    ] {
        assert_eq!(Username::parse(name).map(drop), expected, "{name:?}");
    }
}

#[test]
fn names_with_a_turkish_i_keep_their_form() {
    let name = Username::parse("\u{130}pek").unwrap();
    assert_eq!((name.as_str(), name.key()), ("\u{130}pek", "ipek"));
}

proptest! {
    /// The key of a key is the same key, and every spelling of the shown form has the key.
    #[test]
    fn accepted_names_have_a_stable_key(typed in any::<String>()) {
        if let Ok(name) = Username::parse(&typed) {
            let of_key = Username::parse(name.key()).unwrap();
            prop_assert_eq!(of_key.key(), name.key());
            let of_shown = Username::parse(name.as_str()).unwrap();
            prop_assert_eq!(of_shown.key(), name.key());
            prop_assert!(!name.key().chars().chain(name.as_str().chars()).any(char::is_whitespace));
        }
    }

    #[test]
    fn upper_and_lower_case_of_a_name_are_one_name(typed in "[a-zA-ZÀ-ÖØ-öø-ľŁ-žα-ωа-яА-Я]{1,20}") {
        let name = Username::parse(&typed).unwrap();
        for other in [typed.to_lowercase(), typed.to_uppercase()] {
            let other = Username::parse(&other).unwrap();
            prop_assert_eq!(other.key(), name.key(), "{}", other);
        }
    }
}
