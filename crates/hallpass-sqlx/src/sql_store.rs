//! One type for both databases, for a site whose settings select one.

use hallpass_accounts::{
    Account, AccountId, AccountStore, Actor, AdministrationStore, AttemptOutcome, CommandOutcome,
    Confirmation, ConsumeOutcome, Cursor, EndOutcome, Enrolment, Incarnation, KeyCheck, LimitedKey,
    NewAccount, NewSession, Notifier, OpenOutcome, OwnChange, OwnChangeOutcome, PasswordChange,
    PasswordStore, RateLimit, RateLimitStore, RecoveryHash, RefreshOutcome, RefreshTokenStore,
    RegistrationOutcome, RegistrationStore, ReplaceOutcome, Revocation, RevocationLog,
    RevocationPage, Rotation, Session, SessionId, SessionStore, SiteStore, StoreConnections,
    StoredSecret, TakeAllOutcome, TwoFactorStore, Username,
};
use hallpass_accounts::{
    Activity, ActivityStore, BrowserHash, BrowserLogin, BrowserStore, ConsumedStore, KnownBrowser,
    OneTimeHash, OneTimePurpose, Outcome, OutcomeId, OutcomeStore, PutOutcome, WhichBrowsers,
};
use hallpass_core::{TotpDrift, UnixTime};

#[cfg(feature = "postgres")]
use crate::postgres::PostgresStore;
#[cfg(feature = "sqlite")]
use crate::sqlite::SqliteStore;
use crate::{
    error::StoreError,
    open_error::StoreOpenError,
    own_users::{AccountState, OwnRow, Parameter},
    pooler::Pooler,
    schema::{MigrateError, SchemaStep},
    stored::{RevocationLogSize, StoredAccount, StoredRoles, StoredRows},
};

/// Calls the store of the variant.
macro_rules! ask {
    ($self:ident, $store:ident => $answer:expr) => {
        match $self {
            #[cfg(feature = "postgres")]
            SqlStore::Postgres($store) => $answer,
            #[cfg(feature = "sqlite")]
            SqlStore::Sqlite($store) => $answer,
        }
    };
}

/// The store at a database address: a file for development, a server for the site.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use hallpass_sqlx::SqlStore;
///
/// let store = SqlStore::open("sqlite::memory:").await?; // or postgres://site@localhost/site
/// # drop(store);
/// assert!(SqlStore::open("mysql://site@localhost/site").await.is_err());
/// # Ok(())
/// # }
/// # #[cfg(feature = "sqlite")]
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SqlStore {
    /// On PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(PostgresStore),
    /// On SQLite.
    #[cfg(feature = "sqlite")]
    Sqlite(SqliteStore),
}

impl SqlStore {
    /// Opens the database at `url` and brings its tables up to date, with
    /// [`SqliteStore::open`](crate::SqliteStore::open) for `sqlite:` and `PostgresStore::open` for
    /// `postgres:`.
    ///
    /// # Errors
    /// The address is of another kind of database, or the database cannot be opened or brought up
    /// to date. [`StoreOpenError`] distinguishes these cases.
    pub async fn open(url: &str) -> Result<Self, StoreOpenError> {
        match url.split_once(':') {
            #[cfg(feature = "postgres")]
            Some(("postgres" | "postgresql", _)) => {
                PostgresStore::open(url).await.map(Self::Postgres)
            }
            #[cfg(feature = "sqlite")]
            Some(("sqlite", _)) => SqliteStore::open(url).await.map(Self::Sqlite),
            _ => Err(StoreOpenError::Scheme { example: EXAMPLE }),
        }
    }

    /// Creates the store on the application's own pool of connections: a `PgPool` or a `SqlitePool`
    /// of sqlx. The start of the site brings the tables of hallpass up to date. Their names begin
    /// with `hallpass_`, so they may be in the same schema or file as the application's tables.
    ///
    /// The settings of the pool are not changed. [`PostgresStore::open`](crate::PostgresStore::open)
    /// and [`SqliteStore::open`](crate::SqliteStore::open) list the settings that hallpass
    /// recommends.
    #[must_use]
    pub fn on_pool(pool: impl Into<Self>) -> Self {
        pool.into()
    }

