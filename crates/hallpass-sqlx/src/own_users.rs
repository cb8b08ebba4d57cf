//! A site with its own users table: the accounts are in the table of the site, and everything else
//! is in the tables of hallpass in the same database.
//!
//! `hallpass_account_state` has the numbers of an account of the site and whether hallpass has
//! disabled it. Its row is created when it is first needed. Each operation reads the numbers
//! first, then the row of the site's table, and then compares the numbers again under its lock:
//! see `sql/account/state.rs`. No call waits for a second connection while it holds one, so a pool
//! of one connection is enough.

use std::{fmt, marker::PhantomData, sync::Arc};

use hallpass_accounts::{
    Account, AccountId, AccountNumbers, AccountStore, Activity, ActivityStore, Actor,
    AdministrationStore, AttemptOutcome, BrowserHash, BrowserLogin, BrowserStore, CombinedWith,
    CommandOutcome, Confirmation, ConsumeOutcome, ConsumedStore, Cursor, EndOutcome, Enrolment,
    Incarnation, KeyCheck, KnownBrowser, LimitedKey, LiveFactor, NewAccount, NewSession, Notifier,
    OneTimeHash, OneTimePurpose, OpenOutcome, Outcome, OutcomeId, OutcomeStore, OwnChange,
    OwnChangeOutcome, PasswordChange, PasswordStore, PutOutcome, RateLimit, RateLimitStore,
    RecoveryHash, RefreshOutcome, RefreshTokenStore, RegistrationOutcome, RegistrationStore,
    ReplaceOutcome, Revocation, RevocationLog, RevocationPage, Rotation, Session, SessionId,
    SessionStore, SiteStore, StoreConnections, StoredSecret, TakeAllOutcome, TwoFactorStore,
    Username, WhichBrowsers,
};
use hallpass_core::{TotpDrift, UnixTime};

use crate::{
    error::{StoreError, StoreErrorKind},
    sql_store::SqlStore,
};

/// A site's own users table, combined with the tables of hallpass in the same database.
///
/// [`AccountStore::with`] creates it. `A` is the site's store, which needs the two methods of
/// [`AccountStore`]. Sessions, refresh tokens, second factors, rate limits, the revocation log, the
/// numbers of each account and whether it is disabled are in the tables of hallpass. The site's
/// roles and password hash are read at each login and refresh.
///
/// The numbers and the second factor that the site's store returns are replaced by those of
/// hallpass. An account is disabled if it is disabled in either table.
///
/// Four statements are optional. They are run inside the transactions of hallpass, so that a
/// change of the site's table and its revocation are committed together. The start of the site
/// checks each of them.
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use hallpass_accounts::{Account, AccountId, AccountStore, Username};
/// use hallpass_sqlx::SqlStore;
/// use sqlx::SqlitePool;
///
/// struct Customers {
///     pool: SqlitePool,
/// }
///
/// impl AccountStore for Customers {
///     type Error = sqlx::Error;
///
///     async fn by_username(&self, name: &Username) -> Result<Option<Account>, sqlx::Error> {
///         let row = sqlx::query_as("SELECT number, login, pwhash FROM customers WHERE login = ?");
///         Ok(row.bind(name.key()).fetch_optional(&self.pool).await?.and_then(account))
///     }
///
///     async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, sqlx::Error> {
///         let row = sqlx::query_as("SELECT number, login, pwhash FROM customers WHERE number = ?");
///         Ok(row.bind(id.as_str()).fetch_optional(&self.pool).await?.and_then(account))
///     }
/// }
///
/// fn account((number, login, pwhash): (i64, String, String)) -> Option<Account> {
///     let name = Username::parse(&login).ok()?;
///     Some(Account::new(AccountId::new(number.to_string()), name, pwhash))
/// }
///
/// let pool = SqlitePool::connect("sqlite::memory:").await?;
/// # sqlx::raw_sql("CREATE TABLE customers (number INTEGER PRIMARY KEY, login TEXT, pwhash TEXT)").execute(&pool).await?;
/// let store = Customers { pool: pool.clone() }
///     .with(SqlStore::on_pool(pool))
///     .writing_hashes("UPDATE customers SET pwhash = $3 WHERE number = $1 AND pwhash = $2");
/// store.prepare().await?; // the start of a site does this
///
/// let misspelt = store.writing_hashes("UPDATE customer SET pwhash = $3 WHERE number = $1");
/// assert!(misspelt.prepare().await.is_err());
/// # Ok(())
/// # }
/// # #[cfg(feature = "sqlite")]
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
/// ```
pub struct OwnUsers<A, H = NoHashColumn> {
    users: Arc<A>,
    rest: SqlStore,
    statements: Statements,
    hashes: PhantomData<fn() -> H>,
}

