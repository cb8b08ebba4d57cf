//! Parses the table: every row of every file.

use std::collections::HashSet;

use crate::Row;

const FILES: [(&str, &str); 7] = [
    ("tokens.txt", include_str!("../table/tokens.txt")),
    ("requirements.txt", include_str!("../table/requirements.txt")),
    ("cookies.txt", include_str!("../table/cookies.txt")),
    ("authorization.txt", include_str!("../table/authorization.txt")),
    ("methods.txt", include_str!("../table/methods.txt")),
    ("paths.txt", include_str!("../table/paths.txt")),
    ("answers.txt", include_str!("../table/answers.txt")),
];

const NEGOTIATION: (&str, &str) = ("negotiation.txt", include_str!("../table/negotiation.txt"));

const GRPC: (&str, &str) = ("grpc.txt", include_str!("../table/grpc.txt"));

/// Returns the rows for every HTTP stack.
#[must_use]
pub fn rows() -> Vec<Row> {
    FILES.into_iter().flat_map(|(file, text)| parse(file, text)).collect()
}

/// Returns the rows with every kind of rejection for every kind of client, at `/rejected/{kind}`.
#[must_use]
pub fn negotiation_rows() -> Vec<Row> {
    parse(NEGOTIATION.0, NEGOTIATION.1)
}

/// Returns the rows of a gRPC service.
#[must_use]
pub fn grpc_rows() -> Vec<Row> {
    parse(GRPC.0, GRPC.1)
}

fn parse(file: &str, text: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let place = format!("{file}:{}", number + 1);
        let line = line.trim();
        if let Some(difference) = line.strip_prefix('~') {
            rows.last_mut()
                .expect("a difference follows its row")
                .add_difference(&place, difference);
        } else if !line.is_empty() && !line.starts_with('#') {
            rows.push(Row::parse(place, line));
        }
    }
    let names: HashSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names.len(), rows.len(), "two rows of {file} have the same name");
    rows
}
