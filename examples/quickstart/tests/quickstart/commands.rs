//! Runs the example with the line of the operator commands: the commands as processes, next to the
//! running site and without it.

use std::{
    fs,
    io::Write as _,
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Output, Stdio},
    time::Duration,
};

use hallpass_test_support::{
    http::client::Client,
    process::{Process, await_listener, free_address, within},
    scratch::Scratch,
};
use serde_json::{Value, json};
use sqlx::SqlitePool;

const FORM: &str = "password=correct+horse+battery+staple&username=";

struct Site {
    scratch: Scratch,
    /// The running site and its address.
    running: Option<(Process, SocketAddr)>,
}

impl Site {
    fn not_started() -> Self {
        Self { scratch: Scratch::new(), running: None }
    }

    fn start() -> Self {
        let mut site = Self::not_started();
        let address = free_address();
        let process = Process::start(site.program().env("QUICKSTART_ADDRESS", address.to_string()));
        await_listener(address);
        site.running = Some((process, address));
        site
    }

    /// Starts the site, registers these accounts and stops the site.
    fn stopped_with(names: &[&str]) -> Self {
        let mut site = Self::start();
        for name in names {
            site.register(name);
        }
        site.running = None;
        site
    }

    fn register(&self, name: &str) -> Client {
        let (_, address) = self.running.as_ref().unwrap();
        let mut client = Client::browser(*address);
        assert_eq!(client.post_body("/register", format!("{FORM}{name}")).status, 303);
        client
    }

    fn program(&self) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_with-commands"));
        program.current_dir(self.scratch.directory());
        program
    }

    fn run(&self, line: &str) -> Output {
        self.program().args(line.split_whitespace()).output().unwrap()
    }

    /// Runs a command that succeeds, and returns its text.
    #[track_caller]
    fn done(&self, line: &str) -> String {
        let output = self.run(line);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), &*error), (Some(0), ""), "{line}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command with `--json`, and returns its exit status and its one document.
    #[track_caller]
    fn json(&self, line: &str) -> (Option<i32>, Value) {
        let output = self.run(&format!("{line} --json"));
        let document = serde_json::from_slice(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        (output.status.code(), document.unwrap_or_else(|_| panic!("{line}: {error}")))
    }

    /// Runs a command that fails, and returns the one line of its error.
    #[track_caller]
    fn failed(&self, line: &str, code: i32) -> String {
        let output = self.run(line);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), &*output.stdout), (Some(code), &b""[..]), "{line}");
        assert_eq!(error.lines().count(), 1, "{line}: {error}");
        assert!(error.starts_with("with-commands: ") && !error.contains("panicked"), "{error}");
        error
    }

    /// Returns the path of a file of the site, as a command prints it.
    fn path(&self, name: &str) -> PathBuf {
        self.scratch.directory().canonicalize().unwrap().join(name)
    }

    fn shows_path(&self, text: &str, name: &str) -> bool {
        text.contains(&*self.path(name).to_string_lossy())
    }

    #[tokio::main(flavor = "current_thread")]
    async fn sql(&self, statement: &'static str) {
        let tables = SqlitePool::connect(&self.scratch.url("site.db")).await.unwrap();
        sqlx::raw_sql(statement).execute(&tables).await.unwrap();
        tables.close().await;
    }
}

const COMMANDS: [&str; 12] = [
    "user list",
    "user show alice",
    "user set-role alice admin",
    "user make-admin alice",
    "user enable alice",
    "user disable alice",
    "user log-out alice",
    "keys rotate",
    "keys add-pepper",
    "migrate",
    "prune",
    "doctor",
];