/// Marks an [`OwnUsers`] whose password hashes hallpass does not write. It is not a
/// [`PasswordStore`].
#[derive(Clone, Copy, Debug)]
pub struct NoHashColumn;

/// Marks an [`OwnUsers`] whose password hashes hallpass [writes](OwnUsers::writing_hashes).
#[derive(Clone, Copy, Debug)]
pub struct HashColumn;

/// The statements that write to the site's table, and list its accounts.
#[derive(Clone, Copy, Default)]
pub(crate) struct Statements {
    hash: Option<&'static str>,
    roles: Option<&'static str>,
    list: Option<&'static str>,
    role: Option<&'static str>,
}

impl Statements {
    pub(crate) fn hash(&self) -> Result<&'static str, StoreError> {
        self.hash.ok_or_else(|| missing("password hashes are", "writing_hashes"))
    }

    pub(crate) fn roles(&self) -> Result<&'static str, StoreError> {
        self.roles.ok_or_else(|| missing("the roles are", "writing_roles"))
    }

    pub(crate) fn role(&self) -> Result<&'static str, StoreError> {
        self.role.ok_or_else(|| missing("the accounts with a role are", "listing_role"))
    }

    fn list(&self) -> Result<&'static str, StoreError> {
        self.list.ok_or_else(|| missing("the accounts are", "listing"))
    }

    fn all(&self) -> impl Iterator<Item = (&'static str, &'static [Parameter])> {
        use Parameter::{Integer, Text};
        let hash = self.hash.map(|text| (text, &[Text, Text, Text][..]));
        let roles = self.roles.map(|text| (text, &[Text, Text][..]));
        let list = self.list.map(|text| (text, &[Text, Integer][..]));
        let role = self.role.map(|text| (text, &[Text, Text, Integer][..]));
        hash.into_iter().chain(roles).chain(list).chain(role)
    }
}

/// The type of a parameter of a statement of the site.
#[derive(Clone, Copy)]
pub(crate) enum Parameter {
    Text,
    Integer,
}

fn missing(what: &str, method: &str) -> StoreError {
    let text = format!("{what} in the site's own table: call `.{method}(sql)` on the store");
    StoreError::new(StoreErrorKind::OwnTable, text)
}

/// The row of the site's own table that an operation is about, and the numbers that were read
/// before it.
#[derive(Clone)]
pub(crate) struct OwnRow {
    pub(crate) account: Account,
    pub(crate) statements: Statements,
}

/// The data of an account in the tables of hallpass.
pub(crate) struct AccountState {
    /// Whether the account has a row.
    pub(crate) exists: bool,
    pub(crate) numbers: AccountNumbers,
    pub(crate) disabled: bool,
    pub(crate) epoch: u64,
    pub(crate) factor: Option<LiveFactor>,
}

impl AccountState {
    /// Returns the account of a row with this state.
    pub(crate) fn of(self, row: Account) -> Account {
        let disabled = row.disabled() || self.disabled;
        row.with_numbers(self.numbers)
            .with_epoch(self.epoch)
            .with_disabled(disabled)
            .with_second_factor(self.factor)
    }
}

/// The error of an operation whose account was changed after the site's row was read. The operation
/// begins again.
pub(crate) fn behind() -> StoreError {
    StoreError::new(StoreErrorKind::Busy, "the numbers of the account have changed")
}

impl<A> CombinedWith<A> for SqlStore {
    type Combined = OwnUsers<A>;

