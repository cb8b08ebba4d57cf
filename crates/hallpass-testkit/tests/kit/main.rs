//! The kit against real sites: each check passes where it should, and fails where it should.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what a test prepares must be there")]

mod handler;
mod routes;
mod site;

use hallpass::Role;

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SiteRole {
    Guest,
    Moderator,
    Admin,
}
