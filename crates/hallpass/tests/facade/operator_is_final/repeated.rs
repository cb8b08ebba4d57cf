//! A thief with the cookies of a session repeats "end other sessions" on six connections, seconds
//! after its login. With the access cookie alone no request succeeds. With the refresh cookie too,
//! the changes are limited:
//!
//! The owner can still log in and change the password, an operator's command still revokes all
//! tokens of the thief, and the thief cannot fill the revocation log.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, header},
};
use tokio::{task::JoinSet, time::sleep};
use tower::ServiceExt;

use super::fleet::{Fleet, Held, PASSWORD, Person, RateLimitStore};
use crate::site::pages;

const CONNECTIONS: usize = 6;
const NEW_PASSWORD: &str = "another horse battery staple";
/// The time that the thief repeats the request before the owner or the operator acts.
const BEFORE: Duration = Duration::from_secs(2);
/// The time that the thief repeats the request after the command.
const AFTER: Duration = Duration::from_millis(500);
/// Maximum number of rows that the thief's requests may write to the revocation log, per minute or
/// part of a minute.
const ROWS_PER_MINUTE: i64 = 10;

/// All tokens that the thief received.
#[derive(Default)]
struct Loot {
    /// Access tokens, the newest last. A rejected token moves to `refused`.
    access: Mutex<Vec<String>>,
    refused: Mutex<BTreeSet<String>>,
    refresh: Mutex<Vec<String>>,
    requests: AtomicUsize,
    succeeded: AtomicUsize,
    over: AtomicBool,
}

impl Loot {
    fn newest(&self, copied: &str) -> String {
        self.access.lock().unwrap().last().map_or(copied, String::as_str).to_owned()
    }

    fn newest_refresh(&self, copied: Option<&str>) -> Option<String> {
        let refresh = self.refresh.lock().unwrap();
        refresh.last().map(String::as_str).or(copied).map(str::to_owned)
    }

    fn put_aside(&self, token: &str) {
        self.access.lock().unwrap().retain(|held| held != token);
        self.refused.lock().unwrap().insert(token.to_owned());
    }

    fn keep(&self, headers: &HeaderMap) {
        for set in headers.get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            match pair.split_once('=').unwrap() {
                (_, "") => {}
                ("__Host-hallpass", token) => self.access.lock().unwrap().push(token.to_owned()),
                ("__Host-hallpass_refresh", token) => {
                    self.refresh.lock().unwrap().push(token.to_owned());
                }
                _ => {}
            }
        }
    }
}

async fn post(
    site: &Router,
    path: &str,
    access: Option<&str>,
    refresh: Option<&str>,
    form: String,
) -> (u16, HeaderMap) {
    let mut request = Request::post(path)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::HOST, "site.example");
    if let Some(access) = access {
        let refresh = refresh.map(|token| format!("; __Host-hallpass_refresh={token}"));
        let cookies = format!("__Host-hallpass={access}{}", refresh.unwrap_or_default());
        request = request.header(header::COOKIE, cookies);
    }
    let response = site.clone().oneshot(request.body(Body::from(form)).unwrap()).await.unwrap();
    (response.status().as_u16(), response.headers().clone())
}

