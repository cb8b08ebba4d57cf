//! A table of the routes and their requirements, to read and to compare in a site's snapshot test.
//!
//! A router that has its routes' requirements fills the table. The table makes no decision.

use std::fmt::Write as _;

use crate::{
    access::requirement::Requirement,
    token::role::{Role, RoleSet},
};

/// The routes of a site, each with its requirement.
///
/// ```
/// use hallpass_core::{Requirement, Role, RouteTable};
///
/// #[derive(Role, PartialEq, Eq, PartialOrd, Ord)]
/// enum SiteRole {
///     Guest,
///     Moderator,
///     Admin,
/// }
///
/// let mut table = RouteTable::new();
/// table.state("/", Requirement::public());
/// table.state("/profile", Requirement::login());
/// table.state("/admin", Requirement::all_of([SiteRole::Admin]).and_second_factor());
/// assert_eq!(
///     table.render::<SiteRole>(),
///     "\
/// route     logged out  guest  moderator  admin  requires
/// /         yes         yes    yes        yes    public
/// /profile  -           yes    yes        yes    login
/// /admin    -           -      -          yes    all of admin; second factor
/// "
/// );
/// ```
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    rows: Vec<(String, Requirement)>,
}

impl RouteTable {
    /// Creates a table without routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route with its path in the router and its requirement.
    pub fn state(&mut self, route: impl Into<String>, asks: Requirement) {
        self.rows.push((route.into(), asks));
    }

    /// Returns the routes in the order in which they were added.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &Requirement)> {
        self.rows.iter().map(|(route, asks)| (route.as_str(), asks))
    }

    /// Renders the table as text: one line per route, one column per role.
    ///
    /// | cell | meaning |
    /// |---|---|
    /// | `yes` | the role is sufficient, together with the second factor or the recent login in the last column |
    /// | `part` | the route requires another role as well |
    /// | `-` | the role is not sufficient |
    /// | `?` | the route requires the roles of another enum |
    pub fn render<R: Role>(&self) -> String {
        let mut lines = vec![heading::<R>()];
        lines.extend(self.rows.iter().map(|(route, asks)| line::<R>(route, asks)));
        let width = |column: usize| {
            lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
        };
        let widths: Vec<usize> = (0..R::ALL.len() + 2).filter_map(width).collect();
        let mut text = String::new();
        for line in &lines {
            for (cell, width) in line.iter().zip(&widths) {
                // Writing to a String cannot fail.
                let _ = write!(text, "{cell:width$}  ");
            }
            text.extend(line.last().map(String::as_str));
            text.push('\n');
        }
        text
    }
}

fn heading<R: Role>() -> Vec<String> {
    let roles = R::ALL.iter().map(|role| role.name());
    ["route", "logged out"]
        .into_iter()
        .chain(roles)
        .chain(["requires"])
        .map(str::to_owned)
        .collect()
}

fn line<R: Role>(route: &str, asks: &Requirement) -> Vec<String> {
    let mut line = vec![route.to_owned(), asks.reach::<R>(None).to_owned()];
    line.extend(R::ALL.iter().map(|role| asks.reach::<R>(Some(RoleSet::from(role))).to_owned()));
    line.push(asks.to_string());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(hallpass_derive::Role, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    enum SiteRole {
        Guest,
        Moderator,
        Admin,
    }

    #[derive(hallpass_derive::Role, Clone, Copy, Debug, PartialEq, Eq)]
    enum OtherRole {
        Admin,
    }

    #[test]
    fn route_table_renders_every_form_of_requirement() {
        use SiteRole::{Admin, Moderator};
        let rows = [
            ("everyone", Requirement::public(), "yes yes yes yes"),
            ("everyone with a factor", Requirement::public().and_second_factor(), "- yes yes yes"),
            ("login", Requirement::login(), "- yes yes yes"),
            ("all of two", Requirement::all_of([Moderator, Admin]), "- - part part"),
            ("all of none", Requirement::all_of(RoleSet::<SiteRole>::EMPTY), "- yes yes yes"),
            ("any of two", Requirement::any_of([Moderator, Admin]), "- - yes yes"),
            ("any of none", Requirement::any_of(RoleSet::<SiteRole>::EMPTY), "- - - -"),
            ("at least", Requirement::at_least(Moderator), "- - yes yes"),
            ("another enum", Requirement::all_of([OtherRole::Admin]), "- ? ? ?"),
        ];
        for (name, asks, cells) in rows {
            let line = line::<SiteRole>(name, &asks);
            assert_eq!(line[1..5].join(" "), cells, "{name}");
        }
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = RouteTable::new();
        table.state("/a-rather-long-path/{id}", Requirement::login());
        assert_eq!(
            table.render::<OtherRole>(),
            "route                     logged out  admin  requires\n/a-rather-long-path/{id}  -           yes    login\n"
        );
    }
}
