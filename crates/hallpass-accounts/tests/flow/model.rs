//! Compares the flows with a model, for random orders of login, refresh, revocation, clock steps,
//! unreadable logs and restarts. No token is accepted for longer than the bound after it is revoked
//! in the model, and a refresh succeeds exactly where it succeeds in the model. A node may also
//! hand out the result of a recent refresh again, unless it has read of a later revocation.
//!
//! The model contains no tables, hashes or stored limits. It counts the time that each session has
//! used, in seconds. A clock that is set back neither adds used time nor subtracts it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hallpass_accounts::{
    AccountId, AccountsErrorKind, Proof, RefreshToken, RevocationSync, Tokens, Visitor,
};
use hallpass_core::{Access, Clock, Keys, RevocationList, StalePolicy, Token, UnixTime};
use hallpass_test_support::memory_store::MemoryStore;
use proptest::prelude::*;

use crate::site::{PASSWORD, Site, SiteRole, TestClock, id_of, logged_in};

/// Maximum time, in seconds, for which a node accepts tokens without reading the log.
const BOUND: u64 = 5;
const GRACE: u64 = 30;
const IDLE: u64 = 7 * 86_400;
const ABSOLUTE: u64 = 30 * 86_400;
const PEOPLE: [&str; 2] = ["alice", "bob"];

#[derive(Clone, Debug)]
enum Op {
    LogIn {
        person: usize,
        node: usize,
    },
    /// Presents any of the refresh tokens that were issued.
    Refresh {
        token: usize,
        node: usize,
    },
    LogOut {
        access: usize,
        node: usize,
    },
    EndOthers {
        access: usize,
        node: usize,
    },
    SignOutEverywhere {
        person: usize,
        node: usize,
    },
    SetRoles {
        person: usize,
        node: usize,
    },
    Disable {
        person: usize,
        node: usize,
    },
    Enable {
        person: usize,
        node: usize,
    },
    Pass {
        seconds: u64,
    },
    SetBack {
        seconds: u64,
    },
    CutLog {
        node: usize,
    },
    MendLog {
        node: usize,
    },
    Forget {
        node: usize,
    },
    Restart {
        node: usize,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let (node, person, any) = (0..2_usize, 0..2_usize, 0..64_usize);
    prop_oneof![
        4 => (person.clone(), node.clone()).prop_map(|(person, node)| Op::LogIn { person, node }),
        8 => (any.clone(), node.clone()).prop_map(|(token, node)| Op::Refresh { token, node }),
        2 => (any.clone(), node.clone()).prop_map(|(access, node)| Op::LogOut { access, node }),
        2 => (any, node.clone()).prop_map(|(access, node)| Op::EndOthers { access, node }),
        1 => (person.clone(), node.clone()).prop_map(|(person, node)| Op::SignOutEverywhere { person, node }),
        2 => (person.clone(), node.clone()).prop_map(|(person, node)| Op::SetRoles { person, node }),
        1 => (person.clone(), node.clone()).prop_map(|(person, node)| Op::Disable { person, node }),
        2 => (person, node.clone()).prop_map(|(person, node)| Op::Enable { person, node }),
        6 => (1..1200_u64).prop_map(|seconds| Op::Pass { seconds }),
        1 => (1..9 * 86_400_u64).prop_map(|seconds| Op::Pass { seconds }),
        2 => (1..2000_u64).prop_map(|seconds| Op::SetBack { seconds }),
        2 => node.clone().prop_map(|node| Op::CutLog { node }),
        2 => node.clone().prop_map(|node| Op::MendLog { node }),
        1 => node.clone().prop_map(|node| Op::Forget { node }),
        1 => node.prop_map(|node| Op::Restart { node }),
    ]
}

/// A session in the model.
struct Session {
    person: usize,
    ended: bool,
    live: String,
    /// The token in whose place the live one is. `None` for a first token.
    predecessor: Option<String>,
    /// The tokens from before the last own change. Only the node that made the change can follow
    /// them to the live one.
    before_change: BTreeSet<String>,
    /// Whether the clock was behind at an own change. The change has the latest time of its node,
    /// which is not in the model, so the grace of those tokens is not known here.
    behind: bool,
    consumed: BTreeMap<String, u64>,
    used: u64,
    seen: u64,
}

struct Node {
    site: Site,
    sync: RevocationSync<SiteRole>,
    cut: bool,
    synced: u64,
}

struct World {
    clock: TestClock,
    nodes: Vec<Node>,
    accounts: Vec<AccountId>,
    generations: [u32; 2],
    disabled: [bool; 2],
    sessions: BTreeMap<String, Session>,
    /// Every refresh token, with its session.
    refreshes: Vec<(String, String)>,
    access: Vec<(Token<Access>, String, usize, u32)>,
    /// The revocations that each node has received from its log or made itself: the generation of
    /// each account, and the ended sessions.
    told: Vec<([u32; 2], BTreeSet<String>)>,
    latest: u64,
}

fn node(store: &MemoryStore, clock: &TestClock, keys: &Keys) -> Site {
    let list = RevocationList::with_stale_policy(StalePolicy::Refuse {
        after: Duration::from_secs(BOUND),
    });
    Site::node(store.clone(), clock.clone(), keys.clone(), |settings| {
        settings.revocation_list = list
    })
}

impl World {
    async fn new() -> Self {
        let first = Site::new();
        let nodes: Vec<_> = (0..2)
            .map(|_| {
                let site = node(&first.store, &first.clock, &first.keys);
                let sync = RevocationSync::new(&site.accounts);
                Node { site, sync, cut: false, synced: 0 }
            })
            .collect();
        let mut accounts = Vec::new();
        for name in PEOPLE {
            // Ends the session of the registration, which is not in the model.
            let opened = first.register(name).await;
            let who = first.verify(&opened.access).unwrap();
            first.accounts.log_out(&who).await.unwrap();
            accounts.push(id_of(&who));
        }
        let mut world = Self {
            clock: first.clock.clone(),
            nodes,
            accounts,
            generations: [0; 2],
            disabled: [false; 2],
            sessions: BTreeMap::new(),
            refreshes: Vec::new(),
            access: Vec::new(),
            told: vec![Default::default(); 2],
            latest: first.clock.now().as_secs(),
        };
        world.hear().await;
        world
    }

