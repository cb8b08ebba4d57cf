//! Guesses are limited per account and network, for every spelling and address. A guess is counted
//! before the password or code is checked (SECURITY row 7).

use hallpass_core::{Claims, MfaPending};
use std::net::IpAddr;
use std::sync::Arc;

use hallpass_accounts::{AccountsErrorKind, Event, Proof, RateLimitKind, RejectionReason, Visitor};

use crate::site::{PASSWORD, Site, here, logged_in};

fn from(address: [u8; 4]) -> Visitor<'static> {
    Visitor { peer: Some(IpAddr::from(address)), ..Visitor::default() }
}

fn is_limited(kind: AccountsErrorKind) -> bool {
    matches!(kind, AccountsErrorKind::Limited { .. })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_of_200_concurrent_wrong_codes_are_checked() {
    let site = Arc::new(Site::new());
    let alice = site.enrolled("alice").await;
    let wrong = alice.wrong_code();
    let issuer = site.accounts.issuer();
    let who = site.verify(&alice.access).unwrap();
    let tasks: Vec<_> = (0..200_u8)
        .map(|number| {
            // Each attempt has a new pending token and another address.
            let pending = issuer
                .issue(
                    &Claims::<MfaPending>::new(who.user_id(), who.generation(), site.now()),
                    site.now(),
                )
                .unwrap();
            let (site, wrong) = (site.clone(), wrong.clone());
            tokio::spawn(async move {
                let visitor = from([198, 51, 100, number]);
                let pending = pending.as_str().as_bytes();
                site.accounts.log_in_with_code(pending, &wrong, &visitor).await.unwrap_err().kind()
            })
        })
        .collect();
    let mut limited = 0;
    for task in tasks {
        limited += usize::from(is_limited(task.await.unwrap()));
    }
    let looked_at =
        |event: &Event| matches!(event, Event::Refused { reason: RejectionReason::WrongCode, .. });
    assert_eq!((site.heard(looked_at), limited), (5, 195));
}

#[tokio::test]
async fn spellings_and_addresses_of_a_network_share_one_limit() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let runs = site.accounts.password_hasher().runs();
    for (spelling, last) in [("ALICE", 1), ("Alice ", 2), ("\u{ff21}lice", 3), ("alice", 4)] {
        let guess = site.accounts.log_in(spelling, "wrong", None, &from([192, 0, 2, last])).await;
        assert_eq!(guess.unwrap_err().kind(), AccountsErrorKind::Refused);
    }
    // A complete login in the network clears the limit. A wrong code does not count on it.
    let wrong = alice.wrong_code();
    assert_eq!(
        site.log_in("alice", PASSWORD, Some(&wrong)).await.map(|_| ()),
        Err(AccountsErrorKind::Refused)
    );
    logged_in(site.log_in("alice", PASSWORD, Some(&alice.next_code())).await);
    for _ in 0..5 {
        assert!(!site.log_in("alice", "wrong", None).await.is_err_and(is_limited));
    }
    for visitor in [here(), from([192, 0, 2, 77])] {
        let blocked =
            site.accounts.log_in("\u{ff21}LICE", PASSWORD, None, &visitor).await.unwrap_err();
        assert!(is_limited(blocked.kind()), "the right password is not checked either");
    }
    assert_eq!(
        site.accounts.password_hasher().runs() - runs,
        11,
        "a blocked attempt costs no hashing"
    );
    // The account has 50 attempts of unknown browsers, of which 9 were used.
    let mut evaluated = 0;
    for network in 0..9 {
        for _ in 0..5 {
            let visitor = from([10, 0, network, 1]);
            let guess = site.accounts.log_in("alice", "wrong", None, &visitor).await;
            evaluated += usize::from(guess.unwrap_err().kind() == AccountsErrorKind::Refused);
        }
    }
    assert_eq!(evaluated, 41);
    let blocked = site.accounts.log_in("alice", PASSWORD, None, &from([10, 0, 99, 1])).await;
    let blocked = blocked.map(|_| ()).map_err(|error| error.kind());
    assert!(blocked.is_err_and(is_limited), "in a fresh network too");
}

#[tokio::test]
async fn login_after_the_wait_resets_the_account_limit() {
    let site = Site::new();
    site.register("alice").await;
    for _ in 0..5 {
        let _ = site.log_in("alice", "wrong", None).await;
    }
    let Err(AccountsErrorKind::Limited { retry_after }) =
        site.log_in("alice", PASSWORD, None).await.map(|_| ())
    else {
        panic!("the sixth attempt must wait");
    };
    site.clock.pass(retry_after.as_secs());
    logged_in(site.log_in("alice", PASSWORD, None).await);
    for _ in 0..5 {
        assert_eq!(
            site.log_in("alice", "wrong", None).await.map(|_| ()),
            Err(AccountsErrorKind::Refused)
        );
    }
}

