//~ `Guest` is the default role already: remove `#[role(default)]` from one of the two
use hallpass::Role;

#[derive(Role)]
enum SiteRole {
    #[role(default)]
    Guest,
    #[role(default)]
    Admin,
}

fn main() {}
