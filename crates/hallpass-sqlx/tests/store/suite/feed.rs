//! The revocation feed.

use hallpass_signin::{Administration, Change, Cursor, Feed, Registration};

use super::{at, feed_since, news, raised, register};

pub(crate) async fn the_feed_is_read_in_order_over_many_calls<S>(store: &S)
where
    S: Administration + Registration + Feed,
{
    let id = register(store, "alice").await;
    let (nothing, cursor) = feed_since(store, Cursor::START).await;
    assert_eq!((nothing, cursor), (vec![], Cursor::START));
    // More than one call hands over at once.
    for number in 1..=1100 {
        store.set_roles(&id, &[], at(number)).await.unwrap();
    }
    let (all, end) = feed_since(store, Cursor::START).await;
    let generations = all.iter().map(|change| match change {
        Change::Generation { generation, .. } => *generation,
        other => panic!("{other:?}"),
    });
    assert!(generations.eq(1..=1100));

    store.set_roles(&id, &[], at(2000)).await.unwrap();
    let (later, _) = feed_since(store, end).await;
    assert_eq!(later, [raised(&id, 1101, at(2000))]);
}

pub(crate) async fn forgetting_leaves_cursors_good<S>(store: &S)
where
    S: Administration + Registration + Feed,
{
    let id = register(store, "alice").await;
    let mut cursor = Cursor::START;
    for number in 1..=3 {
        store.set_roles(&id, &[], at(number)).await.unwrap();
    }
    news(store, &mut cursor).await;

    store.forget(at(3)).await.unwrap();
    let (kept, _) = feed_since(store, Cursor::START).await;
    assert_eq!(kept, [raised(&id, 3, at(3))], "made at 3, so not before 3");

    // With every row gone, the next one must still come behind the cursor.
    store.forget(at(100)).await.unwrap();
    assert_eq!(news(store, &mut cursor).await, []);
    store.set_roles(&id, &[], at(200)).await.unwrap();
    assert_eq!(news(store, &mut cursor).await, [raised(&id, 4, at(200))]);
}