    fn combined_with(self, users: A) -> OwnUsers<A> {
        OwnUsers {
            users: Arc::new(users),
            rest: self,
            statements: Statements::default(),
            hashes: PhantomData,
        }
    }
}

impl<A, H> OwnUsers<A, H> {
    /// Sets the statement that replaces a password hash, which makes this a [`PasswordStore`]:
    /// `$1` is the id of the account, `$2` the hash that must still be stored, and `$3` the new
    /// hash, all of them text. For example `UPDATE users SET password_hash = $3 WHERE id =
    /// $1::uuid AND password_hash = $2`.
    #[must_use]
    pub fn writing_hashes(self, sql: &'static str) -> OwnUsers<A, HashColumn> {
        let statements = Statements { hash: Some(sql), ..self.statements };
        OwnUsers { users: self.users, rest: self.rest, statements, hashes: PhantomData }
    }

    /// Sets the statement that replaces the roles: `$1` is the id of the account, and `$2` a JSON
    /// array of role names, both of them text. For example
    /// `UPDATE users SET role = $2::json ->> 0 WHERE id = $1::uuid` on PostgreSQL.
    ///
    /// Without it `set_roles` returns an error. Roles that the site changes in its table take
    /// effect at the next refresh.
    #[must_use]
    pub fn writing_roles(mut self, sql: &'static str) -> Self {
        self.statements.roles = Some(sql);
        self
    }

    /// Sets the statement that lists the ids of accounts, as text in the first column, in the order
    /// of the keys of their names: `$1` is the key after which the list begins, or empty, and `$2`
    /// the maximum number of rows. For example
    /// `SELECT id::text FROM users WHERE email > $1 ORDER BY email LIMIT $2`. The column must be
    /// compared and sorted by its characters (`COLLATE "C"` on PostgreSQL).
    ///
    /// Without it `list` returns an error.
    #[must_use]
    pub fn listing(mut self, sql: &'static str) -> Self {
        self.statements.list = Some(sql);
        self
    }

    /// Sets the statement that lists the ids of the accounts with a role, as text in the first
    /// column, in their order as text: `$1` is the name of the role, `$2` the id after which the
    /// list begins, or empty, and `$3` the maximum number of rows. For example
    /// `SELECT id::text FROM users WHERE role = $1 AND id::text > $2 ORDER BY id::text LIMIT $3`.
    /// It must leave out accounts that are disabled in the site's table.
    ///
    /// Without it, a command that takes away a role of which one account must remain
    /// ([`Settings::kept_roles`](hallpass_accounts::Settings::kept_roles)) returns an error.
    #[must_use]
    pub fn listing_role(mut self, sql: &'static str) -> Self {
        self.statements.role = Some(sql);
        self
    }
}

impl<A, H> Clone for OwnUsers<A, H> {
    fn clone(&self) -> Self {
        Self {
            users: Arc::clone(&self.users),
            rest: self.rest.clone(),
            statements: self.statements,
            hashes: PhantomData,
        }
    }
}

impl<A, H> fmt::Debug for OwnUsers<A, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnUsers").field("rest", &self.rest).finish_non_exhaustive()
    }
}

impl<A: AccountStore, H: 'static> OwnUsers<A, H> {
    /// Returns the account as it is now: the numbers of hallpass, and the row of the site's table,
    /// which is read after them.
    async fn current(&self, id: &AccountId) -> Result<Option<(Account, bool)>, StoreError> {
        let state = self.rest.read_state(id).await?;
        let Some(row) = self.users.by_id(id).await.map_err(of_users)? else { return Ok(None) };
        if row.id() != id {
            return Err(StoreError::corrupt("the site's store returned another account"));
        }
        let exists = state.exists;
        Ok(Some((state.of(row), exists)))
    }

    /// Returns the store on whose tables an operation on this account runs. `None` for an account
    /// that the site's table does not have.
    async fn on_row(&self, id: &AccountId) -> Result<Option<(SqlStore, Account)>, StoreError> {
        let Some((account, exists)) = self.current(id).await? else { return Ok(None) };
        if !exists {
            self.rest.begin_state(id).await?;
        }
        let row = OwnRow { account: account.clone(), statements: self.statements };
        Ok(Some((self.rest.on_row(row), account)))
    }

    /// Creates the state of an account of the site's table, to which other rows refer. Has no
    /// effect for an account that does not exist.
    async fn begin(&self, id: &AccountId) -> Result<(), StoreError> {
        match self.current(id).await? {
            Some((_, false)) => self.rest.begin_state(id).await,
            _ => Ok(()),
        }
    }

    /// Returns whether the site's table lets this actor act. The statement of the command checks
    /// the state of hallpass.
    async fn may_act(&self, by: Option<&Actor>) -> Result<bool, StoreError> {
        let Some(actor) = by else { return Ok(true) };
        let row = self.users.by_id(&actor.account).await.map_err(of_users)?;
        Ok(row.is_some_and(|row| !row.disabled()))
    }
}

