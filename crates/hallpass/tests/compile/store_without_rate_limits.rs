//~ `Users` cannot count attempts for rate limits: it does not implement `RateLimitStore`
//~ write `impl RateLimitStore for Users`, or call neither
//~ `.rate_limits_in_store()` nor `.everything()`
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
    let _ = Hallpass::<SiteRole>::builder(Users).rate_limits_in_store();
}
