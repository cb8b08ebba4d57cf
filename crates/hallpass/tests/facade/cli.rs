//! The operator commands in this process. The tests of `examples/quickstart` run them as processes.

use hallpass::flow::Proof;
use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use hallpass::flow::{EventActor, TwoFactor, Visitor};
use hallpass::keys::{KeyFile, KeyRing};
use hallpass::store::{RevocationLog, SqlStore, TwoFactorStore};
use hallpass::totp::{Totp, TotpSettings};
use hallpass::{
    Clock, Event, Hallpass, HallpassBuilder, SystemClock, UnixTime, Username, cli::Command,
};
use sqlx::SqlitePool;

use crate::{
    scratch::Scratch,
    site::SiteRole,
    visit::{Jar, send},
};

const PASSWORD: &str = "correct horse battery staple";

type Builder = HallpassBuilder<SiteRole, SqlStore>;

/// A site with its own settings, and the events of its commands.
struct Site {
    scratch: Scratch,
    events: Arc<Mutex<Vec<Event>>>,
}

impl Site {
    async fn new() -> Self {
        let site = Self { scratch: Scratch::new(), events: Arc::default() };
        let store = SqlStore::open(&site.scratch.url("site.db")).await.unwrap();
        let hallpass = site.settings(store).start().await.unwrap();
        let visitor = Visitor::default();
        let _step = hallpass.accounts().register("alice", PASSWORD, &visitor).await.unwrap();
        site.events.lock().unwrap().clear();
        site
    }

    fn settings(&self, store: SqlStore) -> Builder {
        let events = Arc::clone(&self.events);
        Hallpass::builder(store)
            .everything()
            .key_file(self.scratch.path("site-keys.json"))
            .lifetime(Duration::from_secs(7200))
            .on_event(move |event| events.lock().unwrap().push(event.clone()))
    }

    /// Runs a command and returns whether it succeeded.
    async fn run(&self, line: &str) -> bool {
        let arguments = ["site"].into_iter().chain(line.split(' '));
        let command = Command::parse(arguments).unwrap().unwrap();
        let settings = async |store| Ok::<Builder, Infallible>(self.settings(store));
        let status = command.run(&self.scratch.url("site.db"), settings).await;
        format!("{status:?}") == format!("{:?}", std::process::ExitCode::SUCCESS)
    }

    fn names_of_events(&self) -> Vec<&'static str> {
        self.events.lock().unwrap().drain(..).map(|event| event.as_str()).collect()
    }
}

