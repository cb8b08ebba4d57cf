//~ a role enum cannot have generic parameters: remove them
use hallpass::Role;

#[derive(Role)]
enum SiteRole<T> {
    Admin,
}

fn main() {}