fn of_users(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::new(StoreErrorKind::OwnTable, error)
}

/// Runs an operation on the current row of an account. If the account was changed meanwhile, the
/// operation begins again.
macro_rules! on_row {
    ($self:ident, $id:expr, $absent:expr, |$store:ident, $account:ident| $call:expr) => {{
        let mut again = ATTEMPTS;
        loop {
            let Some(($store, $account)) = $self.on_row($id).await? else { return Ok($absent) };
            match $call.await {
                Err(error) if error.kind() == StoreErrorKind::Busy && again > 0 => again -= 1,
                result => break result,
            }
        }
    }};
}

/// The same for a person's change to their own account, which an account that is disabled in the
/// site's table cannot make.
macro_rules! own_change {
    ($self:ident, $own:expr, |$store:ident| $call:expr) => {
        on_row!($self, &$own.actor.account, OwnChangeOutcome::NotWritten, |store, account| async {
            if account.disabled() {
                return Ok(OwnChangeOutcome::NotWritten);
            }
            let $store = store;
            $call.await
        })
    };
}

/// More changes of one account than can be committed during one read.
const ATTEMPTS: u32 = 20;

impl<A: AccountStore, H: 'static> AccountStore for OwnUsers<A, H> {
    type Error = StoreError;

    async fn by_username(&self, name: &Username) -> Result<Option<Account>, StoreError> {
        match self.users.by_username(name).await.map_err(of_users)? {
            // The row is read again after the numbers.
            Some(row) => self.by_id(row.id()).await,
            None => Ok(None),
        }
    }

    async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        Ok(self.current(id).await?.map(|(account, _)| account))
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        self.users.prepare().await.map_err(of_users)?;
        self.rest.prepare().await?;
        for (text, parameters) in self.statements.all() {
            self.rest.check_statement(text, parameters).await.map_err(|error| {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                let cause = cause.unwrap_or_default();
                let text = format!(
                    "the statement {text:?} cannot be run in the database of hallpass: {cause}"
                );
                StoreError::new(StoreErrorKind::OwnTable, text)
            })?;
        }
        Ok(())
    }

    async fn database_id(&self) -> Result<Option<String>, StoreError> {
        AccountStore::database_id(&self.rest).await
    }
}

/// The state of an account is created when it is first needed.
impl<A: RegistrationStore, H: 'static> RegistrationStore for OwnUsers<A, H> {
    async fn create(&self, account: NewAccount) -> Result<RegistrationOutcome, StoreError> {
        self.users.create(account).await.map_err(of_users)
    }
}

impl<A: AccountStore> PasswordStore for OwnUsers<A, HashColumn> {
    async fn replace_hash(
        &self,
        id: &AccountId,
        old_hash: &str,
        new_hash: &str,
    ) -> Result<ReplaceOutcome, StoreError> {
        on_row!(self, id, ReplaceOutcome::Changed, |store, _account| {
            store.replace_hash(id, old_hash, new_hash)
        })
    }

    async fn change(&self, change: PasswordChange) -> Result<OwnChangeOutcome, StoreError> {
        own_change!(self, change.own, |store| PasswordStore::change(&store, change.clone()))
    }
}

