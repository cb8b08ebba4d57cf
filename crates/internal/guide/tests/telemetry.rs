//! Checks the metrics and logs of a running site: they match the tables of the guide's page, and
//! they contain no personal data.
//!
//! The test has a separate binary, because a recorder is installed for the whole process.

#![allow(clippy::unwrap_used, reason = "`unwrap` is an assertion in a test")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, http::Request, routing::get};
use hallpass::flow::{LoginStep, Visitor};
use hallpass::store::SqliteStore;
use hallpass::token::TokenErrorKind;
use hallpass::{
    Hallpass, HashCost, PasswordHasherSettings, RateLimit, RateLimits, RejectionKind, Role,
    require_roles,
};
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
async fn a_day(kit: &Kit<SiteRole>) -> Vec<String> {
    let store = SqliteStore::open("sqlite::memory:").await.unwrap();
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
    tokens.into_iter().chain(names).collect()
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
    let secrets = a_day(&kit).await;

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
        assert!(row[1] == *level && has.is_subset(&listed), "{event}: {level} {has:?}");
        assert!(
            left_out.is_empty()
                || (event == "refused" && left_out == ["account"])
                // The application itself has no account.
                || left_out == ["actor_account"],
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
