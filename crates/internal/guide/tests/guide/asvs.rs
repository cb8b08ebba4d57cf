//! Checks the table of the OWASP ASVS 5.0: it has each requirement once, and its tests, its pages
//! of the guide and its counts are right. Also checks properties that only this table claims.

use std::collections::{BTreeMap, BTreeSet};

use crate::{files, links::links, read, root, settings::sources, threats::has_test};

/// The numbers of the requirements of chapters 3, 6, 7, 8, 9, 11 and 16, by level. From the files
/// `5.0/en/0x12-V3-…` to `0x25-V16-…` of the repository of the standard.
const LEVELS: [&str; 3] = [LEVEL_1, LEVEL_2, LEVEL_3];

const LEVEL_1: &str = "3.2.1 3.2.2 3.3.1 3.4.1 3.4.2 3.5.1 3.5.2 3.5.3 6.1.1 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 \
    6.2.6 6.2.7 6.2.8 6.3.1 6.3.2 6.4.1 6.4.2 7.2.1 7.2.2 7.2.3 7.2.4 7.4.1 7.4.2 8.1.1 \
    8.2.1 8.2.2 8.3.1 9.1.1 9.1.2 9.1.3 9.2.1 11.3.1 11.3.2 11.4.1";

const LEVEL_2: &str = "3.3.2 3.3.3 3.3.4 3.4.3 3.4.4 3.4.5 3.4.6 3.5.4 3.5.5 3.7.1 3.7.2 6.1.2 6.1.3 6.2.9 \
    6.2.10 6.2.11 6.2.12 6.3.3 6.3.4 6.4.3 6.4.4 6.5.1 6.5.2 6.5.3 6.5.4 6.5.5 6.6.1 6.6.2 \
    6.6.3 6.8.1 6.8.2 6.8.3 6.8.4 7.1.1 7.1.2 7.1.3 7.3.1 7.3.2 7.4.3 7.4.4 7.4.5 7.5.1 \
    7.5.2 7.6.1 7.6.2 8.1.2 8.2.3 8.4.1 9.2.2 9.2.3 9.2.4 11.1.1 11.1.2 11.2.1 11.2.2 11.2.3 \
    11.3.3 11.4.2 11.4.3 11.4.4 11.5.1 11.6.1 16.1.1 16.2.1 16.2.2 16.2.3 16.2.4 16.2.5 \
    16.3.1 16.3.2 16.3.3 16.3.4 16.4.1 16.4.2 16.4.3 16.5.1 16.5.2 16.5.3";

const LEVEL_3: &str = "3.1.1 3.2.3 3.3.5 3.4.7 3.4.8 3.5.6 3.5.7 3.5.8 3.6.1 3.7.3 3.7.4 3.7.5 6.3.5 6.3.6 \
    6.3.7 6.3.8 6.4.5 6.4.6 6.5.6 6.5.7 6.5.8 6.6.4 6.7.1 6.7.2 7.5.3 8.1.3 8.1.4 8.2.4 \
    8.3.2 8.3.3 8.4.2 11.1.3 11.1.4 11.2.4 11.2.5 11.3.4 11.3.5 11.5.2 11.6.2 11.7.1 11.7.2 \
    16.5.4";

const STATES: [&str; 5] = ["met", "the site's", "later", "refused", "not met"];

struct Row {
    number: String,
    level: String,
    state: String,
    /// The last cell.
    place: String,
}

impl Row {
    /// Returns the tests that the row names: the path of a file, and the name of a test in it.
    fn tests(&self) -> Vec<(&str, &str)> {
        let quoted = self.place.split('`').skip(1).step_by(2);
        quoted.filter_map(|text| text.split_once(' ')).collect()
    }

    fn has_page_of_the_guide(&self) -> bool {
        links(&self.place).iter().any(|link| {
            link.target.starts_with("guide/src/") && root().join("docs").join(&link.target).exists()
        })
    }
}

fn page() -> String {
    read(&root().join("docs/ASVS.md"))
}

