//! Checks of consumed one-time values.

use std::sync::Arc;

use hallpass_accounts::{ConsumeOutcome, ConsumedStore, OneTimeHash, OneTimePurpose};

use super::{fixture::at, races::winners};

fn value(number: u64) -> OneTimeHash {
    OneTimeHash::of(&number.to_be_bytes())
}

pub async fn a_value_is_consumed_once_per_purpose<S: ConsumedStore>(store: &S) {
    for purpose in OneTimePurpose::ALL {
        for number in [1, 2] {
            for (second, expected) in [
                (100, ConsumeOutcome::Consumed),
                (100, ConsumeOutcome::AlreadyConsumed),
                (900, ConsumeOutcome::AlreadyConsumed),
                (1, ConsumeOutcome::AlreadyConsumed),
            ] {
                let consumed = store.consume(*purpose, &value(number), at(second)).await.unwrap();
                assert_eq!(consumed, expected, "{purpose:?} {number} {second}");
            }
        }
    }
}

pub async fn expired_values_are_pruned_in_pieces<S: ConsumedStore>(store: &S) {
    let consume = async |number: u64| {
        let (purpose, value) = (OneTimePurpose::LoginLink, value(number));
        store.consume(purpose, &value, at(100 + number)).await.unwrap()
    };
    for number in 0..6 {
        assert_eq!(consume(number).await, ConsumeOutcome::Consumed);
    }
    assert_eq!(store.prune(at(99), 100).await.unwrap(), 0);
    assert_eq!(store.prune(at(104), 2).await.unwrap(), 2);
    assert_eq!(consume(2).await, ConsumeOutcome::AlreadyConsumed, "the earliest expire first");
    assert_eq!(store.prune(at(104), 2).await.unwrap(), 2);
    assert_eq!(store.prune(at(104), 2).await.unwrap(), 1);
    assert_eq!(store.prune(at(104), 2).await.unwrap(), 0);
    assert_eq!(consume(5).await, ConsumeOutcome::AlreadyConsumed, "not expired");
    assert_eq!(consume(0).await, ConsumeOutcome::Consumed, "the row was deleted");
}

/// Of 64 concurrent uses of a link one succeeds (replay), also while rows are pruned.
pub async fn of_64_uses_of_a_value_one_succeeds<S: ConsumedStore>(stores: &[Arc<S>], rounds: u64) {
    for round in 0..rounds {
        let consume = |store: Arc<S>, number: usize| async move {
            if number % 16 == 15 {
                store.prune(at(round), 10).await.unwrap();
            }
            let purpose = OneTimePurpose::PasskeyChallenge;
            store.consume(purpose, &value(round), at(round + 1)).await.unwrap()
        };
        let consumed =
            winners(stores, 64, consume, |outcome| *outcome == ConsumeOutcome::Consumed).await;
        assert_eq!(consumed, 1, "round {round}");
    }
}
