//! The procedures of the guide for incidents, run on the blog. The commands are those of the page,
//! so the page and the program cannot differ.

#![allow(clippy::print_stdout, reason = "the test prints the commands and the measured time")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use hallpass_test_support::authenticator::Authenticator;
use hallpass_test_support::http::client::Client;
use hallpass_test_support::postgres::Database;
use hallpass_test_support::postgres_server::PostgresServer;
use hallpass_test_support::process::{Server, within};
use hallpass_test_support::scratch::Scratch;

use crate::person::{ACCESS, PASSWORD, PENDING, REFRESH, enrol, log_in, register};
use crate::site::{BOUND, PROGRAM, command_of};

const PAGE: &str = include_str!("../../../../docs/guide/src/operating.md");
/// The name of the key file on the page.
const KEYS: &str = "site-keys.json";

/// Returns the commands below a heading of the page: the lines with `$` of its `console` blocks,
/// up to the next heading.
fn commands_below(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, section) = PAGE.split_once(&format!("\n### {heading}\n")).expect("the page has it");
    let section = section.split("\n#").next().unwrap_or_default();
    let blocks = section.split("```console\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap_or_default().lines());
    let commands = lines.filter_map(|line| line.trim().strip_prefix("$ "));
    let commands: Vec<_> = commands.map(|line| line.split_whitespace().collect()).collect();
    assert!(!commands.is_empty(), "no command below {heading:?}");
    commands
}

/// A blog whose server may be stopped, with the key file of the page.
struct Blog {
    scratch: Scratch,
    url: String,
    server: Option<Server>,
}

impl Blog {
    /// Starts a blog on a SQLite file, or on the database at this address.
    fn start(url: Option<String>) -> Self {
        let scratch = Scratch::new();
        let url = url.unwrap_or_else(|| scratch.url("site.db"));
        let mut blog = Self { scratch, url, server: None };
        blog.start_again();
        blog
    }

    fn command(&self) -> Command {
        let mut command = command_of(Path::new(PROGRAM), &self.scratch);
        command.env("DATABASE_URL", &self.url).env("BLOG_KEYS", KEYS);
        command
    }

    fn start_again(&mut self) {
        self.stop();
        self.server = Some(Server::start(self.command().stderr(self.scratch.append("log"))));
    }

    /// Starts the server, which must exit with an error. Returns the error.
    fn refused_start(&self) -> String {
        let output = self.command().output().expect("the blog runs");
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.process.signal("TERM");
            server.process.wait(Duration::from_secs(11));
        }
    }

    fn browser(&self) -> Client {
        Client::browser(self.server.as_ref().expect("the server runs").address)
    }

    fn readiness(&self) -> String {
        self.browser().get("/readyz").text().trim().to_owned()
    }

    /// Waits until the server is ready. Returns the time.
    #[track_caller]
    fn await_ready(&self) -> Duration {
        let start = Instant::now();
        within(BOUND, "ready", || self.readiness() == "ready");
        start.elapsed()
    }

    fn run(&self, command: &[&str]) -> Output {
        let output = match command {
            ["site", arguments @ ..] => self.command().args(arguments).output(),
            ["hallpass", arguments @ ..] => {
                let directory = self.scratch.directory();
                Command::new(hallpass()).args(arguments).current_dir(directory).output()
            }
            other => panic!("the page has another program: {other:?}"),
        };
        output.expect("the program runs")
    }

    /// Runs the commands below a heading of the page. Each of them must succeed.
    #[track_caller]
    fn follow(&self, heading: &str) {
        for command in commands_below(heading) {
            let output = self.run(&command);
            let text = [output.stdout, output.stderr].concat();
            let text = String::from_utf8_lossy(&text).into_owned();
            println!("$ {}\n{text}", command.join(" "));
            assert!(output.status.success(), "{command:?}: {text}");
            // A running server reads a changed key file within a second.
            std::thread::sleep(Duration::from_millis(1200));
        }
    }

    fn doctor(&self) -> (bool, String) {
        let output = self.run(&["site", "doctor"]);
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// Returns the program of the package `hallpass-cli`, next to the tested program. It is built if
/// only this test is built.
fn hallpass() -> PathBuf {
    let program = Path::new(PROGRAM).with_file_name("hallpass");
    if !program.exists() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built =
            Command::new(cargo).args(["build", "--workspace", "--bin", "hallpass"]).status();
        assert!(built.is_ok_and(|status| status.success()) && program.exists());
    }
    program
}

