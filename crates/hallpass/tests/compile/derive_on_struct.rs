//~ `Role` can be derived for an enum only, with one variant for each role
use hallpass::Role;

#[derive(Role)]
struct Admin;

fn main() {}
