//~ it does not implement `RegistrationStore`
//~ it does not implement `PasswordStore`
//~ it does not implement `TwoFactorStore`
//~ it does not implement `RefreshTokenStore`
//~ it does not implement `AdministrationStore`
//~ it does not implement `RateLimitStore`
//~ it does not implement `RevocationLog`
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
    let _ = Hallpass::<SiteRole>::builder(Users).everything();
}
