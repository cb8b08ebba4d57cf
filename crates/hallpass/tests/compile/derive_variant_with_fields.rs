//~ a role has no fields: what belongs to one account goes into the token's own claims
use hallpass::Role;

#[derive(Role)]
enum SiteRole {
    Admin { since: u64 },
}

fn main() {}
