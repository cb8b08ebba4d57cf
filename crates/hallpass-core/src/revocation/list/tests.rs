use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicU32, Ordering},
    task::{Context, Poll, Wake, Waker},
    thread,
    time::{Duration, Instant},
};

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::revocation::watch::{Watch, WatchEnd, WatchedToken};

const NOW: UnixTime = UnixTime::from_secs(1_764_000_000);

fn at(seconds: u64) -> UnixTime {
    NOW.saturating_add(Duration::from_secs(seconds))
}

fn token<'a>(user_id: &'a str, generation: u32, session: Option<&'a str>) -> TokenFacts<'a> {
    TokenFacts { user_id, generation, epoch: 0, session, expires_at: at(900) }
}

fn refusal(revocations: &RevocationList, token: TokenFacts<'_>) -> Option<RevokedKind> {
    revocations.check(&token, NOW).err().map(Revoked::kind)
}

#[test]
fn raised_generation_revokes_lower_generations() {
    let revocations = RevocationList::new();
    revocations.revoke_below("17", 5, at(900));
    for (generation, expected) in [
        (0, Some(RevokedKind::Generation)),
        (4, Some(RevokedKind::Generation)),
        (5, None),
        (6, None),
        (u32::MAX, None),
    ] {
        assert_eq!(refusal(&revocations, token("17", generation, None)), expected);
    }
    assert_eq!(refusal(&revocations, token("18", 0, None)), None);
}

#[test]
fn tokens_below_both_numbers_are_revoked_and_not_stale() {
    let revocations = RevocationList::new();
    revocations.stale_below("17", 5, at(900));
    let stale = Some(RevokedKind::Stale);
    assert_eq!(refusal(&revocations, token("17", 4, None)), stale);
    assert_eq!(refusal(&revocations, token("17", 5, None)), None);
    assert_eq!(refusal(&revocations, token("18", 0, None)), None);
    revocations.revoke_below("17", 3, at(900));
    assert_eq!(
        [2, 3, 4, 5].map(|generation| refusal(&revocations, token("17", generation, None))),
        [Some(RevokedKind::Generation), stale, stale, None]
    );
    revocations.end_session("s-1", at(900));
    let ended = refusal(&revocations, token("17", 4, Some("s-1")));
    assert_eq!(ended, Some(RevokedKind::Session), "a refresh would not help");
    revocations.forget(at(901));
    assert!(revocations.is_empty());
}

#[test]
fn token_of_a_lower_epoch_is_revoked() {
    let revocations = RevocationList::new();
    let of = |epoch| TokenFacts { epoch, ..token("17", 0, None) };
    assert_eq!((revocations.epoch(), refusal(&revocations, of(7))), (None, None), "not read yet");
    revocations.raise_epoch(5, 0);
    revocations.raise_epoch(3, 0);
    assert_eq!(revocations.epoch(), Some(5));
    let revoked = Some(RevokedKind::Epoch);
    assert_eq!([0, 4, 5].map(|epoch| refusal(&revocations, of(epoch))), [revoked, revoked, None]);
}

