//~ a role enum needs at least one variant: add one for each role
use hallpass::Role;

#[derive(Role)]
enum SiteRole {}

fn main() {}
