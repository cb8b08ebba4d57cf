//~ `SiteRole` is not a role enum: it does not implement `Role`
//~ add `#[derive(Role)]` to the enum
//~ guide: docs/guide/src/roles.md
enum SiteRole {
    Admin,
}

fn site(verifier: hallpass::token::Verifier<SiteRole>) {
    let _ = hallpass::AuthLayer::new(verifier);
}

fn main() {}
