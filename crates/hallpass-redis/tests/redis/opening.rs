//! Opening.

use std::error::Error;

use hallpass_accounts::{RateLimit, RateLimitStore};
use hallpass_core::UnixTime;
use hallpass_redis::{RedisStore, RedisStoreErrorKind};

use crate::server;

#[tokio::test]
async fn open_errors_name_the_fix_and_no_password() {
    for (url, expected) in [
        ("", "write for example redis://127.0.0.1:6379"),
        ("postgres://localhost", "write for example redis://127.0.0.1:6379"),
        (
            "redis://:hunter2@127.0.0.1:1",
            "the Redis server at 127.0.0.1:1 cannot be reached: start it",
        ),
    ] {
        let error = RedisStore::open(url).await.unwrap_err();
        let (sentence, cause) = (error.to_string(), error.source().unwrap().to_string());
        assert!(sentence.contains(expected), "{url}: {sentence}");
        assert!(!format!("{sentence}{cause}{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[tokio::test]
#[ignore = "needs Redis or Valkey: REDIS_URL"]
async fn unreadable_value_is_an_error() {
    let prefix = server::prefix();
    let store = server::named(&prefix).await;
    let client = redis::Client::open(std::env::var("REDIS_URL").unwrap()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let policy = RateLimit::new(3, std::time::Duration::from_secs(30));
    for damage in ["", "three", "1 2", "-1 0 0"] {
        let key = format!("{prefix}:attempts:alice");
        let () = redis::cmd("SET")
            .arg(&key)
            .arg(damage)
            .arg("EX")
            .arg(60)
            .query_async(&mut connection)
            .await
            .unwrap();
        let error =
            store.try_take("alice", &policy, UnixTime::from_secs(1_790_000_000)).await.unwrap_err();
        assert_eq!(error.kind(), RedisStoreErrorKind::Corrupt, "{damage}");
    }
}
