//! The output of a command: text for a person, or one JSON document.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use serde_json::Value;

use super::error::CommandError;

#[derive(Clone, Copy)]
pub(super) struct Output {
    json: bool,
}

impl Output {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints the document if JSON was requested, otherwise the text.
    pub(super) fn print(self, text: &str, document: &Value) -> Result<(), CommandError> {
        let mut out = io::stdout().lock();
        if self.json { writeln!(out, "{document}") } else { writeln!(out, "{text}") }?;
        Ok(out.flush()?)
    }
}

/// The exit status of a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Status {
    Done,
    Failed,
}

impl Status {
    /// Returns [`Failed`](Self::Failed) if there was a fault.
    pub(super) fn failed_if(fault: bool) -> Self {
        if fault { Self::Failed } else { Self::Done }
    }

    pub(super) fn code(self) -> i32 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        match status {
            Status::Done => Self::SUCCESS,
            Status::Failed => Self::FAILURE,
        }
    }
}
