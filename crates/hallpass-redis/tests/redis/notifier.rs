//! Wake-ups by the stream.

use std::time::Duration;

use hallpass_accounts::{Cursor, Notifier, Revocation, RevocationLog};
use hallpass_testkit::store_suite::fixture::{at, session_id};
use tokio::time::timeout;

use crate::server;

#[tokio::test]
#[ignore = "needs Redis or Valkey: REDIS_URL"]
async fn publication_wakes_the_followers() {
    let prefix = server::prefix();
    let (here, there) = (server::named(&prefix).await, server::named(&prefix).await);
    let before = Revocation::SessionEnded { session: session_id(1), at: at(1) };
    there.publish(&before).await.unwrap();
    let mut notifier = here.notifier();
    notifier.notified().await.unwrap();
    assert_eq!(here.read_after(Cursor::START).await.unwrap().changes, [before]);
    for number in 2..5 {
        let waiting = tokio::spawn(async move {
            timeout(Duration::from_secs(2), notifier.notified()).await.unwrap().unwrap();
            notifier
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!waiting.is_finished(), "nothing new yet");
        there
            .publish(&Revocation::SessionEnded { session: session_id(number), at: at(1) })
            .await
            .unwrap();
        notifier = waiting.await.unwrap();
    }
    assert_eq!(here.read_after(Cursor::START).await.unwrap().changes.len(), 4);
}

#[tokio::test]
#[ignore = "needs Redis or Valkey: REDIS_URL"]
async fn reader_restarts_after_a_lost_stream() {
    let store = server::empty().await;
    store.publish(&Revocation::SessionEnded { session: session_id(1), at: at(1) }).await.unwrap();
    // The stream was lost, and the server's clock was then set back.
    let beyond = Cursor::from_number(u128::from(u64::MAX) << 64);
    assert_eq!(store.read_after(beyond).await.unwrap().cursor, Cursor::START);
}
