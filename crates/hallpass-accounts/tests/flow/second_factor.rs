//! The second factor: the first code turns it on, each code is accepted once, and the password with
//! a code turns it off.

use std::sync::Arc;

use hallpass_accounts::{
    AccountsErrorKind, Event, FactorOff, LoginStep, Proof, RejectionReason, TwoFactor, Username,
};
use hallpass_core::{Claims, Methods, MfaPending, TotpSettings};

use crate::site::{PASSWORD, Site, here, logged_in};

#[tokio::test]
async fn first_code_is_consumed_and_a_wrong_one_enables_nothing() {
    let site = Site::new();
    let opened = site.register("alice").await;
    let who = site.verify(&opened.access).unwrap();
    let refused =
        site.accounts.enable_two_factor(&who, &Proof::of_password(PASSWORD), "000000").await;
    assert_eq!(refused.unwrap_err().kind(), AccountsErrorKind::Refused);
    logged_in(site.log_in("alice", PASSWORD, None).await);

    let bob = site.enrolled("bob").await;
    assert_eq!(bob.recovery.len(), 10);
    let replayed = site.log_in("bob", PASSWORD, Some(&bob.first_code)).await;
    assert_eq!(
        replayed.map(|_| ()),
        Err(AccountsErrorKind::Refused),
        "the enrolment consumed the code"
    );
    logged_in(site.log_in("bob", PASSWORD, Some(&bob.next_code())).await);
}

#[tokio::test]
async fn enrolment_continues_its_session_and_revokes_old_tokens() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    assert!(site.verify(&alice.before).is_none());
    let who = site.verify(&alice.access).unwrap();
    assert_eq!((who.methods(), who.generation()), (Methods::PASSWORD | Methods::ONE_TIME_CODE, 1));
    assert_eq!(site.accounts.sessions(&who).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_enabled_factor_is_not_replaced() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let who = site.verify(&alice.access).unwrap();
    assert!(matches!(site.accounts.two_factor(&who).await, Ok(TwoFactor::On)));
    let again = site
        .accounts
        .enable_two_factor(&who, &Proof::of_password(PASSWORD), &alice.next_code())
        .await;
    assert_eq!(again.unwrap_err().kind(), AccountsErrorKind::AlreadyOn);
    logged_in(site.log_in("alice", PASSWORD, Some(&alice.next_code())).await);
}

#[tokio::test]
async fn setup_returns_one_secret_per_session_and_stores_nothing() {
    let site = Site::new();
    let who = site.verify(&site.register("alice").await.access).unwrap();
    let key = async || match site.accounts.two_factor(&who).await.unwrap() {
        TwoFactor::Off(set_up) => (set_up.secret.to_base32(), set_up.otpauth_uri),
        TwoFactor::On => panic!("the factor is not turned on yet"),
    };
    let (secret, uri) = key().await;
    assert_eq!(key().await.0, secret);
    assert!(uri.starts_with("otpauth://totp/") && uri.contains(&secret), "{uri:?}");
    assert!(format!("{:?}", TotpSettings::default()).contains("Sha1"));
    let elsewhere = logged_in(site.log_in("alice", PASSWORD, None).await);
    let elsewhere = site.verify(&elsewhere.access).unwrap();
    let TwoFactor::Off(other) = site.accounts.two_factor(&elsewhere).await.unwrap() else {
        panic!()
    };
    assert_ne!(other.secret.to_base32(), secret, "another session is shown another secret");
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
                // Each attempt uses its own node on one store, so that no rate limit blocks it.
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
async fn new_recovery_codes_require_a_code_and_revoke_old_ones() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let who = site.verify(&alice.access).unwrap();
    let refused = site
        .accounts
        .replace_recovery_codes(
            &who,
            &Proof::of_password(PASSWORD).with_code(Some(&alice.wrong_code())),
        )
        .await;
    assert_eq!(refused.unwrap_err().kind(), AccountsErrorKind::Refused);
    let codes = site
        .accounts
        .replace_recovery_codes(
            &who,
            &Proof::of_password(PASSWORD).with_code(Some(&alice.next_code())),
        )
        .await
        .unwrap();
    let old = site.log_in("alice", PASSWORD, Some(&alice.recovery[0])).await;
    assert_eq!(old.map(|_| ()), Err(AccountsErrorKind::Refused));
    logged_in(site.log_in("alice", PASSWORD, Some(codes[0].as_str())).await);
}

