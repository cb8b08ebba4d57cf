//! A site's own users table, combined with the tables of hallpass: the suite on SQLite, with
//! integers as ids, and the reads between which an account changes.

use std::{
    ops::Deref,
    sync::{Arc, Mutex},
};

use hallpass_accounts::{
    Account, AccountId, AccountStore, AdministrationStore, CommandOutcome, NewAccount,
    PasswordStore, RefreshOutcome, RefreshTokenStore, RegistrationOutcome, RegistrationStore,
    ReplaceOutcome, Revocation, RevocationLog, SessionStore, SiteStore, Username,
};
use hallpass_sqlx::{HashColumn, OwnUsers, SqlStore, StoreErrorKind};
use hallpass_testkit::{
    store_suite::{
        fixture::{
            Reader, account, at, done, is_written, name, new_account, open, open_sessions, own,
            register,
        },
        session::refresh_token::{open_renewable, presenting},
    },
    test_store,
};
use sqlx::{Row, SqlitePool, sqlite::SqliteRow};

use crate::scratch::Scratch;

const TABLE: &str = "CREATE TABLE people (
    number INTEGER PRIMARY KEY, shown TEXT NOT NULL, login TEXT NOT NULL UNIQUE,
    pwhash TEXT NOT NULL, roles TEXT NOT NULL, blocked INTEGER NOT NULL DEFAULT 0
)";

/// The site's own table.
#[derive(Clone)]
struct People {
    pool: SqlitePool,
    /// Runs once, after the next read of a row by its id has begun.
    during_read: Arc<Mutex<Option<Then>>>,
}

/// A change that another process makes.
type Then = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

impl AccountStore for People {
    type Error = sqlx::Error;

    async fn by_username(&self, name: &Username) -> Result<Option<Account>, sqlx::Error> {
        let row = sqlx::query("SELECT * FROM people WHERE login = ?").bind(name.key());
        Ok(row.fetch_optional(&self.pool).await?.map(person))
    }

    async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, sqlx::Error> {
        let row = sqlx::query("SELECT * FROM people WHERE CAST(number AS TEXT) = ?");
        let row = row.bind(id.as_str()).fetch_optional(&self.pool).await?.map(person);
        let then = self.during_read.lock().unwrap().take();
        if let Some(then) = then {
            then.await;
        }
        Ok(row)
    }
}

impl RegistrationStore for People {
    async fn create(&self, new: NewAccount) -> Result<RegistrationOutcome, sqlx::Error> {
        let insert = sqlx::query_scalar::<_, i64>(
            "INSERT INTO people (shown, login, pwhash, roles) VALUES (?, ?, ?, ?) \
             ON CONFLICT (login) DO NOTHING RETURNING number",
        );
        let insert = insert.bind(new.username.as_str()).bind(new.username.key());
        let insert =
            insert.bind(&new.password_hash).bind(serde_json::to_string(&new.roles).unwrap());
        Ok(match insert.fetch_optional(&self.pool).await? {
            Some(number) => RegistrationOutcome::Created(AccountId::new(number.to_string())),
            None => RegistrationOutcome::NameTaken,
        })
    }
}

fn person(row: SqliteRow) -> Account {
    let id = AccountId::new(row.get::<i64, _>("number").to_string());
    Account::new(id, name(row.get("shown")), row.get::<String, _>("pwhash"))
        .with_roles(serde_json::from_str::<Vec<String>>(row.get("roles")).unwrap())
        .with_disabled(row.get("blocked"))
}

/// The combination and the directory with its file, which is removed with it.
struct OnItsOwnFile {
    store: OwnUsers<People, HashColumn>,
    people: People,
    _scratch: Scratch,
}

impl Deref for OnItsOwnFile {
    type Target = OwnUsers<People, HashColumn>;

    fn deref(&self) -> &Self::Target {
        &self.store
    }
}