/// Returns the rows of the tables of requirements: number, level, requirement, state, place.
fn rows(text: &str) -> Vec<Row> {
    text.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
    let [number, level, _, state, place] = cells[..] else { return None };
    let is_number =
        number.split('.').count() == 3 && number.split('.').all(|part| part.parse::<u8>().is_ok());
    is_number.then(|| Row {
        number: number.to_owned(),
        level: level.to_owned(),
        state: state.to_owned(),
        place: place.to_owned(),
    })
}

/// Returns the count of each state of the rows, after the number of rows.
fn counts(rows: &[&Row]) -> Vec<usize> {
    let of = |state: &str| rows.iter().filter(|row| row.state == state).count();
    [rows.len()].into_iter().chain(STATES.iter().map(|state| of(state))).collect()
}

#[test]
fn asvs_table_has_each_requirement_once_with_its_level() {
    let mut expected = BTreeMap::new();
    for (place, numbers) in LEVELS.iter().enumerate() {
        for number in numbers.split_whitespace() {
            expected.insert(number.to_owned(), (place + 1).to_string());
        }
    }
    assert_eq!(expected.len(), 158);
    let text = page();
    let rows = rows(&text);
    assert_eq!(rows.len(), expected.len());
    let found: BTreeMap<_, _> = rows.into_iter().map(|row| (row.number, row.level)).collect();
    assert_eq!(found, expected);
    let order: Vec<String> = self::rows(&text).into_iter().map(|row| row.number).collect();
    let key = |number: &String| -> Vec<u8> {
        number.split('.').map(|part| part.parse().unwrap()).collect()
    };
    assert!(order.is_sorted_by_key(key), "{order:?}");
}

#[test]
fn asvs_table_rows_name_existing_tests_and_pages() {
    let mut seen = BTreeSet::new();
    for row in rows(&page()) {
        let (number, state) = (&row.number, &row.state);
        assert!(STATES.contains(&state.as_str()), "{number}: {state}");
        assert!(state != "met" || !row.tests().is_empty(), "{number} names no test");
        assert!(state != "the site's" || row.has_page_of_the_guide(), "{number} names no page");
        assert!(row.place.len() > 6, "{number} names no reason");
        for (path, name) in row.tests() {
            let text = read(&root().join(path));
            assert!(has_test(path, &text, name), "{number}: {path} has no test {name}");
            seen.insert((path.to_owned(), name.to_owned()));
        }
    }
    assert!(seen.len() > 100, "{} tests", seen.len());
}

#[test]
fn counts_of_the_asvs_table_are_right() {
    let text = page();
    let rows = rows(&text);
    let line = |name: &str, rows: Vec<&Row>| {
        let counts: Vec<String> = counts(&rows).iter().map(usize::to_string).collect();
        format!("| {name} | {} |", counts.join(" | "))
    };
    let mut lines: Vec<String> = ["1", "2", "3"]
        .map(|level| line(level, rows.iter().filter(|row| row.level == level).collect()))
        .into();
    lines.push(line("all", rows.iter().collect()));
    let expected = lines.join("\n");
    assert!(text.contains(&expected), "the counts are:\n{expected}");
}

#[test]
fn asvs_rows_are_parsed() {
    let text =
        "| 3.1.1 | 3 | a | met | b: `c/d.rs e`, `f` |\n| 1 | 31 | 5 | 0 | 2 |\n| # | a | b |";
    let rows = rows(text);
    let [row] = &rows[..] else { panic!("{} rows", rows.len()) };
    assert_eq!((&*row.number, &*row.level, &*row.state), ("3.1.1", "3", "met"));
    assert_eq!(row.tests(), [("c/d.rs", "e")]);
    assert!(!row.has_page_of_the_guide());
    assert_eq!(counts(&[row]), [1, 1, 0, 0, 0, 0]);
}