/// The cookies of persons from before the incident, and the accounts.
struct Before {
    tokens: Vec<(String, String)>,
    pending: Client,
    authenticator: Authenticator,
    recovery_codes: Vec<String>,
}

/// Registers Ann, who has no second factor, and Bob and Eve, who have one. Bob has just typed his
/// password.
fn before(blog: &Blog) -> Before {
    let ann = register(blog.browser(), "ann");
    let mut bob = register(blog.browser(), "bob");
    let (mut authenticator, recovery_codes) = enrol(&mut bob);
    let tokens = [&ann, &bob]
        .map(|person| (person.cookies[ACCESS].clone(), person.cookies[REFRESH].clone()));
    let mut pending = blog.browser();
    log_in(&mut pending, "bob", "");
    assert!(pending.cookies.contains(PENDING));
    // The code of this time step is used, so that the next one is another.
    log_in(&mut blog.browser(), "bob", &authenticator.code()).expect_see_other("/");
    Before { tokens: tokens.into(), pending, authenticator, recovery_codes }
}

/// Asserts that no token from before the incident is accepted, alone or together.
#[track_caller]
fn assert_refused(blog: &Blog, before: &Before) {
    for (access, refresh) in &before.tokens {
        for cookies in [
            vec![(ACCESS, access)],
            vec![(REFRESH, refresh)],
            vec![(ACCESS, access), (REFRESH, refresh)],
        ] {
            let mut thief = blog.browser();
            let insert = |thief: &mut Client| {
                for (name, value) in &cookies {
                    thief.cookies.insert(name, (*value).clone());
                }
            };
            insert(&mut thief);
            thief.get("/profile").expect_see_other("/login?next=%2Fprofile");
            insert(&mut thief);
            thief.as_script().post("/session/refresh", &[]).expect(401);
        }
    }
}

#[track_caller]
fn assert_pending_refused(blog: &Blog, before: &mut Before) {
    let mut pending = blog.browser();
    pending.cookies = before.pending.cookies.clone();
    let code = before.authenticator.code();
    let answer = pending.post("/login/code", &[("code", &code)]);
    assert!(!pending.cookies.contains(ACCESS), "{answer:?}");
}

#[test]
fn a_leaked_key_file_is_replaced_as_the_guide_says() {
    leaked(None);
}

#[test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
fn a_leaked_key_file_is_replaced_on_postgres() {
    let database = Database::new();
    leaked(Some(database.url()));
}

fn leaked(url: Option<String>) {
    let blog = Blog::start(url);
    let mut before = before(&blog);
    blog.follow("A leaked key file");
    assert_eq!(blog.readiness(), "ready");
    assert_refused(&blog, &before);
    assert_pending_refused(&blog, &mut before);
    log_in(&mut blog.browser(), "ann", "").expect_see_other("/");
    log_in(&mut blog.browser(), "bob", &before.authenticator.code()).expect_see_other("/");
    log_in(&mut blog.browser(), "bob", &before.recovery_codes[0]).expect_see_other("/");
    let mut ann = blog.browser();
    log_in(&mut ann, "ann", "").expect_see_other("/");
    ann.get("/profile").expect_page(200);
}

#[test]
fn a_lost_key_file_is_replaced_as_the_guide_says() {
    lost(None);
}

#[test]
#[ignore = "needs PostgreSQL: DATABASE_URL"]
fn a_lost_key_file_is_replaced_on_postgres() {
    let database = Database::new();
    lost(Some(database.url()));
}

