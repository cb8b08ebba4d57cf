//! No oracle: every failing way in costs one argon2 run and says one thing (SECURITY row 14).

use hallpass_accounts::{Event, RefusedReason, SignInErrorKind};

use crate::site::{PASSWORD, Site, id_of, signed_in};

#[tokio::test]
async fn each_failing_log_in_takes_one_run_and_ends_in_the_same_error() {
    let site = Site::new();
    site.register("alice").await;
    let bob = site.enrolled("bob").await;
    let carol = site.verify(&site.register("carol").await.access).unwrap();
    site.sign_in.disable(&id_of(&carol)).await.unwrap();
    let spent = bob.next_code();
    signed_in(site.log_in("bob", PASSWORD, Some(&spent)).await);

    let attempts = [
        ("alice", "wrong", None, RefusedReason::WrongPassword),
        ("alice", "", None, RefusedReason::WrongPassword),
        ("nobody", PASSWORD, None, RefusedReason::UnknownAccount),
        ("no name at all", PASSWORD, None, RefusedReason::UnknownAccount),
        ("", "", Some(""), RefusedReason::UnknownAccount),
        ("carol", PASSWORD, None, RefusedReason::Disabled),
        ("bob", "wrong", Some(spent.as_str()), RefusedReason::WrongPassword),
        ("bob", PASSWORD, Some(&bob.wrong_code()), RefusedReason::WrongCode),
        ("bob", PASSWORD, Some("00000-00000-00000-00000"), RefusedReason::WrongCode),
        ("bob", PASSWORD, Some(&spent), RefusedReason::SpentCode),
    ];
    for (name, password, code, why) in attempts {
        let before = site.sign_in.hash_gate().runs();
        let refused = site.log_in(name, password, code).await.map(|_| ());
        assert_eq!(refused, Err(SignInErrorKind::Refused), "{name} {why:?}");
        assert_eq!(site.sign_in.hash_gate().runs() - before, 1, "{name} {why:?}");
        let last = site.events.lock().unwrap().pop();
        assert!(matches!(last, Some(Event::Refused { reason, .. }) if reason == why), "{last:?}");
    }
}