impl<A: AccountStore, H: 'static> TwoFactorStore for OwnUsers<A, H> {
    async fn enable(&self, enrolment: Enrolment) -> Result<OwnChangeOutcome, StoreError> {
        own_change!(self, enrolment.own, |store| store.enable(enrolment.clone()))
    }

    async fn consume_step(
        &self,
        id: &AccountId,
        generation: u32,
        step: u64,
        drift: TotpDrift,
    ) -> Result<ConsumeOutcome, StoreError> {
        self.rest.consume_step(id, generation, step, drift).await
    }

    async fn consume_recovery_code(
        &self,
        id: &AccountId,
        generation: u32,
        code: &RecoveryHash,
    ) -> Result<ConsumeOutcome, StoreError> {
        self.rest.consume_recovery_code(id, generation, code).await
    }

    async fn replace_recovery_codes(
        &self,
        own: &OwnChange,
        codes: &[RecoveryHash],
    ) -> Result<OwnChangeOutcome, StoreError> {
        own_change!(self, own, |store| store.replace_recovery_codes(own, codes))
    }

    async fn disable(&self, own: &OwnChange) -> Result<OwnChangeOutcome, StoreError> {
        own_change!(self, own, |store| TwoFactorStore::disable(&store, own))
    }

    async fn reset(
        &self,
        id: &AccountId,
        by: Option<&Actor>,
        at: UnixTime,
    ) -> Result<CommandOutcome, StoreError> {
        if !self.may_act(by).await? {
            return Ok(CommandOutcome::ActorChanged);
        }
        on_row!(self, id, CommandOutcome::NotFound, |store, _account| {
            TwoFactorStore::reset(&store, id, by, at)
        })
    }

    async fn reencrypt(
        &self,
        id: &AccountId,
        old_encrypted: &[u8],
        new_encrypted: &[u8],
    ) -> Result<ReplaceOutcome, StoreError> {
        self.rest.reencrypt(id, old_encrypted, new_encrypted).await
    }

    async fn list_secrets(
        &self,
        after: Option<&AccountId>,
        limit: u32,
    ) -> Result<Vec<StoredSecret>, StoreError> {
        self.rest.list_secrets(after, limit).await
    }
}

impl<A: AccountStore, H: 'static> SessionStore for OwnUsers<A, H> {
    async fn open(&self, session: NewSession) -> Result<OpenOutcome, StoreError> {
        on_row!(self, &session.account, OpenOutcome::AccountChanged, |store, _account| {
            store.open(session.clone())
        })
    }

    async fn list(&self, account: &AccountId, now: UnixTime) -> Result<Vec<Session>, StoreError> {
        SessionStore::list(&self.rest, account, now).await
    }

    async fn prune(&self, now: UnixTime, limit: u32) -> Result<u64, StoreError> {
        SessionStore::prune(&self.rest, now, limit).await
    }

    async fn end(
        &self,
        account: &AccountId,
        session: &SessionId,
        by: Option<&Actor>,
        at: UnixTime,
    ) -> Result<EndOutcome, StoreError> {
        if !self.may_act(by).await? {
            return Ok(EndOutcome::ActorChanged);
        }
        self.rest.end(account, session, by, at).await
    }

    async fn end_others(&self, own: &OwnChange) -> Result<OwnChangeOutcome, StoreError> {
        own_change!(self, own, |store| store.end_others(own))
    }

    async fn confirm(&self, confirmation: &Confirmation) -> Result<OwnChangeOutcome, StoreError> {
        own_change!(self, confirmation, |store| store.confirm(confirmation))
    }

    async fn end_all(
        &self,
        account: &AccountId,
        by: Option<&Actor>,
        at: UnixTime,
    ) -> Result<CommandOutcome, StoreError> {
        if !self.may_act(by).await? {
            return Ok(CommandOutcome::ActorChanged);
        }
        on_row!(self, account, CommandOutcome::NotFound, |store, _row| {
            store.end_all(account, by, at)
        })
    }
}

