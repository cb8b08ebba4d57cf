//! What a command prints: a line for a person, or one JSON value a line.

use std::io::{self, Write};

use serde_json::Value;

#[derive(Clone, Copy)]
pub(crate) struct Report {
    json: bool,
}

impl Report {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints `value` as JSON where JSON was asked for, and `text` else.
    pub(crate) fn print(self, text: &str, value: &Value) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json { writeln!(out, "{value}") } else { writeln!(out, "{text}") }
    }
}
