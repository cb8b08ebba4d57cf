//! The walk of the blog, as an outsider goes it, on the actix-web one: `blog`'s own test, with another program.

#![allow(clippy::expect_used, reason = "in a test, to expect is to assert")]
#![allow(dead_code, reason = "the other blog's tests use more of it")]

#[path = "../../blog/tests/blog/authenticator.rs"]
mod authenticator;
#[path = "../../blog/tests/blog/client.rs"]
mod client;
#[path = "../../blog/tests/blog/person.rs"]
mod person;
#[path = "../../blog/tests/blog/site.rs"]
mod site;
#[path = "../../blog/tests/blog/walk.rs"]
mod walk;
