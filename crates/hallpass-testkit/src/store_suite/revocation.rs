//! The revocation feed: the one that the store itself writes, and one apart from the store, which is told what the store has done.

use hallpass_accounts::{AccountId, AdministrationStore, Cursor, RegistrationStore, Revocation, RevocationLog};

use super::fixture::{Reader, at, done, raised, register, session_id};

pub async fn the_feed_is_read_in_order_over_many_calls<S>(store: &S)
where
    S: AdministrationStore + RegistrationStore + RevocationLog,
{
    let id = register(store, "alice").await;
    let mut feed = Reader::new(store);
    assert_eq!(feed.news().await, []);
    // More than one call hands over at once.
    for number in 1..=1100 {
        done(store.set_roles(&id, &[], None, at(number)).await.unwrap());
    }
    let generations = feed.news().await.into_iter().map(|change| match change {
        Revocation::Generation { generation, .. } => generation,
        other => panic!("{other:?}"),
    });
    assert!(generations.eq(1..=1100));

    done(store.set_roles(&id, &[], None, at(2000)).await.unwrap());
    assert_eq!(feed.news().await, [raised(&id, 1101, at(2000))]);
}

pub async fn an_empty_feed_has_been_read_to_its_end<S: RevocationLog>(store: &S) {
    let read = store.since(Cursor::START).await.unwrap();
    assert_eq!(read.changes, []);
    assert_eq!(store.since(read.cursor).await.unwrap().cursor, read.cursor, "or a reader would go on for ever");
}

pub async fn forgetting_leaves_cursors_good<S>(store: &S)
where
    S: AdministrationStore + RegistrationStore + RevocationLog,
{
    let id = register(store, "alice").await;
    let mut feed = Reader::new(store);
    for number in 1..=3 {
        done(store.set_roles(&id, &[], None, at(number)).await.unwrap());
    }
    feed.news().await;

    store.forget(at(3)).await.unwrap();
    assert_eq!(Reader::new(store).news().await, [raised(&id, 3, at(3))], "made at 3, so not before 3");

    // With every row gone, the next one must still come behind the cursor.
    store.forget(at(100)).await.unwrap();
    assert_eq!(feed.news().await, []);
    done(store.set_roles(&id, &[], None, at(200)).await.unwrap());
    assert_eq!(feed.news().await, [raised(&id, 4, at(200))]);
}

pub async fn what_is_announced_is_read_in_order<S: RevocationLog>(store: &S) {
    let id = AccountId::new("id \u{fffd} \"ünal\"");
    let mut feed = Reader::new(store);
    assert_eq!(feed.news().await, []);
    let told: Vec<_> = (1..=1100).map(|number| raised(&id, number, at(number.into()))).collect();
    for change in &told {
        store.announce(change).await.unwrap();
    }
    assert!(feed.news().await == told);
    let ended = Revocation::SessionEnded { session: session_id(1), at: at(2000) };
    store.announce(&ended).await.unwrap();
    store.announce(&raised(&id, u32::MAX, at(2000))).await.unwrap();
    assert_eq!(feed.news().await, [ended, raised(&id, u32::MAX, at(2000))]);
}

pub async fn what_is_old_is_forgotten_and_cursors_stay_good<S: RevocationLog>(store: &S) {
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
