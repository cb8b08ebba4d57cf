//~ `Users` does not render the login pages: it does not implement `Pages`
//~ write `impl Pages for Users` with the method `render`, or use `DefaultPages`
//~ guide: docs/guide/src/pages.md
use hallpass::{Account, AccountId, Hallpass, Role, Username};
use hallpass::store::AccountStore;

#[derive(Role)]
enum SiteRole {
    Admin,
}

struct Users;

impl AccountStore for Users {
    type Error = std::convert::Infallible;

    async fn by_username(&self, _: &Username) -> Result<Option<Account>, Self::Error> {
        Ok(None)
    }

    async fn by_id(&self, _: &AccountId) -> Result<Option<Account>, Self::Error> {
        Ok(None)
    }
}

fn main() {
    let _ = Hallpass::<SiteRole>::builder(Users).pages(Users);
}
