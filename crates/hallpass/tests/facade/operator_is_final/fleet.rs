//! Three nodes and an operator's handle on one database, and direct access to its tables.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use hallpass::flow::{NoRandomness, Random, RevocationSync, SystemRandom};
use hallpass::flow::{OpenedSession, Tokens, Visitor};
use hallpass::store::AccountStore;
use hallpass::store::SqlStore;
use hallpass::{Account, AccountId, Hallpass, HallpassBuilder, RateLimit, RateLimits};
use hallpass::{Clock, SystemClock, UnixTime};
use hallpass::{HashCost, PasswordHasherSettings, Role};
use sqlx::AssertSqlSafe;

use super::stops;
use crate::{scratch::Scratch, site::SiteRole};

type Builder = HallpassBuilder<SiteRole, SqlStore>;

pub(super) const PASSWORD: &str = "correct horse battery staple";

/// The clock and the random bytes of every node. A change that runs under [`stops`] can be stopped
/// at each of its calls.
#[derive(Clone, Copy)]
struct Stoppable;

impl Clock for Stoppable {
    fn now(&self) -> UnixTime {
        stops::called();
        SystemClock.now()
    }
}

impl Random for Stoppable {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        stops::called();
        SystemRandom.fill(bytes)
    }
}

/// The rate limits of the nodes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RateLimitStore {
    /// Limits so high that no test reaches them.
    Wide,
    /// The default limits.
    Default,
}

pub(super) struct Fleet {
    /// The three nodes that are checked.
    pub(super) nodes: Vec<Hallpass<SiteRole>>,
    /// The handle for the operator's commands. It serves no requests.
    pub(super) operator: Hallpass<SiteRole>,
    pub(super) sql: Sql,
    store: SqlStore,
    syncs: Vec<RevocationSync<SiteRole>>,
    names: AtomicU32,
    _scratch: Scratch,
}

impl Fleet {
    pub(super) async fn on_sqlite(attempts: RateLimitStore) -> Self {
        let scratch = Scratch::new();
        let url = scratch.url("site.db");
        Self::start(scratch, &url, attempts).await
    }

    #[cfg(feature = "postgres")]
    pub(super) async fn on_postgres(
        schema: &crate::schema::Schema,
        attempts: RateLimitStore,
    ) -> Self {
        Self::start(Scratch::new(), &schema.url(), attempts).await
    }

    async fn start(scratch: Scratch, url: &str, attempts: RateLimitStore) -> Self {
        let store = SqlStore::open(url).await.unwrap();
        let mut handles = Vec::new();
        for _ in 0..4 {
            // Each node has its own connection pool, like a separate process.
            let store = SqlStore::open(url).await.unwrap();
            let builder = settings(Hallpass::<SiteRole>::builder(store), attempts)
                .everything()
                .key_file(scratch.path("keys.json"))
                .default_roles([SiteRole::Admin])
                .clock(Stoppable);
            handles.push(builder.start().await.unwrap());
        }
        let operator = handles.pop().unwrap();
        let syncs = handles.iter().map(|node| RevocationSync::new(node.accounts())).collect();
        Self {
            nodes: handles,
            syncs,
            operator,
            sql: Sql::open(url).await,
            store,
            names: AtomicU32::new(0),
            _scratch: scratch,
        }
    }

    /// Returns, in turns, the operator's handle or a node other than this one.
    pub(super) fn other_than(&self, node: usize, round: usize) -> &Hallpass<SiteRole> {
        match round % 3 {
            0 => &self.operator,
            step => &self.nodes[(node + step) % 3],
        }
    }

    /// Registers a new admin at a node.
    pub(super) async fn register(&self, node: usize) -> Person {
        let name = format!("person{}", self.names.fetch_add(1, Ordering::Relaxed));
        let accounts = self.nodes[node].accounts();
        let opened = accounts.register(&name, PASSWORD, &Visitor::default()).await.unwrap();
        let opened = opened.opened().unwrap();
        Person { id: AccountId::new(opened.user.id.clone()), name, tokens: opened.into() }
    }

    /// Logs in to an account that has no second factor.
    pub(super) async fn log_in(&self, node: usize, person: &Person) -> Held {
        let accounts = self.nodes[node].accounts();
        let step =
            accounts.log_in(&person.name, PASSWORD, None, &Visitor::default()).await.unwrap();
        step.opened().unwrap().into()
    }

    /// Brings the revocation list of each node up to date.
    pub(super) async fn caught_up(&self) {
        for sync in &self.syncs {
            sync.read().await.unwrap();
        }
    }

    /// Returns the claims of the access token from each node that accepts it.
    pub(super) fn accepted(&self, access: &str) -> Vec<Accepted> {
        let accepted = self.nodes.iter().filter_map(|node| {
            let who = node
                .request_authenticator()
                .verifier()
                .verify(access.as_bytes(), SystemClock.now())
                .ok()?;
            let roles = who.roles().iter().map(|role| role.name().to_owned());
            let session = who.session().unwrap_or_default().to_owned();
            Some(Accepted { roles: roles.collect(), session, generation: who.generation() })
        });
        accepted.collect()
    }

    /// Returns the account's row.
    pub(super) async fn account(&self, id: &AccountId) -> Option<Account> {
        self.store.by_id(id).await.unwrap()
    }

    /// Returns the present values of the columns that own changes write.
    pub(super) async fn written(&self, id: &AccountId) -> Written {
        let account = self.account(id).await.unwrap();
        let id = id.as_str();
        let codes = "SELECT code_hash FROM hallpass_recovery_codes WHERE account_id";
        let sessions = "SELECT count(*) FROM hallpass_sessions WHERE account_id";
        Written {
            password_hash: account.password_hash().to_owned(),
            generation: account.generation(),
            second_factor: account.second_factor().is_some(),
            recovery_codes: self.sql.bytes(&format!("{codes} = '{id}'")).await,
            sessions: self.sql.number(&format!("{sessions} = '{id}'")).await,
        }
    }

