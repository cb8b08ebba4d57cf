//! Checks of the recent activity.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use hallpass_accounts::{
    AccountId, Activity, ActivityKind, ActivityStore, BrowserName, RegistrationStore,
};
use hallpass_core::Methods;

use super::{
    fixture::{at, register},
    races::winners,
};

const MAX: u64 = Activity::MAX_PER_ACCOUNT as u64;

fn login(second: u64) -> Activity {
    Activity::new(ActivityKind::LoggedIn, at(second))
}

/// Records logins at these seconds.
async fn record<S: ActivityStore>(
    store: &S,
    account: &AccountId,
    seconds: impl IntoIterator<Item = u64>,
) {
    for second in seconds {
        store.record(account, &login(second)).await.unwrap();
    }
}

/// Returns the seconds of all rows, last appended first.
async fn seconds<S: ActivityStore>(store: &S, account: &AccountId) -> Vec<u64> {
    let rows = store.recent(account, 1000).await.unwrap();
    rows.iter().map(|row| row.at.as_secs() - at(0).as_secs()).collect()
}

pub async fn recent_activity_is_listed_last_first<S: ActivityStore + RegistrationStore>(store: &S) {
    let alice = register(store, "alice").await;
    let bob = register(store, "bob").await;
    assert_eq!(store.recent(&alice, 20).await.unwrap(), []);
    let mut expected = Vec::new();
    for (second, kind) in (0..).zip(ActivityKind::ALL) {
        let address = match second % 3 {
            0 => None,
            1 => Some(IpAddr::from([192, 0, 2, 7])),
            _ => Some(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        };
        let methods = match second % 2 {
            0 => Methods::NONE,
            _ => Methods::PASSWORD | Methods::ONE_TIME_CODE,
        };
        let browser = BrowserName::from_user_agent(&"ß'\\".repeat(second * 20));
        let activity = Activity::new(*kind, at(second as u64))
            .with_client(address, browser)
            .with_methods(methods);
        store.record(&alice, &activity).await.unwrap();
        expected.insert(0, activity);
    }
    record(store, &bob, [7]).await;
    assert_eq!(store.recent(&alice, 1000).await.unwrap(), expected);
    assert_eq!(store.recent(&alice, 3).await.unwrap(), expected[..3]);
    assert_eq!(seconds(store, &bob).await, [7]);
}

/// The rows that were appended last stay, also if a clock was fast.
pub async fn an_account_keeps_its_last_hundred_rows<S: ActivityStore + RegistrationStore>(
    store: &S,
) {
    let alice = register(store, "alice").await;
    let bob = register(store, "bob").await;
    record(store, &bob, [1]).await;
    record(store, &alice, [999_999]).await;
    record(store, &alice, 1..MAX).await;
    assert_eq!(seconds(store, &alice).await.len() as u64, MAX);
    record(store, &alice, MAX..MAX + 5).await;
    let expected: Vec<_> = (5..MAX + 5).rev().collect();
    assert_eq!(seconds(store, &alice).await, expected);
    assert_eq!(seconds(store, &bob).await, [1], "the limit is per account");
}

pub async fn activity_before_a_time_is_pruned_in_pieces<S: ActivityStore + RegistrationStore>(
    store: &S,
) {
    let alice = register(store, "alice").await;
    let bob = register(store, "bob").await;
    record(store, &alice, [3, 1, 5]).await;
    record(store, &bob, [2, 4, 6]).await;
    assert_eq!(store.prune(at(1), 100).await.unwrap(), 0);
    assert_eq!(store.prune(at(5), 3).await.unwrap(), 3);
    assert_eq!(
        (seconds(store, &alice).await, seconds(store, &bob).await),
        (vec![5], vec![6, 4]),
        "the earliest times first"
    );
    assert_eq!(store.prune(at(5), 3).await.unwrap(), 1);
    assert_eq!(store.prune(at(5), 3).await.unwrap(), 0);
    assert_eq!((seconds(store, &alice).await, seconds(store, &bob).await), (vec![5], vec![6]));
    record(store, &alice, [8, 7]).await;
    assert_eq!(seconds(store, &alice).await, [7, 8, 5]);
}

pub async fn activity_of_an_unknown_account_is_not_kept<S>(store: &S)
where
    S: ActivityStore + RegistrationStore,
{
    let nobody = AccountId::new("id-nobody");
    record(store, &nobody, [1]).await;
    assert!(seconds(store, &nobody).await.is_empty());
    // A store may assign another id.
    let registered = register(store, "nobody").await;
    for id in [nobody, registered] {
        assert!(seconds(store, &id).await.is_empty(), "{id}");
    }
}

/// The limit holds for 64 concurrent rows of one account, also while rows are pruned.
pub async fn the_limit_of_activity_holds_for_64_rows<S>(stores: &[Arc<S>], rounds: u64)
where
    S: ActivityStore + RegistrationStore,
{
    for round in 0..rounds {
        let account = register(&*stores[0], &format!("user{round}")).await;
        record(&*stores[0], &account, 0..MAX - 10).await;
        let append = |store: Arc<S>, number: usize| {
            let account = account.clone();
            async move {
                record(&*store, &account, [1000 + number as u64]).await;
                if number % 16 == 15 {
                    store.prune(at(5), 2).await.unwrap();
                }
            }
        };
        winners(stores, 64, append, |()| true).await;
        let kept = seconds(&*stores[0], &account).await;
        assert_eq!(kept.len() as u64, MAX, "round {round}");
        let mut appended: Vec<_> = kept.iter().copied().filter(|second| *second >= 1000).collect();
        appended.sort_unstable();
        assert_eq!(appended, (1000..1064).collect::<Vec<_>>(), "round {round}: none is lost");
    }
}
