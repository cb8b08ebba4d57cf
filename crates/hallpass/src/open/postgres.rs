//! A site on one PostgreSQL database.

use hallpass_core::Role;
use hallpass_sqlx::PostgresStore;

use super::OpenError;
use crate::Hallpass;

impl<R: Role> Hallpass<R> {
    pub(super) async fn open_postgres(url: &str) -> Result<Self, OpenError> {
        let store = PostgresStore::open(url).await?;
        let key_file = format!("{}-keys.json", store.database());
        Ok(Self::builder(store).key_file(key_file).everything().start().await?)
    }
}
