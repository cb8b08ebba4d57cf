//! Checks of counting attempts.

use std::time::Duration;

use hallpass_accounts::{AttemptOutcome, LimitedKey, RateLimit, RateLimitStore, TakeAllOutcome};

use super::fixture::at;

const POLICY: RateLimit = RateLimit::new(3, Duration::from_secs(30));

fn blocked(seconds: u64) -> AttemptOutcome {
    let retry_after = Duration::from_secs(seconds);
    AttemptOutcome::Blocked { retry_after }
}

pub async fn attempts_are_counted_for_each_key<S: RateLimitStore>(store: &S) {
    let take = async |key, second| store.try_take(key, &POLICY, at(second)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(take("account:alice", 0).await, AttemptOutcome::Allowed);
    }
    assert_eq!(take("account:alice", 1).await, blocked(29));
    assert_eq!(take("account:bob", 1).await, AttemptOutcome::Allowed);
    assert_eq!(take("account:ALICE", 1).await, AttemptOutcome::Allowed);
    assert_eq!(take("account:alice", 30).await, AttemptOutcome::Allowed);
    assert_eq!(take("account:alice", 30).await, blocked(60));
    store.clear("account:alice").await.unwrap();
    assert_eq!(take("account:alice", 31).await, AttemptOutcome::Allowed);
    store.clear("account:nobody").await.unwrap();
}

pub async fn an_attempt_given_back_was_never_made<S: RateLimitStore>(store: &S) {
    let take = async |second| store.try_take("a", &POLICY, at(second)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(take(0).await, AttemptOutcome::Allowed);
    }
    store.give_back("a", &POLICY, at(0)).await.unwrap();
    assert_eq!(take(0).await, AttemptOutcome::Allowed);
    assert_eq!(take(0).await, blocked(30));
    store.give_back("never taken", &POLICY, at(0)).await.unwrap();
}

pub async fn time_gives_attempts_back<S: RateLimitStore>(store: &S) {
    const HOUR: u64 = 3600;
    const HOURLY: RateLimit = POLICY.regain_every(Duration::from_secs(HOUR));
    let take = async |key, second| store.try_take(key, &HOURLY, at(second)).await.unwrap();
    for key in ["a", "b"] {
        for _ in 0..3 {
            assert_eq!(take(key, 0).await, AttemptOutcome::Allowed);
        }
        assert_eq!(take(key, 0).await, blocked(30));
    }
    assert_eq!(take("a", HOUR).await, AttemptOutcome::Allowed);
    assert_eq!(take("a", HOUR).await, blocked(30), "one of three attempts was given back");
    for _ in 0..3 {
        assert_eq!(take("b", 3 * HOUR).await, AttemptOutcome::Allowed);
    }
    assert_eq!(
        take("b", 3 * HOUR).await,
        blocked(30),
        "all three attempts were given back, and no more"
    );
}

pub async fn an_attempt_counts_on_all_keys_or_on_none<S: RateLimitStore>(store: &S) {
    const WIDE: RateLimit = RateLimit::new(5, Duration::from_secs(30));
    let keys = [LimitedKey::new("address:1", &WIDE), LimitedKey::new("account:alice", &POLICY)];
    let take =
        async |keys: &[LimitedKey<'_>], second| store.try_take_all(keys, at(second)).await.unwrap();
    assert_eq!(take(&[], 0).await, TakeAllOutcome::Allowed);
    for _ in 0..3 {
        assert_eq!(take(&keys, 0).await, TakeAllOutcome::Allowed);
    }
    for _ in 0..9 {
        let retry_after = Duration::from_secs(29);
        assert_eq!(take(&keys, 1).await, TakeAllOutcome::Blocked { key: 1, retry_after });
    }
    // The rejected attempts did not count on the address.
    let address = async || store.try_take("address:1", &WIDE, at(1)).await.unwrap();
    assert_eq!(address().await, AttemptOutcome::Allowed);
    assert_eq!(address().await, AttemptOutcome::Allowed);
    assert_eq!(address().await, blocked(30));
    // The address is blocked, so nothing counts on the other account.
    let others = [keys[0], LimitedKey::new("account:bob", &POLICY)];
    let retry_after = Duration::from_secs(30);
    for _ in 0..9 {
        assert_eq!(take(&others, 1).await, TakeAllOutcome::Blocked { key: 0, retry_after });
    }
    for _ in 0..3 {
        assert_eq!(take(&others[1..], 1).await, TakeAllOutcome::Allowed);
    }
    assert!(matches!(take(&others[1..], 1).await, TakeAllOutcome::Blocked { key: 0, .. }));
}

pub async fn an_attempt_is_settled_on_each_key<S: RateLimitStore>(store: &S) {
    let keys = ["a", "b", "c"].map(|key| LimitedKey::new(key, &POLICY));
    for _ in 0..3 {
        assert_eq!(store.try_take_all(&keys, at(0)).await.unwrap(), TakeAllOutcome::Allowed);
    }
    let nobody = LimitedKey::new("never taken", &POLICY);
    store.settle(&["a", "never taken"], &[keys[1], nobody], at(0)).await.unwrap();
    let left = async |key: &LimitedKey<'_>| {
        let mut left = 0;
        while store.try_take(key.key, key.limit, at(0)).await.unwrap() == AttemptOutcome::Allowed {
            left += 1;
        }
        left
    };
    assert_eq!([left(&keys[0]).await, left(&keys[1]).await, left(&keys[2]).await], [3, 1, 0]);
    store.settle(&["c"], &[], at(0)).await.unwrap();
    store.settle(&["never taken"], &[], at(0)).await.unwrap();
    store.settle(&[], &[], at(0)).await.unwrap();
    assert_eq!(left(&keys[2]).await, 3);
}
