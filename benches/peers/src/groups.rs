//! The groups of cases that are compared.

use tokio::runtime::{Builder, Runtime};

use crate::{
    Case, actix_sites,
    axum_sites::{InProcess, NAMES, visit},
    growth::{cookies, roles, users},
    install_jsonwebtoken,
    verifiers::verifiers,
};

/// The groups' names, as [`group`] takes them.
pub const GROUPS: [&str; 6] = ["verify", "axum", "actix", "users", "roles", "cookies"];

/// Returns the cases of a group, each with the number of users, roles or cookies, or 0 in a group
/// without such a number.
///
/// # Panics
///
/// If no group has this name.
pub fn group(name: &str) -> Vec<(u64, Case)> {
    install_jsonwebtoken();
    let still = |cases: Vec<Case>| cases.into_iter().map(|case| (0, case)).collect();
    match name {
        "verify" => still(verifiers()),
        "axum" => {
            let runtime = runtime();
            still(
                NAMES
                    .iter()
                    .map(|name| visit(name, runtime, InProcess { name, runtime }))
                    .collect(),
            )
        }
        "actix" => still(actix_sites::cases()),
        "users" => users(runtime()),
        "roles" => roles(),
        "cookies" => cookies(runtime()),
        _ => panic!("no group has the name {name}"),
    }
}

/// Returns a runtime with one thread, which is never dropped.
fn runtime() -> &'static Runtime {
    Box::leak(Box::new(Builder::new_current_thread().enable_all().build().unwrap()))
}