    fn now(&self) -> u64 {
        self.clock.now().as_secs()
    }

    /// Reads the log on each node, as the background task does each second.
    async fn hear(&mut self) {
        let now = self.now();
        for node in self.nodes.iter_mut().filter(|node| !node.cut) {
            node.sync.read().await.unwrap();
            node.synced = now;
        }
        for (number, node) in self.nodes.iter().enumerate() {
            if !node.cut {
                let ended = self
                    .sessions
                    .iter()
                    .filter(|(_, session)| session.ended)
                    .map(|(id, _)| id.clone());
                self.told[number] = (self.generations, ended.collect());
            }
        }
    }

    fn issued(&mut self, access: Token<Access>, refresh: &str, session: &str, person: usize) {
        self.refreshes.push((refresh.to_owned(), session.to_owned()));
        self.access.push((access, session.to_owned(), person, self.generations[person]));
    }

    fn end(&mut self, session: &str, node: usize) {
        if let Some(session) = self.sessions.get_mut(session) {
            session.ended = true;
        }
        self.told[node].1.insert(session.to_owned());
    }

    fn raise(&mut self, person: usize, node: usize, keep: Option<&str>, end: bool) {
        self.generations[person] += 1;
        self.told[node].0[person] = self.generations[person];
        for (id, session) in &mut self.sessions {
            // The session rows are deleted. The log contains the generation only.
            if end && session.person == person && Some(id.as_str()) != keep {
                session.ended = true;
            }
        }
    }

    /// Returns whether these tokens were issued before, and are handed out again.
    fn is_issued(&self, tokens: &Tokens) -> bool {
        let refresh = tokens.refresh.as_ref().map(RefreshToken::as_str);
        self.access.iter().any(|(access, ..)| access.as_str() == tokens.access.as_str())
            && self.refreshes.iter().any(|(token, _)| Some(token.as_str()) == refresh)
    }

