//! Checks of the accounts.

use hallpass_core::Role;
use hallpass_sqlx::SqlStore;

use super::Check;

/// A role that is not in the enum grants nothing: it was renamed in the program, or is misspelt in
/// the table.
pub(super) async fn roles<R: Role>(store: &SqlStore) -> Check {
    let name = "roles";
    let stored = match store.stored_roles().await {
        Ok(stored) => stored,
        Err(error) => return Check::failed(name, &error, "run the command migrate"),
    };
    let mut unreadable = 0;
    let mut unknown = Vec::new();
    let mut accounts_with_unknown = 0;
    for row in &stored {
        let Ok(roles) = &row.roles else {
            unreadable += row.accounts;
            continue;
        };
        let of_row: Vec<_> = roles.iter().filter(|role| R::from_name(role).is_none()).collect();
        accounts_with_unknown += if of_row.is_empty() { 0 } else { row.accounts };
        unknown.extend(of_row);
    }
    unknown.sort();
    unknown.dedup();
    if unreadable > 0 {
        return Check::fail(
            name,
            format!("the roles of {unreadable} accounts cannot be read"),
            "correct the column roles of the accounts that the command user list names",
        );
    }
    if !unknown.is_empty() {
        return Check::warn(
            name,
            format!(
                "{accounts_with_unknown} accounts have roles that are not in the program: {unknown:?}"
            ),
            "run the command user set-role for these accounts, or add the roles to the program",
        );
    }
    Check::ok(name, "all roles of the accounts are in the program")
}
