//! The kit on real sites: each of its checks passes on a correct site and fails on a wrong one.

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
