//! Checks the metrics and logs of a running site: they match the tables of the guide's page, and
//! they contain no personal data.
//!
//! The test has a separate binary, because a recorder is installed for the whole process.

#![allow(clippy::unwrap_used, reason = "`unwrap` is an assertion in a test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{Router, body::Body, http::Request, routing::get};
use hallpass::flow::{LoginStep, Visitor};
use hallpass::keys::{Algorithm, Key, KeyId, KeyRing};
use hallpass::store::SqliteStore;
use hallpass::token::TokenErrorKind;
use hallpass::{
    Hallpass, HashCost, PasswordHasherSettings, RateLimit, RateLimits, RejectionKind, Role,
    require_roles,
};
use hallpass_test_support::scratch::Scratch;
use hallpass_testkit::Kit;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tower::ServiceExt;
use tracing::field::{Field, Visit};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
};

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
enum SiteRole {
    Guest,
    Admin,
}

const PASSWORD: &str = "two grey herons";
const TYPED: &str = "typed-in-the-wrong-field";
const PEER: &str = "192.0.2.77";
const SECRET: &[u8] = b"kS3vX9qL2wZ8mN4tB6yH1uJ5pR7dG0fC";

/// All log events.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Said>>>);

/// The level, and the value of each field.
type Said = (String, BTreeMap<String, String>);

struct Fields(BTreeMap<String, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl<S: tracing::Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "hallpass" {
            let mut fields = Fields(BTreeMap::new());
            event.record(&mut fields);
            self.0
                .lock()
                .unwrap()
                .push((event.metadata().level().to_string().to_lowercase(), fields.0));
        }
    }
}

/// Logs in, fails to log in, is rate-limited, refreshes, ends sessions, and requests pages with
/// valid and invalid tokens. Returns the secrets that must not be recorded.
async fn a_day(kit: &Kit<SiteRole>, store: &SqliteStore) -> (Hallpass<SiteRole>, Vec<String>) {
    let (store, other_store) = (store.clone(), store.clone());
    let few = RateLimit::new(3, Duration::from_secs(60));
    let site = Hallpass::<SiteRole>::builder(store)
        .keys(kit.keys())
        .clock(kit.clock())
        .rate_limits(RateLimits::default().account(few))
        .password_hasher(PasswordHasherSettings::default().hash_cost(HashCost::new(64, 1, 1)))
        .everything()
        .start()
        .await
        .unwrap();
    let app: Router = Router::new()
        .route(
            "/admin",
            get(|| async { "the books" }).route_layer(require_roles([SiteRole::Admin])),
        )
        .merge(site.routes())
        .layer(site.layer());
    let ask = |cookie: &str| {
        let request =
            Request::get("/admin").header("cookie", cookie).header("accept", "application/json");
        app.clone().oneshot(request.body(Body::empty()).unwrap())
    };
    let here = Visitor { peer: Some(PEER.parse().unwrap()), ..Visitor::default() };

    let alice = site.accounts().register("alice", PASSWORD, &here).await.unwrap().opened().unwrap();
    let refresh = alice.refresh.as_ref().unwrap().as_str().to_owned();
    let _wrong =
        site.accounts().log_in("alice", "not at all the password", None, &here).await.unwrap_err();
    let LoginStep::LoggedIn(again) =
        site.accounts().log_in("alice", PASSWORD, None, &here).await.unwrap()
    else {
        panic!()
    };
    for _ in 0..4 {
        let _nobody = site.accounts().log_in(TYPED, PASSWORD, None, &here).await.unwrap_err();
    }
    let _next = site.accounts().refresh(refresh.as_bytes()).await.unwrap();
    // This node remembers the result, and another one reads it from the store.
    let _same = site.accounts().refresh(refresh.as_bytes()).await.unwrap();
    let other = Hallpass::<SiteRole>::builder(other_store)
        .keys(kit.keys())
        .clock(kit.clock())
        .everything()
        .start()
        .await
        .unwrap();
    let _same = other.accounts().refresh(refresh.as_bytes()).await.unwrap();

    let good = format!("__Host-hallpass={}", again.access.as_str());
    let admin = kit.as_user(SiteRole::Admin).cookie();
    assert_eq!(ask(&admin).await.unwrap().status(), 200);
    assert_eq!(ask(&good).await.unwrap().status(), 403);
    let mut forged = good.clone();
    forged.replace_range(
        forged.len() - 9..forged.len() - 8,
        if forged.as_bytes()[forged.len() - 9] == b'A' { "B" } else { "A" },
    );
    assert_eq!(ask(&forged).await.unwrap().status(), 401);
    assert_eq!(ask("theme=dark").await.unwrap().status(), 401);
    site.log_out_everywhere(&hallpass::AccountId::new(alice.user.id.clone())).await.unwrap();
    assert_eq!(ask(&good).await.unwrap().status(), 401);
    let elsewhere =
        Request::post("/login").header("sec-fetch-site", "cross-site").body(Body::empty()).unwrap();
    assert_eq!(app.clone().oneshot(elsewhere).await.unwrap().status(), 403);

    let tokens = [alice.access.as_str(), again.access.as_str(), &refresh].map(str::to_owned);
    let names = [PASSWORD, TYPED, "not at all the password"].map(str::to_owned);
    (site, tokens.into_iter().chain(names).collect())
}

