//! The application's own table, as hallpass reads it.

use hallpass::store::{AccountStore, HashColumn, OwnUsers, SqlStore};
use hallpass::{Account, AccountId, Username};
use sqlx::{Row, SqlitePool, sqlite::SqliteRow};

/// The table `customers`.
#[derive(Clone)]
pub(crate) struct Customers {
    pool: SqlitePool,
}

/// Returns the table `customers`, combined with the tables of hallpass in the same database.
pub(crate) fn store(pool: SqlitePool) -> OwnUsers<Customers, HashColumn> {
    Customers { pool: pool.clone() }
        .with(SqlStore::on_pool(pool))
        // Adds `POST /account/password`, and replaces weak hashes at the next login.
        .writing_hashes("UPDATE customers SET pwhash = $3 WHERE number = $1 AND pwhash = $2")
}

// These two methods are enough for a login.

impl AccountStore for Customers {
    type Error = sqlx::Error;

    /// The column `login` contains lower-case names, in the form of `Username::key`.
    async fn by_username(&self, name: &Username) -> Result<Option<Account>, sqlx::Error> {
        let row = sqlx::query("SELECT * FROM customers WHERE login = ?").bind(name.key());
        row.fetch_optional(&self.pool).await?.map(account).transpose()
    }

    async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, sqlx::Error> {
        let row = sqlx::query("SELECT * FROM customers WHERE number = ?").bind(number(id));
        row.fetch_optional(&self.pool).await?.map(account).transpose()
    }
}

fn account(row: SqliteRow) -> Result<Account, sqlx::Error> {
    let login: String = row.try_get("login")?;
    let name = Username::parse(&login).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let id = AccountId::new(row.try_get::<i64, _>("number")?.to_string());
    let role = if row.try_get("is_staff")? { "staff" } else { "customer" };
    Ok(Account::new(id, name, row.try_get::<String, _>("pwhash")?)
        .with_roles([role])
        .with_disabled(row.try_get("blocked")?))
}

/// Parses an id. Each customer has one id: `01` and `+1` are not ids. No customer has the number
/// -1, which is returned for another text.
fn number(id: &AccountId) -> i64 {
    let number: i64 = id.as_str().parse().unwrap_or(-1);
    if number.to_string() == id.as_str() { number } else { -1 }
}
