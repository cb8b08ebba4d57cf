//! Checks that every public enum, and every public struct with public fields, is
//! `#[non_exhaustive]` or states in its documentation why it is exhaustive ("Exhaustive,
//! because …").
//!
//! The test reads the sources, so it also covers types that are not re-exported.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
};

#[test]
fn public_types_state_whether_they_are_exhaustive() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for package in fs::read_dir(crates).unwrap() {
        let sources = package.unwrap().path().join("src");
        if sources.is_dir() {
            collect(&sources, &mut files);
        }
    }
    assert!(
        files.len() > 100,
        "{} files found, expected more than 100; if the folders have moved, change this test",
        files.len()
    );
    let silent: Vec<String> = files.iter().flat_map(|file| silent_types(file)).collect();
    assert!(
        silent.is_empty(),
        "add `#[non_exhaustive]` or \"Exhaustive, because …\" to:\n{}",
        silent.join("\n")
    );
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn silent_types(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let of_line = |(number, line): (usize, &&str)| {
        let item = line.trim_start();
        let indent = line.len() - item.len();
        let open = match item.split_once(' ')? {
            ("pub", item) if item.starts_with("enum ") => true,
            ("pub", item) if item.starts_with("struct ") => {
                has_public_field(item, &lines[number + 1..], indent)
            }
            _ => false,
        };
        let silent = open && !states_it(&lines[..number]);
        silent.then(|| format!("{}:{}: {}", file.display(), number + 1, line.trim()))
    };
    lines.iter().enumerate().filter_map(of_line).collect()
}

fn has_public_field(item: &str, after: &[&str], indent: usize) -> bool {
    if !item.ends_with('{') {
        return item.contains("(pub ") || item.contains("{ pub ");
    }
    let end = format!("{:indent$}}}", "");
    after.iter().take_while(|line| **line != end).any(|line| line.trim_start().starts_with("pub "))
}

/// Returns whether the documentation or the attributes above a type state it. They end at an empty
/// line or at another item.
fn states_it(above: &[&str]) -> bool {
    let mut block = above.iter().rev().take_while(|line| {
        let line = line.trim();
        // A line of an example in the documentation may also end with one of these characters.
        line.starts_with("///") || !(line.is_empty() || line.ends_with(['}', ';', '{']))
    });
    block.any(|line| line.contains("non_exhaustive") || line.contains("xhaustive, because"))
}

#[test]
fn public_types_without_a_statement_are_found() {
    let folder = hallpass_test_support::scratch::Scratch::new();
    let file = folder.path("source.rs");
    fs::write(
        &file,
        "/// A.\npub enum Silent {\n    A,\n}\n\n/// B.\n///\n/// Exhaustive, because of B.\n///\n/// let b = B;\npub enum Reasoned {\n    B,\n}\n\n\
         #[non_exhaustive]\npub struct Open {\n    pub field: u8,\n}\n\npub struct Closed {\n    field: u8,\n}\n\n\
         pub struct Fields {\n    pub field: u8,\n}\n\npub struct Tuple(pub u8);\n",
    )
    .unwrap();
    let found = silent_types(&file);
    let names = ["Silent", "Fields", "Tuple"];
    assert_eq!(found.len(), names.len(), "{found:?}");
    assert!(found.iter().zip(names).all(|(line, name)| line.contains(name)), "{found:?}");
}
