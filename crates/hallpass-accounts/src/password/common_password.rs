//! Rejects passwords that are easy to guess: a list of the most common passwords, and a rule for
//! passwords that are formed like them.
//!
//! The list is that of the crate `passwords`: the 99,838 passwords that were counted most often in
//! published breaches. 9,248 of them have at least ten characters. Most of those are one common
//! word in capitals or leet letters, followed by a year, a number or a mark. The rule rejects such
//! forms even if they are not in the list, and it includes words of the site and the user, which no
//! list contains.

use passwords::analyzer::is_common_password;

/// Returns whether a guesser would try the password early. `context` contains words of the site and
/// the user, in lower case.
pub(crate) fn is_guessable(password: &str, context: &[&str]) -> bool {
    let lower = password.to_lowercase();
    [password, &lower].into_iter().any(is_common_password) || is_made_like_others(&lower, context)
}

/// Returns whether fewer than [`ENOUGH`] characters remain without the guessable parts.
fn is_made_like_others(lower: &str, context: &[&str]) -> bool {
    // Digits and marks at the end are decoration, not leet letters.
    let body = lower.trim_end_matches(|c: char| !c.is_alphabetic());
    let plain: String = body.chars().map(unleet).collect();
    let backwards: String = body.chars().rev().collect();
    [lower, &plain, &backwards].into_iter().any(|form| remaining(form, context) < ENOUGH)
}

/// Returns the number of characters without context words, common words, runs, repetitions, and
/// digits or marks at the end.
fn remaining(text: &str, context: &[&str]) -> usize {
    let mut rest = text.to_owned();
    for word in context.iter().filter(|word| word.chars().count() >= 3) {
        rest = rest.replace(word, SEAM);
    }
    for word in WORDS {
        rest = rest.replace(word, SEAM);
    }
    let rest = rest.trim_end_matches(|c: char| !c.is_alphabetic());
    let units: Vec<char> = rest.chars().filter(|c| !SEAM.contains(*c)).collect();
    unpredicted(&units)
}

/// Counts the characters that cannot be predicted from the previous ones: not the next in a run,
/// not a repetition.
fn unpredicted(chars: &[char]) -> usize {
    let mut count = 0;
    for (position, c) in chars.iter().enumerate() {
        let before = &chars[..position];
        let follows = before.last().is_some_and(|last| is_neighbour(*last, *c));
        let repeats = (1..=4).any(|back| {
            // The last `back` characters have just been repeated in full, or are being repeated.
            position >= 2 * back && before[position - back] == *c
        });
        count += usize::from(!follows && !repeats);
    }
    count
}

/// Returns whether two characters are equal, or neighbours in the alphabet, among the digits, or in
/// a row or a column of a QWERTY, QWERTZ or AZERTY keyboard.
fn is_neighbour(a: char, b: char) -> bool {
    let in_row = |row: &str| {
        row.chars().zip(row.chars().skip(1)).any(|pair| pair == (a, b) || pair == (b, a))
    };
    a == b || ROWS.iter().any(|row| in_row(row))
}

fn unleet(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// The minimum number of remaining characters. An attacker who knows the rules can guess fewer.
const ENOUGH: usize = 4;
/// Replaces a removed word, so that its neighbours do not form a new word.
const SEAM: &str = "\u{1f}";
const ROWS: [&str; 17] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "1qaz",
    "2wsx",
    "3edc",
    "4rfv",
    "5tgb",
    "6yhn",
    "7ujm",
    "8ik",
];
/// Words at the top of every published list, and words that people use when they must choose a
/// password.
const WORDS: &[&str] = &[
    "password",
    "passwort",
    "passwd",
    "motdepasse",
    "contraseña",
    "wachtwoord",
    "secret",
    "geheim",
    "letmein",
    "welcome",
    "willkommen",
    "bienvenue",
    "admin",
    "administrator",
    "root",
    "guest",
    "user",
    "login",
    "master",
    "default",
    "changeme",
    "change",
    "test",
    "temp",
    "demo",
    "access",
    "iloveyou",
    "love",
    "princess",
    "sunshine",
    "dragon",
    "monkey",
    "football",
    "baseball",
    "basketball",
    "soccer",
    "hockey",
    "superman",
    "batman",
    "pokemon",
    "starwars",
    "trustno",
    "shadow",
    "michael",
    "jennifer",
    "jessica",
    "ashley",
    "daniel",
    "charlie",
    "jordan",
    "hunter",
    "killer",
    "freedom",
    "whatever",
    "computer",
    "internet",
    "google",
    "facebook",
    "samsung",
    "hello",
    "summer",
    "winter",
    "spring",
    "autumn",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "friday",
    "sunday",
    "london",
    "liverpool",
    "chelsea",
    "arsenal",
    "barcelona",
    "cheese",
    "cookie",
    "chocolate",
    "flower",
    "purple",
    "orange",
    "silver",
    "golden",
    "ginger",
    "maggie",
    "buster",
    "pepper",
    "merlin",
    "thunder",
    "tigger",
    "matrix",
    "phoenix",
    "mustang",
    "ferrari",
    "corvette",
    "harley",
    "yamaha",
    "qazwsx",
    "1qaz2wsx",
    "1q2w3e4r",
    "zaq12wsx",
    "abc123",
    "qwerty",
    "azerty",
    "asdf",
];

#[cfg(test)]
mod tests;