/// One connection. It uses the newest token that any of the six connections received.
async fn repeat(site: Router, loot: Arc<Loot>, copied: Held) {
    while !loot.over.load(Ordering::SeqCst) {
        let access = loot.newest(&copied.access);
        let refresh = loot.newest_refresh(copied.refresh.as_deref());
        let form = "session=others".to_owned();
        let path = "/account/sessions/revoke";
        let (status, headers) = post(&site, path, Some(&access), refresh.as_deref(), form).await;
        loot.requests.fetch_add(1, Ordering::Relaxed);
        match status {
            200..=399 => {
                loot.succeeded.fetch_add(1, Ordering::Relaxed);
                loot.keep(&headers);
            }
            401 => loot.put_aside(&access),
            // 403: without the current refresh token.
            403 | 429 | 503 => {}
            status => panic!("{status}"),
        }
        if status >= 400 {
            // About one network round trip. Without it, rejections in process would use the
            // processor time of the owner's requests.
            sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Logs the owner in with a new browser and changes the password, with one attempt each. Returns
/// the reason for a failure, and the owner's tokens.
async fn owner(site: &Router, person: &Person) -> (Option<String>, Loot) {
    let loot = Loot::default();
    let form = format!("username={}&password={PASSWORD}", person.name).replace(' ', "+");
    let (status, headers) = post(site, "/login", None, None, form).await;
    loot.keep(&headers);
    let access = loot.newest("");
    if status >= 300 || access.is_empty() {
        return (Some(format!("login: {status}")), loot);
    }
    let form = format!("current_password={PASSWORD}&new_password={NEW_PASSWORD}").replace(' ', "+");
    let (status, headers) = post(site, "/account/password", Some(&access), None, form).await;
    loot.keep(&headers);
    let failed = (status >= 300).then(|| format!("password change: {status}"));
    (failed, loot)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Disable,
    LogOutEverywhere,
}

/// Returns all faults of one run.
#[expect(clippy::print_stdout, reason = "prints the figures of each run")]
async fn run(
    fleet: &Fleet,
    end: End,
    with_owner: bool,
    with_refresh: bool,
    before: Duration,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let sites: Vec<_> = fleet.nodes.iter().map(pages).collect();
    let person = fleet.register(0).await;
    let log = "SELECT count(*) FROM hallpass_revocations";
    let rows_before = fleet.sql.number(log).await.unwrap();

    let (loot, start) = (Arc::new(Loot::default()), Instant::now());
    let mut thieves = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let site = sites[connection % sites.len()].clone();
        let mut copied = person.tokens.clone();
        copied.refresh = copied.refresh.filter(|_| with_refresh);
        thieves.spawn(repeat(site, loot.clone(), copied));
    }
    sleep(before).await;
    let rows = fleet.sql.number(log).await.unwrap() - rows_before;
    let minutes = i64::try_from(start.elapsed().as_secs() / 60).unwrap() + 1;
    let allowed = if with_refresh { ROWS_PER_MINUTE * minutes } else { 0 };
    if rows > allowed {
        wrong.push(format!("{rows} rows in the revocation log after {:?}", start.elapsed()));
    }
    let mut owners = Loot::default();
    if with_owner {
        let (failed, loot) = owner(&sites[0], &person).await;
        wrong.extend(failed);
        owners = loot;
    }
    match end {
        End::Disable => fleet.operator.disable(&person.id).await.unwrap(),
        End::LogOutEverywhere => fleet.operator.log_out_everywhere(&person.id).await.unwrap(),
    }
    sleep(AFTER).await;
    loot.over.store(true, Ordering::SeqCst);
    thieves.join_all().await;

    fleet.caught_up().await;
    let mut accepted = 0;
    let mut without_row = 0;
    let all_of = |loot: &Loot| {
        let mut all = loot.access.lock().unwrap().clone();
        all.extend(loot.refused.lock().unwrap().iter().cloned());
        all
    };
    for access in all_of(&loot).iter().chain(&all_of(&owners)).chain([&person.tokens.access]) {
        if let Some(found) = fleet.accepted(access).first() {
            accepted += 1;
            without_row += usize::from(!fleet.has_session(&found.session).await);
        }
    }
    if accepted > 0 {
        let of_them = format!("{without_row} of them without a row");
        wrong.push(format!("{accepted} access tokens accepted, {of_them}"));
    }
    let mut refresh = loot.refresh.lock().unwrap().clone();
    refresh.reverse();
    // Only the newest refresh token of a session can be live.
    refresh.truncate(4 * CONNECTIONS);
    refresh.extend(owners.refresh.lock().unwrap().iter().cloned());
    refresh.extend(person.tokens.refresh.clone());
    for token in refresh {
        if fleet.nodes[1].accounts().refresh(token.as_bytes()).await.is_ok() {
            wrong.push("a refresh token refreshes".to_owned());
        }
    }
    let (requests, succeeded) = (&loot.requests, &loot.succeeded);
    if with_refresh == (succeeded.load(Ordering::Relaxed) == 0) {
        wrong.push(format!("{succeeded:?} requests succeeded"));
    }
    println!(
        "{end:?}, owner: {with_owner}, refresh cookie: {with_refresh}: {succeeded:?} of {requests:?} requests succeeded, \
         {rows} rows in {before:?}; wrong: {wrong:?}"
    );
    wrong
}

/// Runs all combinations, each with a new account.
async fn runs(fleet: Fleet, before: Duration) {
    let mut wrong = Vec::new();
    for end in [End::Disable, End::LogOutEverywhere] {
        for (with_owner, with_refresh) in [(true, true), (false, true), (true, false)] {
            let found = run(&fleet, end, with_owner, with_refresh, before).await;
            let name = |fault| {
                format!("{end:?}, owner: {with_owner}, refresh cookie: {with_refresh}: {fault}\n")
            };
            wrong.extend(found.into_iter().map(name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn repeating_end_other_sessions_undoes_no_command() {
    runs(Fleet::on_sqlite(RateLimitStore::Default).await, BEFORE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "takes six times THIEF_SECONDS, which is 130 by default"]
async fn repeating_end_other_sessions_for_minutes_undoes_no_command() {
    let seconds = std::env::var("THIEF_SECONDS").map_or(130, |seconds| seconds.parse().unwrap());
    let before = Duration::from_secs(seconds);
    runs(Fleet::on_sqlite(RateLimitStore::Default).await, before).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
async fn on_postgres_repeating_end_other_sessions_undoes_no_command() {
    let schema = crate::schema::Schema::new().await;
    runs(Fleet::on_postgres(&schema, RateLimitStore::Default).await, BEFORE).await;
}
