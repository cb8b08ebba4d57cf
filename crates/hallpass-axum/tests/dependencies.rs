//! The request path cannot reach a store, so no request causes a query after the login. This test
//! checks the dependency graph.

#![allow(clippy::unwrap_used, reason = "a test may panic if its set-up fails")]

use std::{collections::BTreeSet, process::Command};

/// The crates that a service that only verifies tokens must not depend on: stores and their
/// drivers, password hashing, pages, a runtime.
const OUT_OF_REACH: &[&str] = &[
    "argon2",
    "askama",
    "hallpass",
    "hallpass-accounts",
    "hallpass-redis",
    "hallpass-sqlx",
    "hallpass-web",
    "libsqlite3-sys",
    "redis",
    "rusqlite",
    "sqlx",
    "sqlx-core",
    "tokio",
];

/// Returns the names of all crates in a build of `package`, without build and dev dependencies.
fn crates_of(package: &str, features: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--package",
            package,
        ])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn within_reach(package: &str, features: &[&str]) -> Vec<&'static str> {
    let crates = crates_of(package, features);
    assert!(crates.contains("hallpass-core"), "{package}: read the wrong tree: {crates:?}");
    OUT_OF_REACH.iter().copied().filter(|name| crates.contains(*name)).collect()
}

#[test]
fn the_request_path_cannot_reach_a_store() {
    for (package, features) in [
        ("hallpass-core", &["--all-features"][..]),
        ("hallpass-core", &["--no-default-features"]),
        ("hallpass-tower", &[]),
        ("hallpass-axum", &[]),
    ] {
        assert_eq!(within_reach(package, features), [""; 0], "{package} {features:?}");
    }
    // hallpass-remote fetches keys in a task of its own, which needs a timer.
    assert_eq!(within_reach("hallpass-remote", &[]), ["tokio"]);
    // actix-web needs tokio. hallpass-actix adds no other crate of the list.
    assert_eq!(within_reach("hallpass-actix", &[]), ["tokio"]);
}

#[test]
fn dependency_check_finds_present_crates() {
    let found = within_reach("hallpass-axum", &["--features", "routes"]);
    for name in ["argon2", "hallpass-accounts", "hallpass-web", "tokio"] {
        assert!(found.contains(&name), "{name} is not among {found:?}");
    }
}