/// Waits until a series has this value.
async fn until(prometheus: &PrometheusHandle, name: &str, is_right: impl Fn(f64) -> bool) {
    let start = Instant::now();
    loop {
        let value = series(prometheus).get(name).copied().unwrap_or_default();
        if is_right(value) {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{name} is {value}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Rotates the key, lets the sessions expire, and closes the database. Checks the metrics of the
/// revocation sync, of the keys and of the store calls.
async fn a_night(
    kit: &Kit<SiteRole>,
    site: &Hallpass<SiteRole>,
    store: &SqliteStore,
    prometheus: &PrometheusHandle,
) {
    let now = |name: &str| series(prometheus).get(name).copied().unwrap_or_default();
    for (name, value) in [
        (r#"hallpass_refreshes_total{outcome="in-grace"}"#, 1.0),
        ("hallpass_keys_missing", 0.0),
        ("hallpass_clock_difference_seconds", 0.0),
        (r#"hallpass_store_call_seconds_count{operation="RefreshTokenStore::refresh"}"#, 2.0),
        (r#"hallpass_store_failures_total{operation="RateLimitStore::try_take_all"}"#, 0.0),
    ] {
        assert_eq!(now(name), value, "{name}");
    }
    let ring = kit.keys().current();
    let active = |id: &str| format!(r#"hallpass_signing_key_active{{key="{id}"}}"#);
    let (old, new) = (ring.active().unwrap().id().to_string(), "kept-in-the-night");
    let created = format!(r#"hallpass_signing_key_created_timestamp_seconds{{key="{old}"}}"#);
    assert_eq!(now(&created), 1_767_225_600.0, "2026-01-01");
    until(prometheus, r#"hallpass_readiness{state="ready"}"#, |is_ready| is_ready == 1.0).await;
    until(prometheus, r#"hallpass_store_connections{state="open"}"#, |open| open >= 1.0).await;
    // The value of the last second. A call may have waited at that moment.
    until(prometheus, r#"hallpass_store_connections{state="waiting"}"#, |calls| calls == 0.0).await;
    until(prometheus, r#"hallpass_revocation_push_live{log="store"}"#, |live| live == 1.0).await;

    let key = Key::hmac(KeyId::parse(new).unwrap(), Algorithm::Hs256, SECRET).unwrap();
    kit.keys().replace(KeyRing::signing_with(key).unwrap());
    until(prometheus, &active(new), |signs| signs == 1.0).await;
    assert_eq!(now(&active(&old)), 0.0, "the former key is not in the ring any more");
    kit.keys().replace(KeyRing::clone(&ring));
    until(prometheus, &active(&old), |signs| signs == 1.0).await;

    kit.clock().advance(Duration::from_secs(40 * 24 * 60 * 60));
    until(prometheus, "hallpass_pruned_rows_total", |rows| rows >= 1.0).await;
    assert_eq!(now("hallpass_prune_failures_total"), 0.0);

    store.close().await;
    let here = Visitor { peer: Some(PEER.parse().unwrap()), ..Visitor::default() };
    let _down = site.accounts().log_in("alice", PASSWORD, None, &here).await.unwrap_err();
    let failures = r#"hallpass_store_failures_total{operation="RateLimitStore::try_take_all"}"#;
    assert_eq!(now(failures), 1.0);
    until(prometheus, r#"hallpass_revocation_push_live{log="store"}"#, |live| live == 0.0).await;
    until(
        prometheus,
        r#"hallpass_store_failures_total{operation="RevocationLog::read_after"}"#,
        |failed| failed >= 1.0,
    )
    .await;
}

/// Returns the series whose value is not zero: `name{label="value"}` and the value.
fn series(prometheus: &PrometheusHandle) -> BTreeMap<String, f64> {
    let page = prometheus.render();
    let lines =
        page.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
    lines
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .filter(|(_, value)| *value != 0.0)
        .collect()
}

/// Returns the rows of a table of the page. The cells have no backticks.
fn table(heading: &str) -> Vec<Vec<String>> {
    let page = include_str!("../../../../docs/guide/src/telemetry.md");
    let rows = page
        .split_once(heading)
        .unwrap()
        .1
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect()
    })
    .collect()
}

#[tokio::test(flavor = "current_thread")]
async fn metrics_and_logs_match_the_guide_and_hide_personal_data() {
    let prometheus = PrometheusBuilder::new().install_recorder().unwrap();
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(log.clone()));
    let kit = Kit::<SiteRole>::new();
    let scratch = Scratch::new();
    let store = SqliteStore::open(&scratch.url("site.db")).await.unwrap();
    let (site, secrets) = a_day(&kit, &store).await;

    let seen = series(&prometheus);
    for (name, count) in [
        (r#"hallpass_verifications_total{outcome="verified"}"#, 2.0),
        (r#"hallpass_verifications_total{outcome="signature"}"#, 1.0),
        (r#"hallpass_verifications_total{outcome="revoked"}"#, 1.0),
        (r#"hallpass_rejections_total{kind="role-missing"}"#, 1.0),
        (r#"hallpass_rejections_total{kind="signed-out"}"#, 2.0),
        (r#"hallpass_rejections_total{kind="revoked"}"#, 1.0),
        (r#"hallpass_rejections_total{kind="cross-origin"}"#, 1.0),
        (r#"hallpass_logins_total{outcome="signed-in"}"#, 2.0),
        (r#"hallpass_logins_total{outcome="wrong-password"}"#, 1.0),
        (r#"hallpass_logins_total{outcome="unknown-account"}"#, 3.0),
        (r#"hallpass_rate_limit_hits_total{limit="account"}"#, 1.0),
        (r#"hallpass_refreshes_total{outcome="refreshed"}"#, 1.0),
        (r#"hallpass_events_total{event="registered"}"#, 1.0),
        (r#"hallpass_events_total{event="sessions-ended"}"#, 1.0),
        ("hallpass_password_hasher_wait_seconds_count", 6.0),
    ] {
        assert_eq!(seen.get(name), Some(&count), "{name} in {seen:#?}");
    }
    assert!(seen["hallpass_revocation_list_synced_timestamp_seconds"] > 1_700_000_000.0);
    a_night(&kit, &site, &store, &prometheus).await;

    // The metrics page has the names of the table and no others. The values of labels are kinds.
    let page = prometheus.render();
    let typed = page
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter_map(|line| line.split_once(' '));
    let typed: BTreeSet<_> =
        typed.map(|(name, kind)| (name.to_owned(), kind.replace("summary", "histogram"))).collect();
    let rows = table("| name | kind | label | what |");
    let written: BTreeSet<_> = rows.iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    assert_eq!(typed, written);
    for row in &rows {
        let labels = page.lines().filter(|line| line.starts_with(&format!("{}{{", row[0])));
        assert!(
            labels
                .clone()
                .all(|line| line.contains(&format!("{{{}=\"", row[2]))
                    || line.contains("{quantile=")),
            "{row:?}"
        );
    }
    let of_a_kind = |name: &str| page.matches(&format!("hallpass_{name}_total{{")).count();
    assert_eq!(
        of_a_kind("verifications"),
        1 + TokenErrorKind::ALL.len(),
        "every series exists after the first request"
    );
    assert_eq!(of_a_kind("rejections"), RejectionKind::ALL.len());
    for word in secrets.iter().map(String::as_str).chain(["alice", PEER]) {
        assert!(!page.contains(word), "{word} in {page}");
    }

    // Each event in the log has the level and the fields that the page lists.
    let rows = table("| `event` | level | fields | when |");
    let mut events = BTreeSet::new();
    for (level, fields) in log.0.lock().unwrap().iter() {
        assert!(
            secrets.iter().all(|secret| !format!("{fields:?}").contains(secret.as_str())),
            "{fields:?}"
        );
        let Some(event) = fields.get("event") else { continue };
        let row = rows.iter().find(|row| row[0] == *event).unwrap();
        let listed: BTreeSet<_> = row[2].split(", ").filter(|field| !field.is_empty()).collect();
        let has: BTreeSet<_> = fields
            .keys()
            .map(String::as_str)
            .filter(|it| *it != "event" && *it != "message")
            .collect();
        let left_out = listed.difference(&has).copied().collect::<Vec<_>>();
        let levels = row[1].split(", ").collect::<Vec<_>>();
        assert!(
            levels.contains(&level.as_str()) && has.is_subset(&listed),
            "{event}: {level} {has:?}"
        );
        assert!(
            left_out.iter().all(|field| match *field {
                "account" => ["refused", "limited", "access-denied"].contains(&event.as_str()),
                // The application itself has no account, and a call without a request no client.
                field => ["actor_account", "peer"].contains(&field),
            }),
            "{event} without {left_out:?}"
        );
        events.insert(event.clone());
    }
    let expected =
        ["limited", "refused", "registered", "session-refreshed", "sessions-ended", "signed-in"];
    assert!(expected.iter().all(|event| events.contains(*event)), "{events:?}");
    let reasons = log
        .0
        .lock()
        .unwrap()
        .iter()
        .filter(|(_, fields)| fields["message"] == "token rejected")
        .count();
    assert_eq!(reasons, 2);
}