impl<A: AccountStore, H: 'static> RefreshTokenStore for OwnUsers<A, H> {
    async fn refresh(
        &self,
        session: &SessionId,
        rotation: &Rotation,
    ) -> Result<RefreshOutcome, StoreError> {
        let Some(account) = self.rest.account_of(session).await? else {
            return Ok(RefreshOutcome::Ended);
        };
        on_row!(self, &account, RefreshOutcome::Ended, |store, _account| {
            store.refresh(session, rotation)
        })
    }
}

impl<A: AccountStore, H: 'static> AdministrationStore for OwnUsers<A, H> {
    async fn set_roles(
        &self,
        id: &AccountId,
        roles: &[String],
        keep: &[String],
        by: Option<&Actor>,
        at: UnixTime,
    ) -> Result<CommandOutcome, StoreError> {
        self.statements.roles()?;
        if !self.may_act(by).await? {
            return Ok(CommandOutcome::ActorChanged);
        }
        on_row!(self, id, CommandOutcome::NotFound, |store, _account| {
            store.set_roles(id, roles, keep, by, at)
        })
    }

    async fn set_disabled(
        &self,
        id: &AccountId,
        disabled: bool,
        keep: &[String],
        by: Option<&Actor>,
        at: UnixTime,
    ) -> Result<CommandOutcome, StoreError> {
        if !self.may_act(by).await? {
            return Ok(CommandOutcome::ActorChanged);
        }
        on_row!(self, id, CommandOutcome::NotFound, |store, _account| {
            store.set_disabled(id, disabled, keep, by, at)
        })
    }

    async fn list(&self, after: Option<&Username>, limit: u32) -> Result<Vec<Account>, StoreError> {
        let list = self.statements.list()?;
        let ids = self.rest.own_ids(list, after.map_or("", Username::key), limit).await?;
        let mut accounts = Vec::with_capacity(ids.len());
        for id in ids {
            accounts.extend(self.by_id(&id).await?);
        }
        Ok(accounts)
    }
}

impl<A: AccountStore, H: 'static> SiteStore for OwnUsers<A, H> {
    type Error = StoreError;

    async fn raise_epoch(&self, at: UnixTime) -> Result<u64, StoreError> {
        self.rest.raise_epoch(at).await
    }

    async fn record_incarnation(
        &self,
        old: Option<&Incarnation>,
        new: &Incarnation,
    ) -> Result<bool, StoreError> {
        self.rest.record_incarnation(old, new).await
    }

    /// The failover may have lost the row of a state too.
    async fn write_again(&self, lost: &[Revocation]) -> Result<Vec<AccountId>, StoreError> {
        for change in lost {
            if let Revocation::RevokedBelow { account, .. }
            | Revocation::StaleBelow { account, .. } = change
            {
                self.begin(account).await?;
            }
        }
        self.rest.write_again(lost).await
    }

    async fn has_accounts(&self) -> Result<bool, StoreError> {
        self.rest.has_accounts().await
    }

    async fn key_checks(&self) -> Result<Vec<KeyCheck>, StoreError> {
        self.rest.key_checks().await
    }

    async fn record_key_checks(&self, checks: &[KeyCheck], at: UnixTime) -> Result<(), StoreError> {
        self.rest.record_key_checks(checks, at).await
    }

    async fn forget_key_checks(&self, checks: &[KeyCheck]) -> Result<(), StoreError> {
        self.rest.forget_key_checks(checks).await
    }

    async fn database_id(&self) -> Result<Option<String>, StoreError> {
        SiteStore::database_id(&self.rest).await
    }
}

impl<A: AccountStore, H: 'static> RevocationLog for OwnUsers<A, H> {
    type Error = StoreError;

    async fn read_after(&self, cursor: Cursor) -> Result<RevocationPage, StoreError> {
        self.rest.read_after(cursor).await
    }

    async fn purge_before(&self, before: UnixTime) -> Result<(), StoreError> {
        self.rest.purge_before(before).await
    }

    async fn prune(&self, before: UnixTime, limit: u32) -> Result<u64, StoreError> {
        RevocationLog::prune(&self.rest, before, limit).await
    }

    fn connections(&self) -> Option<StoreConnections> {
        self.rest.connections()
    }

    fn notifier(&self) -> impl Notifier {
        self.rest.notifier()
    }

    async fn database_id(&self) -> Result<Option<String>, StoreError> {
        RevocationLog::database_id(&self.rest).await
    }
}