/// A reserved name cannot be registered on the page, and an operator creates it.
#[test]
fn an_operator_creates_an_account_with_a_reserved_name() {
    let site = Site::start();
    let (_, address) = site.running.as_ref().unwrap();
    let mut client = Client::browser(*address);
    assert_eq!(client.post_body("/register", format!("{FORM}Support")).status, 422);
    assert_eq!(client.post_body("/login", format!("{FORM}Support")).status, 401);

    let create = |line: &str, password: &str| {
        let mut command = site.program();
        command.args(line.split_whitespace()).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let password = "correct horse battery staple\n";
    let created = create("user create Support admin", password);
    assert_eq!(created.status.code(), Some(0), "{created:?}");
    let text = String::from_utf8(created.stdout).unwrap();
    assert!(text.contains("created Support") && site.shows_path(&text, "site.db"), "{text}");
    assert!(!text.contains("correct horse"), "{text}");
    assert_eq!(client.post_body("/login", format!("{FORM}support")).status, 303);
    assert_eq!(client.get("/admin").status, 200);

    for (line, password) in [
        ("user create support", password),
        ("user create bob", "password\n"),
        ("user create bob", ""),
        ("user create vic\u{34f}tim", password),
        ("user create bob nobody", password),
    ] {
        let refused = create(line, password);
        let error = String::from_utf8(refused.stderr).unwrap();
        assert_eq!((refused.status.code(), error.lines().count()), (Some(1), 1), "{line}: {error}");
    }
}

#[test]
fn make_admin_takes_effect_in_the_running_site() {
    let site = Site::start();
    let mut alice = site.register("alice");
    assert_eq!(alice.get("/admin").status, 403);
    let text = site.done("user make-admin Alice");
    assert!(text.contains("set the roles of alice to admin (before: guest)"), "{text}");
    assert!(site.shows_path(&text, "site.db"), "{text}");
    within(Duration::from_secs(5), "the role is in force", || alice.get("/admin").status == 200);
    assert_eq!(alice.get("/admin").text(), "alice may {admin}");

    site.done("user disable alice");
    within(Duration::from_secs(5), "alice is out", || alice.get("/admin").status == 303);
    assert_eq!(alice.post_body("/login", format!("{FORM}alice")).status, 401);
    site.done("user enable alice");
    assert_eq!(alice.post_body("/login", format!("{FORM}alice")).status, 303);
    site.done("user log-out alice");
    within(Duration::from_secs(5), "alice is out", || alice.get("/admin").status == 303);
}

#[test]
fn a_wrong_path_is_one_line_and_creates_nothing() {
    let elsewhere = Site::not_started();
    for line in COMMANDS.iter().filter(|line| **line != "doctor") {
        let error = elsewhere.failed(line, 1);
        assert!(elsewhere.shows_path(&error, "site.db"), "{error}");
    }
    let (code, document) = elsewhere.json("doctor");
    assert_eq!((code, &document["checks"][0]["state"]), (Some(1), &json!("fail")));
    assert_eq!(elsewhere.scratch.names(), [""; 0]);

    let site = Site::stopped_with(&["alice"]);
    fs::remove_file(site.scratch.path("site-keys.json")).unwrap();
    for line in COMMANDS.iter().filter(|line| !["doctor", "migrate"].contains(line)) {
        let error = site.failed(line, 1);
        assert!(site.shows_path(&error, "site-keys.json"), "{error}");
        assert!(!site.scratch.path("site-keys.json").exists(), "{line}");
    }
    let (code, document) = site.json("doctor");
    assert_eq!((code, state_of(&document, "key_file")), (Some(1), "fail"));
    assert!(!site.scratch.path("site-keys.json").exists());
}

#[test]
fn every_command_prints_one_json_document() {
    let site = Site::stopped_with(&["alice", "bob"]);
    let database = site.path("site.db");
    for line in COMMANDS {
        let (code, document) = site.json(line);
        assert_eq!(code, Some(0), "{document}");
        assert!(line.starts_with(document["command"].as_str().unwrap()), "{document}");
        if line.starts_with("keys") {
            assert_eq!(document["key_file"], json!(site.path("site-keys.json")), "{document}");
        } else {
            assert_eq!(document["database"], json!(database), "{document}");
        }
    }
    let (_, shown) = site.json("user show ALICE");
    let id = shown["account"]["id"].clone();
    let expected = json!({
        "id": id, "username": "alice", "roles": ["admin"], "unknown_roles": [],
        "second_factor": false, "disabled": true,
    });
    assert_eq!(shown["account"], expected);
    assert_eq!(shown["sessions"], json!([]), "disabling ended them");
    let (_, shown) = site.json("user show bob");
    let session = &shown["sessions"][0];
    assert!(session["id"].is_string() && session["last_active"].is_u64(), "{shown}");
    let (_, set) = site.json("user set-role bob guest admin");
    assert_eq!(
        (&set["account"]["roles"], &set["roles_before"]),
        (&json!(["guest", "admin"]), &json!(["guest"]))
    );
}

#[test]
fn user_list_is_paged() {
    let names = ["alice", "bob", "carol", "dan"];
    let site = Site::stopped_with(&names);
    let names_of = |document: &Value| {
        let accounts = document["accounts"].as_array().unwrap().iter();
        accounts.map(|account| account["username"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (_, all) = site.json("user list");
    assert_eq!((names_of(&all), &all["next"]), (names.map(str::to_owned).to_vec(), &Value::Null));
    let (_, page) = site.json("user list --limit 3");
    assert_eq!((names_of(&page).len(), &page["next"]), (3, &json!("carol")));
    let (_, page) = site.json("user list --after Carol --limit 1");
    assert_eq!((names_of(&page), &page["next"]), (vec!["dan".to_owned()], &Value::Null));
    let text = site.done("user list --limit 1");
    assert_eq!(
        text,
        "alice: guest, password only\nmore accounts follow: user list --after alice\n"
    );
}

#[test]
fn an_unreadable_row_does_not_stop_the_list() {
    let site = Site::stopped_with(&["alice", "bob", "carol"]);
    site.sql("UPDATE hallpass_accounts SET roles = '[1]' WHERE username_key = 'bob'");
    let (code, document) = site.json("user list");
    assert_eq!(code, Some(1), "{document}");
    let accounts = document["accounts"].as_array().unwrap();
    let names: Vec<_> = accounts.iter().map(|account| &account["username"]).collect();
    assert_eq!(names, ["alice", "carol"]);
    let unreadable = &document["unreadable"][0];
    assert!(unreadable["id"].is_string(), "{document}");
    assert!(unreadable["reason"].as_str().unwrap().contains("invalid type"), "{document}");

    let text = site.run("user list");
    assert_eq!(text.status.code(), Some(1));
    let text = String::from_utf8(text.stdout).unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
    let id = unreadable["id"].as_str().unwrap();
    assert!(text.contains(&format!("the account with the id {id} is not readable")), "{text}");

    // A page may end with the unreadable row.
    let (_, page) = site.json("user list --limit 2");
    assert_eq!(page["next"], "bob");
    let (code, page) = site.json("user list --after bob");
    assert_eq!((code, &page["accounts"][0]["username"]), (Some(0), &json!("carol")));
    assert!(site.done("user make-admin carol").contains("carol"));
}

#[test]
fn errors_name_the_valid_names_and_the_fix() {
    let site = Site::stopped_with(&["alice"]);
    for (line, expected) in [
        ("user set-role alice owner", r#""owner" is not a role of this site: use guest, admin"#),
        ("user show nobody", r#"has the name "nobody": the command user list prints all names"#),
        ("user show a/b", r#""a/b" is not a user name: a username starts with a letter"#),
    ] {
        let error = site.failed(line, 1);
        assert!(error.contains(expected), "{error}");
    }
    let error = site.failed("user promote alice", 2);
    assert!(error.contains("unrecognized subcommand 'promote'"), "{error}");

    site.sql(
        "DELETE FROM hallpass_migrations WHERE step = (SELECT max(step) FROM hallpass_migrations)",
    );
    let error = site.failed("user list", 1);
    assert!(error.contains("run the command migrate"), "{error}");
    site.sql("INSERT INTO hallpass_migrations VALUES (999, 'newer')");
    let error = site.failed("user list", 1);
    assert!(error.contains("schema step 999") && error.contains("run a newer version"), "{error}");
    assert!(site.failed("migrate", 1).contains("schema step 999"));
}

/// A deployment may create the tables before the first start, as another database user.
#[test]
fn migrate_needs_no_key_file() {
    let site = Site::not_started();
    fs::write(site.scratch.path("site.db"), "").unwrap();
    let (code, first) = site.json("migrate");
    assert_eq!((code, &first["before"]), (Some(0), &json!(0)));
    assert!(first["after"].as_u64() > Some(0), "{first}");
    let (code, again) = site.json("migrate");
    assert_eq!(
        (code, &again["before"], &again["after"]),
        (Some(0), &first["after"], &first["after"])
    );
    assert!(!site.scratch.path("site-keys.json").exists());
    assert!(site.done("migrate").contains("already"));
}

#[test]
fn key_rotation_is_written_to_the_key_file_of_the_site() {
    let site = Site::stopped_with(&[]);
    let ring = || -> Value { serde_json::from_str(&site.scratch.read("site-keys.json")).unwrap() };
    let before = ring()["active"].clone();
    let (_, rotated) = site.json("keys rotate --accept-old-for 60");
    assert_eq!((&rotated["active"], &rotated["accept_old_for"]), (&ring()["active"], &json!(60)));
    assert_ne!(ring()["active"], before);
    let (_, rotated) = site.json("keys rotate");
    assert_eq!(rotated["accept_old_for"], 3600);
}

/// A row of each table whose rows expire, which has expired. The log's time is that of its entry.
const EXPIRED_ROWS: &str = "\
    INSERT INTO hallpass_revocations (kind, account_id, number, at) VALUES ('revoked', '1', 1, 5); \
    INSERT INTO hallpass_sessions \
        (id, account_id, epoch, device, created_at, refreshed_at, expires_at) \
        SELECT 'session', id, 0, '', 1, 1, 2 FROM hallpass_accounts; \
    INSERT INTO hallpass_rate_limits VALUES ('key', 1, 1, 1, 2); \
    INSERT INTO hallpass_browsers \
        (account_id, browser_hash, id, credential, created_at, used_at, keep_until, name) \
        SELECT id, zeroblob(32), 'id', 0, 1, 1, 2, '' FROM hallpass_accounts; \
    INSERT INTO hallpass_outcomes (id, revoked_below, kind, at, keep_until) \
        VALUES (zeroblob(32), 0, 'logged-in', 1, 2); \
    INSERT INTO hallpass_consumed VALUES ('login-link', zeroblob(32), 2); \
    INSERT INTO hallpass_activity (account_id, at, kind, browser, methods) \
        SELECT id, 1, 'logged-in', '', '' FROM hallpass_accounts";

#[test]
fn prune_prints_a_line_for_each_table() {
    let site = Site::stopped_with(&["alice"]);
    site.sql(EXPIRED_ROWS);
    let text = site.done("prune");
    let lines: Vec<_> = text.lines().map(|line| line.split_once(" left ").unwrap().0).collect();
    let [log, sessions, limits, browsers, outcomes, consumed, activity] = &lines[..] else {
        panic!("{text}");
    };
    assert_eq!(
        [log, sessions, browsers, outcomes, consumed],
        [
            &"revocation log: 1 rows deleted, 0",
            &"sessions: 1 rows deleted, 1",
            &"browsers: 1 rows deleted, 0",
            &"outcomes: 1 rows deleted, 0",
            &"consumed values: 1 rows deleted, 0",
        ]
    );
    // Alice's registration was counted, and may be in her activity.
    assert!(limits.starts_with("rate limits: 1 rows deleted, "), "{text}");
    assert!(activity.starts_with("activity: 1 rows deleted, "), "{text}");
}

fn state_of<'a>(document: &'a Value, name: &str) -> &'a str {
    let mut checks = document["checks"].as_array().unwrap().iter();
    let check = checks.find(|check| check["name"] == name);
    check.unwrap_or_else(|| panic!("{name} in {document}"))["state"].as_str().unwrap()
}

#[test]
fn doctor_reports_each_fault_by_name() {
    let site = Site::stopped_with(&["alice"]);
    let (code, document) = site.json("doctor");
    assert_eq!((code, &document["state"]), (Some(0), &json!("ok")), "{document}");
    let names = document["checks"].as_array().unwrap().iter().map(|check| &check["name"]);
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            "store",
            "pooler",
            "schema",
            "key_file",
            "key_age",
            "roles",
            "revocation_log",
            "facts",
            "key_values",
            "notifier"
        ]
    );
    let expect = |name: &str, state: &str, code: i32| {
        let (exit, document) = site.json("doctor");
        assert_eq!((state_of(&document, name), exit), (state, Some(code)), "{document}");
        let mut checks = document["checks"].as_array().unwrap().iter();
        assert!(checks.any(|check| check["name"] == name && check["fix"].is_string()));
        let text = String::from_utf8(site.run("doctor").stdout).unwrap();
        let line = text.lines().find(|line| line.starts_with(&format!("{state:<5} {name}")));
        assert!(line.unwrap().contains("; fix: "), "{text}");
        assert_eq!(text.lines().count(), 10, "{text}");
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let keys = site.scratch.path("site-keys.json");
        let set = |mode| fs::set_permissions(&keys, fs::Permissions::from_mode(mode)).unwrap();
        set(0o644);
        expect("key_file", "warn", 0);
        set(0o620);
        expect("key_file", "fail", 1);
        set(0o600);
    }
    site.sql("UPDATE hallpass_accounts SET roles = '[\"owner\"]'");
    expect("roles", "warn", 0);
    site.sql("UPDATE hallpass_accounts SET roles = '[1]'");
    expect("roles", "fail", 1);
    site.sql("UPDATE hallpass_accounts SET roles = '[]'");
    site.sql(
        "INSERT INTO hallpass_revocations (kind, account_id, number, at) \
         VALUES ('revoked', '1', 1, 5)",
    );
    expect("revocation_log", "warn", 0);
    let (_, document) = site.json("prune");
    let deleted = |rows: &str| {
        let mut tables = document["pruned"].as_array().unwrap().iter();
        tables.find(|table| table["rows"] == rows).unwrap()["deleted"].clone()
    };
    assert_eq!((deleted("revocation log"), deleted("sessions")), (json!(1), json!(0)));
    assert_eq!(state_of(&site.json("doctor").1, "revocation_log"), "ok");
    site.sql("INSERT INTO hallpass_migrations VALUES (999, 'newer')");
    expect("schema", "fail", 1);
    site.sql("DELETE FROM hallpass_migrations WHERE step = 999");
    fs::write(site.scratch.path("site-keys.json"), "{}").unwrap();
    expect("key_file", "fail", 1);
}
