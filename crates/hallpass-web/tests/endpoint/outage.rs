//! An outage of the store, and brute force: the response sets and removes no cookie, and has
//! `Retry-After`.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hallpass_accounts::{AttemptOutcome, RateLimit, RateLimitStore};
use hallpass_core::UnixTime;
use tokio::time::{Instant, sleep};

use crate::site::{ACCESS, PASSWORD, Site};

#[tokio::test]
async fn with_the_store_down_every_form_is_503_without_set_cookie() {
    let site = Site::new();
    let mut ann = site.browser().registered("ann").await;
    let (mut authenticator, _) = ann.enrol().await;
    let mut waiting = site.browser();
    waiting.log_in("ann").await.expect(303);
    let code = authenticator.code();
    site.store.set_down(true);

    let name = [("username", "ann"), ("password", PASSWORD)];
    let code = [("code", code.as_str())];
    let both = [("password", PASSWORD), code[0]];
    let passwords = [("current_password", PASSWORD), ("new_password", "a wholly different phrase")];
    let id = "0".repeat(32);
    let session = [("session", id.as_str())];
    for (client, path, fields) in [
        (&site.browser(), "/register", &name[..]),
        (&site.browser(), "/login", &name),
        (&waiting, "/login/code", &code),
        (&ann, "/logout", &[]),
        (&ann, "/account/two-factor", &code),
        (&ann, "/account/two-factor/disable", &both),
        (&ann, "/account/recovery-codes", &both),
        (&ann, "/session/confirm", &both),
        (&ann, "/account/password", &passwords),
        (&ann, "/account/sessions/revoke", &session),
        (&ann, "/account/sessions/revoke", &[("session", "others")]),
    ] {
        client.clone().post(path, fields).await.expect_page(503);
        client.as_script().post(path, fields).await.expect_problem(503, "unavailable");
    }
    for path in
        ["/account/two-factor", "/account/sessions", "/account/password", "/session/confirm"]
    {
        ann.get(path).await.expect_page(503);
        ann.as_script().get(path).await.expect_problem(503, "unavailable");
    }
    ann.get("/login").await.expect_page(200);

    site.store.set_down(false);
    ann.get("/account/sessions").await.expect_page(200);
    waiting.post("/login/code", &code).await.expect_see_other("/");
}

#[tokio::test]
async fn too_many_attempts_are_429_with_retry_after() {
    let site = Site::new();
    site.browser().registered("ann").await;
    let wrong = [("username", "ann"), ("password", "wrong password here")];
    let mut answer = site.script().post("/login", &wrong).await;
    for _ in 0..20 {
        if answer.status == 429 {
            break;
        }
        answer = site.script().post("/login", &wrong).await;
    }
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3600).contains(&seconds), "{seconds}");
    answer.expect_problem(429, "limited");
    // The correct password is also rejected: otherwise the limit would reveal it.
    let page = site.browser().log_in("ann").await.expect_page(429);
    assert!(page.body.contains("Try again in") && page.set_cookie(ACCESS).is_none());
}

/// Each change of a session counts, also the end of a session.
#[tokio::test]
async fn too_many_ended_sessions_are_429() {
    let mut ann = Site::new().script().registered("ann").await;
    let mut answer = ann.post("/account/sessions/revoke", &[("session", "unknown")]).await;
    for _ in 0..200 {
        if answer.status != 404 {
            break;
        }
        answer = ann.post("/account/sessions/revoke", &[("session", "unknown")]).await;
    }
    answer.expect_problem(429, "limited");
}

/// A store with slow calls. Each call is faster than `store_timeout`.
struct Slow;

impl RateLimitStore for Slow {
    type Error = Infallible;

    async fn try_take(
        &self,
        _: &str,
        _: &RateLimit,
        _: UnixTime,
    ) -> Result<AttemptOutcome, Infallible> {
        sleep(Duration::from_millis(1200)).await;
        Ok(AttemptOutcome::Allowed)
    }

    async fn give_back(&self, _: &str, _: &RateLimit, _: UnixTime) -> Result<(), Infallible> {
        sleep(Duration::from_millis(1200)).await;
        Ok(())
    }

    async fn clear(&self, _: &str) -> Result<(), Infallible> {
        sleep(Duration::from_millis(1200)).await;
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn slow_store_calls_are_503_within_two_seconds_in_total() {
    let site = Site::with(|_, stores| stores.rate_limits = Arc::new(Slow).into());
    let mut request =
        site.browser().form_request("/login", &[("username", "ann"), ("password", PASSWORD)]);
    request.peer = "192.0.2.1".parse().ok();
    let start = Instant::now();
    let answer = site.routes.handle(request).await;
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(answer.status, 503);
    let named = |wanted| answer.headers.iter().any(|(name, _)| *name == wanted);
    assert!(named("retry-after") && !named("set-cookie"), "{:?}", answer.headers);
}
