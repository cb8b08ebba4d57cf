//! Every failing login costs one argon2 run and returns the same error, so neither shows whether an
//! account exists (SECURITY row 14).

use hallpass_accounts::{AccountsErrorKind, Event, RejectionReason};

use crate::site::{PASSWORD, Site, id_of, logged_in};

#[tokio::test]
async fn each_failed_login_costs_one_run_and_returns_one_error() {
    let site = Site::new();
    site.register("alice").await;
    let bob = site.enrolled("bob").await;
    let carol = site.verify(&site.register("carol").await.access).unwrap();
    site.accounts.disable(&id_of(&carol)).await.unwrap();
    let consumed = bob.next_code();
    logged_in(site.log_in("bob", PASSWORD, Some(&consumed)).await);

    let attempts = [
        ("alice", "wrong", None, RejectionReason::WrongPassword),
        ("alice", "", None, RejectionReason::WrongPassword),
        ("nobody", PASSWORD, None, RejectionReason::UnknownAccount),
        ("no name at all", PASSWORD, None, RejectionReason::UnknownAccount),
        ("", "", Some(""), RejectionReason::UnknownAccount),
        ("carol", PASSWORD, None, RejectionReason::Disabled),
        ("bob", "wrong", Some(consumed.as_str()), RejectionReason::WrongPassword),
        ("bob", PASSWORD, Some(&bob.wrong_code()), RejectionReason::WrongCode),
        ("bob", PASSWORD, Some("0000-0000-0000-0000-0000-0000"), RejectionReason::WrongCode),
        ("bob", PASSWORD, Some(&consumed), RejectionReason::ConsumedCode),
    ];
    for (name, password, code, why) in attempts {
        let before = site.accounts.password_hasher().runs();
        let refused = site.log_in(name, password, code).await.map(|_| ());
        assert_eq!(refused, Err(AccountsErrorKind::Refused), "{name} {why:?}");
        assert_eq!(site.accounts.password_hasher().runs() - before, 1, "{name} {why:?}");
        let last = site.events.lock().unwrap().pop();
        assert!(matches!(last, Some(Event::Refused { reason, .. }) if reason == why), "{last:?}");
    }
}
