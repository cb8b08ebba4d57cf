//! The revocation feed that the store itself writes.

use hallpass_accounts::{Administration, Change, Cursor, Feed, Registration};

use super::fixture::{Reader, at, done, raised, register};

pub async fn the_feed_is_read_in_order_over_many_calls<S>(store: &S)
where
    S: Administration + Registration + Feed,
{
    let id = register(store, "alice").await;
    let mut feed = Reader::new(store);
    assert_eq!(feed.news().await, []);
    // More than one call hands over at once.
    for number in 1..=1100 {
        done(store.set_roles(&id, &[], None, at(number)).await.unwrap());
    }
    let generations = feed.news().await.into_iter().map(|change| match change {
        Change::Generation { generation, .. } => generation,
        other => panic!("{other:?}"),
    });
    assert!(generations.eq(1..=1100));

    done(store.set_roles(&id, &[], None, at(2000)).await.unwrap());
    assert_eq!(feed.news().await, [raised(&id, 1101, at(2000))]);
}

pub async fn an_empty_feed_has_been_read_to_its_end<S: Feed>(store: &S) {
    let read = store.since(Cursor::START).await.unwrap();
    assert_eq!(read.changes, []);
    assert_eq!(store.since(read.cursor).await.unwrap().cursor, read.cursor, "or a reader would go on for ever");
}

pub async fn forgetting_leaves_cursors_good<S>(store: &S)
where
    S: Administration + Registration + Feed,
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
