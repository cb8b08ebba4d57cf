//! The kit against real sites: each check passes where it should, and fails where it should.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic if its set-up fails")]

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
