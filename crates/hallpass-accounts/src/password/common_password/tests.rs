use std::{collections::HashSet, env, process::Command};

use super::*;

#[test]
fn first_guesses_are_rejected() {
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
        // Reversed, typed down the columns, typed on other keyboard layouts, repeated.
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
fn passwords_that_are_hard_to_guess_pass() {
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
fn context_words_do_not_count() {
    assert!(is_guessable("alice-alice-99", &["alice"]));
    assert!(!is_guessable("alice likes quiet rooms", &["alice"]));
    assert!(
        !is_guessable("quiet rooms by al", &["al"]),
        "words of two letters are too frequent to be counted"
    );
}

/// Listed passwords of at least ten characters, which the rule does not reject.
#[test]
fn listed_passwords_are_rejected_in_any_case() {
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

/// Reads the list from the crate's own file: it has the documented length, and every entry is
/// rejected.
#[test]
fn every_listed_common_password_is_rejected() {
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
