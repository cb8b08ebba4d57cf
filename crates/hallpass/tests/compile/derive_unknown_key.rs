//~ `#[role(…)]` on a variant takes `default` and `name = "…"`
use hallpass::Role;

#[derive(Role)]
enum SiteRole {
    #[role(first)]
    Guest,
}

fn main() {}
