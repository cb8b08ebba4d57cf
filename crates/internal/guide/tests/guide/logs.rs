//! Checks that the tables of logs and events match the source: every call of a `tracing` macro, and
//! the name of every event.

use std::{collections::BTreeSet, path::Path};

use crate::{files, guide, read, root};

/// Level, message and fields.
type Line = (String, String, BTreeSet<String>);

/// Returns the calls of `tracing` macros in a file. `tests` modules are in separate files, so the
/// whole file is library code.
fn calls(text: &str) -> Vec<Line> {
    let beginnings =
        text.match_indices("tracing::").map(|(place, found)| &text[place + found.len()..]);
    beginnings.filter_map(call).collect()
}

fn call(text: &str) -> Option<Line> {
    let (name, rest) = text.split_once("!(")?;
    let level = match name {
        "error" | "warn" | "info" | "debug" => name.to_owned(),
        "info_span" => "span, info".to_owned(),
        // The macro in event/log.rs. Its level is `warn` for events that need an operator's
        // attention, and `info` for the others.
        "$level" => "info, warn".to_owned(),
        _ => return None,
    };
    let mut parts = arguments(rest).into_iter();
    assert_eq!(parts.next().as_deref(), Some("target: \"hallpass\""), "{level} {rest:.60}");
    let (messages, fields): (Vec<_>, Vec<_>) = parts.partition(|part| part.starts_with('"'));
    let message = messages.first()?.trim_matches('"').to_owned();
    let field = |part: String| {
        part.split(" = ").next().unwrap_or_default().trim_matches(['%', '?']).to_owned()
    };
    Some((level, message, fields.into_iter().map(field).collect()))
}

/// Returns the arguments of a macro, up to the closing parenthesis.
fn arguments(text: &str) -> Vec<String> {
    let (mut parts, mut part, mut depth, mut quoted) = (Vec::new(), String::new(), 0, false);
    for character in text.chars() {
        match character {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth == 0 => break,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        if character == ',' && depth == 0 && !quoted {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(character);
        }
    }
    parts.push(part);
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

fn sources(directory: &Path, into: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            sources(&entry, into);
        }
    }
    into.extend(
        files(directory).iter().filter(|file| !file.ends_with("tests.rs")).map(|file| read(file)),
    );
}

/// Returns the rows of the table with this header.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let page = read(&guide().join("telemetry.md"));
    let table = page.split_once(&format!("{heading}\n|---")).unwrap().1.lines().skip(1);
    let cells = |line: &str| {
        let line = line.trim_start_matches('|').trim_end_matches('|');
        line.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    table.take_while(|line| line.starts_with('|')).map(cells).collect()
}

fn unquoted(cell: &str) -> String {
    cell.trim_matches('`').to_owned()
}

fn fields(cell: &str) -> BTreeSet<String> {
    cell.split(", ").filter(|field| !field.is_empty()).map(unquoted).collect()
}

#[test]
fn log_table_matches_the_tracing_calls_of_the_source() {
    let mut texts = Vec::new();
    for package in
        std::fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path())
    {
        // Programs and tests may write other logs.
        let is_library = !["hallpass-cli", "internal"].iter().any(|it| package.ends_with(it));
        if is_library {
            sources(&package.join("src"), &mut texts);
        }
    }
    let said: BTreeSet<Line> = texts.iter().flat_map(|text| calls(text)).collect();
    let table = rows("| level | message | fields | when |");
    let written: BTreeSet<Line> =
        table.iter().map(|row| (row[0].clone(), unquoted(&row[1]), fields(&row[2]))).collect();
    assert!(said.len() > 25, "{said:#?}");
    let only = |one: &BTreeSet<Line>, other: &BTreeSet<Line>| {
        one.difference(other).cloned().collect::<Vec<_>>()
    };
    assert_eq!(only(&said, &written), [], "only in the source");
    assert_eq!(only(&written, &said), [], "only in the table");
}

#[test]
fn event_table_matches_the_events_of_the_source() {
    let names = read(&root().join("crates/hallpass-accounts/src/event/name.rs"));
    let of_events = names.split("impl RejectionReason").next().unwrap();
    let said: BTreeSet<String> = of_events
        .split("=> \"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect();
    let written: BTreeSet<String> =
        rows("| `event` | level | fields | when |").iter().map(|row| unquoted(&row[0])).collect();
    assert!(said.len() > 20, "{said:?}");
    assert_eq!(said, written);
}

#[test]
fn tracing_calls_are_parsed_to_their_end() {
    let found = calls(
        "tracing::debug!(target: \"hallpass\", kind = denial.kind(a, b).as_str(), %requirement, ?who, \"no, (really)\"); tracing::field::display",
    );
    let fields = ["kind", "requirement", "who"].map(str::to_owned).into();
    assert_eq!(found, [("debug".to_owned(), "no, (really)".to_owned(), fields)]);
}
