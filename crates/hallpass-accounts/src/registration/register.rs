//! Registration: a new account, signed in.

use hallpass_core::Role;

use crate::{
    account::{Account, AccountId, username::Username},
    event::Event,
    login::{LoginStep, password_accepted::Due},
    password::Password,
    rate_limit::limits::Whose,
    registration::{NewAccount, Registered},
    sign_in::SignIn,
    sign_in_error::{SignInError, SignInErrorKind},
    store::offered,
    two_factor::enrolment::fresh_name,
    visitor::Visitor,
};

impl<R: Role> SignIn<R> {
    /// Makes an account with the first roles and signs it in; or leads it to the enrolment page, where it must have a second factor.
    ///
    /// That a name is taken is said openly: a form that makes accounts cannot hide it. The limit per address bounds how
    /// many names can be tried out, and hashing.
    ///
    /// # Errors
    /// [`Username`](SignInErrorKind::Username), [`Password`](SignInErrorKind::Password) and
    /// [`NameTaken`](SignInErrorKind::NameTaken), with nothing written; the faults of a log-in.
    pub async fn register(
        &self,
        username: &str,
        password: &str,
        visitor: &Visitor<'_>,
    ) -> Result<LoginStep, SignInError> {
        let store = offered(self.stores().registration.as_ref())?;
        let username = Username::parse(username).map_err(SignInErrorKind::Username)?;
        let password =
            self.password_policy().accept(&Password::typed(password), &username).map_err(SignInErrorKind::Password)?;
        let now = self.now();
        let counted = self.limits().count(self.stores(), Whose::Nobodys, visitor, now).await?;
        self.refuse_breached(&password).await?;
        let hash = self.gate().hash(&password).await;
        let hash = hash.map_err(|closed| self.busy(closed))?;
        let roles = self.first_roles();
        let account = NewAccount::new(
            self.fresh_account_id()?,
            username.clone(),
            hash.clone(),
            roles.iter().map(|role| role.name().to_owned()).collect(),
            now,
        );
        let names = account.roles.clone();
        let id = match self.stores().ask("create account", store.create(account)).await? {
            Registered::Created(id) => id,
            Registered::NameTaken => return Err(SignInErrorKind::NameTaken.into()),
        };
        self.events().happened(Event::Registered { account: id.clone() });
        let account = Account::new(id, username, hash).with_roles(names);
        match self.due_without_factor(account, counted.for_good()) {
            Due::Nothing(proven) => self.opened(proven, visitor).await.map(LoginStep::SignedIn),
            Due::Enrolment(due) => due.wait().await.map(LoginStep::EnrolmentDue),
            Due::SecondFactor(due) => due.wait().await.map(LoginStep::FactorDue),
        }
    }

    /// 128 random bits: no two nodes ask each other for a number, and no id tells how many accounts there are.
    fn fresh_account_id(&self) -> Result<AccountId, SignInError> {
        fresh_name(self.random()).map(AccountId::new)
    }
}