    async fn refresh(&mut self, token: usize, node: usize) {
        let Some((token, id)) = self.refreshes.get(token % self.refreshes.len().max(1)).cloned()
        else {
            return;
        };
        let now = self.now();
        let accounts = self.nodes[node].site.accounts.clone();
        let got = accounts.refresh(token.as_bytes()).await;
        if let Ok(tokens) = &got
            && self.is_issued(tokens)
        {
            let (generations, ended) = &self.told[node];
            let text = tokens.access.as_str();
            let generation = self.access.iter().find(|(access, ..)| access.as_str() == text);
            let (.., person, generation) = generation.unwrap();
            assert!(!ended.contains(&id), "node {node} knows that the session has ended");
            assert!(*generation >= generations[*person], "node {node} knows a later generation");
            return;
        }
        let session = self.sessions.get_mut(&id).unwrap();
        let person = session.person;
        if session.ended || self.disabled[person] {
            assert!(got.is_err(), "an ended session was refreshed");
            return;
        }
        let idle = now.saturating_sub(session.seen);
        if idle >= IDLE || session.used + idle >= ABSOLUTE {
            assert!(got.is_err(), "idle {idle}, used {}", session.used);
            session.ended = true;
            return;
        }
        if session.behind && session.before_change.contains(&token) {
            match got.map_err(|error| error.kind()) {
                Ok(tokens) => {
                    let live = session.live.clone();
                    assert_eq!(tokens.refresh.unwrap().as_str(), live);
                    self.issued(tokens.access, &live, &id, person);
                }
                Err(AccountsErrorKind::NotLoggedIn) => self.end(&id, node),
                Err(kind) => assert!(matches!(kind, AccountsErrorKind::Unavailable { .. })),
            }
        } else if token == session.live {
            let tokens = got.unwrap();
            let refresh = tokens.refresh.unwrap().as_str().to_owned();
            assert_ne!(refresh, token);
            // A token whose grace period has ended stays rejected after the clock is set back.
            session.consumed.retain(|_, consumed| consumed.abs_diff(now) < GRACE);
            session.predecessor = Some(token.clone());
            session.consumed.insert(token, now);
            (session.used, session.seen, session.live) =
                (session.used + idle, now, refresh.clone());
            self.issued(tokens.access, &refresh, &id, person);
        } else if session
            .consumed
            .get(&token)
            .is_some_and(|consumed| consumed.abs_diff(now) < GRACE)
        {
            let tokens = match got {
                Err(error) if session.before_change.contains(&token) => {
                    let kind = error.kind();
                    assert!(matches!(kind, AccountsErrorKind::Unavailable { .. }), "{kind:?}");
                    return;
                }
                got => got.unwrap(),
            };
            assert_eq!(
                tokens.refresh.unwrap().as_str(),
                session.live,
                "a replay returns the live token"
            );
            let live = session.live.clone();
            self.issued(tokens.access, &live, &id, person);
        } else if session.predecessor.as_ref() == Some(&token) {
            // The response with the live token may be lost.
            let tokens = got.unwrap();
            let refresh = tokens.refresh.unwrap().as_str().to_owned();
            assert_ne!(refresh, session.live, "the token that may be lost is replaced");
            session.consumed.retain(|_, consumed| consumed.abs_diff(now) < GRACE);
            session.consumed.insert(token, now);
            (session.used, session.seen, session.live) =
                (session.used + idle, now, refresh.clone());
            self.issued(tokens.access, &refresh, &id, person);
        } else {
            assert!(got.is_err(), "a replayed token was refreshed");
            self.end(&id, node);
        }
    }

