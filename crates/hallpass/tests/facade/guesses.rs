//! Brute force of codes on a real database file (row 7 of the threat table): attempts are counted
//! before the codes are checked, and an attacker cannot reset the count.

use hallpass::flow::Proof;
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use hallpass::flow::{LoginStep, RejectionReason, TwoFactor, Visitor};
use hallpass::store::SqliteStore;
use hallpass::totp::{Totp, TotpSettings};
use hallpass::{
    AccountsErrorKind, Clock, Event, Hallpass, HashCost, PasswordHasherSettings, RateLimit,
    RateLimits, SystemClock,
};

use crate::{scratch::Scratch, site::SiteRole};

const PASSWORD: &str = "correct horse battery staple";

struct Node {
    site: Hallpass<SiteRole>,
    looked_at: Arc<AtomicUsize>,
}

/// Starts a node on this file. `looked_at` counts the wrong codes that were checked.
async fn node(scratch: &Scratch) -> Node {
    let looked_at = Arc::new(AtomicUsize::new(0));
    let counter = looked_at.clone();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    let site = Hallpass::<SiteRole>::builder(store)
        .everything()
        .key_file(scratch.path("keys.json"))
        .password_hasher(PasswordHasherSettings::default().hash_cost(HashCost::new(64, 1, 1)))
        .rate_limits(
            RateLimits::default().account(RateLimit::new(5, std::time::Duration::from_secs(600))),
        )
        .on_event(move |event| {
            if let Event::Refused { reason: RejectionReason::WrongCode, .. } = event {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        })
        .start()
        .await
        .unwrap();
    Node { site, looked_at }
}

fn from(number: u8) -> Visitor<'static> {
    Visitor { peer: Some(IpAddr::from([198, 51, 100, number])), ..Visitor::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn at_most_5_of_200_codes_are_checked_across_nodes_and_restart() {
    let scratch = Scratch::new();
    let (one, other) = (node(&scratch).await, node(&scratch).await);
    let accounts = one.site.accounts();
    let alice = accounts.register("alice", PASSWORD, &from(1)).await.unwrap().opened().unwrap();
    let verify = |token: &str| {
        accounts
            .issuer()
            .verifier::<SiteRole>()
            .verify(token.as_bytes(), SystemClock.now())
            .unwrap()
    };
    let who = verify(alice.access.as_str());
    let TwoFactor::Off(set_up) = accounts.two_factor(&who).await.unwrap() else {
        panic!("a new account has no factor")
    };
    let totp = Totp::new(set_up.secret, TotpSettings::default());
    let (_codes, tokens) = accounts
        .enable_two_factor(&who, &Proof::of_password(PASSWORD), &totp.code_at(SystemClock.now()))
        .await
        .unwrap();
    let who = verify(tokens.access.as_str());
    let now = SystemClock.now().as_secs();
    let live = [-60_i64, -30, 0, 30, 60]
        .map(|skew| totp.code_at(hallpass::UnixTime::from_secs(now.saturating_add_signed(skew))));
    let wrong =
        (0..).map(|number| format!("{number:06}")).find(|code| !live.contains(code)).unwrap();

    // Each guess has a new pending token and another address.
    let guess = |node: &Node, number: u8| {
        let accounts = node.site.accounts().clone();
        let pending = accounts
            .issuer()
            .issue(
                &hallpass_core::Claims::<hallpass_core::MfaPending>::new(
                    who.user_id(),
                    who.generation(),
                    SystemClock.now(),
                ),
                SystemClock.now(),
            )
            .unwrap();
        let wrong = wrong.clone();
        async move {
            let refused =
                accounts.log_in_with_code(pending.as_str().as_bytes(), &wrong, &from(number)).await;
            refused.map(|_| ()).unwrap_err().kind()
        }
    };
    let tasks: Vec<_> = (0..200_u8)
        .map(|number| tokio::spawn(guess(if number % 2 == 0 { &one } else { &other }, number)))
        .collect();
    let (mut refused, mut limited) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            AccountsErrorKind::Refused => refused += 1,
            AccountsErrorKind::Limited { .. } => limited += 1,
            // On a busy machine some attempts do not reach the store in time. Their codes are not
            // checked either.
            AccountsErrorKind::Unavailable { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    let looked_at = one.looked_at.load(Ordering::SeqCst) + other.looked_at.load(Ordering::SeqCst);
    assert!(
        looked_at <= 5 && refused == looked_at,
        "{looked_at} codes checked, {refused} refused, {limited} limited"
    );
    assert!(limited > 0);

    drop((one, other));
    let restarted = node(&scratch).await;
    assert!(
        matches!(guess(&restarted, 201).await, AccountsErrorKind::Limited { .. }),
        "after a restart"
    );
    for spelling in ["alice", "ALICE", " Alice", "\u{ff21}lice"] {
        let step = restarted.site.accounts().log_in(spelling, PASSWORD, None, &from(202)).await;
        // A right password counts nothing, so wrong codes do not limit it.
        assert!(matches!(step, Ok(LoginStep::MfaRequired(_))), "{spelling:?}");
    }
    assert_eq!(restarted.looked_at.load(Ordering::SeqCst), 0);
}
