//! Stores that cannot commit a change and its revocation together do not start.

use std::{convert::Infallible, error::Error, sync::Arc};

use hallpass::store::{
    AccountStore, Cursor, MemoryRateLimits, Revocation, RevocationLog, RevocationPage, SqlStore,
    SqliteStore, StoreSet,
};
use hallpass::{
    Account, AccountId, Hallpass, HallpassBuilder, StartError, UnixTime, Username,
    flow::SettingsError,
};
use hallpass_test_support::memory_store::MemoryStore;

use crate::{scratch::Scratch, site::SiteRole, users::Users};

/// A log outside every store: revocations are published to it after the change.
#[derive(Clone)]
struct Published;

impl RevocationLog for Published {
    type Error = Infallible;

    async fn read_after(&self, cursor: Cursor) -> Result<RevocationPage, Infallible> {
        Ok(RevocationPage { changes: Vec::new(), cursor, skipped: 0, is_last: true, facts: None })
    }

    async fn purge_before(&self, _: UnixTime) -> Result<(), Infallible> {
        Ok(())
    }

    async fn publish(&self, _: &Revocation) -> Result<(), Infallible> {
        Ok(())
    }
}

/// A users table of the site, without rows.
struct Customers;

impl AccountStore for Customers {
    type Error = Infallible;

    async fn by_username(&self, _: &Username) -> Result<Option<Account>, Infallible> {
        Ok(None)
    }

    async fn by_id(&self, _: &AccountId) -> Result<Option<Account>, Infallible> {
        Ok(None)
    }
}

fn on<S: AccountStore>(store: S) -> HallpassBuilder<SiteRole, S> {
    Hallpass::builder(store).keys_in_memory()
}

/// Asserts that the site does not start, and that the error names both traits and the fix.
async fn refused<S: AccountStore>(what: &str, builder: HallpassBuilder<SiteRole, S>) {
    let error = builder.start().await.err().unwrap_or_else(|| panic!("{what}"));
    let apart = matches!(error, StartError::Settings(SettingsError::StoresApart { .. }));
    assert!(apart, "{what}: {error:?}");
    let text = error.to_string();
    let fixes = ["`RevocationLog`", "without `.revocation_log_in(…)`", "users.with(SqlStore"];
    for fix in fixes {
        assert!(text.contains(fix), "{what}: {text}");
    }
    assert!(error.source().is_none(), "{what}: the text is printed once");
}

#[tokio::test]
async fn stores_that_cannot_commit_together_do_not_start() {
    let scratch = Scratch::new();
    let open = async |name: &str| SqlStore::open(&scratch.url(name)).await.unwrap();
    let (one, two) = (open("one.db").await, open("two.db").await);
    // An own administration with the log of a SQL store revoked nothing on other nodes.
    let own = MemoryStore::default;
    refused("own administration", on(own()).administration().revocation_log_in(one.clone())).await;
    refused("own sessions", on(own()).sessions().revocation_log_in(one.clone())).await;
    refused("own refresh tokens", on(own()).refresh_tokens().revocation_log_in(one.clone())).await;
    refused("own passwords", on(own()).passwords().revocation_log_in(one.clone())).await;
    let factors = on(own()).two_factor(hallpass::TwoFactorPolicy::Optional);
    refused("own second factors", factors.revocation_log_in(one.clone())).await;
    refused("own facts", on(own()).site_facts().revocation_log_in(one.clone())).await;
    // The order of the calls does not matter.
    let builder = on(own()).revocation_log_in(one.clone()).administration();
    refused("own administration, after the log", builder).await;
    refused("two stores in memory", on(own()).sessions().revocation_log_in(own())).await;

    refused("two files", on(one.clone()).everything().revocation_log_in(two.clone())).await;
    refused(
        "a log that is published to",
        on(one.clone()).everything().revocation_log_in(Published),
    )
    .await;
    let users = Customers.with(one.clone());
    let builder = on(users).everything_but_accounts().revocation_log_in(two.clone());
    refused("an own users table, and a log of another file", builder).await;

    // A copy of a file has the same id of the store.
    one.close().await;
    std::fs::copy(scratch.path("one.db"), scratch.path("copy.db")).unwrap();
    let (one, copy) = (open("one.db").await, open("copy.db").await);
    refused("a copy of the file", on(one).everything().revocation_log_in(copy)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_on_one_database_start() {
    let scratch = Scratch::new();
    let url = scratch.url("site.db");
    let store = SqlStore::open(&url).await.unwrap();
    let second = SqliteStore::open(&url).await.unwrap();
    on(store.clone()).everything().revocation_log_in(store.clone()).start().await.unwrap();
    on(store.clone()).everything().revocation_log_in(second).start().await.unwrap();
    on(Customers.with(store.clone()))
        .everything_but_accounts()
        .revocation_log_in(store.clone())
        .start()
        .await
        .unwrap();
    let limits = MemoryRateLimits::default();
    on(store.clone())
        .everything()
        .rate_limits_in(limits)
        .notifier(Published)
        .start()
        .await
        .unwrap();
    // A store that revokes nothing may read any log.
    on(Users::default()).registration().revocation_log_in(store).start().await.unwrap();
}

/// The capabilities of a `StoreSet` may be turned on with different stores.
#[tokio::test]
async fn each_capability_of_another_store_is_found() {
    let timeout = std::time::Duration::from_secs(1);
    let of = |store: &MemoryStore| Arc::new(store.clone());
    let (one, two) = (MemoryStore::default(), MemoryStore::default());
    let same = of(&one);
    let set = StoreSet::new(Arc::clone(&same));
    let mixes: [fn(&mut StoreSet, Arc<MemoryStore>); 7] = [
        |set, store| set.registration = Some(store.into()),
        |set, store| set.passwords = Some(store.into()),
        |set, store| set.two_factor = Some(store.into()),
        |set, store| set.sessions = Some(store.into()),
        |set, store| set.refresh_tokens = Some(store.into()),
        |set, store| set.administration = Some(store.into()),
        |set, store| set.site = Some(store.into()),
    ];
    for mix in mixes {
        let mut apart = set.clone();
        mix(&mut apart, of(&two));
        let error = apart.apart(timeout).await.unwrap();
        assert!(matches!(error, Some(SettingsError::StoresApart { .. })), "{error:?}");
        let mut together = set.clone();
        mix(&mut together, Arc::clone(&same));
        assert_eq!(together.apart(timeout).await.unwrap(), None);
    }
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn two_schemas_on_postgres_do_not_start_and_two_pools_do() {
    let (one, two) = (crate::schema::Schema::new().await, crate::schema::Schema::new().await);
    let open = async |url: String| SqlStore::open(&url).await.unwrap();
    let store = open(one.url()).await;
    let builder = on(store.clone()).everything().revocation_log_in(open(two.url()).await);
    refused("two schemas", builder).await;
    on(store).everything().revocation_log_in(open(one.url()).await).start().await.unwrap();
}