#[tokio::test]
async fn an_unknown_name_is_limited_like_a_known_name() {
    let site = Site::new();
    site.register("alice").await;
    let mut answers = Vec::new();
    for name in ["alice", "nobody"] {
        let mut answer = Vec::new();
        for _ in 0..7 {
            answer.push(site.log_in(name, "wrong", None).await.map(|_| ()).unwrap_err());
        }
        answers.push(answer);
    }
    assert_eq!(answers[0], answers[1]);
    assert!(is_limited(answers[0][5]));
}

#[tokio::test]
async fn address_limit_counts_failed_logins_of_all_names() {
    let site = Site::new();
    site.register("alice").await;
    for _ in 0..150 {
        logged_in(site.log_in("alice", PASSWORD, None).await);
    }
    let mut refused = 0;
    loop {
        match site.log_in(&format!("name{refused}"), "wrong", None).await.map(|_| ()) {
            Err(AccountsErrorKind::Refused) => refused += 1,
            Err(kind) if is_limited(kind) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(refused, 100, "neither logins nor registrations count");
    assert_eq!(
        site.heard(|event| matches!(event, Event::Limited { limit: RateLimitKind::Address, .. })),
        1
    );
    let elsewhere = site.accounts.log_in("alice", PASSWORD, None, &from([203, 0, 113, 9])).await;
    assert!(elsewhere.is_ok());
}

/// A firewall or reverse proxy can block the address that these events contain.
#[tokio::test]
async fn refused_and_limited_events_contain_the_address() {
    let site = Site::new();
    site.register("alice").await;
    let visitor = from([203, 0, 113, 7]);
    let guess =
        async || site.accounts.log_in("alice", "a guess", None, &visitor).await.unwrap_err().kind();
    while !is_limited(guess().await) {}
    assert_eq!(
        site.heard(|event| matches!(event, Event::Refused { peer, .. } if *peer == visitor.peer)),
        5
    );
    assert_eq!(
        site.heard(|event| matches!(event, Event::Limited { peer, .. } if *peer == visitor.peer)),
        1
    );
}

/// A stranger keeps the rate limit of the account exhausted. The owner, who is logged in, can still
/// change the password.
#[tokio::test]
async fn a_stranger_cannot_block_changes_of_a_logged_in_owner() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let who = site.verify(&alice.access).unwrap();
    while !site.log_in("alice", "a guess", None).await.is_err_and(is_limited) {}
    let code = alice.next_code();
    while !site.log_in("alice", "a guess", None).await.is_err_and(is_limited) {}
    let _codes = site
        .accounts
        .replace_recovery_codes(&who, &Proof::of_password(PASSWORD).with_code(Some(&code)))
        .await
        .unwrap();
    let _tokens = site
        .accounts
        .change_password(
            &who,
            &Proof::of_password(PASSWORD).with_code(Some(&alice.next_code())),
            "seven maps of nowhere",
        )
        .await
        .unwrap();
    while !site.log_in("alice", "a guess", None).await.is_err_and(is_limited) {}
    assert!(
        site.log_in("alice", PASSWORD, None).await.is_err_and(is_limited),
        "a change in a session does not allow further login attempts"
    );
}

/// Each session has its own five attempts, and each session was opened with the password.
#[tokio::test]
async fn attempts_of_a_stolen_session_do_not_limit_others() {
    let site = Site::new();
    let stolen = site.verify(&site.register("alice").await.access).unwrap();
    let own = site.verify(&logged_in(site.log_in("alice", PASSWORD, None).await).access).unwrap();
    let guess = async |number: u32| {
        let guessed = site
            .accounts
            .change_password(
                &stolen,
                &Proof::of_password(&format!("guess {number}")),
                "seven maps of nowhere",
            )
            .await;
        guessed.unwrap_err().kind()
    };
    for number in 0..5 {
        assert_eq!(guess(number).await, AccountsErrorKind::Refused);
    }
    assert!(is_limited(guess(5).await));
    let _tokens = site
        .accounts
        .change_password(&own, &Proof::of_password(PASSWORD), "seven maps of nowhere")
        .await
        .unwrap();
}
