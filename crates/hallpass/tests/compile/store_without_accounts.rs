//~ `Users` is not an account store: it does not implement `AccountStore`
//~ write `impl AccountStore for Users` with the methods `by_username` and `by_id`
//~ guide: docs/guide/src/own-users.md
use hallpass::{Hallpass, Role};

#[derive(Role)]
enum SiteRole {
    Admin,
}

struct Users;

fn main() {
    let _ = Hallpass::<SiteRole>::builder(Users);
}