/// Implements a trait with calls to the tables of hallpass alone.
macro_rules! rest {
    ($trait:ident { $(type $error:ident;)? $(fn $method:ident($($arg:ident: $type:ty),*) -> $answer:ty;)+ }) => {
        impl<A: AccountStore, H: 'static> $trait for OwnUsers<A, H> {
            $(type $error = StoreError;)?

            $(async fn $method(&self, $($arg: $type),*) -> Result<$answer, StoreError> {
                $trait::$method(&self.rest, $($arg),*).await
            })+
        }
    };
}

rest!(RateLimitStore {
    type Error;
    fn try_take(key: &str, policy: &RateLimit, now: UnixTime) -> AttemptOutcome;
    fn give_back(key: &str, policy: &RateLimit, now: UnixTime) -> ();
    fn clear(key: &str) -> ();
    fn try_take_all(keys: &[LimitedKey<'_>], now: UnixTime) -> TakeAllOutcome;
    fn settle(cleared: &[&str], given_back: &[LimitedKey<'_>], now: UnixTime) -> ();
    fn prune(now: UnixTime, limit: u32) -> u64;
});

rest!(ConsumedStore {
    type Error;
    fn consume(purpose: OneTimePurpose, hash: &OneTimeHash, expires: UnixTime) -> ConsumeOutcome;
    fn prune(now: UnixTime, limit: u32) -> u64;
});

impl<A: AccountStore, H: 'static> BrowserStore for OwnUsers<A, H> {
    async fn remember(&self, login: &BrowserLogin) -> Result<(), StoreError> {
        self.begin(&login.account).await?;
        self.rest.remember(login).await
    }

    async fn find(
        &self,
        account: &AccountId,
        browser: &BrowserHash,
        credential: u32,
    ) -> Result<Option<KnownBrowser>, StoreError> {
        BrowserStore::find(&self.rest, account, browser, credential).await
    }

    async fn list(&self, account: &AccountId) -> Result<Vec<KnownBrowser>, StoreError> {
        BrowserStore::list(&self.rest, account).await
    }

    async fn untrust(&self, account: &AccountId, browser: &BrowserHash) -> Result<(), StoreError> {
        self.rest.untrust(account, browser).await
    }

    async fn forget(&self, account: &AccountId, which: WhichBrowsers) -> Result<u64, StoreError> {
        self.rest.forget(account, which).await
    }

    async fn prune(&self, now: UnixTime, limit: u32) -> Result<u64, StoreError> {
        BrowserStore::prune(&self.rest, now, limit).await
    }
}

impl<A: AccountStore, H: 'static> OutcomeStore for OwnUsers<A, H> {
    async fn find(&self, id: &OutcomeId, now: UnixTime) -> Result<Option<Outcome>, StoreError> {
        OutcomeStore::find(&self.rest, id, now).await
    }

    async fn put(&self, outcome: &Outcome) -> Result<PutOutcome, StoreError> {
        if let Some(account) = &outcome.account {
            self.begin(account).await?;
        }
        self.rest.put(outcome).await
    }

    async fn delete(&self, seen: &Outcome) -> Result<u64, StoreError> {
        self.rest.delete(seen).await
    }

    async fn prune(&self, now: UnixTime, limit: u32) -> Result<u64, StoreError> {
        OutcomeStore::prune(&self.rest, now, limit).await
    }
}

impl<A: AccountStore, H: 'static> ActivityStore for OwnUsers<A, H> {
    async fn record(&self, account: &AccountId, activity: &Activity) -> Result<(), StoreError> {
        self.begin(account).await?;
        self.rest.record(account, activity).await
    }

    async fn recent(&self, account: &AccountId, limit: u32) -> Result<Vec<Activity>, StoreError> {
        self.rest.recent(account, limit).await
    }

    async fn prune(&self, before: UnixTime, limit: u32) -> Result<u64, StoreError> {
        ActivityStore::prune(&self.rest, before, limit).await
    }
}