    async fn apply(&mut self, op: Op) {
        match op {
            Op::LogIn { person, node } => {
                let site = &self.nodes[node].site;
                let got =
                    site.accounts.log_in(PEOPLE[person], PASSWORD, None, &Visitor::default()).await;
                if self.disabled[person] {
                    assert!(got.is_err(), "a disabled account logged in");
                    return;
                }
                let got = got.map_err(|error| error.kind());
                // Rejected logins of a disabled account count as attempts.
                if matches!(got, Err(AccountsErrorKind::Limited { .. })) {
                    return;
                }
                let opened = logged_in(got);
                let verifier = site.accounts.issuer().verifier::<SiteRole>();
                let who =
                    verifier.verify(opened.access.as_str().as_bytes(), self.clock.now()).unwrap();
                let (id, live) = (
                    who.session().unwrap().to_owned(),
                    opened.refresh.unwrap().as_str().to_owned(),
                );
                let session = Session {
                    person,
                    ended: false,
                    live: live.clone(),
                    predecessor: None,
                    before_change: BTreeSet::new(),
                    behind: false,
                    consumed: BTreeMap::new(),
                    used: 0,
                    seen: self.now(),
                };
                self.sessions.insert(id.clone(), session);
                self.issued(opened.access, &live, &id, person);
            }
            Op::Refresh { token, node } => self.refresh(token, node).await,
            Op::LogOut { access, node } => {
                let Some((token, id, ..)) = self.access.get(access % self.access.len().max(1))
                else {
                    return;
                };
                let Some(who) = self.nodes[node].site.verify(token) else { return };
                self.nodes[node].site.accounts.log_out(&who).await.unwrap();
                let id = id.clone();
                self.end(&id, node);
            }
            Op::EndOthers { access, node } => {
                let Some((token, id, person, _)) =
                    self.access.get(access % self.access.len().max(1))
                else {
                    return;
                };
                let (id, person) = (id.clone(), *person);
                let Some(who) = self.nodes[node].site.verify(token) else { return };
                let live = self.sessions[&id].live.clone();
                let proof = Proof::of_password(PASSWORD).with_refresh(Some(live.as_bytes()));
                // The store rejects the change if this node has not yet read the revocation.
                let Ok(tokens) =
                    self.nodes[node].site.accounts.end_other_sessions(&who, &proof).await
                else {
                    return;
                };
                self.raise(person, node, Some(&id), true);
                let (now, latest) = (self.now(), self.latest);
                let session = self.sessions.get_mut(&id).unwrap();
                if let Some(refresh) = tokens.refresh.filter(|_| !session.ended) {
                    session.behind |= now < latest;
                    session.before_change.extend(session.consumed.keys().cloned());
                    session.before_change.insert(session.live.clone());
                    session.consumed.insert(session.live.clone(), now);
                    session.predecessor = None;
                    session.live = refresh.as_str().to_owned();
                    (session.used, session.seen) =
                        (session.used + now.saturating_sub(session.seen), now);
                    let live = session.live.clone();
                    self.issued(tokens.access, &live, &id, person);
                }
            }
            Op::SignOutEverywhere { person, node } => {
                let account = self.accounts[person].clone();
                self.nodes[node].site.accounts.log_out_everywhere(&account).await.unwrap();
                self.raise(person, node, None, true);
            }
            Op::SetRoles { person, node } => {
                let account = self.accounts[person].clone();
                self.nodes[node]
                    .site
                    .accounts
                    .set_roles(&account, [SiteRole::Guest])
                    .await
                    .unwrap();
                self.raise(person, node, None, false);
            }
            Op::Disable { person, node } => {
                let account = self.accounts[person].clone();
                self.nodes[node].site.accounts.disable(&account).await.unwrap();
                self.disabled[person] = true;
                self.raise(person, node, None, true);
            }
            Op::Enable { person, node } => {
                let account = self.accounts[person].clone();
                self.nodes[node].site.accounts.enable(&account).await.unwrap();
                self.disabled[person] = false;
                self.raise(person, node, None, false);
            }
            Op::Pass { seconds } => {
                self.clock.pass(seconds);
                self.latest = self.latest.max(self.now());
                self.hear().await;
            }
            Op::SetBack { seconds } => {
                self.clock.set(UnixTime::from_secs(self.now() - seconds));
                self.hear().await;
            }
            Op::CutLog { node } => self.nodes[node].cut = true,
            Op::MendLog { node } => {
                self.nodes[node].cut = false;
                self.hear().await;
            }
            Op::Forget { node } => self.nodes[node].sync.purge().await.unwrap(),
            // A process that starts while the clock is behind cannot detect the tokens that were
            // issued while the clock was ahead.
            Op::Restart { .. } if self.now() < self.latest => {}
            Op::Restart { node: number } => {
                let Site { store, keys, .. } = &self.nodes[number].site;
                let site = node(store, &self.clock, keys);
                // A node is not ready before it has read the log.
                let sync = RevocationSync::new(&site.accounts);
                sync.read().await.unwrap();
                self.nodes[number] = Node { site, sync, cut: false, synced: self.now() };
                self.hear().await;
            }
        }
    }

    /// Asserts two properties of each token that a node accepts: the node has not received its
    /// revocation, and if the token is revoked, the node has read the log within the bound.
    fn check(&self) {
        let now = self.now();
        for (number, node) in self.nodes.iter().enumerate() {
            let (generations, ended) = &self.told[number];
            let fresh = node.synced.abs_diff(now) <= BOUND;
            for (token, session, person, generation) in &self.access {
                let told = *generation < generations[*person] || ended.contains(session);
                let dead = *generation < self.generations[*person] || self.sessions[session].ended;
                if node.site.verify(token).is_some() {
                    assert!(!told, "node {number} accepts a token that it revoked");
                    assert!(
                        !dead || fresh,
                        "node {number} accepts a revoked token after the bound"
                    );
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_makes_a_revoked_token_valid(ops in prop::collection::vec(op(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for op in ops {
                world.apply(op).await;
                world.check();
            }
        });
    }
}

/// The first token is issued while the clock is ahead, and revoked after it was set back.
#[tokio::test]
async fn a_token_of_a_clock_that_was_ahead_stays_revoked() {
    let mut world = World::new().await;
    let (person, node) = (0, 0);
    for op in [
        Op::Pass { seconds: 548 },
        Op::LogIn { person, node },
        Op::SetBack { seconds: 2263 },
        Op::Disable { person, node },
        Op::Pass { seconds: 2676 },
        Op::Forget { node },
    ] {
        world.apply(op).await;
        world.check();
    }
}
