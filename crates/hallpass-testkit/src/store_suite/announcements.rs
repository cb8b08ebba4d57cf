//! A feed apart from the store, which is told what the store has done.

use hallpass_accounts::{AccountId, Change, Feed};

use super::fixture::{Reader, at, raised, session_id};

pub async fn what_is_announced_is_read_in_order<S: Feed>(store: &S) {
    let id = AccountId::new("id \u{fffd} \"ünal\"");
    let mut feed = Reader::new(store);
    assert_eq!(feed.news().await, []);
    let told: Vec<_> = (1..=1100).map(|number| raised(&id, number, at(number.into()))).collect();
    for change in &told {
        store.announce(change).await.unwrap();
    }
    assert!(feed.news().await == told);
    let ended = Change::SessionEnded { session: session_id(1), at: at(2000) };
    store.announce(&ended).await.unwrap();
    store.announce(&raised(&id, u32::MAX, at(2000))).await.unwrap();
    assert_eq!(feed.news().await, [ended, raised(&id, u32::MAX, at(2000))]);
}

pub async fn what_is_old_is_forgotten_and_cursors_stay_good<S: Feed>(store: &S) {
    let id = AccountId::new("id");
    let mut feed = Reader::new(store);
    for number in 1..=3 {
        store.announce(&raised(&id, number, at(number.into()))).await.unwrap();
    }
    feed.news().await;
    store.forget(at(3)).await.unwrap();
    assert_eq!(Reader::new(store).news().await, [raised(&id, 3, at(3))], "made at 3, so not before 3");
    store.forget(at(100)).await.unwrap();
    assert_eq!(Reader::new(store).news().await, []);
    assert_eq!(feed.news().await, []);
    store.announce(&raised(&id, 4, at(200))).await.unwrap();
    assert_eq!(feed.news().await, [raised(&id, 4, at(200))]);
}
