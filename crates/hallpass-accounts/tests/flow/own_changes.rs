//! The changes of a session to its own account are limited. A change after a concurrent command of
//! an operator returns `Revoked`.

use hallpass_accounts::{AccountsErrorKind, Event, Proof, RateLimitKind};

use crate::site::{PASSWORD, Site, id_of};

#[tokio::test]
async fn a_session_makes_at_most_ten_changes_per_minute() {
    let site = Site::new();
    let opened = site.register("alice").await;
    let mut access = opened.access;
    let mut refresh = opened.refresh.unwrap().as_str().to_owned();
    let (mut changes, mut blocked) = (0, 0);
    for _second in 0..60 {
        let who = site.verify(&access).unwrap();
        for _try in 0..3 {
            let proof = Proof::of_password(PASSWORD).with_refresh(Some(refresh.as_bytes()));
            match site.accounts.end_other_sessions(&who, &proof).await {
                Ok(tokens) => {
                    changes += 1;
                    access = tokens.access;
                    refresh = tokens.refresh.unwrap().as_str().to_owned();
                    break;
                }
                Err(error) => {
                    assert!(matches!(error.kind(), AccountsErrorKind::Limited { .. }), "{error:?}");
                    blocked += 1;
                }
            }
        }
        site.clock.pass(1);
    }
    assert_eq!(changes, 9, "eight immediately, and one after 30 seconds");
    assert!(blocked > 100);
    assert!(
        site.heard(|event| matches!(event, Event::Limited { limit: RateLimitKind::Change, .. }))
            > 100
    );

    // Each other session of the owner has its own limit.
    let owner = site.log_in("alice", PASSWORD, None).await.unwrap().opened().unwrap();
    let owner = site.verify(&owner.access).unwrap();
    let _tokens = site
        .accounts
        .change_password(&owner, &Proof::of_password(PASSWORD), "seven maps of nowhere")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_change_after_an_operator_command_returns_revoked() {
    let site = Site::new();
    let who = site.verify(&site.register("alice").await.access).unwrap();
    site.other_node().accounts.disable(&id_of(&who)).await.unwrap();
    let ended = site.accounts.end_other_sessions(&who, &Proof::of_password(PASSWORD)).await;
    assert_eq!(ended.map(|_| ()).unwrap_err().kind(), AccountsErrorKind::Revoked);
}
