//~ another role is already named `admin`; give this one another name with `#[role(name = "…")]`
use hallpass::Role;

#[derive(Role)]
enum SiteRole {
    Admin,
    #[role(name = "admin")]
    Root,
}

fn main() {}