#[tokio::test]
async fn disabling_a_factor_requires_password_and_code() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let who = site.verify(&alice.access).unwrap();
    for (password, code) in [("wrong", alice.next_code()), (PASSWORD, alice.wrong_code())] {
        let refused = site
            .accounts
            .disable_two_factor(&who, &Proof::of_password(password).with_code(Some(&code)))
            .await;
        assert_eq!(refused.unwrap_err().kind(), AccountsErrorKind::Refused);
    }
    let off = site
        .accounts
        .disable_two_factor(&who, &Proof::of_password(PASSWORD).with_code(Some(&alice.next_code())))
        .await
        .unwrap();
    let FactorOff::GoesOn(tokens) = off else { panic!("the factor is optional here") };
    assert!(site.verify(&alice.access).is_none(), "the old token is revoked");
    let who = site.verify(&tokens.access).unwrap();
    assert_eq!(who.methods(), Methods::PASSWORD);
    let off = site
        .accounts
        .disable_two_factor(&who, &Proof::of_password(PASSWORD).with_code(Some("000000")))
        .await;
    assert_eq!(off.unwrap_err().kind(), AccountsErrorKind::AlreadyOff);
    logged_in(site.log_in("alice", PASSWORD, None).await);
}

#[tokio::test]
async fn code_guesses_in_a_stolen_session_are_limited() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let who = site.verify(&alice.access).unwrap();
    let wrong = alice.wrong_code();
    let mut kinds = Vec::new();
    for _ in 0..6 {
        kinds.push(
            site.accounts
                .replace_recovery_codes(&who, &Proof::of_password(PASSWORD).with_code(Some(&wrong)))
                .await
                .unwrap_err()
                .kind(),
        );
    }
    assert_eq!(kinds[..5], [AccountsErrorKind::Refused; 5]);
    assert!(matches!(kinds[5], AccountsErrorKind::Limited { .. }));
}

#[tokio::test]
async fn the_next_code_reencrypts_with_the_new_encryption_key() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let encrypted = async || {
        let account =
            site.accounts.find(&Username::parse("alice").unwrap()).await.unwrap().unwrap();
        account.second_factor().unwrap().encrypted_secret().to_vec()
    };
    let before = encrypted().await;
    logged_in(site.log_in("alice", PASSWORD, Some(&alice.next_code())).await);
    assert_eq!(encrypted().await, before, "the current key encrypted it, so it stays as it is");

    let turned = site.keys.current().rotate_encryption([9; 32], site.now());
    let new_key = turned.encryption_keys().next().unwrap().0.as_str().to_owned();
    site.keys.replace(turned);
    logged_in(site.log_in("alice", PASSWORD, Some(&alice.next_code())).await);
    let after = encrypted().await;
    assert!(after.windows(new_key.len()).any(|window| window == new_key.as_bytes()));
    logged_in(site.log_in("alice", PASSWORD, Some(&alice.next_code())).await);
    assert_eq!(site.heard(|event| matches!(event, Event::SecondFactorReencrypted { .. })), 1);
}

#[tokio::test]
async fn a_factor_enabled_during_a_login_rejects_that_login() {
    let site = Site::new();
    let who = site.verify(&site.register("alice").await.access).unwrap();
    let accepted = site.accounts.accept_password("alice", PASSWORD, &here()).await.unwrap();
    let hallpass_accounts::NextStep::Nothing(authenticated) = accepted.next().await else {
        panic!("the account has no factor yet")
    };
    let TwoFactor::Off(set_up) = site.accounts.two_factor(&who).await.unwrap() else { panic!() };
    let code = hallpass_core::Totp::new(set_up.secret, TotpSettings::default()).code_at(site.now());
    let _access =
        site.accounts.enable_two_factor(&who, &Proof::of_password(PASSWORD), &code).await.unwrap();
    let refused = authenticated.open_session(&here()).await;
    assert_eq!(refused.unwrap_err().kind(), AccountsErrorKind::Refused);
    let changed = |event: &Event| {
        matches!(event, Event::Refused { reason: RejectionReason::AccountChanged, .. })
    };
    assert_eq!(site.heard(changed), 1);
    assert!(matches!(site.log_in("alice", PASSWORD, None).await, Ok(LoginStep::MfaRequired(_))));
}
