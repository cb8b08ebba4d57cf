//! The statements in the sources of the store.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::normal;

/// Returns the parts of SQL in the sources of a database that are in none of the statements.
/// `folder` is the folder of the database in `src`: `postgres` or `sqlite`.
pub(super) fn not_run_among(statements: &[String], folder: &str) -> Vec<String> {
    let parts = parts_in_sources(folder);
    assert!(parts.len() > 80, "the sources have {} parts of SQL only", parts.len());
    let is_run = |part: &String| statements.iter().any(|statement| statement.contains(&**part));
    parts.into_iter().filter(|part| !is_run(part)).collect()
}

fn parts_in_sources(folder: &str) -> Vec<String> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![sources.join("inspection.rs")];
    add_files(&sources.join("sql"), &mut files);
    add_files(&sources.join(folder), &mut files);
    let texts = files.into_iter().map(|file| fs::read_to_string(file).unwrap());
    let literals = texts.flat_map(|text| literals(&text));
    literals.map(|literal| normal(&literal)).filter(|literal| is_sql(literal)).collect()
}

fn add_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add_files(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// Creating and locking tables has no plan, nor has a question about the connection.
fn is_sql(literal: &str) -> bool {
    const OF_THE_CONNECTION: [&str; 3] =
        ["pg_is_in_recovery()", "current_setting('hallpass.direct'", "pg_backend_pid()"];
    let asks = |part: &&str| literal.starts_with("SELECT ") && literal.contains(*part);
    if !literal.contains("hallpass_") && OF_THE_CONNECTION.iter().any(asks) {
        return false;
    }
    const STARTS: [&str; 7] =
        ["SELECT ", "INSERT ", "UPDATE ", "DELETE FROM hallpass_", "WITH ", "WHERE ", "ORDER BY "];
    STARTS.iter().any(|start| literal.starts_with(start))
}

/// Returns the string literals of a Rust source. Comments are left out. The sources have no raw
/// strings and no quotation mark as a character.
fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(start) = rest.find(['"', '/']) {
        rest = &rest[start..];
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if let Some(mut text) = rest.strip_prefix('"') {
            let mut literal = String::new();
            loop {
                let end = text.find(['"', '\\']).unwrap();
                literal.push_str(&text[..end]);
                match text[end..].strip_prefix('\\') {
                    // The end of the line and the white space after it are not part of the literal.
                    Some(escaped) if escaped.starts_with('\n') => text = escaped.trim_start(),
                    Some(escaped) => {
                        literal.push_str(&escaped[..1]);
                        text = &escaped[1..];
                    }
                    None => {
                        rest = &text[end + 1..];
                        break;
                    }
                }
            }
            found.push(literal);
        } else {
            rest = &rest[1..];
        }
    }
    found
}

#[test]
fn literals_are_found_without_comments() {
    let source = "// \"no\"\nlet x = \"a \\\n   b\" / 2; f(\"c\\\"d\"); /// \"no\"\n\"\"";
    assert_eq!(literals(source), ["a b", "c\"d", ""]);
}