/// The script of the pages inserts no HTML, receives no messages, blocks no paste, and sets no
/// property of the document or the window (ASVS 5.0, 3.2.2, 3.2.3, 3.5.5 and 6.2.7).
#[test]
fn the_script_of_the_pages_inserts_text_only() {
    let script = read(&root().join("crates/hallpass-web/src/script.js"));
    for refused in [
        "HTML",
        "document.write",
        "eval(",
        "Function(",
        "essage",
        "paste",
        "preventDefault",
        "globalThis",
        "var ",
    ] {
        assert!(!script.contains(refused), "{refused}");
    }
    assert!(script.contains("\"use strict\";") && script.contains("textContent = "));
    let window = script.matches("window.").count();
    assert_eq!(window, script.matches("window.print()").count());
    let document = script.matches("document.").count();
    let calls = ["document.createElement(", "document.querySelectorAll("];
    assert_eq!(document, calls.iter().map(|call| script.matches(call).count()).sum::<usize>());
}

/// A new database has no account, so there is no default password (ASVS 5.0, 6.3.2).
#[test]
fn no_migration_creates_an_account() {
    let migrations = root().join("crates/hallpass-sqlx/migrations");
    let steps: Vec<_> =
        ["postgres", "sqlite"].iter().flat_map(|kind| files(&migrations.join(kind))).collect();
    assert!(steps.len() >= 20, "{} steps", steps.len());
    for step in steps {
        let text = read(&step).to_lowercase();
        assert!(!text.contains("into hallpass_accounts"), "{}", step.display());
    }
}

/// Returns the source files of the published crates: the path from the root, and the text.
fn source_files() -> Vec<(String, String)> {
    let root = root();
    let crates = std::fs::read_dir(root.join("crates")).unwrap();
    let sources = crates
        .map(|entry| entry.unwrap().path().join("src"))
        .filter(|directory| directory.is_dir())
        .flat_map(|directory| sources(&directory))
        .filter(|path| path.extension().is_some_and(|kind| kind == "rs"));
    let mut files: Vec<(String, String)> = sources
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            (name, read(&path))
        })
        .collect();
    files.sort();
    files
}

/// Returns whether a text names a library in a path, such as `hmac::Hmac`.
fn uses(text: &str, library: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let path = format!("{library}::");
    text.match_indices(&path).any(|(place, _)| !text[..place].ends_with(is_part))
}

/// Libraries with cryptography that no crate uses.
const UNUSED: [&str; 9] =
    ["aes", "aes_gcm", "blake2", "ed25519_dalek", "md5", "native_tls", "openssl", "p256", "sha3"];

#[test]
fn cryptography_is_used_in_the_listed_files_only() {
    let text = page();
    let inventory = text.split("## Cryptographic inventory").nth(1).unwrap();
    let inventory = inventory.split("\n## ").next().unwrap();
    let mut listed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in inventory.lines().filter(|line| line.starts_with("| `")) {
        let mut quoted = line.split('`').skip(1).step_by(2);
        let library = quoted.next().unwrap();
        let before = listed.insert(library, quoted.collect());
        assert!(before.is_none(), "{library} is listed twice");
    }
    assert_eq!(listed.len(), 13, "{listed:?}");
    let files = source_files();
    for library in listed.keys().copied().chain(UNUSED) {
        let found: Vec<&str> = files
            .iter()
            .filter(|(_, text)| uses(text, library))
            .map(|(path, _)| path.as_str())
            .collect();
        let expected = listed.get(library).cloned().unwrap_or_default();
        assert_eq!(found, expected, "{library}");
    }
    assert!(uses("use hmac::Hmac;", "hmac") && !uses("use my_hmac::Hmac;", "hmac"));
}

#[test]
fn labels_of_the_source_are_in_the_design() {
    let design = read(&root().join("docs/DESIGN.md"));
    let table = design.split("### Labels").nth(1).unwrap().split("\n## ").next().unwrap();
    let table: BTreeSet<&str> = table
        .lines()
        .filter(|line| line.starts_with("| `hallpass "))
        .filter_map(|line| line.split('`').nth(1))
        .collect();
    let mut used = BTreeSet::new();
    let files = source_files();
    for (_, text) in &files {
        for (place, _) in text.match_indices("\"hallpass ") {
            let label = text[place + 1..].split('"').next().unwrap();
            used.extend(label.strip_suffix("\\0"));
        }
    }
    // This text is joined with further parts, each with a zero byte after it.
    used.insert("hallpass key check value");
    assert!(files.iter().any(|(_, text)| text.contains("\"hallpass key check value\"")));
    assert_eq!(used, table);
}
