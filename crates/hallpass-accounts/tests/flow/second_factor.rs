//! The second factor: turned on by its first code, each code accepted once, turned off by password
//! and code.

use std::sync::Arc;

use hallpass_accounts::{
    AccountsErrorKind, Event, FactorOff, LoginStep, RejectionReason, TwoFactor, Username,
};
use hallpass_core::{Claims, Methods, MfaPending, TotpSettings};

use crate::site::{PASSWORD, Site, here, logged_in};

#[tokio::test]
async fn the_first_right_code_is_consumed_and_turns_it_on() {
    let site = Site::new();
    let opened = site.register("alice").await;
    let who = site.verify(&opened.access).unwrap();
    let refused = site.accounts.enable_two_factor(&who, "000000").await;
    assert_eq!(refused.unwrap_err().kind(), AccountsErrorKind::Refused);
    logged_in(site.log_in("alice", PASSWORD, None).await);

    let bob = site.enrolled("bob").await;
    assert_eq!(bob.recovery.len(), 10);
    let replayed = site.log_in("bob", PASSWORD, Some(&bob.first_code)).await;
    assert_eq!(replayed.map(|_| ()), Err(AccountsErrorKind::Refused), "enrolment consumed it");
    logged_in(site.log_in("bob", PASSWORD, Some(&bob.next_code())).await);
}

#[tokio::test]
async fn enrolling_keeps_its_session_and_revokes_older_tokens() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    assert!(site.verify(&alice.before).is_none());
    let who = site.verify(&alice.access).unwrap();
    assert_eq!((who.methods(), who.generation()), (Methods::PASSWORD | Methods::ONE_TIME_CODE, 1));
    assert_eq!(site.accounts.sessions(&who).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_live_factor_is_never_replaced() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let who = site.verify(&alice.access).unwrap();
    assert!(matches!(site.accounts.two_factor(&who).await, Ok(TwoFactor::On)));
    let again = site.accounts.enable_two_factor(&who, &alice.next_code()).await;
    assert_eq!(again.unwrap_err().kind(), AccountsErrorKind::AlreadyOn);
    logged_in(site.log_in("alice", PASSWORD, Some(&alice.next_code())).await);
}

#[tokio::test]
async fn setting_up_writes_nothing_and_shows_the_same_key_again() {
    let site = Site::new();
    let who = site.verify(&site.register("alice").await.access).unwrap();
    let key = async || match site.accounts.two_factor(&who).await.unwrap() {
        TwoFactor::Off(set_up) => (set_up.secret.to_base32(), set_up.otpauth_uri),
        TwoFactor::On => panic!("not turned on"),
    };
    let (secret, uri) = key().await;
    assert_eq!(key().await.0, secret);
    assert!(uri.starts_with("otpauth://totp/") && uri.contains(&secret), "{uri}");
    assert!(format!("{:?}", TotpSettings::default()).contains("Sha1"));
    let elsewhere = logged_in(site.log_in("alice", PASSWORD, None).await);
    let elsewhere = site.verify(&elsewhere.access).unwrap();
    let TwoFactor::Off(other) = site.accounts.two_factor(&elsewhere).await.unwrap() else {
        panic!()
    };
    assert_ne!(other.secret.to_base32(), secret, "another session is shown another key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_64_concurrent_uses_of_a_code_succeeds() {
    let site = Arc::new(Site::new());
    let alice = site.enrolled("alice").await;
    let who = site.verify(&alice.access).unwrap();
    for round in 0..25 {
        let code = alice.next_code();
        let pending = site
            .accounts
            .issuer()
            .issue(&Claims::<MfaPending>::new(who.user_id(), 1, site.now()), site.now())
            .unwrap();
        let pending = Arc::new(pending.as_str().to_owned());
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                // Each use is on its own node over one store, so that no node's limit blocks it.
                let (node, code, pending) = (site.other_node(), code.clone(), pending.clone());
                tokio::spawn(async move {
                    node.accounts.log_in_with_code(pending.as_bytes(), &code, &here()).await.is_ok()
                })
            })
            .collect();
        let mut succeeded = 0;
        for task in tasks {
            succeeded += usize::from(task.await.unwrap());
        }
        assert_eq!(succeeded, 1, "round {round}");
    }
}

#[tokio::test]
async fn each_recovery_code_works_once_and_is_reported() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    for code in &alice.recovery {
        logged_in(site.log_in("alice", PASSWORD, Some(&code.to_uppercase())).await);
        let again = site.log_in("alice", PASSWORD, Some(code)).await;
        assert_eq!(again.map(|_| ()), Err(AccountsErrorKind::Refused));
    }
    assert_eq!(site.heard(|event| matches!(event, Event::RecoveryCodeUsed { .. })), 10);
}

