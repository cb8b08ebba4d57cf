//! Single use in the whole flow, in two processes on one database: a one-time code, recovery codes,
//! and the registration of a name.
//!
//! A code is consumed in the second step of the login, which computes no hash. Registrations use
//! the lowest cost of argon2, because the hash is not under test. The rate limits are high and
//! counted per process: otherwise the limits, and not the store, would reject the other 63
//! attempts.

use hallpass::flow::Proof;
use std::{
    io::{BufRead, BufReader, Lines, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use hallpass::flow::{TwoFactor, Visitor};
use hallpass::store::{
    Actor, OwnChange, OwnChangeOutcome, RecoveryCode, SqliteStore, TwoFactorStore,
};
use hallpass::totp::{Totp, TotpSettings};
use hallpass::{
    AccountId, AccountsErrorKind, Hallpass, HashCost, PasswordHasherSettings, RateLimit,
    RateLimits, TwoFactorPolicy, UnixTime,
};
use tokio::task::JoinSet;

use crate::{hands::Hands, scratch::Scratch, site::SiteRole};

const DATABASE: &str = "HALLPASS_RACES_DATABASE";
const PASSWORD: &str = "correct horse battery staple";
const EACH: usize = 32;
/// The length of a time step (RFC 6238 section 5.2).
const STEP: Duration = Duration::from_secs(30);

async fn open(database: &Path, hands: Hands) -> (Hallpass<SiteRole>, SqliteStore) {
    let store = SqliteStore::open(&format!("sqlite://{}", database.display())).await.unwrap();
    let wide = RateLimit::new(u32::MAX, Duration::from_secs(1));
    // Long timeouts, so that no attempt fails with a timeout on a machine that runs 64 tasks.
    let patient = Duration::from_secs(60);
    let hasher = PasswordHasherSettings::default().hash_cost(HashCost::new(8, 1, 1));
    let hasher = hasher.queue_length(64).max_wait(patient);
    let hallpass = Hallpass::<SiteRole>::builder(store.clone())
        .registration()
        .two_factor(TwoFactorPolicy::Optional)
        .sessions()
        .clock(hands)
        .key_file(database.with_file_name("keys.json"))
        .password_hasher(hasher)
        .rate_limits(
            RateLimits::default().network(wide.clone()).account(wide.clone()).address(wide),
        )
        .store_timeout(patient)
        .start()
        .await
        .unwrap();
    (hallpass, store)
}

/// One of the two processes. Each input line is a race: the time, the kind of the race, and its
/// arguments. The result is one output line.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "is the child process of codes_and_names_are_used_once_across_two_processes"]
async fn race_beside_another() {
    let database = PathBuf::from(std::env::var_os(DATABASE).unwrap());
    let hands = Hands::new();
    let (hallpass, _) = open(&database, hands.clone()).await;
    println!("\nready");
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        let [moment, what, first, rest @ ..] = words.as_slice() else { panic!("{line}") };
        hands.set(UnixTime::from_secs(moment.parse().unwrap()));
        let mut tasks = JoinSet::new();
        for task in 0..EACH {
            let (accounts, what, first, rest) =
                (hallpass.accounts().clone(), what.clone(), first.clone(), rest.to_vec());
            tasks.spawn(async move {
                let here = Visitor::default();
                let done = if what == "name" {
                    let name = spelling(&rest[0], first.parse::<usize>().unwrap() + task);
                    accounts.register(&name, PASSWORD, &here).await.map(|_| ())
                } else {
                    let code = &rest[task % rest.len()];
                    accounts.log_in_with_code(first.as_bytes(), code, &here).await.map(|_| ())
                };
                done.map_err(|error| error.kind())
            });
        }
        let outcomes = tasks.join_all().await;
        let count = |wanted: &[Result<(), AccountsErrorKind>]| {
            outcomes.iter().filter(|it| wanted.contains(it)).count()
        };
        let lost = count(&[Err(AccountsErrorKind::Refused), Err(AccountsErrorKind::NameTaken)]);
        println!("\ndone {} {lost}", count(&[Ok(())]));
    }
}

/// Returns one of 64 spellings of a name that begins with six letters.
fn spelling(name: &str, number: usize) -> String {
    let raise = |(place, letter): (usize, char)| match place < 6 && number >> place & 1 == 1 {
        true => letter.to_ascii_uppercase(),
        false => letter,
    };
    name.chars().enumerate().map(raise).collect()
}

struct Racer {
    to: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
    process: Child,
}

impl Racer {
    fn start(database: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "races::race_beside_another", "--ignored", "--nocapture"])
            .env(DATABASE, database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        said.find(|line| line.as_ref().unwrap() == "ready").unwrap().unwrap();
        Self { to: process.stdin.take().unwrap(), said, process }
    }

    /// Returns the number of tasks that succeeded and the number that were rejected.
    fn outcome(&mut self) -> (usize, usize) {
        let line = self
            .said
            .find_map(|line| line.unwrap().strip_prefix("done ").map(str::to_owned))
            .unwrap();
        let (won, lost) = line.split_once(' ').unwrap();
        (won.parse().unwrap(), lost.parse().unwrap())
    }
}