    pub(super) async fn has_session(&self, session: &str) -> bool {
        let count = format!("SELECT count(*) FROM hallpass_sessions WHERE id = '{session}'");
        self.sql.number(&count).await == Some(1)
    }
}

fn settings(builder: Builder, attempts: RateLimitStore) -> Builder {
    // A cheap hash, because it is not under test. Long timeouts, so that nothing fails on a busy
    // machine.
    let patient = Duration::from_secs(60);
    let hasher = PasswordHasherSettings::default().hash_cost(HashCost::new(8, 1, 1));
    let hasher = hasher.queue_length(64).max_wait(patient);
    let builder = builder.password_hasher(hasher).random(Stoppable);
    let builder = builder.store_timeout(patient).request_timeout(patient);
    if attempts == RateLimitStore::Default {
        return builder;
    }
    let wide = RateLimit::new(u32::MAX, Duration::from_secs(1));
    builder.rate_limits(
        RateLimits::default().network(wide.clone()).account(wide.clone()).address(wide),
    )
}

/// A person with an account and one session.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) id: AccountId,
    pub(super) name: String,
    pub(super) tokens: Held,
}

/// The tokens of a session in a browser.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
}

impl From<OpenedSession> for Held {
    fn from(opened: OpenedSession) -> Self {
        let refresh = opened.refresh.map(|token| token.as_str().to_owned());
        Self { access: opened.access.as_str().to_owned(), refresh }
    }
}

impl From<Tokens> for Held {
    fn from(tokens: Tokens) -> Self {
        let refresh = tokens.refresh.map(|token| token.as_str().to_owned());
        Self { access: tokens.access.as_str().to_owned(), refresh }
    }
}

/// The values that own changes write to an account.
pub(super) struct Written {
    password_hash: String,
    generation: u32,
    second_factor: bool,
    recovery_codes: Vec<Vec<u8>>,
    sessions: Option<i64>,
}

impl Written {
    /// Returns whether nothing was written since, except that recovery codes were consumed.
    pub(super) fn is_still(&self, now: &Self) -> bool {
        self.password_hash == now.password_hash
            && self.generation == now.generation
            && self.second_factor == now.second_factor
            && now.recovery_codes.iter().all(|code| self.recovery_codes.contains(code))
            && self.sessions == now.sessions
    }
}

/// The claims of an access token that a node accepts.
pub(super) struct Accepted {
    pub(super) roles: Vec<String>,
    pub(super) session: String,
    pub(super) generation: u32,
}

/// Direct access to the tables of the database.
pub(super) enum Sql {
    Sqlite(sqlx::SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
}

impl Sql {
    async fn open(url: &str) -> Self {
        #[cfg(feature = "postgres")]
        if url.starts_with("postgres") {
            return Self::Postgres(sqlx::PgPool::connect(url).await.unwrap());
        }
        Self::Sqlite(sqlx::SqlitePool::connect(url).await.unwrap())
    }

    /// Runs a statement that returns a number, or no row.
    pub(super) async fn number(&self, sql: &str) -> Option<i64> {
        let query = AssertSqlSafe(sql);
        match self {
            Self::Sqlite(pool) => sqlx::query_scalar(query).fetch_optional(pool).await.unwrap(),
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => sqlx::query_scalar(query).fetch_optional(pool).await.unwrap(),
        }
    }

    async fn bytes(&self, sql: &str) -> Vec<Vec<u8>> {
        let query = AssertSqlSafe(sql);
        match self {
            Self::Sqlite(pool) => sqlx::query_scalar(query).fetch_all(pool).await.unwrap(),
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => sqlx::query_scalar(query).fetch_all(pool).await.unwrap(),
        }
    }

    /// Deletes the account's row. Returns its generation at that moment.
    pub(super) async fn delete_account(&self, id: &AccountId) -> Option<i64> {
        let id = id.as_str();
        // The state is the row that a change locks, so its values are those after the change.
        let delete = "DELETE FROM hallpass_account_state";
        let delete = format!("{delete} WHERE account_id = '{id}' RETURNING {GENERATION}");
        let generation = self.number(&delete).await;
        self.number(&format!(
            "DELETE FROM hallpass_accounts WHERE id = '{id}' RETURNING CAST(1 AS BIGINT)"
        ))
        .await;
        generation
    }

    /// Deletes the session's row and returns the account's generation, in one transaction. The
    /// change waits for the deletion, or the deletion waits for the change.
    pub(super) async fn delete_session(&self, id: &AccountId, session: &str) -> Option<i64> {
        let delete = format!("DELETE FROM hallpass_sessions WHERE id = '{session}'");
        let select = format!("SELECT {GENERATION} FROM hallpass_account_state");
        let generation = format!("{select} WHERE account_id = '{}'", id.as_str());
        macro_rules! both {
            ($pool:ident, $begin:literal) => {{
                let mut write = $pool.begin_with($begin).await.unwrap();
                sqlx::query(AssertSqlSafe(delete)).execute(&mut *write).await.unwrap();
                let read = sqlx::query_scalar(AssertSqlSafe(generation));
                let generation = read.fetch_optional(&mut *write).await.unwrap();
                write.commit().await.unwrap();
                generation
            }};
        }
        match self {
            Self::Sqlite(pool) => both!(pool, "BEGIN IMMEDIATE"),
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => both!(pool, "BEGIN"),
        }
    }
}

/// The `gen` of a token that is issued now.
const GENERATION: &str =
    "CASE WHEN revoked_below > stale_below THEN revoked_below ELSE stale_below END";