#[test]
fn token_of_a_higher_epoch_waits_for_a_read() {
    use std::sync::atomic::AtomicU32;
    let (revocations, calls) = (RevocationList::new(), Arc::new(AtomicU32::new(0)));
    let counted = calls.clone();
    revocations.on_newer_epoch(move || {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    revocations.raise_epoch(5, 0);
    let of = |epoch| TokenFacts { epoch, ..token("17", 0, None) };
    assert_eq!(refusal(&revocations, of(9)), Some(RevokedKind::NewerEpoch));
    assert_eq!((revocations.newer_epoch(), calls.load(Ordering::Relaxed)), (9, 1));
    // The store was read: it has epoch 7.
    revocations.raise_epoch(7, revocations.newer_epoch());
    assert_eq!(refusal(&revocations, of(7)), None);
    assert_eq!(refusal(&revocations, of(9)), Some(RevokedKind::Epoch), "it does not exist");
    assert_eq!(refusal(&revocations, of(10)), Some(RevokedKind::NewerEpoch));
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[test]
fn lower_generation_does_not_replace_a_higher_one() {
    let revocations = RevocationList::new();
    revocations.revoke_below("17", 5, at(900));
    revocations.revoke_below("17", 3, at(100));
    assert!(refusal(&revocations, token("17", 4, None)).is_some());
    revocations.forget(at(500));
    assert!(refusal(&revocations, token("17", 4, None)).is_some());
    assert_eq!(revocations.len(), 1);
}

#[test]
fn generation_0_revokes_nothing_and_the_maximum_all_lower() {
    let revocations = RevocationList::new();
    revocations.revoke_below("17", 0, at(900));
    assert!(revocations.is_empty());
    revocations.revoke_below("17", u32::MAX, at(900));
    assert!(refusal(&revocations, token("17", u32::MAX - 1, None)).is_some());
    assert!(refusal(&revocations, token("17", u32::MAX, None)).is_none());
}

#[test]
fn ended_session_revokes_only_its_tokens() {
    let revocations = RevocationList::new();
    revocations.end_session("s-1", at(900));
    let ended = Some(RevokedKind::Session);
    assert_eq!(refusal(&revocations, token("17", 9, Some("s-1"))), ended);
    assert_eq!(refusal(&revocations, token("17", 9, Some("s-2"))), None);
    assert_eq!(refusal(&revocations, token("17", 9, None)), None);
    // An account with the name of the session is not revoked.
    assert_eq!(refusal(&revocations, token("s-1", 0, None)), None);
    revocations.revoke_below("s-3", 7, at(900));
    assert_eq!(refusal(&revocations, token("17", 9, Some("s-3"))), None);
}

#[test]
fn clones_share_one_revocation_list() {
    let revocations = RevocationList::new();
    revocations.clone().end_session("s-1", at(900));
    assert!(refusal(&revocations, token("17", 0, Some("s-1"))).is_some());
}

#[test]
fn entry_is_dropped_one_second_after_forget_after() {
    let revocations = RevocationList::new();
    revocations.end_session("s-1", at(900));
    revocations.forget(at(900));
    assert_eq!(revocations.len(), 1);
    revocations.forget(at(901));
    assert_eq!(revocations.len(), 0);
}

#[test]
fn an_entry_without_end_is_never_forgotten() {
    let revocations = RevocationList::new();
    revocations.revoke_below("17", 5, UnixTime::from_secs(u64::MAX));
    revocations.forget(UnixTime::from_secs(u64::MAX));
    assert_eq!(refusal(&revocations, token("17", 4, None)), Some(RevokedKind::Generation));
}

#[test]
fn clock_jump_revives_no_token_and_blocks_no_new_login() {
    let revocations = RevocationList::new();
    revocations.end_session("s-1", at(900));
    revocations.forget(at(10_000_000));
    assert_eq!(revocations.len(), 0);
    let forgotten = Some(RevokedKind::Forgotten);
    assert_eq!(refusal(&revocations, token("17", 0, Some("s-1"))), forgotten);
    // The same applies if the list has entries of other accounts.
    revocations.revoke_below("18", 1, at(900));
    assert_eq!(refusal(&revocations, token("17", 0, Some("s-1"))), forgotten);
    // After a new login or a refresh, the token expires later than every dropped entry.
    let fresh = TokenFacts { expires_at: at(901), ..token("17", 0, Some("s-2")) };
    assert_eq!(refusal(&revocations, fresh), None);
}

#[test]
fn stale_policy_decides_when_the_log_is_silent() {
    let after = Duration::from_secs(30);
    let lenient = RevocationList::new();
    let strict = RevocationList::with_stale_policy(StalePolicy::Refuse { after });
    let stale = Some(RevokedKind::Outdated);
    let any = token("17", 0, None);
    assert_eq!((lenient.staleness(NOW), strict.staleness(NOW)), (None, None));
    assert_eq!((refusal(&lenient, any), refusal(&strict, any)), (None, stale));
    for (synced, age, expected) in
        [(NOW, 30, None), (NOW, 31, stale), (at(60), 90, None), (at(60), 91, stale)]
    {
        strict.synced(synced);
        assert_eq!(strict.check(&any, at(age)).err().map(Revoked::kind), expected);
    }
    // A clock that was set back does not make the list current.
    assert_eq!(strict.staleness(NOW), Some(Duration::from_secs(60)));
}

#[derive(Clone, Debug)]
enum Step {
    Raise(u8, u32, u64),
    End(u8, u64),
    Forget(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..40_u8, 0..6_u32, 0..100_u64).prop_map(|(user, generation, until)| Step::Raise(user, generation, until)),
        4 => (0..40_u8, 0..100_u64).prop_map(|(session, until)| Step::End(session, until)),
        1 => (0..120_u64).prop_map(Step::Forget),
    ];
    vec(step, 0..300)
}

/// A model of the list with plain maps: name → (generation, forget after), and the latest time that
/// was dropped.
#[derive(Default)]
struct Model {
    accounts: HashMap<u8, (u32, u64)>,
    sessions: HashMap<u8, (u32, u64)>,
    horizon: u64,
}

impl Model {
    fn take(&mut self, step: &Step) {
        let merge = |map: &mut HashMap<u8, (u32, u64)>, name, generation, until| {
            let entry = map.entry(name).or_insert((generation, until));
            *entry = (entry.0.max(generation), entry.1.max(until));
        };
        match *step {
            Step::Raise(_, 0, _) => {}
            Step::Raise(user, generation, until) => {
                merge(&mut self.accounts, user, generation, until)
            }
            Step::End(session, until) => merge(&mut self.sessions, session, 1, until),
            Step::Forget(now) => {
                for map in [&mut self.accounts, &mut self.sessions] {
                    map.retain(|_, (_, until)| {
                        let over = *until < now;
                        if over {
                            self.horizon = self.horizon.max(*until);
                        }
                        !over
                    });
                }
            }
        }
    }

    fn refuses(&self, user: u8, generation: u32, session: u8, expires_at: u64) -> bool {
        self.accounts.get(&user).is_some_and(|entry| entry.0 > generation)
            || self.sessions.contains_key(&session)
            || expires_at <= self.horizon
    }
}

fn apply(revocations: &RevocationList, step: &Step) {
    match *step {
        Step::Raise(user, generation, until) => {
            revocations.revoke_below(&format!("u{user}"), generation, UnixTime::from_secs(until));
        }
        Step::End(session, until) => {
            revocations.end_session(&format!("s{session}"), UnixTime::from_secs(until));
        }
        Step::Forget(now) => revocations.forget(UnixTime::from_secs(now)),
    }
}

fn accepts(
    revocations: &RevocationList,
    user: u8,
    generation: u32,
    session: u8,
    expires_at: u64,
) -> bool {
    let facts = TokenFacts {
        user_id: &format!("u{user}"),
        generation,
        epoch: 0,
        session: Some(&format!("s{session}")),
        expires_at: UnixTime::from_secs(expires_at),
    };
    revocations.check(&facts, UnixTime::from_secs(0)).is_ok()
}

proptest! {
    #[test]
    fn revocation_list_agrees_with_plain_maps(steps in steps(), generation in 0..6_u32, expires_at in 1..120_u64) {
        let (revocations, mut model) = (RevocationList::new(), Model::default());
        for step in &steps {
            apply(&revocations, step);
            model.take(step);
            prop_assert_eq!(revocations.len(), model.accounts.len() + model.sessions.len());
        }
        for name in 0..40 {
            prop_assert_eq!(
                accepts(&revocations, name, generation, name, expires_at),
                !model.refuses(name, generation, name, expires_at)
            );
        }
    }

    /// A revoked token stays rejected for every sequence of times passed to `forget` (SECURITY row
    /// 21).
    #[test]
    fn revoked_token_stays_rejected_for_any_clock(steps in steps(), expires_at in 1..100_u64) {
        let revocations = RevocationList::new();
        let mut ended = Vec::new();
        for step in &steps {
            // The contract of `forget_after`: no token that this entry revokes expires later.
            let step = match *step {
                Step::End(session, until) => {
                    ended.push(session);
                    Step::End(session, until.max(expires_at))
                }
                ref other => other.clone(),
            };
            apply(&revocations, &step);
            for session in &ended {
                prop_assert!(!accepts(&revocations, 200, 0, *session, expires_at));
            }
        }
    }
}

/// One writer adds, raises and forgets through many rebuilt tables. Every reader must see each
/// finished write, and an account that was never revoked must never be rejected.
#[test]
fn readers_see_every_finished_write_and_nothing_else() {
    const WRITES: u32 = if cfg!(miri) { 200 } else { 20_000 };
    let (revocations, done) = (RevocationList::new(), AtomicU32::new(0));
    // Every second entry is short-lived and of another session, so that tables fill with dead slots
    // and shrink.
    let write = || {
        for n in 1..=WRITES {
            revocations.revoke_below(&format!("u{n}"), n, at(1000));
            revocations.end_session(&format!("passing-{n}"), at(u64::from(n % 800)));
            done.store(n, Ordering::Release);
            if n % 64 == 0 {
                revocations.forget(at(u64::from(n % 900)));
            }
        }
    };
    let read = |start: u32| {
        let mut n = start;
        while done.load(Ordering::Relaxed) < WRITES {
            let finished = done.load(Ordering::Acquire);
            n = n.wrapping_mul(48_271) % 65_537;
            let asked = n % finished.max(1) + 1;
            if asked <= finished {
                let name = format!("u{asked}");
                let facts = TokenFacts { expires_at: at(1000), ..token(&name, asked - 1, None) };
                assert_eq!(refusal(&revocations, facts), Some(RevokedKind::Generation), "{asked}");
                let facts = TokenFacts { generation: asked, ..facts };
                assert_eq!(refusal(&revocations, facts), None, "{asked}");
            }
        }
    };
    thread::scope(|threads| {
        threads.spawn(write);
        for start in 1..=3 {
            threads.spawn(move || read(start));
        }
    });
    assert_eq!(done.into_inner(), WRITES);
}

#[test]
fn million_entries_take_at_most_64_mib_and_are_freed() {
    const MIB: usize = 1 << 20;
    let (revocations, mut greatest) = (RevocationList::new(), 0);
    for n in 0..1_000_000 {
        let before = revocations.size();
        revocations.end_session(&n.to_string(), at(n / 1000));
        if revocations.size() != before {
            // While entries are copied, both tables exist.
            greatest = greatest.max(before + revocations.size());
        }
    }
    assert_eq!(revocations.len(), 1_000_000);
    assert!(revocations.size() <= 32 * MIB, "{} bytes", revocations.size());
    assert!(greatest <= 64 * MIB, "{greatest} bytes");
    assert!(refusal(&revocations, token("17", 0, Some("999999"))).is_some());
    revocations.forget(at(2000));
    assert_eq!(revocations.len(), 0);
    assert!(revocations.size() <= 4096, "{} bytes", revocations.size());
}

/// Run with `cargo test --release -p hallpass-core -- --ignored --nocapture lookup_cost`.
#[test]
#[ignore = "a measurement, meaningful only in release builds"]
fn lookup_cost() {
    const LOOKUPS: u32 = 4_000_000;
    // The names are computed in place, so that the measurement is of the list and not of memory
    // reads.
    let time = |check: &dyn Fn(&str, &str)| {
        let (mut user, mut session) = (*b"user-00000000", *b"session-00000000000000");
        let start = Instant::now();
        for n in 0..LOOKUPS {
            let fresh = n.wrapping_mul(0x9e37_79b9).to_le_bytes().map(|byte| byte % 64 + b'0');
            user[5..9].copy_from_slice(&fresh);
            session[8..12].copy_from_slice(&fresh);
            check(str::from_utf8(&user).unwrap(), str::from_utf8(&session).unwrap());
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(LOOKUPS)
    };
    let idle = time(&|user, session| {
        std::hint::black_box((user, session));
    });
    for entries in [0_u32, 1_000, 1_000_000] {
        let revocations = RevocationList::new();
        for n in 0..entries {
            revocations.end_session(&format!("ended-{n}"), at(900));
        }
        let account =
            time(&|user, _| assert!(revocations.check(&token(user, 0, None), NOW).is_ok()));
        let both = time(&|user, session| {
            assert!(revocations.check(&token(user, 0, Some(session)), NOW).is_ok());
        });
        println!(
            "{entries:>9} entries, {:>8} bytes: {:.1} ns for an account, {:.1} ns with its session",
            revocations.size(),
            account - idle,
            both - idle,
        );
    }
}

/// A token that is waited for, and the number of times that its task was woken.
struct Waiter {
    watch: Watch<Waited>,
    woken: Arc<Woken>,
}

struct Waited(&'static str, u32, Option<&'static str>);

impl WatchedToken for Waited {
    fn facts(&self) -> TokenFacts<'_> {
        token(self.0, self.1, self.2)
    }
}

#[derive(Default)]
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Waiter {
    fn new(list: &RevocationList, user: &'static str, session: Option<&'static str>) -> Self {
        let watch = Watch::new(list.clone(), Waited(user, 4, session));
        Self { watch, woken: Arc::default() }
    }

    fn poll(&mut self) -> Option<WatchEnd> {
        let waker = Waker::from(Arc::clone(&self.woken));
        match Pin::new(&mut self.watch).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(end) => Some(end),
            Poll::Pending => None,
        }
    }

    fn woken(&self) -> u32 {
        self.woken.0.load(Ordering::Relaxed)
    }
}

#[test]
fn waiters_are_woken_by_their_own_revocation_only() {
    let list = RevocationList::new();
    let _maintenance = list.maintain();
    let mut waiters = ["17", "18"]
        .map(|user| Waiter::new(&list, user, Some(if user == "17" { "s" } else { "t" })));
    for waiter in &mut waiters {
        assert_eq!(waiter.poll(), None);
        assert_eq!(waiter.poll(), None, "polled again by another message of the stream");
    }
    let [first, second] = &mut waiters;

    list.revoke_below("19", 9, at(900));
    list.end_session("17", at(900)); // a session with the name of the account
    assert_eq!((first.woken(), second.woken()), (0, 0));
    list.revoke_below("17", 4, at(900)); // not above the number of the token
    assert_eq!((first.woken(), first.poll()), (1, None));
    list.end_session("s", at(900));
    assert_eq!((first.woken(), first.poll()), (2, Some(WatchEnd::Revoked(RevokedKind::Session))));
    list.stale_below("18", 5, at(900));
    assert_eq!((second.woken(), second.poll()), (1, Some(WatchEnd::Revoked(RevokedKind::Stale))));
    assert_eq!(first.woken(), 2, "of another account");
}

#[test]
fn every_cause_completes_a_waiter() {
    type Cause = (fn(&RevocationList, &Maintenance), WatchEnd);
    let causes: [Cause; 6] = [
        (|list, _| list.revoke_below("17", 5, at(900)), WatchEnd::Revoked(RevokedKind::Generation)),
        (|list, _| list.stale_below("17", 5, at(900)), WatchEnd::Revoked(RevokedKind::Stale)),
        (|list, _| list.end_session("s", at(900)), WatchEnd::Revoked(RevokedKind::Session)),
        (|list, _| list.raise_epoch(1, 0), WatchEnd::Revoked(RevokedKind::Epoch)),
        (|_, maintenance| maintenance.tick(at(900)), WatchEnd::Expired),
        (|_, maintenance| maintenance.tick(at(5000)), WatchEnd::Expired),
    ];
    for (cause, end) in causes {
        let list = RevocationList::new();
        list.raise_epoch(0, 0);
        let maintenance = list.maintain();
        let mut waiter = Waiter::new(&list, "17", Some("s"));
        assert_eq!(waiter.poll(), None);
        maintenance.tick(at(899));
        list.raise_epoch(0, 0);
        assert_eq!((waiter.woken(), waiter.poll()), (0, None));
        cause(&list, &maintenance);
        assert_eq!((waiter.woken(), waiter.poll()), (1, Some(end)));
        let mut later = Waiter::new(&list, "17", Some("s"));
        assert_eq!(later.poll(), Some(end), "a stream that is opened after the cause");
    }
}

#[test]
fn unmaintained_list_keeps_no_waiter() {
    let list = RevocationList::new();
    assert_eq!(Waiter::new(&list, "17", None).poll(), Some(WatchEnd::Unmaintained));
    let (first, second) = (list.maintain(), list.maintain());
    let mut waiter = Waiter::new(&list, "17", None);
    assert_eq!(waiter.poll(), None);
    drop(first);
    assert_eq!((waiter.woken(), waiter.poll()), (0, None));
    drop(second);
    assert_eq!((waiter.woken(), waiter.poll()), (1, Some(WatchEnd::Unmaintained)));
}

#[test]
fn list_that_is_too_old_keeps_no_waiter() {
    let list =
        RevocationList::with_stale_policy(StalePolicy::Refuse { after: Duration::from_secs(10) });
    let maintenance = list.maintain();
    list.synced(NOW);
    maintenance.tick(at(10));
    let mut waiter = Waiter::new(&list, "17", None);
    assert_eq!(waiter.poll(), None);
    maintenance.tick(at(11));
    assert_eq!(waiter.woken(), 1);
    assert_eq!(waiter.poll(), Some(WatchEnd::Revoked(RevokedKind::Outdated)));
}

#[test]
fn dropped_waiters_leave_nothing_in_the_list() {
    let list = RevocationList::new();
    let _maintenance = list.maintain();
    let mut waiters: Vec<Waiter> = (0..1000).map(|_| Waiter::new(&list, "17", Some("s"))).collect();
    for waiter in &mut waiters {
        assert_eq!(waiter.poll(), None);
        assert_eq!(waiter.poll(), None);
        // Moved to another task.
        waiter.woken = Arc::default();
        assert_eq!(waiter.poll(), None);
    }
    assert_eq!(list.waiting(), 1000);
    waiters.truncate(10);
    assert_eq!(list.waiting(), 10);
    list.end_session("s", at(900));
    assert!(waiters.iter().all(|waiter| waiter.woken() == 1), "only the last task is woken");
    waiters.clear();
    assert_eq!((list.waiting(), list.watchers().is_empty()), (0, true));
}

/// A revocation during the first poll is never missed.
#[test]
fn revocation_during_a_registration_is_not_missed() {
    for _ in 0..2000 {
        let list = RevocationList::new();
        let _maintenance = list.maintain();
        let mut waiter = Waiter::new(&list, "17", Some("s"));
        thread::scope(|scope| {
            scope.spawn(|| list.end_session("s", at(900)));
            let first = waiter.poll();
            while first.is_none() && waiter.woken() == 0 {
                thread::yield_now();
            }
        });
        assert_eq!(waiter.poll(), Some(WatchEnd::Revoked(RevokedKind::Session)));
    }
}
