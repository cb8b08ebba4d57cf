//~ `Users` cannot store refresh tokens: it does not implement `RefreshTokenStore`
//~ write `impl RefreshTokenStore for Users`, or call neither
//~ `.refresh_tokens()` nor `.everything()`
//~ guide: docs/guide/src/own-users.md
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
    let _ = Hallpass::<SiteRole>::builder(Users).refresh_tokens();
}
