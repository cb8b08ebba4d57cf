//! Recording and listing the activity of an account.

use hallpass_core::{Identity, Role};

use crate::{
    accounts::Accounts,
    activity::{Activity, ActivityKind},
    error::AccountsError,
    event::{Event, RejectionReason, client::EventClient},
    store::offered,
};

impl<R: Role> Accounts<R> {
    /// Lists the last `limit` rows of the activity of the person's account, last first. A row is
    /// listed some milliseconds after its event.
    ///
    /// # Errors
    /// [`NotOffered`](crate::AccountsErrorKind::NotOffered) without a store of activity;
    /// [`Revoked`](crate::AccountsErrorKind::Revoked),
    /// [`Unavailable`](crate::AccountsErrorKind::Unavailable).
    pub async fn activity(
        &self,
        who: &Identity<R>,
        limit: u32,
    ) -> Result<Vec<Activity>, AccountsError> {
        let store = offered(self.stores().activity.as_ref())?;
        let account = self.own_account(who).await?;
        self.stores().ask("list activity", store.recent(account.id(), limit)).await
    }
}

/// Returns the row of an event, without the time, if the owner of the account should see it.
pub(crate) fn kind_of(event: &Event) -> Option<ActivityKind> {
    Some(match event {
        Event::Registered { .. } => ActivityKind::Registered,
        Event::LoggedIn { .. } => ActivityKind::LoggedIn,
        Event::Refused {
            reason:
                RejectionReason::WrongPassword
                | RejectionReason::WrongCode
                | RejectionReason::ConsumedCode
                | RejectionReason::Disabled,
            ..
        } => ActivityKind::LoginFailed,
        Event::PasswordChanged { .. } => ActivityKind::PasswordChanged,
        Event::ResetLinkCreated { .. } => ActivityKind::ResetLinkCreated,
        Event::PasswordReset { .. } => ActivityKind::PasswordReset,
        Event::SecondFactorEnabled { .. } => ActivityKind::SecondFactorEnabled,
        Event::SecondFactorDisabled { .. } => ActivityKind::SecondFactorDisabled,
        Event::SecondFactorReset { .. } => ActivityKind::SecondFactorReset,
        Event::RecoveryCodeUsed { .. } => ActivityKind::RecoveryCodeUsed,
        Event::RecoveryCodesReplaced { .. } => ActivityKind::RecoveryCodesReplaced,
        Event::RefreshReused { .. } => ActivityKind::RefreshReused,
        Event::SessionEnded { .. } => ActivityKind::SessionEnded,
        Event::SessionsEnded { .. } => ActivityKind::SessionsEnded,
        Event::RolesChanged { .. } => ActivityKind::RolesChanged,
        Event::Disabled { .. } => ActivityKind::Disabled,
        Event::Enabled { .. } => ActivityKind::Enabled,
        _ => return None,
    })
}

/// Returns the row of an event at the time `now`.
pub(crate) fn row_of(event: &Event, now: hallpass_core::UnixTime) -> Option<Activity> {
    let client = EventClient::current();
    let methods = match event {
        Event::LoggedIn { methods, .. } => *methods,
        _ => hallpass_core::Methods::NONE,
    };
    let address = event.peer().or(client.address);
    let row = Activity::new(kind_of(event)?, now).with_client(address, client.browser);
    Some(row.with_methods(methods))
}
