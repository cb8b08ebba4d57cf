//! Checks of counting attempts.

use std::time::Duration;

use hallpass_accounts::{AttemptOutcome, RateLimit, RateLimitStore};

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