    /// Opens the existing database at `url` for an operator's command. Creates no file and changes
    /// no table.
    ///
    /// # Errors
    /// As [`open`](Self::open), and if the file does not exist or the database is in memory.
    pub async fn open_existing(url: &str) -> Result<Self, StoreOpenError> {
        match url.split_once(':') {
            #[cfg(feature = "postgres")]
            Some(("postgres" | "postgresql", _)) => {
                PostgresStore::open_existing(url).await.map(Self::Postgres)
            }
            #[cfg(feature = "sqlite")]
            Some(("sqlite", _)) => SqliteStore::open_existing(url).await.map(Self::Sqlite),
            _ => Err(StoreOpenError::Scheme { example: EXAMPLE }),
        }
    }

    /// Returns the absolute path of the file, or the database and its server. The text contains no
    /// password.
    #[must_use]
    pub fn location(&self) -> String {
        ask!(self, store => store.location())
    }

    /// Returns the pooler between this process and the server, as it is set or was found.
    #[must_use]
    pub fn pooler(&self) -> Pooler {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.pooler(),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => Pooler::None,
        }
    }

    /// Returns whether the address names the [`pooler`](Self::pooler).
    #[must_use]
    pub fn pooler_is_set(&self) -> bool {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.pooler_is_set(),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => false,
        }
    }

    /// Returns the step of the schema at which the tables are. Changes nothing.
    ///
    /// # Errors
    /// The database is unavailable, or the record of the steps cannot be read.
    pub async fn schema(&self) -> Result<SchemaStep, StoreError> {
        ask!(self, store => store.schema().await)
    }

    /// Brings the tables up to date. Has no effect if they are.
    ///
    /// # Errors
    /// The database is unavailable, or was written by a newer version of this crate.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        ask!(self, store => store.migrate().await)
    }

    /// Waits until the connections in use are returned, and closes them all. Later calls fail.
    pub async fn close(&self) {
        ask!(self, store => store.close().await);
    }

    /// Lists up to `limit` rows of accounts after the key `after`, ordered by their keys. A row
    /// that cannot be read is part of the list.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn stored_accounts(
        &self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<StoredAccount>, StoreError> {
        ask!(self, store => store.stored_accounts(after, limit).await)
    }

    /// Returns each combination of roles that an account has, with the number of accounts.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn stored_roles(&self) -> Result<Vec<StoredRoles>, StoreError> {
        ask!(self, store => store.stored_roles().await)
    }

    /// Returns the size of the revocation log.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn revocation_log_size(&self) -> Result<RevocationLogSize, StoreError> {
        ask!(self, store => store.revocation_log_size().await)
    }

    /// Counts the rows of each table whose rows expire. Reads the tables, so a large one takes some
    /// tenths of a second.
    ///
    /// # Errors
    /// The database is unavailable, or needs longer than the time limit of a statement to count.
    pub async fn stored_rows(&self) -> Result<StoredRows, StoreError> {
        ask!(self, store => store.stored_rows().await)
    }

    /// Writes and commits a row with the values that it has, to check that the database can be
    /// written.
    ///
    /// # Errors
    /// The database is unavailable, read-only or full, or has no tables of hallpass.
    pub async fn try_write(&self) -> Result<(), StoreError> {
        ask!(self, store => store.try_write().await)
    }
}

#[cfg(feature = "postgres")]
impl From<sqlx::PgPool> for SqlStore {
    fn from(pool: sqlx::PgPool) -> Self {
        let mut store = PostgresStore::from_pool(pool);
        store.migrates = true;
        Self::Postgres(store)
    }
}

#[cfg(feature = "sqlite")]
impl From<sqlx::SqlitePool> for SqlStore {
    fn from(pool: sqlx::SqlitePool) -> Self {
        let mut store = SqliteStore::from_pool(pool);
        store.migrates = true;
        Self::Sqlite(store)
    }
}

/// The operations of a site with its own users table.
impl SqlStore {
    /// Returns a store whose next operation is about this row of the site's table.
    pub(crate) fn on_row(&self, row: OwnRow) -> Self {
        let mut store = self.clone();
        match &mut store {
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.own_row = Some(Box::new(row)),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => store.own_row = Some(Box::new(row)),
        }
        store
    }

    /// Returns the state of an account, which need not have a row.
    pub(crate) async fn read_state(&self, id: &AccountId) -> Result<AccountState, StoreError> {
        ask!(self, store => store.read_state(id).await)
    }