#[tokio::test]
async fn every_change_is_an_event_of_the_operator() {
    let site = Site::new().await;
    for (line, event) in [
        ("user set-role alice guest", "roles-changed"),
        ("user make-admin alice", "roles-changed"),
        ("user set-role alice --none", "roles-changed"),
        ("user disable alice", "disabled"),
        ("user enable alice", "enabled"),
        ("user log-out alice", "sessions-ended"),
        ("keys rotate", "maintenance"),
        ("keys add-pepper", "maintenance"),
        ("prune", "maintenance"),
    ] {
        assert!(site.run(line).await, "{line}");
        let actor = match site.events.lock().unwrap().first() {
            Some(
                Event::RolesChanged { actor, .. }
                | Event::Disabled { actor, .. }
                | Event::Enabled { actor, .. }
                | Event::SessionsEnded { actor, .. }
                | Event::Maintenance { actor, .. },
            ) => actor.clone(),
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!(actor, EventActor::Operator, "{line}");
        assert_eq!(site.names_of_events(), [event], "{line}");
    }
    for line in ["user list", "user show alice", "doctor", "migrate"] {
        assert!(site.run(line).await, "{line}");
        assert_eq!(site.names_of_events(), [""; 0], "{line} changes nothing");
    }
}

#[tokio::test]
async fn a_failed_command_changes_nothing_and_is_no_event() {
    let site = Site::new().await;
    for line in [
        "user make-admin nobody",
        "user set-role alice owner",
        "user set-role alice Admin",
        "user disable a/b",
        "user show nobody",
    ] {
        assert!(!site.run(line).await, "{line}");
        assert_eq!(site.names_of_events(), [""; 0], "{line}");
    }
    let store = SqlStore::open_existing(&site.scratch.url("site.db")).await.unwrap();
    let hallpass = site.settings(store).start().await.unwrap();
    let alice = hallpass.find(&Username::parse("alice").unwrap()).await.unwrap().unwrap();
    assert!(alice.roles().is_empty() && !alice.disabled() && alice.generation() == 0);
}

/// The lifetime of an access token is two hours here. With the default lifetime of 15 minutes, the
/// entry of a token that was revoked an hour ago would be deleted, and a node that starts
/// afterwards would accept the token.
#[tokio::test]
async fn prune_keeps_the_entries_of_live_tokens() {
    let site = Site::new().await;
    let tables = SqlitePool::connect(&site.scratch.url("site.db")).await.unwrap();
    let now = i64::try_from(SystemClock.now().as_secs()).unwrap();
    for age in [10, 3600, 7200 + 120, 100_000] {
        let entry = "INSERT INTO hallpass_revocations (kind, account_id, number, at) VALUES ('revoked', '1', 1, ?)";
        sqlx::query(entry).bind(now - age).execute(&tables).await.unwrap();
    }
    assert!(site.run("prune").await);
    let store = SqlStore::open_existing(&site.scratch.url("site.db")).await.unwrap();
    let page = store.read_after(hallpass::store::Cursor::START).await.unwrap();
    let ages =
        page.changes.iter().map(|change| now - i64::try_from(change.at().as_secs()).unwrap());
    assert_eq!(ages.collect::<Vec<_>>(), [10, 3600]);
}

/// Turns on Alice's second factor, and returns her authenticator.
async fn second_factor(hallpass: &Hallpass<SiteRole>) -> Totp {
    let accounts = hallpass.accounts();
    let bob = accounts.register("bob", PASSWORD, &Visitor::default()).await.unwrap();
    let access = bob.opened().unwrap().access;
    let now = SystemClock.now();
    let who = accounts.verifier().verify(access.as_str().as_bytes(), now).unwrap();
    let TwoFactor::Off(set_up) = accounts.two_factor(&who).await.unwrap() else {
        panic!("a new account has no factor")
    };
    let totp = Totp::new(set_up.secret, TotpSettings::default());
    // The code of the step before, so that the present one is accepted at the login.
    let earlier = UnixTime::from_secs(now.as_secs() - 30);
    let _codes = accounts
        .enable_two_factor(&who, &Proof::of_password(PASSWORD), &totp.code_at(earlier))
        .await
        .unwrap();
    totp
}

#[tokio::test]
async fn all_secrets_survive_the_removal_of_the_old_key() {
    let site = Site::new().await;
    let start = async || {
        let store = SqlStore::open(&site.scratch.url("site.db")).await.unwrap();
        site.settings(store).start().await.unwrap()
    };
    let totp = second_factor(&start().await).await;
    let keys = KeyFile::new(site.scratch.path("site-keys.json"));
    let old = keys.load().unwrap();
    let name = |ring: &KeyRing| ring.encryption_keys().next().unwrap().0.clone();

    // As a run that was interrupted after the new key: no secret is encrypted again.
    let _ring = keys.rotate_encryption(SystemClock.now()).unwrap();
    assert!(site.run("keys rotate-encryption --resume").await);
    assert!(site.run("keys rotate-encryption").await);
    assert!(!site.run("keys activate --encryption").await, "no key is published");
    assert!(site.run("keys publish --encryption").await);
    assert!(site.run("keys activate --encryption").await);
    assert_eq!(keys.load().unwrap().encryption_keys().count(), 4);
    assert!(site.run("keys retire-encryption").await);
    let ring = keys.load().unwrap();
    assert_eq!(ring.encryption_keys().count(), 1);
    assert_ne!(name(&ring), name(&old));

    // A start without the old keys is not a start with lost keys.
    let hallpass = start().await;
    let code = totp.code_at(SystemClock.now());
    let form = format!("username=bob&password={}&code={code}", PASSWORD.replace(' ', "+"));
    let pages: axum::Router = axum::Router::new().merge(hallpass.routes()).layer(hallpass.layer());
    let (status, body) = send(&pages, &mut Jar::default(), "/login", Some(&form)).await;
    assert!(status < 400, "{status} {body}");
    let names = site.names_of_events();
    assert_eq!(names.iter().filter(|name| **name == "maintenance").count(), 4, "{names:?}");
}

#[tokio::test]
async fn leaked_keys_encrypt_no_stored_secret_any_more() {
    let site = Site::new().await;
    let store = SqlStore::open(&site.scratch.url("site.db")).await.unwrap();
    let _totp = second_factor(&site.settings(store.clone()).start().await.unwrap()).await;
    let keys = KeyFile::new(site.scratch.path("site-keys.json"));
    let encrypted_with = async |ring: KeyRing| {
        let secret = store.list_secrets(None, 2).await.unwrap().remove(0).encrypted;
        let (name, _) = ring.encryption_keys().next().unwrap();
        secret.windows(name.as_str().len()).any(|window| window == name.as_str().as_bytes())
    };
    let leaked = keys.load().unwrap();
    assert!(encrypted_with(leaked.clone()).await);
    assert!(site.run("keys replace-leaked").await);
    assert!(!encrypted_with(leaked).await);
    assert!(encrypted_with(keys.load().unwrap()).await);
}
