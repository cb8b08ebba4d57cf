//! A users table in memory. After `encrypt`, every call panics.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use hallpass::store::{AccountStore, NewAccount, RegistrationOutcome, RegistrationStore};
use hallpass::{Account, AccountId, Username};

#[derive(Clone, Default)]
pub(crate) struct Users(Arc<Table>);

#[derive(Default)]
struct Table {
    accounts: Mutex<Vec<Account>>,
    encrypted: AtomicBool,
    calls: AtomicUsize,
}

impl Users {
    /// Makes every later call panic, and sets the count of calls to 0.
    pub(crate) fn encrypt(&self) {
        self.0.encrypted.store(true, Ordering::SeqCst);
        self.0.calls.store(0, Ordering::SeqCst);
    }

    pub(crate) fn calls(&self) -> usize {
        self.0.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn give_roles(&self, name: &str, roles: &[&str]) {
        let name = Username::parse(name).unwrap();
        for account in self.0.accounts.lock().unwrap().iter_mut() {
            if account.username() == &name {
                *account = account.clone().with_roles(roles.iter().copied());
            }
        }
    }

    fn find(&self, wanted: impl Fn(&Account) -> bool) -> Option<Account> {
        self.called();
        self.0.accounts.lock().unwrap().iter().find(|account| wanted(account)).cloned()
    }

    fn called(&self) {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        assert!(!self.0.encrypted.load(Ordering::SeqCst), "unexpected call to the store");
    }
}

impl AccountStore for Users {
    type Error = Infallible;

    async fn by_username(&self, name: &Username) -> Result<Option<Account>, Infallible> {
        Ok(self.find(|account| account.username() == name))
    }

    async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, Infallible> {
        Ok(self.find(|account| account.id() == id))
    }
}

impl RegistrationStore for Users {
    async fn create(&self, new: NewAccount) -> Result<RegistrationOutcome, Infallible> {
        if self.find(|account| account.username() == &new.username).is_some() {
            return Ok(RegistrationOutcome::NameTaken);
        }
        let account =
            Account::new(new.id.clone(), new.username, new.password_hash).with_roles(new.roles);
        self.0.accounts.lock().unwrap().push(account);
        Ok(RegistrationOutcome::Created(new.id))
    }
}
