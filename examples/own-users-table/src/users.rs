//! hallpass's store traits for the application's own table.

use hallpass::store::{
    AccountNumbers, AccountStore, OwnChangeOutcome, PasswordChange, PasswordStore, ReplaceOutcome,
};
use hallpass::{Account, AccountId, Username};
use sqlx::{Row, SqlitePool, sqlite::SqliteRow};

/// The table `customers`.
#[derive(Clone)]
pub(crate) struct Customers {
    pool: SqlitePool,
}

impl Customers {
    pub(crate) fn new(pool: SqlitePool) -> Self {
        Self { pool }
    }
}

// These two methods are enough for a login with a password.

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

// These two methods add `POST /profile/password`, and replace weak hashes at the next login.

impl PasswordStore for Customers {
    async fn replace_hash(
        &self,
        id: &AccountId,
        old_hash: &str,
        new_hash: &str,
    ) -> Result<ReplaceOutcome, sqlx::Error> {
        let update = sqlx::query("UPDATE customers SET pwhash = ? WHERE number = ? AND pwhash = ?");
        let update =
            update.bind(new_hash).bind(number(id)).bind(old_hash).execute(&self.pool).await?;
        Ok(if update.rows_affected() == 1 {
            ReplaceOutcome::Replaced
        } else {
            ReplaceOutcome::Changed
        })
    }

    /// Uses one statement, so that password and generation change together or not at all. The
    /// statement writes only if the customer is not blocked and has the password hash and the
    /// generation of the request.
    async fn change(&self, change: PasswordChange) -> Result<OwnChangeOutcome, sqlx::Error> {
        let row = sqlx::query(
            "UPDATE customers SET pwhash = ?, token_generation = token_generation + 1
             WHERE number = ? AND pwhash = ? AND token_generation = ? AND NOT blocked RETURNING *",
        );
        let actor = change.own.actor;
        let row = row
            .bind(change.new_hash)
            .bind(number(&actor.account))
            .bind(change.old_hash)
            .bind(actor.generation);
        Ok(match row.fetch_optional(&self.pool).await? {
            Some(row) => OwnChangeOutcome::Written(Box::new(account(row)?)),
            None => OwnChangeOutcome::NotWritten,
        })
    }
}

fn account(row: SqliteRow) -> Result<Account, sqlx::Error> {
    let login: String = row.try_get("login")?;
    let name = Username::parse(&login).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let id = AccountId::new(row.try_get::<i64, _>("number")?.to_string());
    let role = if row.try_get("is_staff")? { "staff" } else { "customer" };
    Ok(Account::new(id, name, row.try_get::<String, _>("pwhash")?)
        .with_roles([role])
        .with_disabled(row.try_get("blocked")?)
        .with_numbers(AccountNumbers {
            revoked_below: row.try_get("token_generation")?,
            ..AccountNumbers::default()
        }))
}

/// Parses an id. No customer has the number -1, which is returned for an id that is not a number.
fn number(id: &AccountId) -> i64 {
    id.as_str().parse().unwrap_or(-1)
}
