//! A site whose clock moves only when a test moves it, and a user's authenticator.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use hallpass_accounts::{
    AccountId, Accounts, AccountsErrorKind, BrowserHash, Event, HashCost, LoginStep, OpenedSession,
    PasswordHasherSettings, Proof, Settings, StoreSet, TwoFactor, Visitor,
};
use hallpass_core::{
    Access, Clock, Identity, KeyRing, Keys, Role, TimeStep, Token, Totp, TotpSettings, UnixTime,
};

use hallpass_test_support::memory_store::MemoryStore;

pub const PASSWORD: &str = "two grey herons at dawn";

#[derive(Role, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteRole {
    #[role(default)]
    Guest,
    Admin,
}

#[derive(Clone)]
pub struct TestClock(Arc<AtomicU64>);

impl Clock for TestClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::SeqCst))
    }
}

impl TestClock {
    pub fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn set(&self, to: UnixTime) {
        self.0.store(to.as_secs(), Ordering::SeqCst);
    }

    /// Returns another clock, which is this many seconds ahead.
    pub fn ahead(&self, seconds: u64) -> Self {
        Self(Arc::new(AtomicU64::new(self.now().as_secs() + seconds)))
    }
}

/// One node of a site. Nodes of one site share clones of its store.
pub struct Site {
    pub accounts: Accounts<SiteRole>,
    pub store: MemoryStore,
    pub clock: TestClock,
    pub keys: Keys,
    pub events: Arc<Mutex<Vec<Event>>>,
}

impl Site {
    pub fn new() -> Self {
        let clock = TestClock(Arc::new(AtomicU64::new(1_800_000_000)));
        let keys = Keys::from(KeyRing::generate_hs256([7; 32], clock.now()));
        Self::node(MemoryStore::default(), clock, keys, |_| ())
    }

    /// Returns another node with the same store, keys and clock.
    pub fn other_node(&self) -> Self {
        Self::node(self.store.clone(), self.clock.clone(), self.keys.clone(), |_| ())
    }

    pub fn node(
        store: MemoryStore,
        clock: TestClock,
        keys: Keys,
        set: impl FnOnce(&mut Settings<SiteRole>),
    ) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let heard = events.clone();
        let mut settings = Settings {
            issuer: "https://site.example".into(),
            audience: "site".into(),
            clock: Arc::new(clock.clone()),
            password_hasher: PasswordHasherSettings::default().hash_cost(HashCost::new(64, 1, 1)),
            on_event: Some(Arc::new(move |event: &Event| {
                heard.lock().unwrap().push(event.clone())
            })),
            ..Settings::default()
        };
        set(&mut settings);
        let accounts = Accounts::new(keys.clone(), stores(&store), settings).unwrap();
        Self { accounts, store, clock, keys, events }
    }

    pub async fn register(&self, name: &str) -> OpenedSession {
        self.accounts.register(name, PASSWORD, &here()).await.unwrap().opened().unwrap()
    }

    pub async fn log_in(
        &self,
        name: &str,
        password: &str,
        code: Option<&str>,
    ) -> Result<LoginStep, AccountsErrorKind> {
        self.accounts.log_in(name, password, code, &here()).await.map_err(|error| error.kind())
    }

    /// Verifies the token with the request authenticator of this node. Returns `None` if it is
    /// rejected.
    pub fn verify(&self, token: &Token<Access>) -> Option<Identity<SiteRole>> {
        self.accounts
            .request_authenticator()
            .verifier()
            .verify(token.as_str().as_bytes(), self.clock.now())
            .ok()
    }

    /// Registers an account and turns on its second factor.
    pub async fn enrolled(&self, name: &str) -> Enrolled {
        let opened = self.register(name).await;
        let who = self.verify(&opened.access).unwrap();
        let TwoFactor::Off(set_up) = self.accounts.two_factor(&who).await.unwrap() else {
            panic!("a new account has no factor");
        };
        let totp = Totp::new(set_up.secret, TotpSettings::default());
        let first_code = totp.code_at(self.clock.now());
        let (codes, tokens) = self
            .accounts
            .enable_two_factor(&who, &Proof::of_password(PASSWORD), &first_code)
            .await
            .unwrap();
        let recovery = codes.iter().map(|code| code.as_str().to_owned()).collect();
        Enrolled {
            totp,
            clock: self.clock.clone(),
            first_code,
            recovery,
            before: opened.access,
            access: tokens.access,
        }
    }

    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }

    pub fn heard(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.events.lock().unwrap().iter().filter(|event| wanted(event)).count()
    }
}

/// Returns a set with every capability of the store. Attempts are counted in memory.
pub fn stores(store: &MemoryStore) -> StoreSet {
    let store = Arc::new(store.clone());
    let mut stores = StoreSet::new(store.clone());
    stores.registration = Some(store.clone().into());
    stores.passwords = Some(store.clone().into());
    stores.two_factor = Some(store.clone().into());
    stores.sessions = Some(store.clone().into());
    stores.refresh_tokens = Some(store.clone().into());
    stores.administration = Some(store.clone().into());
    stores.browsers = Some(store.clone().into());
    stores.revocation_log = Some(store.into());
    stores
}

/// An account with a second factor, and its authenticator.
pub struct Enrolled {
    pub totp: Totp,
    clock: TestClock,
    pub first_code: String,
    pub recovery: Vec<String>,
    /// The access token that was issued before the enrolment.
    pub before: Token<Access>,
    /// The access token that was issued by the enrolment.
    pub access: Token<Access>,
}

impl Enrolled {
    /// Moves the clock forward by one step and returns the code of that step.
    pub fn next_code(&self) -> String {
        self.clock.pass(TimeStep::LENGTH.as_secs());
        self.totp.code_at(self.clock.now())
    }

    pub fn wrong_code(&self) -> String {
        let now = self.clock.now().as_secs();
        let live = [now - 60, now - 30, now, now + 30, now + 60]
            .map(|at| self.totp.code_at(UnixTime::from_secs(at)));
        (0..).map(|number| format!("{number:06}")).find(|code| !live.contains(code)).unwrap()
    }
}

pub fn here() -> Visitor<'static> {
    Visitor { peer: Some([192, 0, 2, 1].into()), device: "test", ..Visitor::default() }
}

/// Returns a client with a browser cookie.
pub fn browser(number: u8) -> Visitor<'static> {
    Visitor { browser: Some(BrowserHash::of(&[number; 16])), ..here() }
}

pub fn id_of(who: &Identity<SiteRole>) -> AccountId {
    AccountId::new(who.user_id())
}

pub fn logged_in(step: Result<LoginStep, AccountsErrorKind>) -> OpenedSession {
    match step {
        Ok(LoginStep::LoggedIn(opened)) => opened,
        other => panic!("not logged in: {other:?}"),
    }
}
