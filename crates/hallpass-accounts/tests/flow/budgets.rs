//! The budgets of attempts: what counts, what is given back, and what nothing clears.

use std::{net::IpAddr, sync::Arc, time::Duration};

use hallpass_accounts::{
    AccountsErrorKind, BrowserStore, Event, HashCost, LoginStep, PasswordHasherSettings, Proof,
    RateLimitKind, RateLimits, RejectionReason, Visitor,
};

use crate::site::{Enrolled, PASSWORD, Site, browser, here, id_of, logged_in};

fn from(address: impl Into<IpAddr>) -> Visitor<'static> {
    Visitor { peer: Some(address.into()), ..Visitor::default() }
}

/// Returns a client in a network of its own.
fn network(number: u16) -> Visitor<'static> {
    let [a, b] = number.to_be_bytes();
    from([10, a, b, 7])
}

fn is_limited(kind: AccountsErrorKind) -> bool {
    matches!(kind, AccountsErrorKind::Limited { .. })
}

async fn guess(site: &Site, name: &str, visitor: &Visitor<'_>) -> AccountsErrorKind {
    site.accounts.log_in(name, "a guess", None, visitor).await.unwrap_err().kind()
}

async fn guess_code(site: &Site, alice: &Enrolled, visitor: &Visitor<'_>) -> AccountsErrorKind {
    let code = alice.wrong_code();
    site.accounts.log_in("alice", PASSWORD, Some(&code), visitor).await.unwrap_err().kind()
}

fn limits_hit(site: &Site, limit: RateLimitKind) -> usize {
    site.heard(|event| matches!(event, Event::Limited { limit: hit, .. } if *hit == limit))
}

fn codes_checked(site: &Site) -> usize {
    let wrong =
        |event: &Event| matches!(event, Event::Refused { reason: RejectionReason::WrongCode, .. });
    site.heard(wrong)
}

/// S21: a right password without its code spends nothing, and neither does a wrong code.
#[tokio::test]
async fn unfinished_logins_do_not_limit_the_password() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    for _ in 0..16 {
        let step = site.log_in("alice", PASSWORD, None).await;
        assert!(matches!(step, Ok(LoginStep::MfaRequired(_))), "{step:?}");
    }
    for _ in 0..4 {
        assert_eq!(guess_code(&site, &alice, &here()).await, AccountsErrorKind::Refused);
    }
    logged_in(site.log_in("alice", PASSWORD, Some(&alice.next_code())).await);
}

/// Wrong codes after a right password: 100 from unknown browsers in all, whatever time passes and
/// however often the owner logs in meanwhile.
#[tokio::test]
async fn a_credential_takes_100_wrong_codes_of_unknown_browsers() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    logged_in_with_code(&site, &alice, &browser(1)).await;
    let before = codes_checked(&site);
    for number in 0..400 {
        let _ = guess_code(&site, &alice, &network(number)).await;
        if number % 10 == 0 {
            // Neither the owner's logins nor time give attempts back.
            site.clock.pass(24 * 3600);
            logged_in_with_code(&site, &alice, &browser(1)).await;
        }
    }
    assert_eq!(codes_checked(&site) - before, 100);
    let right = alice.next_code();
    let late = site.accounts.log_in("alice", PASSWORD, Some(&right), &network(900)).await;
    let late = late.unwrap_err().kind();
    assert!(
        matches!(late, AccountsErrorKind::Limited { retry_after } if retry_after <= Duration::from_secs(86_400)),
        "the right code is not evaluated either: {late:?}"
    );
    let guessed = |event: &Event| {
        matches!(event, Event::CodesGuessed { .. })
            && event.account().is_some()
            && event.peer().is_some()
    };
    assert_eq!(site.heard(guessed), 1);
    let limited = |event: &Event| {
        matches!(event, Event::Limited { limit: RateLimitKind::Code, account: Some(_), .. })
    };
    assert_eq!(site.heard(limited), limits_hit(&site, RateLimitKind::Code));

    // A recovery code logs in whatever the counters say, and clears nothing.
    let recovery = alice.recovery[0].as_str();
    let step = site.accounts.log_in("alice", PASSWORD, Some(recovery), &network(901)).await;
    let opened = logged_in(step.map_err(|error| error.kind()));
    assert!(is_limited(guess_code(&site, &alice, &network(902)).await));

    // Another password does.
    let who = site.verify(&opened.access).unwrap();
    let new = "seven maps of nowhere";
    let proof = Proof::of_password(PASSWORD).with_code(Some(alice.recovery[1].as_str()));
    let _tokens = site.accounts.change_password(&who, &proof, new).await.unwrap();
    let code = alice.next_code();
    let step = site.accounts.log_in("alice", new, Some(&code), &network(903)).await;
    logged_in(step.map_err(|error| error.kind()));
}