/// Runs a race in both processes concurrently, each with its own line.
fn race(racers: &mut [Racer; 2], line: impl Fn(usize) -> String) -> (usize, usize) {
    for (number, racer) in racers.iter_mut().enumerate() {
        writeln!(racer.to, "{}", line(number)).unwrap();
    }
    let [(won, lost), (also_won, also_lost)] = racers.each_mut().map(Racer::outcome);
    (won + also_won, lost + also_lost)
}

async fn races(rounds: u64) {
    let (scratch, hands) = (Scratch::new(), Hands::new());
    let database = scratch.path("site.db");
    let (hallpass, store) = open(&database, hands.clone()).await;
    let accounts = hallpass.accounts();
    let now = || hallpass::Clock::now(&hands);
    let ann =
        accounts.register("ann", PASSWORD, &Visitor::default()).await.unwrap().opened().unwrap();
    let who = accounts
        .issuer()
        .verifier::<SiteRole>()
        .verify(ann.access.as_str().as_bytes(), now())
        .unwrap();
    let TwoFactor::Off(set_up) = accounts.two_factor(&who).await.unwrap() else {
        panic!("a new account has no factor")
    };
    let totp = Totp::new(set_up.secret, TotpSettings::default());
    let _codes = accounts
        .enable_two_factor(&who, &Proof::of_password(PASSWORD), &totp.code_at(now()))
        .await
        .unwrap();
    let id = AccountId::new(who.user_id());

    let mut racers = [Racer::start(&database), Racer::start(&database)];
    for round in 0..rounds {
        hands.turn(STEP);
        let moment = now().as_secs();
        let pending = accounts
            .issuer()
            .issue(
                &hallpass_core::Claims::<hallpass_core::MfaPending>::new(who.user_id(), 1, now()),
                now(),
            )
            .unwrap();
        let pending = pending.as_str();

        let code = totp.code_at(now());
        let outcome = race(&mut racers, |_| format!("{moment} code {pending} {code}"));
        assert_eq!(outcome, (1, 63), "round {round}: one code");

        let recovery: Vec<_> = (0..10).map(|number| recovery_code(round, number)).collect();
        let hashes: Vec<_> = recovery.iter().map(RecoveryCode::hash).collect();
        let own = OwnChange::new(Actor::new(id.clone(), 1, None), now());
        let replaced = store.replace_recovery_codes(&own, &hashes).await.unwrap();
        assert!(matches!(replaced, OwnChangeOutcome::Written(..)));
        let recovery = recovery.iter().map(RecoveryCode::as_str).collect::<Vec<_>>().join(" ");
        let outcome = race(&mut racers, |_| format!("{moment} recovery {pending} {recovery}"));
        assert_eq!(outcome, (10, 54), "round {round}: ten recovery codes");

        let outcome =
            race(&mut racers, |racer| format!("{moment} name {} rosann{round}", racer * EACH));
        assert_eq!(outcome, (1, 63), "round {round}: one name");
    }
    for Racer { to, mut process, .. } in racers {
        drop(to);
        assert!(process.wait().unwrap().success());
    }
    let accounts = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM hallpass_accounts");
    let file = sqlx::SqlitePool::connect(&scratch.url("site.db")).await.unwrap();
    assert_eq!(
        accounts.fetch_one(&file).await.unwrap(),
        i64::try_from(rounds).unwrap() + 1,
        "one row per name"
    );
}

fn recovery_code(round: u64, number: u8) -> RecoveryCode {
    let mut random = [number; 24];
    random[..8].copy_from_slice(&round.to_be_bytes());
    RecoveryCode::from_random(random)
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_and_names_are_used_once_across_two_processes() {
    races(10).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "1,000 rounds take some minutes; ROUNDS sets the number, and .ci/run runs fewer"]
async fn codes_and_names_are_used_once_in_a_thousand_rounds() {
    races(std::env::var("ROUNDS").map_or(1000, |rounds| rounds.parse().unwrap())).await;
}
