//! A year of guessing with the shipped limits, in simulated time.

use std::{net::IpAddr, time::Duration};

use hallpass_accounts::{AccountsErrorKind, Event, LoginStep, RejectionReason, Visitor};

use crate::site::{Enrolled, PASSWORD, Site, browser, logged_in};

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
/// Two steps of a million codes are accepted at a time: the current and the previous one.
const HIT: f64 = 2.0 / 1_000_000.0;

fn network(number: u32) -> Visitor<'static> {
    let [_, a, b, c] = (number % 0x00ff_ffff).to_be_bytes();
    Visitor { peer: Some(IpAddr::from([a | 0x10, b, c, 9])), ..Visitor::default() }
}

fn owner() -> Visitor<'static> {
    Visitor { peer: Some(IpAddr::from([203, 0, 113, 5])), ..browser(1) }
}

fn codes_checked(site: &Site) -> usize {
    let wrong =
        |event: &Event| matches!(event, Event::Refused { reason: RejectionReason::WrongCode, .. });
    site.heard(wrong)
}

async fn log_in_daily(site: &Site, alice: &Enrolled, typo: bool) {
    if typo {
        let wrong = alice.wrong_code();
        let kind = site.accounts.log_in("alice", PASSWORD, Some(&wrong), &owner()).await;
        assert_eq!(kind.unwrap_err().kind(), AccountsErrorKind::Refused, "an honest error");
    }
    let code = alice.next_code();
    let step = site.accounts.log_in("alice", PASSWORD, Some(&code), &owner()).await;
    logged_in(step.map_err(|error| error.kind()));
}

/// SECURITY row 30. A thief knows the password, has as many networks as they want, and has copied a
/// browser cookie. They send a code every hour, from another network each time, for a year. The
/// owner logs in each day from a known browser, and 2 % of the codes they type are wrong.
#[tokio::test]
async fn a_year_of_guessing_hits_a_code_with_at_most_0_05_percent() {
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    for visitor in [owner(), browser(2)] {
        let code = alice.next_code();
        let step = site.accounts.log_in("alice", PASSWORD, Some(&code), &visitor).await;
        logged_in(step.map_err(|error| error.kind()));
    }
    let (mut own, mut number) = (0, 0);
    for day in 0..365_u32 {
        let before = codes_checked(&site);
        log_in_daily(&site, &alice, day % 50 == 7).await;
        own += codes_checked(&site) - before;
        for _ in 0..24 {
            number += 1;
            let wrong = alice.wrong_code();
            let visitor = network(number * 7);
            let _ = site.accounts.log_in("alice", PASSWORD, Some(&wrong), &visitor).await;
            // The cookie of an old browser of the owner was copied.
            if number % 97 == 0 {
                let _ = site.accounts.log_in("alice", PASSWORD, Some(&wrong), &browser(2)).await;
            }
            site.clock.pass(HOUR);
        }
    }
    let guesses = codes_checked(&site) - own;
    let probability = guesses as f64 * HIT;
    assert!(guesses >= 120, "{guesses} guesses: the simulation guesses");
    assert!(guesses <= 200 && probability <= 0.000_5, "{guesses} guesses, P = {probability}");
    assert_eq!(own, 8, "honest errors");
    assert_eq!(site.heard(|event| matches!(event, Event::CodesGuessed { .. })), 1);
}

/// SECURITY row 32: a stranger with one attempt per wait. A logged-out owner gets in from a known
/// browser always, and from an unknown one within 15 minutes.
#[tokio::test]
async fn a_stranger_keeps_the_owner_out_for_15_minutes_at_most() {
    let site = Site::new();
    site.register("alice").await;
    let step = site.accounts.log_in("alice", PASSWORD, None, &owner()).await;
    logged_in(step.map_err(|error| error.kind()));
    let stranger = network(1);
    let mut next_visit = 12 * HOUR;
    let (mut passed, mut waits) = (0, Vec::new());
    let mut waiting: Option<u64> = None;
    while passed < 10 * DAY {
        // The stranger takes each attempt in the second in which it is free.
        let guess = site.accounts.log_in("alice", "a guess", None, &stranger).await;
        let next = match guess.unwrap_err().kind() {
            AccountsErrorKind::Limited { retry_after } => retry_after.as_secs().max(1),
            _ => 1,
        };
        if passed >= next_visit {
            let step = site.accounts.log_in("alice", PASSWORD, None, &owner()).await;
            logged_in(step.map_err(|error| error.kind()));
            let since = *waiting.get_or_insert(passed);
            let number = 900 + u32::try_from(waits.len()).unwrap();
            let elsewhere = site.accounts.log_in("alice", PASSWORD, None, &network(number)).await;
            if let Ok(LoginStep::LoggedIn(_)) = elsewhere {
                waits.push(passed - since);
                waiting = None;
                next_visit = passed + 5 * HOUR + 17;
            }
        }
        let step = next.min(10);
        site.clock.pass(step);
        passed += step;
    }
    let longest = Duration::from_secs(waits.iter().copied().max().unwrap());
    assert!(waits.len() > 40, "{} logins", waits.len());
    assert!(longest <= Duration::from_secs(15 * 60), "{longest:?}");
}

/// 2 % of the passwords that an honest person types are wrong, in an unknown browser and they log
/// in five times per day.
#[tokio::test]
async fn honest_typing_errors_lock_nobody_out() {
    let site = Site::new();
    site.register("alice").await;
    let visitor = network(3);
    for number in 0..(5 * 365) {
        if number % 50 == 3 {
            let typo = site.accounts.log_in("alice", "a typo", None, &visitor).await;
            assert_eq!(typo.unwrap_err().kind(), AccountsErrorKind::Refused);
        }
        let step = site.accounts.log_in("alice", PASSWORD, None, &visitor).await;
        logged_in(step.map_err(|error| error.kind()));
        site.clock.pass(DAY / 5);
    }
}
