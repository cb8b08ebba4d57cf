//! Collects differences, so that one run shows all of them.

use hallpass_conformance::{Expected, Received, Row, Sent, judge};

pub(crate) struct Report {
    title: String,
    compared: usize,
    wrong: Vec<String>,
}

impl Report {
    pub(crate) fn new(stack: &str, over: &str) -> Self {
        Self { title: format!("{stack}, {over}"), compared: 0, wrong: Vec::new() }
    }

    pub(crate) fn compare(
        &mut self,
        row: &Row,
        sent: &Sent,
        expected: &Expected,
        received: &Received,
    ) {
        self.compared += 1;
        if let Err(what) = judge(sent, expected, received) {
            let Row { place, name, .. } = row;
            self.wrong.push(format!("{place} {name} ({} {}): {what}", sent.method, sent.target));
        }
    }

    pub(crate) fn finish(self) {
        let Self { title, compared, wrong } = self;
        assert!(compared > 0, "{title}: nothing was compared");
        assert!(
            wrong.is_empty(),
            "{title}: {} of {compared} responses differ:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
    }
}
