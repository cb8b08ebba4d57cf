//! The challenge of a site (CAPTCHA, proof of work): it is checked before a password is hashed, and
//! a form that is rejected for it can be sent again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hallpass_accounts::{
    Challenge, ChallengeAttempt, ChallengeOutage, ChallengeOutcome, ChallengedAction, RateLimit,
    RateLimits, Settings,
};
use hallpass_test_support::memory_store::Down;

use crate::site::{Client, PASSWORD, Site, SiteRole};

const WIDGET: &str = "<label>3 + 4 = <input name=\"challenge\" required></label>";

/// Accepts `7`, and fails at `down`. Counts its calls.
#[derive(Clone, Default)]
struct Sum(Arc<AtomicU64>);

impl Challenge for Sum {
    type Error = Down;

    async fn check(&self, attempt: &ChallengeAttempt<'_>) -> Result<ChallengeOutcome, Down> {
        assert!(matches!(attempt.action.as_str(), "login" | "register"));
        assert!(attempt.visitor.peer.is_some());
        self.0.fetch_add(1, Ordering::SeqCst);
        match attempt.response {
            Some("7") => Ok(ChallengeOutcome::Passed),
            Some("down") => Err(Down),
            _ => Ok(ChallengeOutcome::Required),
        }
    }

    fn widget(&self, _: ChallengedAction) -> Option<String> {
        Some(WIDGET.to_owned())
    }
}

fn site(change: impl FnOnce(&mut Settings<SiteRole>)) -> (Site, Sum) {
    let sum = Sum::default();
    let hook = Arc::new(sum.clone());
    let site = Site::with(|settings, _| {
        settings.challenge = Some(hook.into());
        change(settings);
    });
    (site, sum)
}

const RIGHT: [(&str, &str); 3] = [("username", "ann"), ("password", PASSWORD), ("challenge", "7")];

async fn registered(site: &Site) -> Client {
    let mut ann = site.browser();
    ann.post("/register", &RIGHT).await.expect_see_other("/profile");
    ann
}

#[tokio::test]
async fn a_form_without_a_solved_challenge_is_shown_again() {
    let (site, _) = site(|_| ());
    registered(&site).await;
    for path in ["/login", "/register"] {
        let page = site.browser().get(path).await.expect_page(200).body.clone();
        assert!(page.contains(WIDGET), "{page}");
        for fields in [&RIGHT[..2], &[RIGHT[0], RIGHT[1], ("challenge", "8")]] {
            let calls = site.store.calls();
            let page = site.browser().post(path, fields).await.expect_page(403).body.clone();
            assert!(page.contains("Solve the challenge below"), "{page}");
            assert!(page.contains(WIDGET) && page.contains("value=\"ann\""), "{page}");
            let answer = site.script().post(path, fields).await;
            assert!(answer.set_cookies().is_empty());
            answer.expect_problem(403, "challenge-required");
            assert_eq!(site.store.calls(), calls, "the store is not read");
        }
        let twice = [RIGHT[0], RIGHT[1], RIGHT[2], RIGHT[2]];
        site.script()
            .post_body(path, "{\"username\":\"ann\",\"password\":\"x\",\"challenge\":1}")
            .await
            .expect_problem(422, "invalid-field");
        site.browser().post(path, &twice).await.expect_page(422);
    }
    site.browser().post("/login", &RIGHT).await.expect_see_other("/");
}

#[tokio::test]
async fn attempts_without_a_challenge_lock_nobody_out() {
    let (site, _) = site(|_| ());
    registered(&site).await;
    for _ in 0..120 {
        site.script().post("/login", &RIGHT[..2]).await.expect_problem(403, "challenge-required");
    }
    let wrong = [RIGHT[0], RIGHT[1], ("challenge", "8")];
    for _ in 0..20 {
        site.script().post("/login", &wrong).await.expect_problem(403, "challenge-required");
    }
    site.browser().post("/login", &RIGHT).await.expect_see_other("/");
    let guess = [RIGHT[0], ("password", "not the password"), RIGHT[2]];
    for _ in 0..5 {
        site.script().post("/login", &guess).await.expect_problem(401, "invalid-credentials");
    }
    site.script().post("/login", &guess).await.expect_problem(429, "limited");
}

/// The check of a response may cost a request to another service.
#[tokio::test]
async fn the_hook_is_not_called_beyond_the_limits() {
    let (site, sum) = site(|settings| {
        let limit = RateLimit::new(3, Duration::from_secs(60));
        settings.rate_limits = RateLimits::default().address(limit.clone()).registrations(limit);
    });
    for path in ["/login", "/register"] {
        let before = sum.0.load(Ordering::SeqCst);
        for number in 0..10 {
            let name = format!("user{number}");
            let fields = [("username", &*name), RIGHT[1], ("challenge", "8")];
            let mut request = site.browser().form_request(path, &fields);
            request.peer = Some([198, 51, 100, u8::from(path == "/login")].into());
            let status = site.routes.handle(request).await.status;
            assert_eq!(status, if number < 3 { 403 } else { 429 }, "{path} {number}");
        }
        assert_eq!(sum.0.load(Ordering::SeqCst) - before, 3, "{path}");
    }
}

#[tokio::test]
async fn the_site_decides_what_a_failed_check_means() {
    let down = [RIGHT[0], RIGHT[1], ("challenge", "down")];
    let (open, _) = site(|_| ());
    registered(&open).await;
    open.browser().post("/login", &down).await.expect_see_other("/");
    let (closed, _) = site(|settings| settings.challenge_outage = ChallengeOutage::Refuse);
    registered(&closed).await;
    for _ in 0..20 {
        let answer = closed.script().post("/login", &down).await;
        answer.expect_problem(503, "unavailable");
    }
    closed.browser().post("/login", &RIGHT).await.expect_see_other("/");
}