    pub(crate) async fn begin_state(&self, id: &AccountId) -> Result<(), StoreError> {
        ask!(self, store => store.begin_state(id).await)
    }

    pub(crate) async fn account_of(
        &self,
        session: &SessionId,
    ) -> Result<Option<AccountId>, StoreError> {
        ask!(self, store => store.account_of(session).await)
    }

    pub(crate) async fn own_ids(
        &self,
        list: &'static str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<AccountId>, StoreError> {
        ask!(self, store => store.own_ids(list, after, limit).await)
    }

    pub(crate) async fn check_statement(
        &self,
        text: &'static str,
        parameters: &[Parameter],
    ) -> Result<(), StoreError> {
        ask!(self, store => store.check_statement(text, parameters).await)
    }
}

#[cfg(all(feature = "postgres", feature = "sqlite"))]
const EXAMPLE: &str = "sqlite://site.db, or postgres://site@localhost/site";
#[cfg(all(feature = "postgres", not(feature = "sqlite")))]
const EXAMPLE: &str = "postgres://site@localhost/site";
#[cfg(all(feature = "sqlite", not(feature = "postgres")))]
const EXAMPLE: &str = "sqlite://site.db";

/// Implements a trait with calls to the store of the variant.
macro_rules! either {
    ($trait:ident { $(type $error:ident;)? $(fn $method:ident($($arg:ident: $type:ty),*) -> $answer:ty;)+ }) => {
        impl $trait for SqlStore {
            $(type $error = StoreError;)?

            $(async fn $method(&self, $($arg: $type),*) -> Result<$answer, StoreError> {
                ask!(self, store => $trait::$method(store, $($arg),*).await)
            })+
        }
    };
}

either!(AccountStore {
    type Error;
    fn prepare() -> ();
    fn database_id() -> Option<String>;
    fn by_username(name: &Username) -> Option<Account>;
    fn by_id(id: &AccountId) -> Option<Account>;
});

either!(RegistrationStore {
    fn create(account: NewAccount) -> RegistrationOutcome;
});

either!(PasswordStore {
    fn replace_hash(id: &AccountId, old_hash: &str, new_hash: &str) -> ReplaceOutcome;
    fn change(change: PasswordChange) -> OwnChangeOutcome;
});

either!(TwoFactorStore {
    fn enable(enrolment: Enrolment) -> OwnChangeOutcome;
    fn consume_step(id: &AccountId, generation: u32, step: u64, drift: TotpDrift) -> ConsumeOutcome;
    fn consume_recovery_code(id: &AccountId, generation: u32, code: &RecoveryHash) -> ConsumeOutcome;
    fn replace_recovery_codes(own: &OwnChange, codes: &[RecoveryHash]) -> OwnChangeOutcome;
    fn disable(own: &OwnChange) -> OwnChangeOutcome;
    fn reset(id: &AccountId, by: Option<&Actor>, at: UnixTime) -> CommandOutcome;
    fn reencrypt(id: &AccountId, old_encrypted: &[u8], new_encrypted: &[u8]) -> ReplaceOutcome;
    fn list_secrets(after: Option<&AccountId>, limit: u32) -> Vec<StoredSecret>;
});

either!(SessionStore {
    fn open(session: NewSession) -> OpenOutcome;
    fn list(account: &AccountId, now: UnixTime) -> Vec<Session>;
    fn prune(now: UnixTime, limit: u32) -> u64;
    fn end(account: &AccountId, session: &SessionId, by: Option<&Actor>, at: UnixTime) -> EndOutcome;
    fn end_others(own: &OwnChange) -> OwnChangeOutcome;
    fn confirm(confirmation: &Confirmation) -> OwnChangeOutcome;
    fn end_all(account: &AccountId, by: Option<&Actor>, at: UnixTime) -> CommandOutcome;
});

either!(RefreshTokenStore {
    fn refresh(session: &SessionId, rotation: &Rotation) -> RefreshOutcome;
});

either!(AdministrationStore {
    fn set_roles(id: &AccountId, roles: &[String], keep: &[String], by: Option<&Actor>, at: UnixTime) -> CommandOutcome;
    fn set_disabled(id: &AccountId, disabled: bool, keep: &[String], by: Option<&Actor>, at: UnixTime) -> CommandOutcome;
    fn list(after: Option<&Username>, limit: u32) -> Vec<Account>;
});

