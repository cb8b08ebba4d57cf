//! Runs `blog`'s black-box tests with the blog on actix-web.

#![allow(clippy::expect_used, reason = "in a test, to expect is to assert")]
#![allow(dead_code, reason = "other tests of `blog` use these functions")]

#[path = "../../blog/tests/blog/accounts.rs"]
mod accounts;
#[path = "../../blog/tests/blog/attacks.rs"]
mod attacks;
#[path = "../../blog/tests/blog/bad_input.rs"]
mod bad_input;
#[path = "../../blog/tests/blog/cookies.rs"]
mod cookies;
#[path = "../../blog/tests/blog/limits.rs"]
mod limits;
#[path = "../../blog/tests/blog/operator.rs"]
mod operator;
#[path = "../../blog/tests/blog/origin.rs"]
mod origin;
#[path = "../../blog/tests/blog/own_routes.rs"]
mod own_routes;
#[path = "../../blog/tests/blog/person.rs"]
mod person;
#[path = "../../blog/tests/blog/recovery.rs"]
mod recovery;
#[path = "../../blog/tests/blog/revoked.rs"]
mod revoked;
#[path = "../../blog/tests/blog/second_factor.rs"]
mod second_factor;
#[path = "../../blog/tests/blog/sessions.rs"]
mod sessions;
#[path = "../../blog/tests/blog/site.rs"]
mod site;
#[path = "../../blog/tests/blog/slow_clients.rs"]
mod slow_clients;
#[path = "../../blog/tests/blog/start_and_stop.rs"]
mod start_and_stop;
#[path = "../../blog/tests/blog/walk.rs"]
mod walk;