fn lost(url: Option<String>) {
    let mut blog = Blog::start(url);
    let mut before = before(&blog);
    blog.stop();
    std::fs::remove_file(blog.scratch.path(KEYS)).expect("the key file exists");
    let refusal = blog.refused_start();
    assert!(refusal.contains(KEYS), "{refusal}");
    assert!(!blog.doctor().0 && !blog.scratch.path(KEYS).exists(), "no command creates keys");
    // New keys alone are not enough: they may be those of another site.
    let commands = commands_below("A lost key file");
    assert!(blog.run(&commands[0]).status.success());
    let refusal = blog.refused_start();
    assert!(refusal.contains("doctor"), "{refusal}");
    std::fs::remove_file(blog.scratch.path(KEYS)).expect("the key file exists");

    blog.follow("A lost key file");
    blog.start_again();
    blog.await_ready();
    assert_refused(&blog, &before);
    assert_pending_refused(&blog, &mut before);
    log_in(&mut blog.browser(), "ann", "").expect_see_other("/");
    log_in(&mut blog.browser(), "bob", &before.recovery_codes[0]).expect_see_other("/");
    // A code of the authenticator cannot be checked. Trying again does not help.
    let refused = log_in(&mut blog.browser(), "bob", &before.authenticator.code());
    assert_eq!(refused.status, 500);
    let log = blog.scratch.read("log");
    assert!(log.contains("a second factor could not be decrypted"), "{log}");
    // A person without recovery codes sets up a new factor.
    assert!(blog.run(&["site", "user", "reset-factor", "bob"]).status.success());
    let mut bob = blog.browser();
    log_in(&mut bob, "bob", "").expect_see_other("/");
    let (mut new, _) = enrol(&mut bob);
    log_in(&mut blog.browser(), "bob", &new.code()).expect_see_other("/");
}

/// The files of a SQLite database that is not open. The second one has the latest changes.
const FILES: [&str; 2] = ["site.db", "site.db-wal"];

/// Makes a backup of these files, changes the database, and puts the backup back.
fn restored_files(files: &[&str]) -> (Blog, Before, Client) {
    let mut blog = Blog::start(None);
    let before = before(&blog);
    blog.stop();
    let path = |name: &str| blog.scratch.path(name);
    // A server that closes the database as the last process removes the second file.
    let backup: Vec<_> = files.iter().map(|name| std::fs::read(path(name)).ok()).collect();
    blog.start_again();
    let eve = register(blog.browser(), "eve");
    assert!(blog.run(&["site", "user", "disable", "ann"]).status.success());
    blog.stop();
    for name in ["site.db", "site.db-wal", "site.db-shm"] {
        let _ = std::fs::remove_file(blog.scratch.path(name));
    }
    for (name, content) in files.iter().zip(backup) {
        if let Some(content) = content {
            std::fs::write(blog.scratch.path(name), content).expect("the file can be written");
        }
    }
    blog.start_again();
    (blog, before, eve)
}

#[test]
fn a_restored_sqlite_file_is_accepted_as_the_guide_says() {
    let (blog, before, eve) = restored_files(&FILES);
    restored(&blog, &before, &eve);
}

/// A frequent mistake: a copy of the file without the `-wal` file, which lacks all changes of a
/// small site.
#[test]
fn a_sqlite_file_without_its_latest_changes_is_noticed() {
    let (blog, before, _) = restored_files(&FILES[..1]);
    assert_eq!(blog.readiness(), "not ready: restored");
    blog.follow("After a restored backup");
    blog.await_ready();
    assert_refused(&blog, &before);
}

#[test]
#[ignore = "needs the programs of PostgreSQL"]
fn a_restored_dump_is_accepted_as_the_guide_says() {
    let server = PostgresServer::start();
    let blog = Blog::start(Some(server.url()));
    let before = before(&blog);
    let dump = server.dump();
    let eve = register(blog.browser(), "eve");
    assert!(blog.run(&["site", "user", "disable", "ann"]).status.success());
    server.restore(&dump);
    within(BOUND, "restored", || blog.readiness() == "not ready: restored");
    restored(&blog, &before, &eve);
}

/// `eve` has registered after the backup.
fn restored(blog: &Blog, before: &Before, eve: &Client) {
    assert_eq!(blog.readiness(), "not ready: restored");
    let (is_ok, report) = blog.doctor();
    assert!(!is_ok && report.contains("--accept-restore"), "{report}");
    blog.follow("After a restored backup");
    let ready = blog.await_ready();
    println!("ready {ready:.1?} after the operator has accepted the backup");
    assert_refused(blog, before);
    let mut eve = {
        let mut browser = blog.browser();
        browser.cookies = eve.cookies.clone();
        browser
    };
    eve.get("/profile").expect_see_other("/login?next=%2Fprofile");
    let mut ann = blog.browser();
    log_in(&mut ann, "ann", "").expect_see_other("/");
    ann.get("/profile").expect_page(200);
    log_in(&mut blog.browser(), "bob", &before.recovery_codes[0]).expect_see_other("/");
    let answer = blog.browser().post("/login", &[("username", "eve"), ("password", PASSWORD)]);
    assert_eq!(answer.status, 401, "the account is not in the backup");
}