either!(SiteStore {
    type Error;
    fn database_id() -> Option<String>;
    fn raise_epoch(at: UnixTime) -> u64;
    fn record_incarnation(old: Option<&Incarnation>, new: &Incarnation) -> bool;
    fn write_again(lost: &[Revocation]) -> Vec<AccountId>;
    fn has_accounts() -> bool;
    fn key_checks() -> Vec<KeyCheck>;
    fn record_key_checks(checks: &[KeyCheck], at: UnixTime) -> ();
    fn forget_key_checks(checks: &[KeyCheck]) -> ();
});

either!(RateLimitStore {
    type Error;
    fn try_take(key: &str, policy: &RateLimit, now: UnixTime) -> AttemptOutcome;
    fn give_back(key: &str, policy: &RateLimit, now: UnixTime) -> ();
    fn clear(key: &str) -> ();
    fn try_take_all(keys: &[LimitedKey<'_>], now: UnixTime) -> TakeAllOutcome;
    fn settle(cleared: &[&str], given_back: &[LimitedKey<'_>], now: UnixTime) -> ();
    fn prune(now: UnixTime, limit: u32) -> u64;
});

either!(BrowserStore {
    fn remember(login: &BrowserLogin) -> ();
    fn find(account: &AccountId, browser: &BrowserHash, credential: u32) -> Option<KnownBrowser>;
    fn list(account: &AccountId) -> Vec<KnownBrowser>;
    fn untrust(account: &AccountId, browser: &BrowserHash) -> ();
    fn forget(account: &AccountId, which: WhichBrowsers) -> u64;
    fn prune(now: UnixTime, limit: u32) -> u64;
});

either!(OutcomeStore {
    fn find(id: &OutcomeId, now: UnixTime) -> Option<Outcome>;
    fn put(outcome: &Outcome) -> PutOutcome;
    fn delete(seen: &Outcome) -> u64;
    fn prune(now: UnixTime, limit: u32) -> u64;
});

either!(ConsumedStore {
    type Error;
    fn consume(purpose: OneTimePurpose, hash: &OneTimeHash, expires: UnixTime) -> ConsumeOutcome;
    fn prune(now: UnixTime, limit: u32) -> u64;
});

either!(ActivityStore {
    fn record(account: &AccountId, activity: &Activity) -> ();
    fn recent(account: &AccountId, limit: u32) -> Vec<Activity>;
    fn prune(before: UnixTime, limit: u32) -> u64;
});

impl RevocationLog for SqlStore {
    type Error = StoreError;

    async fn read_after(&self, cursor: Cursor) -> Result<RevocationPage, StoreError> {
        ask!(self, store => store.read_after(cursor).await)
    }

    async fn purge_before(&self, before: UnixTime) -> Result<(), StoreError> {
        ask!(self, store => store.purge_before(before).await)
    }

    async fn prune(&self, before: UnixTime, limit: u32) -> Result<u64, StoreError> {
        ask!(self, store => RevocationLog::prune(store, before, limit).await)
    }

    fn notifier(&self) -> impl Notifier {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => SqlNotifier::Postgres(store.listen()),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(store) => SqlNotifier::Sqlite(store.watch()),
        }
    }

    async fn publish(&self, change: &Revocation) -> Result<(), StoreError> {
        ask!(self, store => store.publish(change).await)
    }

    fn connections(&self) -> Option<StoreConnections> {
        ask!(self, store => store.connections())
    }

    async fn database_id(&self) -> Result<Option<String>, StoreError> {
        ask!(self, store => RevocationLog::database_id(store).await)
    }
}

enum SqlNotifier {
    #[cfg(feature = "postgres")]
    Postgres(crate::postgres::Listen),
    #[cfg(feature = "sqlite")]
    Sqlite(crate::sqlite::Watch),
}

impl Notifier for SqlNotifier {
    type Error = StoreError;

    async fn notified(&mut self) -> Result<(), StoreError> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(push) => push.notified().await,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(push) => push.notified().await,
        }
    }

    fn push(&self) -> Option<&'static str> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(push) => push.push(),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(push) => push.push(),
        }
    }
}
