//! `kill -9` at a moment that nobody chose, during registration, enrolment, a recovery code's use and a change of password.
//!
//! After each the blog is started again over the same files and must be before or after each step, never between: no half user,
//! no factor without its ten codes and its spent first step, no spent code that works, no session of before the factor; and
//! nothing that was acknowledged is lost.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};

use crate::authenticator::Authenticator;
use crate::client::Client;
use crate::person::PASSWORD;
use crate::site::Site;

const NEW_PASSWORD: &str = "seven maps of nowhere";

/// What was answered to one person before the end, in order.
#[derive(Clone, Default)]
struct Life {
    name: String,
    registered: bool,
    /// The cookies of after the registration.
    first_session: Option<Client>,
    /// The first code, once it was sent.
    first_code: Option<String>,
    /// The recovery codes, once they were shown.
    recovery: Option<Vec<String>>,
    /// Whether the first recovery code was sent, and whether it was taken.
    spending: bool,
    spent: bool,
    changing: bool,
    changed: bool,
}

#[test]
fn a_killed_blog_is_before_or_after_each_step() {
    kill(6);
}

#[test]
#[ignore = "200 kills take five minutes; .ci/run runs a share of them: KILLS says how many"]
fn a_blog_killed_200_times_is_before_or_after_each_step() {
    kill(std::env::var("KILLS").map_or(200, |kills| kills.parse().expect("a number")));
}

fn kill(times: u64) {
    let mut site = Site::start();
    let mut random = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() as u64 | 1;
    eprintln!("seed {random}");
    let mut reached = [0; 5];
    for round in 0..times {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let delay = Duration::from_micros(random >> 33).min(Duration::from_secs(9)).as_micros() % 700_000;
        let life = Arc::new(Mutex::new(Life::default()));
        let live = {
            let (life, client) = (life.clone(), site.script());
            // It ends by a panic where the blog ends before it.
            thread::spawn(move || {
                (0..u32::MAX).for_each(|number| live(&life, client.clone(), &format!("r{round}n{number}")))
            })
        };
        thread::sleep(Duration::from_micros(delay as u64));
        site.kill_and_restart();
        let _ended = live.join();
        let life = life.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        reached
            [[life.registered, life.recovery.is_some(), life.spent, life.changed].iter().filter(|it| **it).count()] +=
            1;
        check(&site, &life);
    }
    eprintln!("killed before the registration, the factor, the code, the change, the end: {reached:?}");
}

fn live(life: &Mutex<Life>, mut client: Client, name: &str) {
    let note = |change: &mut dyn FnMut(&mut Life)| change(&mut life.lock().expect("no panic within"));
    note(&mut |life| *life = Life { name: name.to_owned(), ..Life::default() });
    client.post("/register", &[("username", name), ("password", PASSWORD)]).expect(201);
    note(&mut |life| (life.registered, life.first_session) = (true, Some(client.clone())));

    let set_up = client.get("/profile/two-factor").expect(200).json();
    let code = Authenticator::of_base32(set_up["secret"].as_str().expect("a secret")).code();
    note(&mut |life| life.first_code = Some(code.clone()));
    let codes = client.post("/profile/two-factor", &[("code", &code)]).expect(200).json();
    let codes: Vec<_> = codes["recovery_codes"]
        .as_array()
        .expect("codes")
        .iter()
        .map(|code| code.as_str().expect("text").to_owned())
        .collect();
    note(&mut |life| life.recovery = Some(codes.clone()));

    note(&mut |life| life.spending = true);
    let mut other = client.clone();
    other.cookies.clear();
    other.post("/login", &[("username", name), ("password", PASSWORD), ("code", &codes[0])]).expect(200);
    note(&mut |life| life.spent = true);

    note(&mut |life| life.changing = true);
    let change = [("current_password", PASSWORD), ("new_password", NEW_PASSWORD)];
    client.post("/profile/password", &change).expect(204);
    note(&mut |life| life.changed = true);
}

fn check(site: &Site, life: &Life) {
    let (name, log) = (life.name.as_str(), |password: &str, code: &str| {
        site.script().post("/login", &[("username", &life.name), ("password", password), ("code", code)])
    });
    if name.is_empty() {
        return;
    }
    let rows = rows(site, name);
    if !life.registered && rows.account.is_none() {
        // Before: the name is free, and nothing of it is left.
        site.script().post("/register", &[("username", name), ("password", PASSWORD)]).expect(201);
        return;
    }
    let (has_factor, steps, codes) = rows.account.expect("a registration that was acknowledged is lost");

    // One password, and the one of before only if the change was not acknowledged. Attempts are few: five, less one in flight.
    let answers = [PASSWORD, NEW_PASSWORD].map(|password| log(password, ""));
    let (password, answer) = match &answers {
        [before, after] if (before.status, after.status) == (200, 401) && !life.changed => (PASSWORD, before),
        [before, after] if (before.status, after.status) == (401, 200) && life.changing => (NEW_PASSWORD, after),
        _ => panic!("{name}: half a change of password: {answers:?}"),
    };

    // The factor with all that belongs to it, or nothing of it.
    let status = answer.json()["status"].clone();
    assert_eq!(status == "second_factor_required", has_factor, "{name}: {status}");
    let Some(first_code) = life.first_code.as_ref().filter(|_| has_factor) else {
        assert!(!has_factor && life.recovery.is_none(), "{name}: a factor that nobody confirmed, or one that is lost");
        assert_eq!((steps, codes), (0, 0), "{name}: what is left of half an enrolment");
        return;
    };
    assert_eq!(steps, 1, "{name}: a live secret whose first step is not spent");
    assert!(codes == 10 || (codes == 9 && life.spending), "{name}: {codes} recovery codes");
    let mut before = life.first_session.clone().expect("acknowledged").at(site.address);
    assert_eq!(before.get("/profile/sessions").status, 401, "{name}: a session of before the factor lives on");
    if let Some(recovery) = &life.recovery {
        assert_eq!(log(password, &recovery[1]).status, 200, "{name}");
        let unspent = codes == 10;
        assert!(!(unspent && life.spent), "{name}: a code that was taken is there again");
        assert_eq!(log(password, &recovery[0]).status, if unspent { 200 } else { 401 }, "{name}");
        assert_eq!(log(password, &recovery[1]).status, 401, "{name}");
    }
    assert_eq!(log(password, first_code).status, 401, "{name}: the first code works twice");
}

struct Rows {
    /// Whether there is a factor, how many steps are noted as spent, how many recovery codes are left.
    account: Option<(bool, i64, i64)>,
}

fn rows(site: &Site, name: &str) -> Rows {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(site.file("blog.db"));
        let mut connection: SqliteConnection = options.connect().await.expect("the database");
        let query = "SELECT (SELECT count(*) FROM hallpass_second_factors f WHERE f.account_id = a.id), \
             (SELECT count(last_step) FROM hallpass_second_factors f WHERE f.account_id = a.id), \
             (SELECT count(*) FROM hallpass_recovery_codes c WHERE c.account_id = a.id) \
             FROM hallpass_accounts a WHERE username_key = ?";
        let row = sqlx::query(query).bind(name).fetch_optional(&mut connection).await.expect("the tables");
        let intact: String =
            sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.expect("a word");
        assert_eq!(intact, "ok");
        connection.close().await.expect("closed");
        Rows { account: row.map(|row| (row.get::<i64, _>(0) == 1, row.get(1), row.get(2))) }
    })
}