#[tokio::test]
async fn new_recovery_codes_require_a_code_and_revoke_the_old() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let who = site.verify(&alice.access).unwrap();
    let refused = site.accounts.replace_recovery_codes(&who, &alice.wrong_code()).await;
    assert_eq!(refused.unwrap_err().kind(), AccountsErrorKind::Refused);
    let codes = site.accounts.replace_recovery_codes(&who, &alice.next_code()).await.unwrap();
    let old = site.log_in("alice", PASSWORD, Some(&alice.recovery[0])).await;
    assert_eq!(old.map(|_| ()), Err(AccountsErrorKind::Refused));
    logged_in(site.log_in("alice", PASSWORD, Some(codes[0].as_str())).await);
}

#[tokio::test]
async fn turning_it_off_requires_password_and_code() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let who = site.verify(&alice.access).unwrap();
    for (password, code) in [("wrong", alice.next_code()), (PASSWORD, alice.wrong_code())] {
        let refused = site.accounts.disable_two_factor(&who, password, &code).await;
        assert_eq!(refused.unwrap_err().kind(), AccountsErrorKind::Refused);
    }
    let off = site.accounts.disable_two_factor(&who, PASSWORD, &alice.next_code()).await.unwrap();
    let FactorOff::GoesOn(tokens) = off else { panic!("nobody must have a factor here") };
    assert!(site.verify(&alice.access).is_none(), "a copy of the old token is dead");
    let who = site.verify(&tokens.access).unwrap();
    assert_eq!(who.methods(), Methods::PASSWORD);
    let off = site.accounts.disable_two_factor(&who, PASSWORD, "000000").await;
    assert_eq!(off.unwrap_err().kind(), AccountsErrorKind::AlreadyOff);
    logged_in(site.log_in("alice", PASSWORD, None).await);
}

#[tokio::test]
async fn a_stolen_session_cannot_guess_codes_without_limit() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let who = site.verify(&alice.access).unwrap();
    let wrong = alice.wrong_code();
    let mut kinds = Vec::new();
    for _ in 0..6 {
        kinds.push(site.accounts.replace_recovery_codes(&who, &wrong).await.unwrap_err().kind());
    }
    assert_eq!(kinds[..5], [AccountsErrorKind::Refused; 5]);
    assert!(matches!(kinds[5], AccountsErrorKind::Limited { .. }));
}

#[tokio::test]
async fn a_new_encryption_key_reencrypts_at_the_next_code() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let encrypted = async || {
        let account =
            site.accounts.find(&Username::parse("alice").unwrap()).await.unwrap().unwrap();
        account.second_factor().unwrap().encrypted_secret().to_vec()
    };
    let before = encrypted().await;
    logged_in(site.log_in("alice", PASSWORD, Some(&alice.next_code())).await);
    assert_eq!(encrypted().await, before, "the key in use encrypted it");

    let turned = site.keys.current().with_new_encryption_key([9; 32], site.now());
    let new_key = turned.encryption_keys().next().unwrap().0.as_str().to_owned();
    site.keys.replace(turned);
    logged_in(site.log_in("alice", PASSWORD, Some(&alice.next_code())).await);
    let after = encrypted().await;
    assert!(after.windows(new_key.len()).any(|window| window == new_key.as_bytes()));
    logged_in(site.log_in("alice", PASSWORD, Some(&alice.next_code())).await);
    assert_eq!(site.heard(|event| matches!(event, Event::SecondFactorReencrypted { .. })), 1);
}

#[tokio::test]
async fn a_login_that_missed_the_new_factor_is_rejected() {
    let site = Site::new();
    let who = site.verify(&site.register("alice").await.access).unwrap();
    let accepted = site.accounts.accept_password("alice", PASSWORD, &here()).await.unwrap();
    let hallpass_accounts::NextStep::Nothing(authenticated) = accepted.next().await else {
        panic!("no factor yet")
    };
    let TwoFactor::Off(set_up) = site.accounts.two_factor(&who).await.unwrap() else { panic!() };
    let code = hallpass_core::Totp::new(set_up.secret, TotpSettings::default()).code_at(site.now());
    let _access = site.accounts.enable_two_factor(&who, &code).await.unwrap();
    let refused = authenticated.open_session(&here()).await;
    assert_eq!(refused.unwrap_err().kind(), AccountsErrorKind::Refused);
    let changed = |event: &Event| {
        matches!(event, Event::Refused { reason: RejectionReason::AccountChanged, .. })
    };
    assert_eq!(site.heard(changed), 1);
    assert!(matches!(site.log_in("alice", PASSWORD, None).await, Ok(LoginStep::MfaRequired(_))));
}
