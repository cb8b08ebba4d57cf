//! Start, shutdown, restart and invalid settings.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use crate::person::{ACCESS, enrol, log_in, register};
use crate::site::{Site, within_bound};

#[test]
fn the_blog_starts_in_an_empty_directory() {
    let mut site = Site::start();
    site.browser().get("/").expect_page(200);
    assert!(site.file("blog.db").exists());
    let keys = std::fs::metadata(site.file("blog-keys.json")).expect("a key file");
    assert_eq!(keys.permissions().mode() & 0o777, 0o600);
    assert_eq!(site.stop("INT").code(), Some(0));
}

#[test]
fn accounts_tokens_and_revocations_persist_after_a_restart() {
    let mut site = Site::start();
    let ann = register(site.browser(), "ann");
    let (mut authenticator, _) = enrol(&mut register(site.browser(), "bob"));
    let mut eve = register(site.browser(), "eve");
    let eve_copy = eve.cookies.clone();
    eve.post("/logout", &[]).expect_see_other("/");
    let dan = register(site.browser(), "dan");
    site.operator(&["user", "log-out", "dan"]);
    site.restart();

    let mut again = site.browser();
    again.cookies = ann.cookies;
    again.get("/profile").expect_page(200);
    for (dead, whose) in [(eve_copy, "logged out"), (dan.cookies, "logged out by the operator")] {
        let mut client = site.script();
        client.cookies = dead;
        assert_eq!(client.get("/profile").status, 401, "{whose}");
    }
    log_in(&mut site.browser(), "ann", "").expect_see_other("/");
    log_in(&mut site.browser(), "bob", "").expect_see_other("/login/code");
    log_in(&mut site.browser(), "bob", &authenticator.same_code()).expect_page(401);
    log_in(&mut site.browser(), "bob", &authenticator.code()).expect_see_other("/");
}

#[test]
fn shutdown_finishes_a_request_in_flight() {
    let mut site = Site::start();
    let body = "username=ann&password=correct+horse+battery+staple";
    let mut stream = TcpStream::connect(site.address).expect("the blog listens");
    let head = format!(
        "POST /register HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        site.address,
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    std::thread::sleep(Duration::from_millis(300));
    site.signal("TERM");
    std::thread::sleep(Duration::from_millis(300));
    stream.write_all(body.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 303") && answer.contains(ACCESS), "{answer}");
    assert_eq!(site.wait(Duration::from_secs(10)).code(), Some(0));
    assert!(TcpStream::connect(site.address).is_err());
}

#[test]
fn an_incomplete_request_does_not_block_the_shutdown() {
    let mut site = Site::start();
    let mut stream = TcpStream::connect(site.address).expect("the blog listens");
    stream
        .write_all(b"POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nuser")
        .expect("sent");
    let _idle = TcpStream::connect(site.address).expect("the blog listens");
    std::thread::sleep(Duration::from_millis(300));
    let start = Instant::now();
    assert_eq!(site.stop("TERM").code(), Some(0));
    assert!(start.elapsed() <= Duration::from_millis(10_500), "{:?}", start.elapsed());
}

#[test]
fn an_invalid_setting_fails_the_start_with_one_line() {
    let site = Site::start();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").to_string();
    let nowhere = format!("sqlite://{}", site.file("no/such/directory/blog.db").display());
    std::fs::write(
        site.file("not-a.db"),
        "this is not a database, but long enough to have the header of one",
    )
    .expect("written");
    let no_database = format!("sqlite://{}", site.file("not-a.db").display());
    private_file(&site.file("broken.json"), "{\"keys\":[");
    let broken = site.file("broken.json").display().to_string();
    let short = r#"{"keys":[{"kty":"oct","kid":"a","alg":"HS256","use":"sig","k":"c2hvcnQ"}],"active":"a"}"#;
    private_file(&site.file("short.json"), short);
    let short = site.file("short.json").display().to_string();
    let keys_nowhere = site.file("no/such/directory/keys.json").display().to_string();
    for (name, value) in [
        ("BLOG_ADDR", "nowhere"),
        ("BLOG_ADDR", "127.0.0.1"),
        ("BLOG_ADDR", taken.as_str()),
        ("BLOG_ADDR", "192.0.2.1:3000"),
        ("DATABASE_URL", "mysql://root:hunter2@localhost/blog"),
        ("DATABASE_URL", nowhere.as_str()),
        ("DATABASE_URL", no_database.as_str()),
        ("BLOG_KEYS", broken.as_str()),
        ("BLOG_KEYS", short.as_str()),
        ("BLOG_KEYS", keys_nowhere.as_str()),
    ] {
        let output = site.command().env(name, value).output().expect("the blog runs");
        let text = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(output.status.code().is_some_and(|code| code != 0), "{name}={value}");
        assert_eq!(output.stdout, b"", "{name}={value}: a ready line before the error");
        assert_eq!(text.lines().count(), 1, "{name}={value}: {text}");
        assert!(
            text.contains(name) && !text.contains("panicked") && !text.contains("hunter2"),
            "{name}={value}: {text}"
        );
    }
}

#[test]
fn operator_commands_work_without_a_server() {
    let mut site = Site::start();
    register(site.browser(), "ann");
    site.stop("TERM");
    site.operator(&["user", "set-role", "ann", "admin"]);
    assert!(site.operator(&["user", "list"]).contains("admin"));
    site.operator(&["keys", "rotate"]);
}

#[test]
fn a_started_blog_is_ready_and_healthy() {
    let site = Site::start();
    within_bound("ready", || site.script().get("/readyz").status == 200);
    site.script().get("/healthz").expect(200);
}

/// Writes a file that only its owner can read, because another key file causes a warning.
fn private_file(path: &std::path::Path, text: &str) {
    std::fs::write(path, text).expect("written");
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(path, permissions).expect("the mode is set");
}
