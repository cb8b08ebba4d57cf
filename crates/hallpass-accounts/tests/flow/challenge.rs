//! The challenge of a site together with the limits and the queue of the password hasher.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hallpass_accounts::{
    AccountsErrorKind, Challenge, ChallengeAttempt, ChallengeOutcome, Event, HashCost,
    PasswordHasherSettings, RateLimit, RateLimitKind, RateLimits, Visitor,
};
use hallpass_test_support::memory_store::Down;
use tokio::{sync::Notify, task::JoinSet, time::timeout};

use crate::site::{PASSWORD, Site, browser, here, logged_in};

/// Accepts `7`, and `slow` after it is notified.
#[derive(Default)]
struct Sum {
    calls: AtomicUsize,
    answers: Notify,
}

impl Challenge for Sum {
    type Error = Down;

    async fn check(&self, attempt: &ChallengeAttempt<'_>) -> Result<ChallengeOutcome, Down> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        match attempt.response {
            Some("7") => Ok(ChallengeOutcome::Passed),
            Some("slow") => {
                self.answers.notified().await;
                Ok(ChallengeOutcome::Passed)
            }
            _ => Ok(ChallengeOutcome::Required),
        }
    }
}

fn with(response: &'static str, visitor: Visitor<'static>) -> Visitor<'static> {
    Visitor { challenge: Some(response), ..visitor }
}

/// A site with Alice, whose hasher has one permit and few places.
async fn site() -> (Site, Arc<Sum>) {
    let (site, sum) = (Site::new(), Arc::new(Sum::default()));
    site.register("alice").await;
    let hook = Arc::clone(&sum);
    let site = Site::node(site.store.clone(), site.clock.clone(), site.keys.clone(), |settings| {
        let cost = HashCost::new(64, 1, 1);
        settings.password_hasher =
            PasswordHasherSettings::default().hash_cost(cost).max_permits(1).queue_length(2);
        settings.store_timeout = Duration::from_secs(60);
        settings.challenge = Some(hook.into());
    });
    (site, sum)
}

#[tokio::test]
async fn a_slow_check_of_responses_takes_no_turn_from_others() {
    let (site, sum) = site().await;
    let mut slow = JoinSet::new();
    for number in 0..20 {
        let accounts = site.accounts.clone();
        slow.spawn(async move {
            let name = format!("nobody{number}");
            let visitor = with("slow", here());
            accounts.log_in(&name, PASSWORD, None, &visitor).await.map_err(|error| error.kind())
        });
    }
    while sum.calls.load(Ordering::SeqCst) < 20 {
        tokio::task::yield_now().await;
    }
    let visitor = with("7", here());
    let login = site.accounts.log_in("alice", PASSWORD, None, &visitor);
    let step = timeout(Duration::from_secs(10), login).await.expect("nobody waits for the check");
    logged_in(step.map_err(|error| error.kind()));
    slow.shutdown().await;
}

/// A known browser has no limit per address, so its own limit bounds the calls of the hook.
#[tokio::test]
async fn wrong_responses_in_a_known_browser_are_limited() {
    let (site, sum) = site().await;
    let known = with("7", browser(1));
    let step = site.accounts.log_in("alice", PASSWORD, None, &known).await;
    logged_in(step.map_err(|error| error.kind()));
    let before = sum.calls.load(Ordering::SeqCst);
    let mut kinds = Vec::new();
    for _ in 0..20 {
        let visitor = with("8", browser(1));
        let refused = site.accounts.log_in("alice", PASSWORD, None, &visitor).await.unwrap_err();
        kinds.push(refused.kind());
    }
    assert_eq!(kinds[..5], [AccountsErrorKind::ChallengeRequired; 5]);
    assert!(
        kinds[5..].iter().all(|kind| matches!(kind, AccountsErrorKind::Limited { .. })),
        "{kinds:?}"
    );
    assert_eq!(sum.calls.load(Ordering::SeqCst) - before, 5);
    // The event names the account, because the browser is known to it.
    let named = |event: &Event| {
        matches!(event, Event::Limited { limit: RateLimitKind::Browser, .. })
            && event.account().is_some()
    };
    assert_eq!(site.heard(named), 15);
    // Another browser of the owner is not limited.
    let step = site.accounts.log_in("alice", PASSWORD, None, &with("7", here())).await;
    logged_in(step.map_err(|error| error.kind()));
}

/// Wrong responses are not guesses of a password.
#[tokio::test]
async fn wrong_responses_do_not_hold_the_brake_of_the_site() {
    let (site, _) = site().await;
    let hook = Arc::new(Sum::default());
    let site = Site::node(site.store.clone(), site.clock.clone(), site.keys.clone(), |settings| {
        settings.rate_limits = RateLimits::default().site(3, 1);
        settings.challenge = Some(hook.into());
    });
    for number in 0..20 {
        let peer = Some([198, 51, number, 7].into());
        let visitor = with("8", Visitor { peer, ..Visitor::default() });
        let refused = site.accounts.log_in("nobody", PASSWORD, None, &visitor).await.unwrap_err();
        assert_eq!(refused.kind(), AccountsErrorKind::ChallengeRequired);
    }
    let step = site.accounts.log_in("alice", PASSWORD, None, &with("7", here())).await;
    logged_in(step.map_err(|error| error.kind()));
}

/// Registrations and logins of the loopback addresses have a count each under the wide limit.
#[tokio::test]
async fn loopback_registrations_do_not_limit_logins() {
    let site = Site::new();
    let site = Site::node(site.store.clone(), site.clock.clone(), site.keys.clone(), |settings| {
        let limit = RateLimit::new(1, Duration::from_secs(60));
        settings.rate_limits = RateLimits::default().loopback(limit);
    });
    let local = Visitor { peer: Some([127, 0, 0, 1].into()), ..Visitor::default() };
    let _step = site.accounts.register("alice", PASSWORD, &local).await.unwrap();
    let refused = site.accounts.register("bob", PASSWORD, &local).await.unwrap_err().kind();
    assert!(matches!(refused, AccountsErrorKind::Limited { .. }), "{refused:?}");
    for _ in 0..3 {
        let step = site.accounts.log_in("alice", PASSWORD, None, &local).await;
        logged_in(step.map_err(|error| error.kind()));
    }
}
