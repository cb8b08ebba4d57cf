//~ `Users` is not a page layout: it does not implement `Layout`
//~ write `impl Layout for Users` with the method `wrap`
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
    let _ = Hallpass::<SiteRole>::builder(Users).pages(hallpass::pages::DefaultPages::new().layout(Users));
}
