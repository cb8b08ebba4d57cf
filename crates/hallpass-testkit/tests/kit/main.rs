//! The kit on real sites: each check passes or fails as it should.

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