async fn on_its_own_file() -> OnItsOwnFile {
    let scratch = Scratch::new();
    let pool = SqlitePool::connect(&format!("{}?mode=rwc", scratch.url("site.db"))).await.unwrap();
    sqlx::raw_sql(TABLE).execute(&pool).await.unwrap();
    let people = People { pool: pool.clone(), during_read: Arc::default() };
    let store = combined(&people, SqlStore::on_pool(pool));
    store.prepare().await.unwrap();
    OnItsOwnFile { store, people, _scratch: scratch }
}

fn combined(people: &People, rest: SqlStore) -> OwnUsers<People, HashColumn> {
    people
        .clone()
        .with(rest)
        .writing_hashes("UPDATE people SET pwhash = $3 WHERE number = $1 AND pwhash = $2")
        .writing_roles("UPDATE people SET roles = $2 WHERE number = $1")
        .listing("SELECT CAST(number AS TEXT) FROM people WHERE login > $1 ORDER BY login LIMIT $2")
        .listing_role(
            "SELECT CAST(number AS TEXT) FROM people WHERE roles LIKE '%\"' || $1 || '\"%' \
             AND CAST(number AS TEXT) > $2 AND NOT blocked ORDER BY CAST(number AS TEXT) LIMIT $3",
        )
}

mod suite {
    use super::*;

    test_store! {
        #[tokio::test]
        on_its_own_file: account activity administration browser consumed outcome own_change
        password rate_limit refresh_token reset_link revocation session site step_up two_factor
    }
}

/// A role that is removed while the row is read is not in the token of the new number.
#[tokio::test]
async fn roles_that_change_during_a_read_are_read_again() {
    let site = on_its_own_file().await;
    let id = register(&*site, "alice").await;
    let session = open_renewable(&*site, &id, 1, at(1000)).await;
    let other = site.store.clone();
    let change = id.clone();
    *site.people.during_read.lock().unwrap() = Some(Box::pin(async move {
        let roles = ["visitor".to_owned()];
        done(other.set_roles(&change, &roles, &[], None, at(15)).await.unwrap());
    }));
    let refreshed = site.refresh(&session, &presenting(1, at(20))).await.unwrap();
    let RefreshOutcome::Consumed(refreshed) = refreshed else { panic!("{refreshed:?}") };
    assert_eq!(refreshed.account.roles(), ["visitor"]);
    assert_eq!(refreshed.account.numbers().stale_below, 1);
}

/// The site's column blocks a person at the next login and refresh, without any statement.
#[tokio::test]
async fn a_person_blocked_in_the_table_gets_no_token() {
    let site = on_its_own_file().await;
    let id = register(&*site, "alice").await;
    let session = open_renewable(&*site, &id, 1, at(1000)).await;
    let decided = own(&*site, &id, None, at(20)).await;
    sqlx::raw_sql("UPDATE people SET blocked = 1").execute(&site.people.pool).await.unwrap();
    assert!(account(&*site, &id).await.disabled());
    let refresh = site.refresh(&session, &presenting(1, at(20))).await.unwrap();
    assert!(matches!(refresh, RefreshOutcome::Ended), "{refresh:?}");
    let own = site.end_others(&decided).await.unwrap();
    assert!(!is_written(&own));
    let bob = register(&*site, "bob").await;
    let command = site.end_all(&bob, Some(&decided.actor), at(20)).await.unwrap();
    assert!(matches!(command, CommandOutcome::ActorChanged), "{command:?}");
}

#[test]
fn statements_of_the_guide_are_the_tested_ones() {
    let guide = include_str!("../../../../docs/guide/src/own-users.md");
    for file in [
        include_str!("../../../../examples/own-users-table/sql/disable.sql"),
        include_str!("../../../../examples/own-users-postgres/sql/disable.sql"),
    ] {
        let statements = &file[file.find("BEGIN").unwrap()..];
        assert!(guide.contains(statements), "{statements}");
    }
}

