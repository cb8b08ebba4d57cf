//! A table of the status that each route returns for each role, measured.
//!
//! [`RouteTable`](hallpass_core::RouteTable) lists the requirements that routes state. This table
//! is made of requests through the site itself, so a route without its guard has a `200` under
//! "logged out".

use std::{
    env,
    fmt::{self, Write as _},
    fs,
    path::Path,
};

use hallpass_core::Role;

use crate::{kit::Kit, user::User};

/// The status of each route for each visitor: one line per route, one column per role.
///
/// If a second factor changes the status, the cell has both: `403→200` is 403 without and 200 with
/// it. Each user has just logged in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteAnswers {
    columns: Vec<&'static str>,
    rows: Vec<(String, Vec<String>)>,
}

/// A visitor that requests every route.
pub(crate) struct Visitor<R> {
    column: &'static str,
    user: User<R>,
    with_factor: Option<User<R>>,
}

impl<R> Visitor<R> {
    fn new(column: &'static str, user: User<R>, with_factor: Option<User<R>>) -> Self {
        Self { column, user, with_factor }
    }
}

impl<R: Role> Kit<R> {
    /// Returns the visitors in their order: one without a cookie, then each role alone, without and
    /// with a second factor.
    pub(crate) fn visitors(&self) -> Vec<Visitor<R>> {
        let mut visitors = vec![Visitor::new("logged out", self.as_stranger(), None)];
        visitors.extend(R::ALL.iter().map(|role| {
            let user = self.as_user(role).named(role.name());
            Visitor::new(role.name(), user.clone(), Some(user.with_second_factor()))
        }));
        visitors
    }
}

impl RouteAnswers {
    /// Sends a request to each route as each visitor. `answer` sends one request and returns the
    /// status.
    pub(crate) async fn collect<R>(
        visitors: &[Visitor<R>],
        routes: &[&str],
        answer: impl AsyncFn(&User<R>, &str) -> u16,
    ) -> Self {
        let mut rows = Vec::new();
        for route in routes {
            let mut cells = Vec::new();
            for visitor in visitors {
                let status = answer(&visitor.user, route).await;
                let with_factor = match &visitor.with_factor {
                    Some(user) => answer(user, route).await,
                    None => status,
                };
                cells.push(if status == with_factor {
                    status.to_string()
                } else {
                    format!("{status}→{with_factor}")
                });
            }
            rows.push(((*route).to_owned(), cells));
        }
        Self { columns: visitors.iter().map(|visitor| visitor.column).collect(), rows }
    }

    /// Returns the cell of this route in this column. The name of a column is that of a role, or
    /// `logged out`. Returns `None` if the table has no such route or column.
    #[must_use]
    pub fn cell(&self, route: &str, column: &str) -> Option<&str> {
        let place = self.columns.iter().position(|name| *name == column)?;
        let (_, cells) = self.rows.iter().find(|(name, _)| name == route)?;
        cells.get(place).map(String::as_str)
    }
}

impl fmt::Display for RouteAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = ["route"].into_iter().chain(self.columns.iter().copied()).map(str::to_owned);
        let mut lines = vec![heading.collect::<Vec<_>>()];
        lines.extend(
            self.rows.iter().map(|(route, cells)| [std::slice::from_ref(route), cells].concat()),
        );
        let width = |column: usize| {
            lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
        };
        let widths: Vec<usize> = (0..=self.columns.len()).filter_map(width).collect();
        for line in &lines {
            let mut text = String::new();
            for (cell, width) in line.iter().zip(&widths) {
                write!(text, "{cell:width$}  ")?;
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

/// Asserts that the content of the file is this text, for example a table of routes.
///
/// If the environment variable `UPDATE_SNAPSHOTS` is set, the file is written instead: review the
/// difference before you commit it. `path` is relative to the directory in which the test runs,
/// which with cargo is the package's directory.
///
/// # Panics
/// The file cannot be read, or contains another text. With `UPDATE_SNAPSHOTS`: the file cannot be
/// written.
#[track_caller]
pub fn assert_snapshot(path: impl AsRef<Path>, text: &str) {
    let path = path.as_ref();
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        if let Err(error) = fs::write(path, text) {
            panic!("{} cannot be written: {error}", path.display());
        }
        return;
    }
    let kept = fs::read_to_string(path).unwrap_or_else(|error| {
        panic!("{} cannot be read ({error}); {HOW_TO_UPDATE}\n{text}", path.display())
    });
    if let Some(difference) = first_difference(&kept, text) {
        panic!("{} contains another text; {HOW_TO_UPDATE}\n{difference}", path.display());
    }
}

/// Returns the first line that differs, in its old and its new text.
fn first_difference(kept: &str, text: &str) -> Option<String> {
    let (mut before, mut now) = (kept.lines(), text.lines());
    loop {
        match (before.next(), now.next()) {
            (None, None) => return None,
            (before, now) if before == now => {}
            (before, now) => {
                return Some(format!(
                    "- {}\n+ {}",
                    before.unwrap_or("(nothing)"),
                    now.unwrap_or("(nothing)")
                ));
            }
        }
    }
}

const HOW_TO_UPDATE: &str = "run the test with UPDATE_SNAPSHOTS=1 to write it";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_shown() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n").as_deref(), Some("- b\n+ c"));
        assert_eq!(first_difference("a\n", "a\nc\n").as_deref(), Some("- (nothing)\n+ c"));
        assert_eq!(first_difference("a\nb\n", "a\n").as_deref(), Some("- b\n+ (nothing)"));
    }
}
