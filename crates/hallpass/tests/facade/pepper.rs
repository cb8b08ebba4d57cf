//! Rotation of the pepper of a running site: the key file gets a new pepper, hashes with an older
//! pepper are still verified, and each is replaced at the next login of its account.

use std::time::{Duration, Instant};

use hallpass::flow::Visitor;
use hallpass::keys::{KeyFile, KeyId, KeyRing};
use hallpass::store::{AccountStore, SqliteStore};
use hallpass::{
    AccountsErrorKind, Clock, Hallpass, HashCost, PasswordHasherSettings, SystemClock, Username,
};
use tokio::time::sleep;

use crate::{scratch::Scratch, site::SiteRole};

const PASSWORD: &str = "correct horse battery staple";

struct Site {
    hallpass: Hallpass<SiteRole>,
    store: SqliteStore,
    keys: KeyFile,
}

impl Site {
    async fn start(scratch: &Scratch) -> Self {
        let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
        let keys = KeyFile::new(scratch.path("keys.json"));
        let cheap = PasswordHasherSettings::default().hash_cost(HashCost::new(64, 1, 1));
        let hallpass = Hallpass::<SiteRole>::builder(store.clone())
            .everything()
            .key_file(keys.path())
            .password_hasher(cheap)
            .start()
            .await
            .unwrap();
        Self { hallpass, store, keys }
    }

    /// Waits until the running site uses the key ring of the file.
    async fn takes_up(&self, ring: &KeyRing) {
        let end = Instant::now() + Duration::from_secs(5);
        let names = |ring: &KeyRing| ring.peppers().map(|(id, _)| id.clone()).collect::<Vec<_>>();
        while names(&self.hallpass.accounts().issuer().keys().current()) != names(ring) {
            assert!(Instant::now() < end, "the site does not reload its key file");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Adds a pepper to the file, and waits until the site uses it.
    async fn add_pepper(&self) -> KeyId {
        let ring = self.keys.add_pepper(SystemClock.now()).unwrap();
        self.takes_up(&ring).await;
        ring.peppers().next().unwrap().0.clone()
    }

    /// Returns the id of the pepper in an account's hash, or an empty text if the hash has no
    /// pepper.
    async fn named_in_hash(&self, name: &str) -> String {
        let account =
            self.store.by_username(&Username::parse(name).unwrap()).await.unwrap().unwrap();
        let named = account
            .password_hash()
            .split_once("keyid=")
            .map(|(_, rest)| rest.split('$').next().unwrap());
        named.unwrap_or_default().to_owned()
    }

    async fn log_in(&self, name: &str) -> Result<(), AccountsErrorKind> {
        let step = self.hallpass.accounts().log_in(name, PASSWORD, None, &Visitor::default()).await;
        step.map(|_| ()).map_err(|error| error.kind())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pepper_rotation_on_a_running_site_locks_nobody_out() {
    let scratch = Scratch::new();
    let site = Site::start(&scratch).await;
    for name in ["alice", "bob"] {
        let _opened =
            site.hallpass.accounts().register(name, PASSWORD, &Visitor::default()).await.unwrap();
    }
    assert_eq!(site.named_in_hash("alice").await, "", "no pepper is in use");

    let first = site.add_pepper().await;
    site.log_in("alice").await.unwrap();
    let with_first = site.named_in_hash("alice").await;
    assert_ne!(with_first, "");
    site.log_in("bob").await.unwrap();
    assert_eq!(site.named_in_hash("bob").await, with_first);

    let second = site.add_pepper().await;
    assert_ne!(first, second);
    site.log_in("alice").await.unwrap();
    let with_second = site.named_in_hash("alice").await;
    assert!(with_second != with_first && !with_second.is_empty());
    assert_eq!(
        site.named_in_hash("bob").await,
        with_first,
        "the hash is not replaced before the next login"
    );

    // A hash that was not replaced is lost with its retired pepper. A hash with the pepper in use
    // is still accepted.
    let retired = site.keys.update(|ring| ring.retire(&first)).unwrap();
    site.takes_up(&retired).await;
    site.log_in("alice").await.unwrap();
    assert_eq!(site.log_in("bob").await, Err(AccountsErrorKind::Refused));
}
