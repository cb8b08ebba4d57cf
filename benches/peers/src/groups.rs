//! What is measured side by side.

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

/// The cases of a group; where something grows, each with how far it has grown.
///
/// # Panics
///
/// If there is no group of this name.
pub fn group(name: &str) -> Vec<(u64, Case)> {
    install_jsonwebtoken();
    let still = |cases: Vec<Case>| cases.into_iter().map(|case| (0, case)).collect();
    match name {
        "verify" => still(verifiers()),
        "axum" => {
            let runtime = runtime();
            still(NAMES.iter().map(|name| visit(name, runtime, InProcess { name, runtime })).collect())
        }
        "actix" => still(actix_sites::cases()),
        "users" => users(runtime()),
        "roles" => roles(),
        "cookies" => cookies(runtime()),
        _ => panic!("no group is called {name}"),
    }
}

/// One thread, for as long as the process lives.
fn runtime() -> &'static Runtime {
    Box::leak(Box::new(Builder::new_current_thread().enable_all().build().unwrap()))
}
