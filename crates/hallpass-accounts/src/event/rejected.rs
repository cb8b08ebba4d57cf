//! Events of the reports of an outer layer: forged tokens and requests without a role.

use hallpass_core::{RejectionReport, ReportHook, ReportedKind, Role};

use crate::{account::AccountId, accounts::Accounts, event::Event};

/// Makes an event of each report of an outer layer, with the address of the client behind the
/// configured [proxies](crate::Settings::proxies). `Hallpass::layer` includes it.
///
/// ```
/// # use hallpass_core::Role;
/// # use hallpass_accounts::{Accounts, RejectionEvents};
/// # #[derive(Role)] enum SiteRole { Guest }
/// fn hook(accounts: &Accounts<SiteRole>) -> RejectionEvents<SiteRole> {
///     RejectionEvents::new(accounts) // for `AuthLayer::reports`
/// }
/// ```
#[derive(Debug)]
pub struct RejectionEvents<R> {
    accounts: Accounts<R>,
}

impl<R: Role> RejectionEvents<R> {
    /// Creates a hook that reports to the events of these accounts.
    #[must_use]
    pub fn new(accounts: &Accounts<R>) -> Self {
        Self { accounts: accounts.clone() }
    }
}

impl<R: Role> ReportHook for RejectionEvents<R> {
    fn report(&self, report: &RejectionReport<'_>) {
        let peer = match report.peer {
            Some(peer) => self.accounts.client_address(Some(peer), |name| (report.lines)(name)),
            None => None,
        };
        let count = report.count;
        self.accounts.report(match report.kind {
            ReportedKind::Token(reason) => Event::TokenForged { reason, count, peer },
            ReportedKind::Request(kind) => {
                let account = report.account.map(AccountId::new);
                Event::AccessDenied { account, kind, count, peer }
            }
        });
    }
}
