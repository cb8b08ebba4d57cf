//~ `default` belongs on a variant, not on the enum: put `#[role(default)]` on the role of new
use hallpass::Role;

#[derive(Role)]
#[role(default)]
enum SiteRole {
    Guest,
}

fn main() {}
