//! Compiles and runs the code blocks of the guide and the READMEs: `cargo test -p hallpass-guide`.
//!
//! Each page of `docs/guide`, the README of the repository and the README of each crate is the
//! documentation of a module in this file, so that each of its Rust blocks is a doc test.
//! `tests/guide` reads the pages as text. It checks that the targets of links exist, that the table
//! of contents is complete, and that each test in the threat table exists.

#![forbid(unsafe_code)]

/// Makes each page of the guide the documentation of a module.
macro_rules! page {
    ($($name:ident: $file:literal)+) => {
        $(#[doc = include_str!(concat!("../../../../docs/guide/src/", $file))]
        mod $name {})+
    };
}

page! {
    actix: "actix.md"
    axum: "axum.md"
    budgets: "budgets.md"
    challenges: "challenges.md"
    csrf: "csrf.md"
    http: "http.md"
    introduction: "introduction.md"
    many_nodes: "many-nodes.md"
    moving: "moving.md"
    openapi: "openapi.md"
    operating: "operating.md"
    own_claims: "own-claims.md"
    own_users: "own-users.md"
    pages: "pages.md"
    postgresql: "postgresql.md"
    recovery: "recovery.md"
    reverse_proxy: "reverse-proxy.md"
    revocation: "revocation.md"
    roles: "roles.md"
    second_factor: "second-factor.md"
    step_up: "step-up.md"
    streams: "streams.md"
    telemetry: "telemetry.md"
    testing: "testing.md"
    threats: "threats.md"
    verify_only: "verify-only.md"
}

/// The README of the repository.
#[doc = include_str!("../../../../README.md")]
mod readme {}

/// Makes the README of each crate the documentation of a module.
macro_rules! readme {
    ($($name:ident: $directory:literal)+) => {
        $(#[doc = include_str!(concat!("../../../", $directory, "/README.md"))]
        mod $name {})+
    };
}

readme! {
    hallpass: "hallpass"
    hallpass_accounts: "hallpass-accounts"
    hallpass_actix: "hallpass-actix"
    hallpass_axum: "hallpass-axum"
    hallpass_core: "hallpass-core"
    hallpass_derive: "hallpass-derive"
    hallpass_redis: "hallpass-redis"
    hallpass_remote: "hallpass-remote"
    hallpass_sqlx: "hallpass-sqlx"
    hallpass_testkit: "hallpass-testkit"
    hallpass_tower: "hallpass-tower"
    hallpass_web: "hallpass-web"
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_page_of_the_guide_is_a_module() {
        let here = include_str!("lib.rs");
        let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/guide/src");
        for page in std::fs::read_dir(pages).into_iter().flatten().flatten() {
            let name = page.file_name().into_string().unwrap_or_default();
            assert!(
                name == "SUMMARY.md" || here.contains(&format!("\"{name}\"")),
                "{name} is not a module: add it to `page!`"
            );
        }
    }
}
