//! Runs `migrate.py`, which starts both sites.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::Command;

#[test]
#[ignore = "installs starlette, uvicorn and pyjwt into a virtual environment; .ci/run runs the script itself"]
fn both_sites_accept_one_cookie() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/migrate.py");
    assert!(Command::new("python3").arg(script).status().unwrap().success());
}
