//! Counting attempts.

use std::time::Duration;

use hallpass_accounts::{AttemptPolicy, Attempted, Attempts};

use super::fixture::at;

const POLICY: AttemptPolicy = AttemptPolicy::new(3, Duration::from_secs(30));

fn blocked(seconds: u64) -> Attempted {
    let retry_after = Duration::from_secs(seconds);
    Attempted::Blocked { retry_after }
}

pub async fn attempts_are_counted_for_each_key<S: Attempts>(store: &S) {
    let take = async |key, second| store.try_take(key, &POLICY, at(second)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(take("account:alice", 0).await, Attempted::Allowed);
    }
    assert_eq!(take("account:alice", 1).await, blocked(29));
    assert_eq!(take("account:bob", 1).await, Attempted::Allowed);
    assert_eq!(take("account:ALICE", 1).await, Attempted::Allowed);
    assert_eq!(take("account:alice", 30).await, Attempted::Allowed);
    assert_eq!(take("account:alice", 30).await, blocked(60));
    store.clear("account:alice").await.unwrap();
    assert_eq!(take("account:alice", 31).await, Attempted::Allowed);
    store.clear("account:nobody").await.unwrap();
}

pub async fn an_attempt_given_back_was_never_made<S: Attempts>(store: &S) {
    let take = async |second| store.try_take("a", &POLICY, at(second)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(take(0).await, Attempted::Allowed);
    }
    store.give_back("a", &POLICY, at(0)).await.unwrap();
    assert_eq!(take(0).await, Attempted::Allowed);
    assert_eq!(take(0).await, blocked(30));
    store.give_back("never taken", &POLICY, at(0)).await.unwrap();
}

pub async fn time_gives_attempts_back<S: Attempts>(store: &S) {
    const HOUR: u64 = 3600;
    const HOURLY: AttemptPolicy = POLICY.regain_every(Duration::from_secs(HOUR));
    let take = async |key, second| store.try_take(key, &HOURLY, at(second)).await.unwrap();
    for key in ["a", "b"] {
        for _ in 0..3 {
            assert_eq!(take(key, 0).await, Attempted::Allowed);
        }
        assert_eq!(take(key, 0).await, blocked(30));
    }
    assert_eq!(take("a", HOUR).await, Attempted::Allowed);
    assert_eq!(take("a", HOUR).await, blocked(30), "one of three came back");
    for _ in 0..3 {
        assert_eq!(take("b", 3 * HOUR).await, Attempted::Allowed);
    }
    assert_eq!(take("b", 3 * HOUR).await, blocked(30), "all three came back, and no more");
}
