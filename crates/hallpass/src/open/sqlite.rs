//! A site on one SQLite file.

use hallpass_core::{Clock, KeyRing, Role, SystemClock};
use hallpass_signin::{Random, SystemRandom};
use hallpass_sqlx::SqliteStore;
use zeroize::Zeroizing;

use super::OpenError;
use crate::{Hallpass, KeyFile};

impl<R: Role> Hallpass<R> {
    pub(super) async fn open_sqlite(url: &str) -> Result<Self, OpenError> {
        let store = SqliteStore::open(url).await?;
        let key_file = store.path().map(KeyFile::beside);
        let builder = Self::builder(store);
        let builder = match key_file {
            Some(file) => builder.key_file(file.path()),
            None => {
                let mut random = Zeroizing::new([0; 32]);
                SystemRandom.fill(&mut *random)?;
                builder.keys(KeyRing::generate_hs256(*random, SystemClock.now()))
            }
        };
        Ok(builder.everything().start().await?)
    }
}