async fn logged_in_with_code(site: &Site, alice: &Enrolled, visitor: &Visitor<'_>) {
    let code = alice.next_code();
    let step = site.accounts.log_in("alice", PASSWORD, Some(&code), visitor).await;
    logged_in(step.map_err(|error| error.kind()));
}

/// All known browsers together take 100 wrong codes. A browser with 20 loses its row.
#[tokio::test]
async fn known_browsers_take_100_wrong_codes_together() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    for number in 1..=10 {
        logged_in_with_code(&site, &alice, &browser(number)).await;
    }
    let id = id_of(&site.verify(&alice.access).unwrap());
    let before = codes_checked(&site);
    for number in 1..=10 {
        for _ in 0..20 {
            let _ = guess_code(&site, &alice, &browser(number)).await;
            site.clock.pass(3 * 3600);
        }
    }
    assert_eq!(codes_checked(&site) - before, 100);
    assert_eq!(site.store.list(&id).await.unwrap().len(), 10, "no row has more than 20");
    let _ = guess_code(&site, &alice, &browser(1)).await;
    assert_eq!(site.store.list(&id).await.unwrap().len(), 10, "the total of all is reached first");
}

#[tokio::test]
async fn a_browser_with_20_wrong_codes_becomes_unknown() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    logged_in_with_code(&site, &alice, &browser(1)).await;
    let id = id_of(&site.verify(&alice.access).unwrap());
    for _ in 0..20 {
        assert_eq!(guess_code(&site, &alice, &browser(1)).await, AccountsErrorKind::Refused);
        site.clock.pass(3 * 3600);
    }
    assert_eq!(site.store.list(&id).await.unwrap().len(), 1);
    assert_eq!(guess_code(&site, &alice, &browser(1)).await, AccountsErrorKind::Refused);
    assert_eq!(site.store.list(&id).await.unwrap().len(), 0, "it continues as an unknown browser");
    logged_in_with_code(&site, &alice, &browser(1)).await;
    assert_eq!(site.store.list(&id).await.unwrap().len(), 1);
}

/// A stolen session does not multiply the codes either: they are those of the known browsers.
#[tokio::test]
async fn codes_in_sessions_count_on_the_total_of_the_account() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let mut sessions = Vec::new();
    for _ in 0..8 {
        let code = alice.next_code();
        let step = site.accounts.log_in("alice", PASSWORD, Some(&code), &browser(1)).await;
        sessions.push(logged_in(step.map_err(|error| error.kind())));
    }
    let before = codes_checked(&site);
    for opened in &sessions {
        for _ in 0..30 {
            let Some(who) = site.verify(&opened.access) else { continue };
            let wrong = alice.wrong_code();
            let proof = Proof::of_password(PASSWORD).with_code(Some(&wrong));
            let _ = site.accounts.replace_recovery_codes(&who, &proof).await;
            site.clock.pass(20);
        }
    }
    let checked = codes_checked(&site) - before;
    assert!((1..=100).contains(&checked), "{checked} codes");
}

/// B4: an office that registers many people can still log in.
#[tokio::test]
async fn registrations_do_not_limit_logins() {
    let site = Site::new();
    site.register("alice").await;
    let mut taken = 0;
    loop {
        let again = site.accounts.register(&format!("name{taken}"), PASSWORD, &here()).await;
        match again.map(drop).map_err(|error| error.kind()) {
            Ok(()) => taken += 1,
            Err(kind) if is_limited(kind) => break,
            Err(kind) => panic!("{kind:?}"),
        }
    }
    assert_eq!((taken, limits_hit(&site, RateLimitKind::Registration)), (99, 1));
    logged_in(site.log_in("alice", PASSWORD, None).await);
    assert_eq!(guess(&site, "alice", &here()).await, AccountsErrorKind::Refused);
}

/// S19: 400 names from 400 networks of one /48.
#[tokio::test]
async fn a_48_has_a_limit_for_all_its_networks() {
    let site = Site::new();
    let mut evaluated = 0;
    for number in 0..400_u16 {
        let peer = from([0x2001, 0xdb8, 1, number, 0, 0, 0, 1]);
        let kind = guess(&site, &format!("name{number}"), &peer).await;
        evaluated += usize::from(!is_limited(kind));
    }
    assert_eq!(evaluated, 300);
    let elsewhere = from([0x2001, 0xdb8, 2, 0, 0, 0, 0, 1]);
    assert_eq!(guess(&site, "alice", &elsewhere).await, AccountsErrorKind::Refused);
}

