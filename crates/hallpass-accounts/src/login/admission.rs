//! The admission of a login: its limits, its challenge and its turn in the password hasher.

use hallpass_core::Role;

use crate::{
    accounts::Accounts,
    challenge::ChallengedAction,
    error::AccountsError,
    password::password_hasher::{Origin, Ticket},
    rate_limit::{counted::Counted, limits::Whose},
    visitor::Visitor,
};

impl<R: Role> Accounts<R> {
    /// Admits a login to the password hasher and counts it. Nothing is counted before the login is
    /// admitted.
    ///
    /// With a challenge the order is the reverse: the login is counted, its response is checked,
    /// and then it is admitted. So no login has a turn while a service checks its response, and
    /// one without a solved challenge takes no place in the queue.
    pub(super) async fn admit_and_count(
        &self,
        whose: Whose<'_>,
        origin: &Origin,
        visitor: &Visitor<'_>,
    ) -> Result<(Ticket, Counted), AccountsError> {
        let (limits, stores) = (&self.settings().rate_limits, self.stores());
        if self.settings().challenge.is_none() {
            let ticket = self.admit(origin).await?;
            let counted = limits.count(stores, whose, visitor, self.store_now()).await?;
            return Ok((ticket, counted));
        }
        // A known browser may have a place in the reserved lane.
        if !matches!(whose, Whose::Known(..)) {
            let has_place = self.password_hasher().refuse_if_full(origin);
            has_place.map_err(|closed| self.busy(closed))?;
        }
        let counted = limits.count(stores, whose, visitor, self.store_now()).await?;
        self.challenge(ChallengedAction::Login, visitor, &counted).await?;
        let ticket = self.admit(origin).await;
        let ticket = self.evaluated(&counted, ticket).await?;
        Ok((ticket, counted))
    }
}
