//! Stores sessions.

use hallpass_accounts::{
    AccountId, Actor, CommandOutcome, Confirmation, EndOutcome, NewSession, OpenOutcome, OwnChange,
    OwnChangeOutcome, Revocation, Session, SessionId, SessionStore,
};
use hallpass_core::UnixTime;

use super::{
    Row, Store, Write,
    account::{self, own_change},
    column,
    revocation::{self, Credential},
    {get, sql},
};
use crate::error::StoreError;

pub(crate) mod refresh_token;

/// Deletes up to `$2` rows.
const PRUNE: &str = delete_some!(
    "hallpass_sessions",
    "WHERE expires_at <= ",
    unestimated!("$1"),
    " ORDER BY expires_at LIMIT $2"
);

impl SessionStore for Store {
    async fn open(&self, session: NewSession) -> Result<OpenOutcome, StoreError> {
        if let Some(opened) = self.open_in_one_statement(&session).await? {
            return Ok(opened);
        }
        let mut write = self.write_to(&session.account).await?;
        let account = session.account.as_str();
        // The session and its token get the epoch of this one read. Otherwise a token of a newer
        // epoch than its session could be issued.
        let found = account::find(&mut write, &session.account).await?;
        let Some(written) = found.filter(|account| !account.disabled()) else {
            return Ok(OpenOutcome::AccountChanged);
        };
        let refresh_chain = session.refresh_chain.as_ref();
        let insert = sql(concat!(
            "INSERT INTO hallpass_sessions \
             (id, account_id, epoch, device, created_at, refreshed_at, expires_at, refresh_hash, idle_at, methods, \
              authenticated_at) \
             SELECT $1, account_id, $10, $4, $5, $5, $6, $7, $8, $9, $11 FROM hallpass_account_state \
             WHERE account_id = $2 AND ",
            accepts_generation!("$3")
        ))
        .bind(session.id.to_string())
        .bind(account)
        .bind(i64::from(session.generation))
        .bind(&session.device)
        .bind(column::from_time(session.at))
        .bind(column::from_time(session.expires))
        .bind(refresh_chain.map(|refresh_chain| refresh_chain.first.as_bytes().as_slice()))
        .bind(refresh_chain.map(|refresh_chain| column::from_time(refresh_chain.idle_until)))
        .bind(refresh_chain.map(|refresh_chain| column::from_methods(refresh_chain.methods)))
        .bind(column::from_epoch(written.epoch())?)
        .bind(session.authenticated_at.map(column::from_time));
        if write.change(insert).await? == 0 {
            return Ok(OpenOutcome::AccountChanged);
        }
        let ended = end_excess(&mut write, &session).await?;
        write.commit().await?;
        Ok(OpenOutcome::Opened { account: Box::new(written), ended })
    }

    async fn list(&self, account: &AccountId, now: UnixTime) -> Result<Vec<Session>, StoreError> {
        // `+ 0` keeps the planner of PostgreSQL from reading the index of all ends: without
        // statistics it expects an account to have many sessions.
        let list =
            sql("SELECT id, device, created_at, refreshed_at, expires_at FROM hallpass_sessions \
             WHERE account_id = $1 AND expires_at + 0 > $2 AND (idle_at IS NULL OR idle_at > $2) \
             AND epoch = (SELECT epoch FROM hallpass_site) ORDER BY created_at DESC, id");
        let rows = self.rows(list.bind(account.as_str()).bind(column::from_time(now))).await?;
        rows.iter().map(read).collect()
    }

    async fn prune(&self, now: UnixTime, limit: u32) -> Result<u64, StoreError> {
        self.delete_older(PRUNE, now, limit).await
    }

    async fn end(
        &self,
        account: &AccountId,
        session: &SessionId,
        by: Option<&Actor>,
        at: UnixTime,
    ) -> Result<EndOutcome, StoreError> {
        let mut write = self.write_to(account).await?;
        if !own_change::command_passes(&mut write, by).await? {
            return Ok(EndOutcome::ActorChanged);
        }
        let ended = revocation::session(&mut write, account, session, at).await?;
        write.commit().await?;
        Ok(match ended {
            0 => EndOutcome::NotFound,
            _ => EndOutcome::Ended,
        })
    }

    async fn end_others(&self, own: &OwnChange) -> Result<OwnChangeOutcome, StoreError> {
        let mut write = self.write_to(&own.actor.account).await?;
        if !own_change::passes(&mut write, &own.actor).await? {
            return Ok(OwnChangeOutcome::NotWritten);
        }
        own_change::revoking(write, own, Credential::Same).await
    }

    async fn confirm(&self, confirmation: &Confirmation) -> Result<OwnChangeOutcome, StoreError> {
        let mut write = self.write_to(&confirmation.actor.account).await?;
        if !own_change::passes(&mut write, &confirmation.actor).await? {
            return Ok(OwnChangeOutcome::NotWritten);
        }
        own_change::confirmed(write, confirmation).await
    }

    async fn end_all(
        &self,
        account: &AccountId,
        by: Option<&Actor>,
        at: UnixTime,
    ) -> Result<CommandOutcome, StoreError> {
        let mut write = self.write_to_both(account, by).await?;
        if !own_change::command_passes(&mut write, by).await? {
            return Ok(CommandOutcome::ActorChanged);
        }
        revocation::everything(&mut write, account, None, Credential::New, at).await?;
        own_change::commanded(write, account).await
    }
}

/// Ends the sessions above the limit of the account, and returns them.
async fn end_excess(write: &mut Write, new: &NewSession) -> Result<Vec<SessionId>, StoreError> {
    let end =
        sql("DELETE FROM hallpass_sessions WHERE account_id = $1 AND id <> $2 AND id NOT IN \
         (SELECT id FROM hallpass_sessions WHERE account_id = $1 AND id <> $2 \
         ORDER BY refreshed_at DESC, created_at DESC, id LIMIT $3) RETURNING id")
        .bind(new.account.as_str())
        .bind(new.id.to_string())
        .bind(i64::from(new.limit) - 1);
    let rows = write.rows(end).await?;
    let mut ended = Vec::with_capacity(rows.len());
    for row in &rows {
        let id: &str = get(row, "id")?;
        let session: SessionId = id.parse().map_err(StoreError::corrupt)?;
        revocation::log(write, &Revocation::SessionEnded { session, at: new.at }).await?;
        ended.push(session);
    }
    Ok(ended)
}

fn read(row: &Row) -> Result<Session, StoreError> {
    let id: &str = get(row, "id")?;
    Ok(Session::new(
        id.parse().map_err(StoreError::corrupt)?,
        get(row, "device")?,
        column::to_time(get(row, "created_at")?)?,
        column::to_time(get(row, "refreshed_at")?)?,
        column::to_time(get(row, "expires_at")?)?,
    ))
}
