//! What each route answers to each role, measured, as a table to keep.
//!
//! [`RouteTable`](hallpass_core::RouteTable) shows what routes state that they ask; this shows what
//! they do. It is made of requests through the site itself, so a route whose guard was forgotten
//! stands in it with a `200` under "signed out".

use std::{
    env,
    fmt::{self, Write as _},
    fs,
    path::Path,
};

use hallpass_core::Role;

use crate::{kit::Kit, user::User};

/// What each route answered to each visitor: a line a route, a column a role, a status a cell.
///
/// `403→200` is the answer without and with a second factor, where the two differ. Everybody has
/// signed in just now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteAnswers {
    columns: Vec<&'static str>,
    rows: Vec<(String, Vec<String>)>,
}

/// Somebody who is sent to every route.
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
    /// Who is sent to a route, one after another: somebody without a cookie, then each role alone,
    /// without and with a second factor.
    pub(crate) fn visitors(&self) -> Vec<Visitor<R>> {
        let mut visitors = vec![Visitor::new("signed out", self.as_stranger(), None)];
        visitors.extend(R::ALL.iter().map(|role| {
            let user = self.as_user(role).named(role.name());
            Visitor::new(role.name(), user.clone(), Some(user.with_second_factor()))
        }));
        visitors
    }
}

impl RouteAnswers {
    /// Sends each visitor to each route. `answer` sends one request and says with which status it
    /// was answered.
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

    /// The cell of this route under this role, by the role's name, or under `signed out`.
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

/// Asserts that the file holds this text, a table of routes say.
///
/// Where the environment variable `UPDATE_SNAPSHOTS` is set the file is written instead: read the
/// difference before it is committed. `path` is taken from the directory in which the test runs,
/// for cargo the package's own.
///
/// # Panics
/// The file is not there, or holds another text.
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
        panic!("{} cannot be read ({error}); {MEND}\n{text}", path.display())
    });
    if let Some(difference) = first_difference(&kept, text) {
        panic!("{} says otherwise; {MEND}\n{difference}", path.display());
    }
}

/// The first line that differs, as it was and as it is.
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

const MEND: &str = "run the test with UPDATE_SNAPSHOTS=1 to write it";

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