/// Credential stuffing from many networks: only the brake of the site notices it. Known browsers
/// log in, and unknown ones when it is over.
#[tokio::test]
async fn the_brake_of_the_site_spares_known_browsers() {
    let plain = Site::new();
    let site = Site::node(plain.store.clone(), plain.clock.clone(), plain.keys.clone(), |it| {
        it.rate_limits = RateLimits::default().site(20, 60);
    });
    site.register("alice").await;
    for _ in 0..50 {
        logged_in(site.log_in("alice", PASSWORD, None).await);
    }
    let step = site.accounts.log_in("alice", PASSWORD, None, &browser(1)).await;
    logged_in(step.map_err(|error| error.kind()));
    let mut evaluated = 0;
    for number in 0..50 {
        let kind = guess(&site, &format!("name{number}"), &network(number)).await;
        evaluated += usize::from(!is_limited(kind));
    }
    assert_eq!((evaluated, limits_hit(&site, RateLimitKind::Site)), (20, 30));
    assert!(site.log_in("alice", PASSWORD, None).await.is_err_and(is_limited));
    let step = site.accounts.log_in("alice", PASSWORD, None, &browser(1)).await;
    logged_in(step.map_err(|error| error.kind()));
    site.clock.pass(1);
    logged_in(site.log_in("alice", PASSWORD, None).await);
}

/// Addresses in the network of the owner are used up. The known browser is not limited by them.
#[tokio::test]
async fn a_limit_on_an_address_does_not_block_known_browsers() {
    let site = Site::new();
    site.register("alice").await;
    let step = site.accounts.log_in("alice", PASSWORD, None, &browser(1)).await;
    logged_in(step.map_err(|error| error.kind()));
    let mut number = 0;
    while !is_limited(guess(&site, &format!("name{number}"), &here()).await) {
        number += 1;
    }
    assert_eq!(limits_hit(&site, RateLimitKind::Address), 1);
    assert!(site.log_in("alice", PASSWORD, None).await.is_err_and(is_limited));
    let step = site.accounts.log_in("alice", PASSWORD, None, &browser(1)).await;
    logged_in(step.map_err(|error| error.kind()));
}

/// SECURITY row 31: whatever ends in 503 leaves the counters as they were.
#[tokio::test]
async fn attempts_that_end_in_503_are_not_counted() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    for visitor in [here(), browser(1)] {
        // Without the hasher, and then without the store.
        for _ in 0..20 {
            let code = alice.next_code();
            let Ok(LoginStep::MfaRequired(pending)) = site.log_in("alice", PASSWORD, None).await
            else {
                panic!("a code is required")
            };
            site.store.set_down(true);
            let pending = pending.as_str().as_bytes();
            for result in [
                site.accounts.log_in("alice", PASSWORD, None, &visitor).await.map(drop),
                site.accounts.log_in_with_code(pending, &code, &visitor).await.map(drop),
                site.accounts.register("bob", PASSWORD, &visitor).await.map(drop),
            ] {
                let kind = result.unwrap_err().kind();
                assert!(matches!(kind, AccountsErrorKind::Unavailable { .. }), "{kind:?}");
            }
            site.store.set_down(false);
        }
    }
    for _ in 0..5 {
        assert_eq!(guess(&site, "alice", &here()).await, AccountsErrorKind::Refused);
    }
    assert!(is_limited(guess(&site, "alice", &here()).await));
}

/// A client that disconnects, and a request whose time is over: the flow is dropped while the
/// password is hashed.
#[tokio::test]
async fn an_attempt_that_is_dropped_is_not_counted() {
    let plain = Site::new();
    let site = Site::node(plain.store.clone(), plain.clock.clone(), plain.keys.clone(), |it| {
        it.password_hasher =
            PasswordHasherSettings::default().hash_cost(HashCost::new(19_456, 4, 1)).max_permits(1);
    });
    for _ in 0..20 {
        let visitor = browser(1);
        let attempt = site.accounts.log_in("alice", "a guess", None, &visitor);
        assert!(tokio::time::timeout(Duration::from_millis(1), attempt).await.is_err());
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    for _ in 0..5 {
        assert_eq!(guess(&site, "alice", &here()).await, AccountsErrorKind::Refused);
    }
    assert!(is_limited(guess(&site, "alice", &here()).await));
}

/// The queue of the hasher is full: people with the right password are not at 429 afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_of_a_full_queue_are_not_counted() {
    let plain = Site::new();
    let site = Site::node(plain.store.clone(), plain.clock.clone(), plain.keys.clone(), |it| {
        it.password_hasher = PasswordHasherSettings::default()
            .hash_cost(HashCost::new(19_456, 2, 1))
            .max_permits(1)
            .queue_length(0);
    });
    let site = Arc::new(site);
    let mut busy = 0;
    while busy < 20 {
        let both = [0, 1].map(|number| {
            let site = site.clone();
            tokio::spawn(async move { guess(&site, &format!("name{number}"), &here()).await })
        });
        for one in both {
            busy += usize::from(matches!(one.await.unwrap(), AccountsErrorKind::Busy { .. }));
        }
        site.clock.pass(3 * 3600);
    }
    assert_eq!(guess(&site, "name0", &here()).await, AccountsErrorKind::Refused);
    let registered = site.accounts.register("carol", PASSWORD, &here()).await;
    assert!(registered.is_ok());
}
