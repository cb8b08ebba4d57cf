//! Checks of both kinds of revocation log: the log that the store itself writes, and a log apart
//! from the store, to which the engine publishes the store's changes.

use hallpass_accounts::{
    AccountId, AdministrationStore, Cursor, RegistrationStore, Revocation, RevocationLog,
};

use super::fixture::{Reader, at, done, register, revoked, session_id, stale};

pub async fn the_log_is_read_in_order_over_many_calls<S>(store: &S)
where
    S: AdministrationStore + RegistrationStore + RevocationLog,
{
    let id = register(store, "alice").await;
    let mut log = Reader::new(store);
    assert_eq!(log.read_new().await, []);
    // More rows than one read returns.
    for number in 1..=1100 {
        done(store.set_roles(&id, &[], &[], None, at(number)).await.unwrap());
    }
    let numbers = log.read_new().await.into_iter().map(|change| match change {
        Revocation::StaleBelow { number, .. } => number,
        other => panic!("{other:?}"),
    });
    assert!(numbers.eq(1..=1100));

    done(store.set_roles(&id, &[], &[], None, at(2000)).await.unwrap());
    assert_eq!(log.read_new().await, [stale(&id, 1101, at(2000))]);
}

pub async fn an_empty_log_has_been_read_to_its_end<S: RevocationLog>(store: &S) {
    let read = store.read_after(Cursor::START).await.unwrap();
    assert_eq!(read.changes, []);
    assert_eq!(
        store.read_after(read.cursor).await.unwrap().cursor,
        read.cursor,
        "otherwise a reader would never end"
    );
}

pub async fn purging_leaves_cursors_valid<S>(store: &S)
where
    S: AdministrationStore + RegistrationStore + RevocationLog,
{
    let id = register(store, "alice").await;
    let mut log = Reader::new(store);
    for number in 1..=3 {
        done(store.set_roles(&id, &[], &[], None, at(number)).await.unwrap());
    }
    log.read_new().await;

    store.purge_before(at(3)).await.unwrap();
    assert_eq!(
        Reader::new(store).read_new().await,
        [stale(&id, 3, at(3))],
        "made at 3, so not before 3"
    );

    // With every row removed, the next one must still be after the cursor.
    store.purge_before(at(100)).await.unwrap();
    assert_eq!(log.read_new().await, []);
    done(store.set_roles(&id, &[], &[], None, at(200)).await.unwrap());
    assert_eq!(log.read_new().await, [stale(&id, 4, at(200))]);
}

pub async fn the_log_is_pruned_in_pieces<S>(store: &S)
where
    S: AdministrationStore + RegistrationStore + RevocationLog,
{
    let id = register(store, "alice").await;
    for number in 1..=6 {
        done(store.set_roles(&id, &[], &[], None, at(number)).await.unwrap());
    }
    // A store may delete all of them in the first call.
    while store.prune(at(6), 2).await.unwrap() > 0 {}
    assert_eq!(Reader::new(store).read_new().await, [stale(&id, 6, at(6))]);
}

pub async fn published_revocations_are_read_in_order<S: RevocationLog>(store: &S) {
    let id = AccountId::new("id \u{fffd} \"ünal\"");
    let mut log = Reader::new(store);
    assert_eq!(log.read_new().await, []);
    let told: Vec<_> = (1..=1100).map(|number| revoked(&id, number, at(number.into()))).collect();
    for change in &told {
        store.publish(change).await.unwrap();
    }
    assert!(log.read_new().await == told);
    let ended = Revocation::SessionEnded { session: session_id(1), at: at(2000) };
    store.publish(&ended).await.unwrap();
    store.publish(&revoked(&id, u32::MAX, at(2000))).await.unwrap();
    assert_eq!(log.read_new().await, [ended, revoked(&id, u32::MAX, at(2000))]);
}

pub async fn purging_publications_leaves_cursors_valid<S: RevocationLog>(store: &S) {
    let id = AccountId::new("id");
    let mut log = Reader::new(store);
    for number in 1..=3 {
        store.publish(&revoked(&id, number, at(number.into()))).await.unwrap();
    }
    log.read_new().await;
    store.purge_before(at(3)).await.unwrap();
    assert_eq!(
        Reader::new(store).read_new().await,
        [revoked(&id, 3, at(3))],
        "made at 3, so not before 3"
    );
    store.purge_before(at(100)).await.unwrap();
    assert_eq!(Reader::new(store).read_new().await, []);
    assert_eq!(log.read_new().await, []);
    store.publish(&revoked(&id, 4, at(200))).await.unwrap();
    assert_eq!(log.read_new().await, [revoked(&id, 4, at(200))]);
}
