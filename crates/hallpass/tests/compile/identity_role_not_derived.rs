//~ `SiteRole` is not a role enum: it does not implement `Role`
//~ add `#[derive(Role)]` to the enum
//~ guide: docs/guide/src/roles.md
enum SiteRole {
    Admin,
}

async fn handler(_: hallpass::Identity<SiteRole>) {}

fn main() {}
