//! ACL rules: exactly those of the documentation suffice, and each of them is necessary.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use hallpass_accounts::{AttemptOutcome, Cursor, Notifier, RateLimitStore, RevocationLog};
use hallpass_core::UnixTime;
use hallpass_redis::{RedisOpenError, RedisStore, RedisStoreErrorKind};
use hallpass_test_support::redis::RedisServer;
use tokio::time::timeout;

use crate::server::{LIMIT, NOW, attempt, ended};

/// The command in the guide and in the documentation of `RedisStore`.
const RULE: &str = "ACL SETUSER site on >PASSWORD resetkeys resetchannels -@all +del +eval +get \
                    +set +xadd +xrange +xread +xrevrange +xtrim ~hallpass:*";

/// Returns a server with a user of these rules, and the address for this user.
fn server_with(rule: &str) -> (RedisServer, String) {
    let server = RedisServer::start();
    let url = server.url_of("site", "PASSWORD");
    server.run(&rule.split(' ').collect::<Vec<_>>());
    (server, url)
}

/// Calls every method of the store.
async fn use_everything(store: &RedisStore) {
    for _ in 0..3 {
        assert_eq!(attempt(store, "alice").await.unwrap(), AttemptOutcome::Allowed);
    }
    assert_ne!(attempt(store, "alice").await.unwrap(), AttemptOutcome::Allowed);
    for _ in 0..3 {
        store.give_back("alice", &LIMIT, NOW).await.unwrap();
    }
    store.clear("alice").await.unwrap();
    let mut notifier = store.notifier();
    notifier.notified().await.unwrap();
    store.publish(&ended(1)).await.unwrap();
    timeout(Duration::from_secs(1), notifier.notified()).await.unwrap().unwrap();
    let page = store.read_after(Cursor::START).await.unwrap();
    assert_eq!(page.changes, [ended(1)]);
    assert!(store.read_after(page.cursor).await.unwrap().changes.is_empty());
    store.purge_before(UnixTime::from_secs(NOW.as_secs() + 60)).await.unwrap();
    assert!(store.read_after(Cursor::START).await.unwrap().changes.is_empty());
}

#[test]
fn the_documented_rule_is_the_tested_one() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["src/store.rs", "../../docs/guide/src/many-nodes.md"] {
        let text = std::fs::read_to_string(here.join(file)).unwrap();
        assert!(text.contains(RULE), "{file}");
    }
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn the_documented_rule_permits_every_method() {
    let (server, url) = server_with(RULE);
    let store = RedisStore::open(&url).await.unwrap();
    assert_eq!(server.run(&["DBSIZE"]), "0", "the keys of the check are deleted");
    store.scope("k3bd0fXq9sLm2aTz").unwrap();
    use_everything(&store).await;
    assert_eq!(server.run(&["ACL", "LOG"]), "", "the server denied nothing");
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn open_names_each_missing_permission() {
    let permissions: Vec<_> = RULE.split(' ').filter(|word| word.starts_with('+')).collect();
    assert_eq!(permissions.len(), 9);
    for missing in permissions {
        let (server, url) = server_with(&RULE.replace(&format!(" {missing} "), " "));
        let error = RedisStore::open(&url).await.unwrap_err();
        let RedisOpenError::Permission { commands, rule, source, .. } = &error else {
            panic!("{missing}: {error:?}")
        };
        assert_eq!(format!("+{}", commands.to_lowercase()), missing);
        assert_eq!(*rule, format!("ACL SETUSER site {missing} ~hallpass:*"));
        assert!(error.to_string().contains(&format!("run `{rule}` there")), "{error}");
        assert_eq!(source.kind(), RedisStoreErrorKind::Permission);

        // The rule of the error is the fix.
        server.run(&rule.split(' ').collect::<Vec<_>>());
        use_everything(&RedisStore::open(&url).await.unwrap()).await;
    }
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn open_names_every_permission_of_a_user_with_ping_alone() {
    for rule in [
        "ACL SETUSER site on >PASSWORD resetkeys resetchannels -@all +ping".to_owned(),
        // Every command, on the keys of another application.
        RULE.replace("~hallpass:*", "~shop:*"),
    ] {
        let (server, url) = server_with(&rule);
        let error = RedisStore::open(&url).await.unwrap_err();
        let RedisOpenError::Permission { rule, .. } = &error else { panic!("{error:?}") };
        assert!(rule.starts_with("ACL SETUSER site +"), "{rule}");
        server.run(&rule.split(' ').collect::<Vec<_>>());
        use_everything(&RedisStore::open(&url).await.unwrap()).await;
    }
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn open_tries_the_keys_of_its_prefix() {
    let (_server, url) = server_with(&RULE.replace("~hallpass:*", "~club:*"));
    assert!(RedisStore::open(&url).await.is_err());
    use_everything(&RedisStore::open_with_prefix(&url, "club").await.unwrap()).await;
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn open_names_a_wrong_password_and_a_denied_database() {
    let (server, url) = server_with(RULE);
    for (url, kind) in [
        (server.url_of("site", "wrong"), RedisStoreErrorKind::Authentication),
        (format!("{url}/1"), RedisStoreErrorKind::Refused),
    ] {
        let error = RedisStore::open(&url).await.unwrap_err();
        let RedisOpenError::Connect { source, .. } = &error else { panic!("{error:?}") };
        assert_eq!(source.kind(), kind);
        assert!(error.to_string().contains("user, password or database"), "{error}");
    }
    server.run(&["ACL", "SETUSER", "site", "+select"]);
    use_everything(&RedisStore::open(&format!("{url}/1")).await.unwrap()).await;
}

#[tokio::test]
#[ignore = "needs the program redis-server"]
async fn permission_removed_later_is_named_and_effective_again() {
    let (server, url) = server_with(RULE);
    let store = RedisStore::open(&url).await.unwrap();
    for command in ["eval", "set", "get"] {
        server.run(&["ACL", "SETUSER", "site", &format!("-{command}")]);
        let start = Instant::now();
        let error = attempt(&store, command).await.unwrap_err();
        assert_eq!(error.kind(), RedisStoreErrorKind::Permission, "{command}");
        assert!(start.elapsed() < Duration::from_millis(700), "{:?}", start.elapsed());
        server.run(&["ACL", "SETUSER", "site", &format!("+{command}")]);
        assert_eq!(attempt(&store, command).await.unwrap(), AttemptOutcome::Allowed);
    }
}
