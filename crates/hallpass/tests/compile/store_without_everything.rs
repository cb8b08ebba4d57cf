//~ it does not implement `Registration`
//~ it does not implement `Passwords`
//~ it does not implement `SecondFactors`
//~ it does not implement `Refreshes`
//~ it does not implement `Administration`
//~ it does not implement `Attempts`
//~ it does not implement `Feed`
use hallpass::{Account, AccountId, Accounts, Hallpass, Role, Username};

#[derive(Role)]
enum SiteRole {
    Admin,
}

struct Users;

impl Accounts for Users {
    type Error = std::convert::Infallible;

    async fn by_username(&self, _: &Username) -> Result<Option<Account>, Self::Error> {
        Ok(None)
    }

    async fn by_id(&self, _: &AccountId) -> Result<Option<Account>, Self::Error> {
        Ok(None)
    }
}

fn main() {
    let _ = Hallpass::<SiteRole>::builder(Users).everything();
}
