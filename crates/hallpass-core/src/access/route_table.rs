//! Which route asks what, as a table to read and to keep under a site's own snapshot test.
//!
//! It is what a router that knows its routes' requirements writes; it decides nothing.

use std::fmt::Write as _;

use crate::{
    access::requirement::Requirement,
    token::role::{Role, RoleSet},
};

/// The routes of a site, each with what it asks.
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
/// route     signed out  guest  moderator  admin  asks
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
    /// A table without routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route, under the name that its router knows it by.
    pub fn state(&mut self, route: impl Into<String>, asks: Requirement) {
        self.rows.push((route.into(), asks));
    }

    /// The routes in the order in which they were stated.
    pub fn rows(&self) -> impl Iterator<Item = (&str, &Requirement)> {
        self.rows.iter().map(|(route, asks)| (route.as_str(), asks))
    }

    /// The table as text: a line a route, a column a role.
    ///
    /// `yes` where the role alone is enough, once the factor or the freshness that `asks` names is
    /// there; `part` where the route asks for another role beside it; `-` where it does not
    /// help; `?` where the route asks for the roles of another enum.
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
    ["route", "signed out"].into_iter().chain(roles).chain(["asks"]).map(str::to_owned).collect()
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
    fn every_form_of_requirement_has_its_cells() {
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
            "route                     signed out  admin  asks\n/a-rather-long-path/{id}  -           yes    login\n"
        );
    }
}
