//! Rate limits for password and code guesses, and a store that does not respond.

use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::person::{ACCESS, PASSWORD, enrol, log_in, register};
use crate::site::Site;

/// Maximum number of wrong passwords before the rate limit must reject one.
const PATIENCE: usize = 40;

#[test]
fn password_guesses_over_the_rate_limit_get_429() {
    let mut site = Site::start();
    register(site.browser(), "ann");
    let wrong = [("username", "ann"), ("password", "wrong password")];
    let tried = (0..PATIENCE).find(|_| site.script().post("/login", &wrong).status == 429);
    assert!(tried.is_some(), "no request was limited");

    let answer = site.script().post("/login", &wrong).expect(429);
    let wait: u64 = answer.header("retry-after").expect("a time").parse().expect("seconds");
    assert!(wait > 0 && answer.set_cookies().is_empty());
    let problem = answer.expect_problem(429);
    assert!(problem["type"].as_str().expect("text").ends_with("limited"), "{problem}");
    let page = site.browser().post("/login", &wrong).expect_page(429);
    assert!(page.header("retry-after").is_some());

    // Another spelling of the name and a restart do not reset the limit, and the right password is
    // rejected while the account is limited.
    site.browser()
        .post("/login", &[("username", "ANN"), ("password", "wrong password")])
        .expect_page(429);
    site.restart();
    log_in(&mut site.browser(), "ann", "").expect_page(429);
}

#[test]
fn code_guesses_are_limited_across_pending_cookies() {
    let site = Site::start();
    let (mut authenticator, _) = enrol(&mut register(site.browser(), "ann"));
    let wrong = authenticator.wrong_code();
    let tried = (0..PATIENCE).find(|_| {
        let mut guesser = site.script();
        log_in(&mut guesser, "ann", "").status == 429
            || guesser.post("/login/code", &[("code", &wrong)]).status == 429
    });
    assert!(tried.is_some_and(|tried| tried <= 10), "{tried:?} guesses");
    let refused = log_in(&mut site.browser(), "ann", &authenticator.code());
    assert!(!refused.set_cookies().iter().any(|cookie| cookie.name == ACCESS), "{refused:#?}");
}

#[test]
fn a_locked_store_fails_logins_but_not_guarded_routes() {
    let site = Site::start();
    let mut ann = register(site.browser(), "ann");
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // Another process holds the write lock, as a backup might do.
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(site.file("blog.db"));
    let mut writer: SqliteConnection = runtime.block_on(options.connect()).expect("the database");
    runtime.block_on(sqlx::query("BEGIN EXCLUSIVE").execute(&mut writer)).expect("the lock");

    let start = Instant::now();
    let answer = site.script().post("/login", &[("username", "ann"), ("password", PASSWORD)]);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert!(answer.header("retry-after").is_some() && answer.set_cookies().is_empty());
    answer.expect_problem(503);
    let answer = ann.post("/logout", &[]).expect_page(503);
    assert!(answer.set_cookies().is_empty(), "a failed logout removes no cookie");
    ann.get("/posts/new").expect_page(403);
    ann.get("/").expect_page(200);

    runtime.block_on(sqlx::query("ROLLBACK").execute(&mut writer)).expect("the lock is released");
    runtime.block_on(writer.close()).expect("closed");
    log_in(&mut site.browser(), "ann", "").expect_see_other("/");
    ann.post("/logout", &[]).expect_see_other("/");
}
