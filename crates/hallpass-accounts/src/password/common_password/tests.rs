use std::{collections::HashSet, env, process::Command};

use super::*;

#[test]
fn first_guesses_are_refused() {
    for guess in [
        "password",
        "Password1",
        "P@ssw0rd123!",
        "passwordpassword",
        "1234567890",
        "0987654321",
        "qwertyuiop",
        "Qwerty123456",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "abcdefghij",
        "iloveyou2",
        "1q2w3e4r5t",
        "Summer2026!!",
        "letmein12345",
        "admin_admin_admin",
        "asdfghjkl123",
        "zxcvbnm12345",
        "11112222333",
        // Turned round, walked down the columns, typed on other keyboards, said again and again.
        "drowssap2024",
        "3edc4rfv5tgb",
        "azertyuiop12",
        "qsdfghjklm",
        "secretsecretsecret",
        "2024Passwort",
        "P@ssw0rd-P@ssw0rd",
    ] {
        assert!(is_guessable(guess, &[]), "{guess}");
    }
}

#[test]
fn what_has_some_thought_in_it_passes() {
    for good in [
        "correct horse battery staple",
        "kPw7-vX2q-mZ9t",
        "two grey herons",
        "Tr0ub4dor&3x",
        "ναι μεν αλλα",
        "seven maps of nowhere",
        "my password is a poem of lead",
    ] {
        assert!(!is_guessable(good, &[]), "{good}");
    }
}

#[test]
fn context_words_count_as_nothing() {
    assert!(is_guessable("alice-alice-99", &["alice"]));
    assert!(!is_guessable("alice likes quiet rooms", &["alice"]));
    assert!(
        !is_guessable("quiet rooms by al", &["al"]),
        "two letters are in half of all sentences"
    );
}

/// Listed, of ten characters and more, and nothing that the rule would know.
#[test]
fn what_is_listed_is_refused_in_any_case() {
    for common in [
        "spongebob1",
        "millionaire",
        "motherlode",
        "hallelujah",
        "informatica",
        "buenosaires",
        "toothfairy",
        "truckdriver",
        "starbucks2",
        "0r968ji9ufj6",
        "ялюблютебя",
    ] {
        assert!(!is_made_like_others(common, &[]), "{common}");
        for typed in [common.to_owned(), common.to_uppercase()] {
            assert!(is_guessable(&typed, &[]), "{typed}");
        }
    }
}

/// Read from the crate's own file: the list is as long as promised, and no entry of it is let
/// through.
#[test]
fn every_one_of_a_hundred_thousand_common_passwords_is_refused() {
    let list = list_of_the_crate();
    let of = |length| list.iter().filter(|entry| entry.chars().count() >= length).count();
    assert_eq!((list.len(), of(8), of(10)), (99_838, 47_324, 9_248));
    for entry in &list {
        assert!(is_guessable(entry, &[]), "{entry}");
    }
}

fn list_of_the_crate() -> HashSet<String> {
    let cargo = |arguments: &[&str]| {
        let cargo = Command::new(env::var("CARGO").unwrap()).args(arguments).output().unwrap();
        assert!(cargo.status.success(), "{}", String::from_utf8_lossy(&cargo.stderr));
        String::from_utf8(cargo.stdout).unwrap()
    };
    let version = cargo(&["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = cargo(&["metadata", "--format-version=1", "--filter-platform", host]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "passwords").unwrap();
    let manifest = package["manifest_path"].as_str().unwrap();
    let list =
        std::fs::read_to_string(manifest.replace("Cargo.toml", "data/common-passwords.json"))
            .unwrap();
    serde_json::from_str::<Vec<String>>(&list).unwrap().into_iter().collect()
}
