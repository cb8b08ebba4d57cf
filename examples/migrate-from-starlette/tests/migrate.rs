//! The migration as it is done: two sites, two languages, one cookie.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::Command;

#[test]
#[ignore = "installs starlette, uvicorn and pyjwt into a virtual environment; .ci/run runs the script itself"]
fn one_cookie_opens_both_sites() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/migrate.py");
    assert!(Command::new("python3").arg(script).status().unwrap().success());
}
