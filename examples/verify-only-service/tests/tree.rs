//! The dependencies of a service that only verifies tokens.

#![allow(clippy::unwrap_used, reason = "a test panics if its setup fails")]

use std::{collections::BTreeSet, process::Command};

#[test]
fn no_store_password_hash_or_template_engine_is_built() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .args(["--package", env!("CARGO_PKG_NAME")])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let crates: BTreeSet<_> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    for there in ["axum", "hallpass-axum", "hallpass-core", "hallpass-tower"] {
        assert!(crates.contains(there), "{there} is not in the dependency tree");
    }
    for absent in [
        "argon2",
        "askama",
        "hallpass",
        "hallpass-accounts",
        "hallpass-sqlx",
        "hallpass-web",
        "libsqlite3-sys",
        "sqlx-core",
    ] {
        assert!(!crates.contains(absent), "{absent} is in the dependency tree");
    }
}
