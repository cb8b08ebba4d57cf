//~ expected `SiteRole`, found `TeamRole`
use hallpass::{Role, require_roles};

#[derive(Role)]
enum SiteRole {
    Admin,
}

#[derive(Role)]
enum TeamRole {
    Editor,
}

fn main() {
    let _ = require_roles([SiteRole::Admin, TeamRole::Editor]);
}
