//! Stable kebab-case names: the field `event` in the log, and labels of metrics.

use crate::event::{Event, Limit, RefusedReason};

impl Event {
    /// A stable kebab-case name, for logs and metric labels.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Registered { .. } => "registered",
            Self::SignedIn { .. } => "signed-in",
            Self::Refused { .. } => "refused",
            Self::Limited { .. } => "limited",
            Self::PasswordChanged { .. } => "password-changed",
            Self::PasswordHashUpgraded { .. } => "password-hash-upgraded",
            Self::SecondFactorEnabled { .. } => "second-factor-enabled",
            Self::SecondFactorDisabled { .. } => "second-factor-disabled",
            Self::SecondFactorResealed { .. } => "second-factor-resealed",
            Self::RecoveryCodeUsed { .. } => "recovery-code-used",
            Self::RecoveryCodesRenewed { .. } => "recovery-codes-renewed",
            Self::SessionRenewed { .. } => "session-renewed",
            Self::RefreshReused { .. } => "refresh-reused",
            Self::SessionEnded { .. } => "session-ended",
            Self::SessionsEnded { .. } => "sessions-ended",
            Self::RolesChanged { .. } => "roles-changed",
            Self::UnknownRole { .. } => "unknown-role",
            Self::EnrolmentDue { .. } => "enrolment-due",
            Self::Disabled { .. } => "disabled",
            Self::Enabled { .. } => "enabled",
            Self::HashingBusy => "hashing-busy",
            Self::FeedSilent => "feed-silent",
            Self::FeedAnswers { .. } => "feed-answers",
            Self::Overdue { .. } => "overdue",
            Self::StoreFailed { .. } => "store-failed",
        }
    }
}

impl RefusedReason {
    /// A stable kebab-case name, for logs and metric labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownAccount => "unknown-account",
            Self::WrongPassword => "wrong-password",
            Self::WrongCode => "wrong-code",
            Self::SpentCode => "spent-code",
            Self::Disabled => "disabled",
            Self::StalePending => "stale-pending",
            Self::AccountChanged => "account-changed",
        }
    }
}

impl Limit {
    /// A stable kebab-case name, for logs and metric labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Address => "address",
            Self::Changes => "changes",
        }
    }
}
