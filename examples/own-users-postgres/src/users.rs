//! The site's own table `users`, as hallpass reads it.

use hallpass::store::{
    AccountStore, HashColumn, NewAccount, OwnUsers, RegistrationOutcome, RegistrationStore,
    SqlStore,
};
use hallpass::{Account, AccountId, Username};
use sqlx::{PgPool, Row, postgres::PgRow};

/// The table `users`.
#[derive(Clone)]
pub(crate) struct Users {
    pool: PgPool,
}

/// Returns the table `users`, combined with the tables of hallpass in the same database. The three
/// statements write to `users` inside the transactions of hallpass.
pub(crate) fn store(pool: PgPool) -> OwnUsers<Users, HashColumn> {
    Users { pool: pool.clone() }
        .with(SqlStore::on_pool(pool))
        .writing_hashes(
            "UPDATE users SET password_hash = $3 WHERE id = $1::uuid AND password_hash = $2",
        )
        .writing_roles(
            "UPDATE users SET roles = ARRAY(SELECT json_array_elements_text($2::json)) \
             WHERE id = $1::uuid",
        )
        .listing("SELECT id::text FROM users WHERE email_key > $1 ORDER BY email_key LIMIT $2")
        .listing_role(
            "SELECT id::text FROM users WHERE $1 = ANY(roles) AND NOT blocked \
             AND id::text COLLATE \"C\" > $2 ORDER BY id::text COLLATE \"C\" LIMIT $3",
        )
}

// These two methods are enough for a login.

impl AccountStore for Users {
    type Error = sqlx::Error;

    async fn by_username(&self, name: &Username) -> Result<Option<Account>, sqlx::Error> {
        let row = sqlx::query(
            "SELECT id::text, email, password_hash, roles, blocked FROM users WHERE email_key = $1",
        );
        row.bind(name.key()).fetch_optional(&self.pool).await?.map(account).transpose()
    }

    async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, sqlx::Error> {
        if !is_uuid(id.as_str()) {
            return Ok(None);
        }
        let row = sqlx::query(
            "SELECT id::text, email, password_hash, roles, blocked FROM users WHERE id = $1::uuid",
        );
        row.bind(id.as_str()).fetch_optional(&self.pool).await?.map(account).transpose()
    }
}

// This method adds the registration.

impl RegistrationStore for Users {
    async fn create(&self, account: NewAccount) -> Result<RegistrationOutcome, sqlx::Error> {
        let id = sqlx::query_scalar(
            "INSERT INTO users (email, email_key, password_hash, roles) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (email_key) DO NOTHING RETURNING id::text",
        );
        let id = id.bind(account.username.as_str()).bind(account.username.key());
        let id = id.bind(&account.password_hash).bind(&account.roles);
        let id: Option<String> = id.fetch_optional(&self.pool).await?;
        Ok(match id {
            Some(id) => RegistrationOutcome::Created(AccountId::new(id)),
            None => RegistrationOutcome::NameTaken,
        })
    }
}

fn account(row: PgRow) -> Result<Account, sqlx::Error> {
    let email: String = row.try_get("email")?;
    let name = Username::parse(&email).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let id = AccountId::new(row.try_get::<String, _>("id")?);
    Ok(Account::new(id, name, row.try_get::<String, _>("password_hash")?)
        .with_roles(row.try_get::<Vec<String>, _>("roles")?)
        .with_disabled(row.try_get("blocked")?))
}

/// PostgreSQL returns an error for a text that is not a UUID, and the id of a token may be any
/// text.
fn is_uuid(text: &str) -> bool {
    let is_dash = |place| matches!(place, 8 | 13 | 18 | 23);
    let valid = |(place, c): (usize, char)| match is_dash(place) {
        true => c == '-',
        false => matches!(c, '0'..='9' | 'a'..='f'),
    };
    text.len() == 36 && text.chars().enumerate().all(valid)
}