/// The documented statements, run by another program.
#[tokio::test]
async fn documented_statements_disable_an_account() {
    let site = on_its_own_file().await;
    let (alice, bob) = (register(&*site, "alice").await, register(&*site, "bob").await);
    open(&*site, &alice, 1).await;
    let mut log = Reader::new(&*site);
    for (id, number) in [(&alice, 1), (&bob, 1), (&alice, 2)] {
        let disable = include_str!("../../../../examples/own-users-table/sql/disable.sql");
        let disable = disable.replace(":account", &format!("'{id}'"));
        let disable = sqlx::raw_sql(sqlx::AssertSqlSafe(disable));
        disable.execute(&site.people.pool).await.unwrap();
        let now = account(&*site, id).await;
        assert!(now.disabled() && now.numbers().revoked_below == number, "{now:?}");
        assert_eq!(open_sessions(&*site, id).await, []);
        let [Revocation::RevokedBelow { account, number: logged, disabled: true, at }] =
            &log.read_new().await[..]
        else {
            panic!("one entry")
        };
        assert_eq!((account, *logged), (id, number));
        let facts = site.read_after(Default::default()).await.unwrap().facts.unwrap();
        assert!(facts.now.since(*at).as_secs() < 60, "the time of the store");
    }
    done(site.set_disabled(&alice, false, &[], None, at(30)).await.unwrap());
    open(&*site, &alice, 2).await;
}

#[tokio::test]
async fn a_lost_state_is_written_again() {
    let site = on_its_own_file().await;
    let id = register(&*site, "alice").await;
    let disabled = true;
    let lost = Revocation::RevokedBelow { account: id.clone(), number: 4, disabled, at: at(5) };
    let written = site.write_again(std::slice::from_ref(&lost)).await.unwrap();
    assert_eq!(written, std::slice::from_ref(&id));
    let now = account(&*site, &id).await;
    assert!(now.disabled() && now.numbers().revoked_below == 4);
}

/// A statement on a table of another database fails at the start, not at the first change.
#[tokio::test]
async fn statements_are_checked_at_the_start() {
    let site = on_its_own_file().await;
    let scratch = Scratch::new();
    let elsewhere = SqlStore::open(&scratch.url("other.db")).await.unwrap();
    let error = combined(&site.people, elsewhere).prepare().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::OwnTable);
    let text = std::error::Error::source(&error).unwrap().to_string();
    assert!(text.contains("UPDATE people") && text.contains("no such table"), "{text}");
}

/// Without a statement, the site's table is not written, and the error names the setting.
#[tokio::test]
async fn a_change_without_its_statement_names_the_setting() {
    let site = on_its_own_file().await;
    let id = register(&*site, "alice").await;
    let two_methods = site.people.clone().with(SqlStore::on_pool(site.people.pool.clone()));
    let roles = two_methods.set_roles(&id, &[], &[], None, at(5)).await.unwrap_err();
    let list = AdministrationStore::list(&two_methods, None, 5).await.unwrap_err();
    for (error, setting) in [(roles, ".writing_roles(sql)"), (list, ".listing(sql)")] {
        let text = std::error::Error::source(&error).unwrap().to_string();
        assert!(text.contains(setting), "{text}");
    }
    assert_eq!(account(&*site, &id).await.roles(), ["guest"]);
    done(two_methods.set_disabled(&id, true, &[], None, at(6)).await.unwrap());
    assert!(account(&*site, &id).await.disabled());
}

/// One connection is enough: no call waits for a second one.
#[tokio::test]
async fn a_pool_of_one_connection_is_enough() {
    let options = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).idle_timeout(None);
    let pool = options.connect("sqlite::memory:").await.unwrap();
    sqlx::raw_sql(TABLE).execute(&pool).await.unwrap();
    let people = People { pool: pool.clone(), during_read: Arc::default() };
    let store = combined(&people, SqlStore::on_pool(pool));
    store.prepare().await.unwrap();
    let new = new_account("ignored", "alice");
    let RegistrationOutcome::Created(id) = store.create(new).await.unwrap() else { panic!() };
    open(&store, &id, 1).await;
    let replaced = store.replace_hash(&id, "hash-0", "hash-1").await.unwrap();
    assert_eq!(replaced, ReplaceOutcome::Replaced);
    done(store.set_disabled(&id, true, &[], None, at(30)).await.unwrap());
}
