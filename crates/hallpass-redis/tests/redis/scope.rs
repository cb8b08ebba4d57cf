//! The scope: sites on one server meet neither in limits nor in notifications.

use std::{error::Error, time::Duration};

use hallpass_accounts::{AttemptOutcome, Cursor, Notifier, RateLimitStore, RevocationLog};
use hallpass_redis::{RedisStore, RedisStoreErrorKind};
use tokio::time::timeout;

use crate::{
    fake_server::FakeServer,
    server::{attempt, attempts_left, ended, named, prefix},
};

const CLUB: &str = "k3bd0fXq9sLm2aTz";
const SHOP: &str = "Zz19-_pQ7rVn4cWe";

#[tokio::test]
#[ignore = "needs Redis or Valkey: REDIS_URL"]
async fn two_sites_on_one_server_share_nothing() {
    let prefix = prefix();
    let (club, shop) = (named(&prefix).await, named(&prefix).await);
    club.scope(CLUB).unwrap();
    shop.scope(SHOP).unwrap();

    assert_eq!(attempts_left(&club, "alice").await, 3);
    assert_eq!(attempts_left(&shop, "alice").await, 3);
    shop.clear("alice").await.unwrap();
    assert_ne!(attempt(&club, "alice").await.unwrap(), AttemptOutcome::Allowed);

    let (mut of_club, mut of_shop) = (club.notifier(), shop.notifier());
    of_club.notified().await.unwrap();
    of_shop.notified().await.unwrap();
    club.publish(&ended(1)).await.unwrap();
    timeout(Duration::from_secs(1), of_club.notified()).await.unwrap().unwrap();
    assert!(timeout(Duration::from_millis(200), of_shop.notified()).await.is_err());
    shop.publish(&ended(2)).await.unwrap();
    assert_eq!(club.read_after(Cursor::START).await.unwrap().changes, [ended(1)]);
    assert_eq!(shop.read_after(Cursor::START).await.unwrap().changes, [ended(2)]);

    // Another node of a site shares everything with it.
    let node = named(&prefix).await;
    node.scope(CLUB).unwrap();
    assert_ne!(attempt(&node, "alice").await.unwrap(), AttemptOutcome::Allowed);
    assert_eq!(node.read_after(Cursor::START).await.unwrap().changes, [ended(1)]);
    // A store without a scope is not one of them.
    assert_eq!(attempts_left(&named(&prefix).await, "alice").await, 3);
}

#[tokio::test]
async fn scope_is_set_once_before_the_first_use() {
    let server = FakeServer::start();
    let open = || async { RedisStore::open(&server.url()).await.unwrap() };
    let store = open().await;
    let clone = store.clone();
    store.scope(CLUB).unwrap();
    clone.scope(CLUB).unwrap();
    assert!(format!("{clone:?}").contains(CLUB), "{clone:?}");
    let cause = |store: &RedisStore, id: &str| {
        let error = store.scope(id).unwrap_err();
        assert_eq!(error.kind(), RedisStoreErrorKind::Scope);
        error.source().unwrap().to_string()
    };
    assert!(cause(&clone, SHOP).contains("open one RedisStore per site"));

    let used = open().await;
    used.clear("alice").await.unwrap();
    assert!(cause(&used, CLUB).contains("start the site first"));

    // An id with a colon could produce the keys of another site.
    for id in ["", "a:attempts:b", "a b", "{a}", "a*", "ä", "a\n"] {
        let store = open().await;
        assert!(cause(&store, id).contains("it has only letters, digits, - and _"), "{id:?}");
        store.scope(CLUB).unwrap();
    }
}
