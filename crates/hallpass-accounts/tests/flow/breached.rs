//! New passwords are looked up in a service of breached passwords. When the service is down, the
//! passwords are accepted.

use std::sync::Arc;

use hallpass_accounts::{AccountsErrorKind, Breach, BreachedPasswords, PasswordError, Proof};

use crate::site::{PASSWORD, Site, here, logged_in};
use hallpass_test_support::memory_store::Down;

struct Service;

impl BreachedPasswords for Service {
    type Error = Down;

    async fn look_up(&self, password: &str) -> Result<Breach, Down> {
        match password {
            "correct horse battery staple" => Ok(Breach::Known),
            "the service is down today" => Err(Down),
            _ => Ok(Breach::Unknown),
        }
    }
}

#[tokio::test]
async fn breached_passwords_are_rejected_if_the_service_is_up() {
    let site = Site::new();
    let site = Site::node(site.store.clone(), site.clock.clone(), site.keys.clone(), |settings| {
        settings.breached_passwords = Some(Arc::new(Service).into());
    });
    let common = AccountsErrorKind::Password(PasswordError::Common);
    let refused = site.accounts.register("alice", "correct horse battery staple", &here()).await;
    assert_eq!(refused.unwrap_err().kind(), common);
    assert_eq!(site.store.accounts(), 0);

    let who = site.verify(&site.register("alice").await.access).unwrap();
    let refused = site
        .accounts
        .change_password(&who, &Proof::of_password(PASSWORD), "correct horse battery staple")
        .await;
    assert_eq!(refused.unwrap_err().kind(), common);
    let _access = site
        .accounts
        .change_password(&who, &Proof::of_password(PASSWORD), "the service is down today")
        .await
        .unwrap();
    logged_in(site.log_in("alice", "the service is down today", None).await);
}
