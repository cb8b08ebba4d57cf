//! Checks that each row of the threat table names tests, and that each of these tests exists.

use std::collections::BTreeSet;

use crate::{guide, read, root};

struct Row {
    number: u32,
    /// The path of a file, and the name of a test in that file.
    tests: Vec<(String, String)>,
}

/// Parses the rows of the table: number, attack, defence, tests.
fn rows(text: &str) -> Vec<Row> {
    text.lines().filter_map(row).collect()
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<_> = line.strip_prefix("| ")?.split(" | ").collect();
    let number = cells.first()?.parse().ok()?;
    let quoted = cells.last()?.split('`').skip(1).step_by(2);
    let tests = quoted.filter_map(|test| test.split_once(' '));
    Some(Row {
        number,
        tests: tests.map(|(path, name)| (path.to_owned(), name.to_owned())).collect(),
    })
}

/// Returns whether a file has a test with this name: a function directly after a test attribute.
/// The functions of the store suite have no attribute, because `test_store!` generates the tests.
pub(crate) fn has_test(path: &str, text: &str, name: &str) -> bool {
    if path.contains("/store_suite/") {
        return text.contains(&format!("pub async fn {name}<"));
    }
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let is_it = |line: &str| {
        let line = line.trim_start_matches("pub ").trim_start_matches("async ");
        line.strip_prefix("fn ")
            .and_then(|rest| rest.strip_prefix(name))
            .is_some_and(|rest| rest.starts_with('('))
    };
    lines.iter().enumerate().filter(|(_, line)| is_it(line)).any(|(place, _)| {
        let before = lines.iter().take(place).rev();
        let mut attributes = before.take_while(|line| !line.is_empty() && **line != "}");
        attributes.any(|line| {
            line.starts_with("#[test]")
                || line.contains("::test")
                || line.starts_with("#[tokio::test")
        })
    })
}

#[test]
fn threat_table_rows_name_existing_tests() {
    let rows = rows(&read(&guide().join("threats.md")));
    let numbers: Vec<_> = rows.iter().map(|row| row.number).collect();
    let later = [38, 39, 40, 41, 42, 43, 44, 46, 47, 48, 49, 52, 53, 54, 61, 62, 63, 64, 65, 66];
    assert_eq!(numbers, (1..=36).chain(later).collect::<Vec<_>>());
    let mut seen = BTreeSet::new();
    for row in rows {
        assert!(!row.tests.is_empty(), "row {} names no test", row.number);
        for (path, name) in row.tests {
            let text = read(&root().join(&path));
            assert!(has_test(&path, &text, &name), "row {}: {path} has no test {name}", row.number);
            seen.insert((path, name));
        }
    }
    assert!(seen.len() > 60, "{} tests", seen.len());
}

#[test]
fn missing_tests_are_detected() {
    let seen = |text| has_test("a.rs", text, "it_holds");
    assert!(seen("    #[test]\n    fn it_holds() {}\n"));
    assert!(seen(
        "#[tokio::test(flavor = \"multi_thread\")]\n#[ignore = \"slow\"]\nasync fn it_holds() {"
    ));
    assert!(!seen("fn it_holds() {}"), "a function without a test attribute is not a test");
    assert!(!seen("#[test]\nfn it_holds_too() {}"));
    assert!(!seen("#[test]\nfn other() {\n}\n\nfn it_holds() {}"));
    assert!(has_test(
        "x/store_suite/a.rs",
        "pub async fn it_holds<S: Accounts>(store: &S) {}",
        "it_holds"
    ));
    assert!(!has_test(
        "x/store_suite/a.rs",
        "async fn it_holds<S: Accounts>(store: &S) {}",
        "it_holds"
    ));

    let table = rows("| 3 | a | b | `a/b.rs c`, `d.rs e` |\n| # | x | y | z |");
    assert_eq!(table.first().map(|row| (row.number, row.tests.len())), Some((3, 2)));
}
