//! Stores refresh tokens in the row of their session.

use hallpass_accounts::{
    Account, AccountId, ConsumedRefreshes, RefreshHash, RefreshOutcome, RefreshState,
    RefreshTokenStore, RefreshedSession, Rotation, RotationOutcome, SessionId,
};
use hallpass_core::{Methods, UnixTime};

use super::super::{
    Row, Store, Write,
    account::{self, select_accounts},
    column, revocation, {get, sql},
};
use crate::error::StoreError;

impl RefreshTokenStore for Store {
    async fn refresh(
        &self,
        session: &SessionId,
        rotation: &Rotation,
    ) -> Result<RefreshOutcome, StoreError> {
        if let Some(outcome) = self.refresh_in_one_statement(session, rotation).await? {
            return Ok(outcome);
        }
        let mut write = self.write_to_account_of(session).await?;
        let Some((account, kept)) = load(&mut write, session).await? else {
            return Ok(RefreshOutcome::Ended);
        };
        let Some(state) = &kept.state else { return Ok(RefreshOutcome::Ended) };
        match rotation.present(state) {
            RotationOutcome::Consumed(next) => {
                if consume(&mut write, session, &state.live, &next).await? == 0 {
                    // The row was read under the lock.
                    return Err(StoreError::corrupt(
                        "a session changed while its account was locked",
                    ));
                }
                write.commit().await?;
                Ok(RefreshOutcome::Consumed(refreshed(account, &kept, &next)))
            }
            RotationOutcome::Lost => Ok(lost(&account, state)),
            RotationOutcome::InGrace { consumed } => Ok(RefreshOutcome::InGrace {
                live: state.live,
                consumed,
                session: refreshed(account, &kept, state),
            }),
            RotationOutcome::TooOften => Ok(RefreshOutcome::TooOften),
            over => {
                let at = rotation.at.max(state.refreshed);
                revocation::session(&mut write, account.id(), session, at).await?;
                write.commit().await?;
                Ok(match over {
                    RotationOutcome::Reused => {
                        RefreshOutcome::Reused { account: account.id().clone() }
                    }
                    _ => RefreshOutcome::Ended,
                })
            }
        }
    }
}

/// The stored state of a session.
pub(crate) struct Kept {
    /// `None` if the session cannot be refreshed.
    pub(crate) state: Option<RefreshState>,
    created: UnixTime,
    pub(crate) authenticated_at: Option<UnixTime>,
    pub(crate) methods: Methods,
}

/// The session and its account, if the session can be refreshed and the account is enabled.
pub(crate) const LOAD: &str = select_accounts!(
    ", t.refresh_hash, t.consumed, t.created_at, t.refreshed_at, t.idle_at, t.expires_at, t.methods, \
     t.authenticated_at"
    => "JOIN hallpass_sessions t ON t.account_id = a.id \
        WHERE t.id = $1 AND t.refresh_hash IS NOT NULL AND NOT s.disabled \
        AND t.epoch = (SELECT epoch FROM hallpass_site)"
);

pub(crate) fn read_both(row: &Row) -> Result<(Account, Kept), StoreError> {
    Ok((account::read(row)?, read(row)?))
}

/// Returns the session in a state.
pub(crate) fn refreshed(
    account: Account,
    kept: &Kept,
    state: &RefreshState,
) -> Box<RefreshedSession> {
    let Kept { created, methods, authenticated_at, .. } = *kept;
    let session = RefreshedSession::new(account, created, methods, state.idle_until, state.expires);
    Box::new(session.with_authenticated_at(authenticated_at))
}

pub(crate) fn lost(account: &Account, state: &RefreshState) -> RefreshOutcome {
    RefreshOutcome::Lost { live: state.live, account: account.id().clone() }
}

/// Returns the account and its session, if the session can be refreshed and the account is enabled.
async fn load(
    write: &mut Write,
    session: &SessionId,
) -> Result<Option<(Account, Kept)>, StoreError> {
    if write.own_row().is_none() {
        let row = write.row(sql(LOAD).bind(session.to_string())).await?;
        return row.as_ref().map(read_both).transpose();
    }
    let select = "SELECT account_id, refresh_hash, consumed, created_at, refreshed_at, idle_at, expires_at, methods, authenticated_at \
                  FROM hallpass_sessions WHERE id = $1 AND refresh_hash IS NOT NULL \
                  AND epoch = (SELECT epoch FROM hallpass_site)";
    let Some(row) = write.row(sql(select).bind(session.to_string())).await? else {
        return Ok(None);
    };
    let account = AccountId::new(get::<String>(&row, "account_id")?);
    let found = account::find(write, &account).await?;
    let Some(account) = found.filter(|account| !account.disabled()) else {
        return Ok(None);
    };
    Ok(Some((account, read(&row)?)))
}

/// Returns the live token of the session and the consumed ones, if it can be refreshed.
pub(crate) async fn tokens(
    write: &mut Write,
    session: &SessionId,
) -> Result<Option<(RefreshHash, ConsumedRefreshes)>, StoreError> {
    let select = sql("SELECT refresh_hash, consumed FROM hallpass_sessions \
         WHERE id = $1 AND refresh_hash IS NOT NULL");
    let row = write.row(select.bind(session.to_string())).await?;
    row.as_ref().map(|row| Ok((read_live(row)?, read_consumed(row)?))).transpose()
}

fn read_live(row: &Row) -> Result<RefreshHash, StoreError> {
    let live: &[u8] = get(row, "refresh_hash")?;
    Ok(RefreshHash::from_bytes(live.try_into().map_err(StoreError::corrupt)?))
}

fn read_consumed(row: &Row) -> Result<ConsumedRefreshes, StoreError> {
    ConsumedRefreshes::from_bytes(get(row, "consumed")?).map_err(StoreError::corrupt)
}

/// Replaces the live token with the next one, if it is still the live one. Returns the number of
/// changed rows: 1 or 0.
async fn consume(
    write: &mut Write,
    session: &SessionId,
    live: &RefreshHash,
    next: &RefreshState,
) -> Result<u64, StoreError> {
    let update = sql("UPDATE hallpass_sessions \
         SET refresh_hash = $3, consumed = $4, refreshed_at = $5, idle_at = $6, expires_at = $7 \
         WHERE id = $1 AND refresh_hash = $2")
    .bind(session.to_string())
    .bind(live.as_bytes().as_slice())
    .bind(next.live.as_bytes().as_slice())
    .bind(next.consumed.to_bytes())
    .bind(column::from_time(next.refreshed))
    .bind(column::from_time(next.idle_until))
    .bind(column::from_time(next.expires));
    write.change(update).await
}

/// Reads the state of a session from a row of any statement that has its columns.
pub(crate) fn read(row: &Row) -> Result<Kept, StoreError> {
    let live: Option<&[u8]> = get(row, "refresh_hash")?;
    let methods: Option<&str> = get(row, "methods")?;
    let time = |name| column::to_time(get(row, name)?);
    let state = match live {
        None => None,
        Some(_) => Some(RefreshState::new(
            read_live(row)?,
            read_consumed(row)?,
            time("refreshed_at")?,
            time("idle_at")?,
            time("expires_at")?,
        )),
    };
    let authenticated_at: Option<i64> = get(row, "authenticated_at")?;
    Ok(Kept {
        state,
        created: time("created_at")?,
        authenticated_at: authenticated_at.map(column::to_time).transpose()?,
        methods: column::to_methods(methods.unwrap_or_default()),
    })
}
