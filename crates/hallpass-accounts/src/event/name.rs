//! Stable kebab-case names: the field `event` in the log, and the labels of metrics.

use crate::event::{Event, EventActor, RateLimitKind, RejectionReason};

impl Event {
    /// Returns a stable kebab-case name, for logs and metric labels.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Registered { .. } => "registered",
            Self::LoggedIn { .. } => "signed-in",
            Self::Refused { .. } => "refused",
            Self::Limited { .. } => "limited",
            Self::CodesGuessed { .. } => "codes-guessed",
            Self::ClientAddressUnknown { .. } => "client-address-unknown",
            Self::TokenForged { .. } => "token-forged",
            Self::AccessDenied { .. } => "access-denied",
            Self::PasswordChanged { .. } => "password-changed",
            Self::ResetLinkCreated { .. } => "reset-link-created",
            Self::PasswordReset { .. } => "password-reset",
            Self::PasswordHashUpgraded { .. } => "password-hash-upgraded",
            Self::SecondFactorEnabled { .. } => "second-factor-enabled",
            Self::SecondFactorDisabled { .. } => "second-factor-disabled",
            Self::SecondFactorReset { .. } => "second-factor-reset",
            Self::SecondFactorReencrypted { .. } => "second-factor-reencrypted",
            Self::RecoveryCodeUsed { .. } => "recovery-code-used",
            Self::RecoveryCodesReplaced { .. } => "recovery-codes-replaced",
            Self::SessionRefreshed { .. } => "session-refreshed",
            Self::SessionConfirmed { .. } => "session-confirmed",
            Self::RefreshReused { .. } => "refresh-reused",
            Self::SessionEnded { .. } => "session-ended",
            Self::SessionsEnded { .. } => "sessions-ended",
            Self::RolesChanged { .. } => "roles-changed",
            Self::UnknownRole { .. } => "unknown-role",
            Self::EnrolmentRequired { .. } => "enrolment-due",
            Self::Disabled { .. } => "disabled",
            Self::Enabled { .. } => "enabled",
            Self::Maintenance { .. } => "maintenance",
            Self::HashingBusy => "hashing-busy",
            Self::RevocationLogSilent => "revocation-log-silent",
            Self::RevocationLogAnswers { .. } => "revocation-log-answers",
            Self::EpochRaised { .. } => "epoch-raised",
            Self::RevocationsSkipped { .. } => "revocations-skipped",
            Self::NotReady { .. } => "not-ready",
            Self::ReadyAgain => "ready-again",
            Self::ChangeLost { .. } => "change-lost",
            Self::Overdue { .. } => "overdue",
            Self::StoreFailed { .. } => "store-failed",
        }
    }
}

impl RejectionReason {
    /// Returns a stable kebab-case name, for logs and metric labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownAccount => "unknown-account",
            Self::WrongPassword => "wrong-password",
            Self::WrongCode => "wrong-code",
            Self::ConsumedCode => "consumed-code",
            Self::Disabled => "disabled",
            Self::StalePending => "stale-pending",
            Self::AccountChanged => "account-changed",
        }
    }
}

impl RateLimitKind {
    /// Returns a stable kebab-case name, for logs and metric labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Address => "address",
            Self::Browser => "browser",
            Self::Code => "code",
            Self::Registration => "registration",
            Self::Site => "site",
            Self::Change => "changes",
        }
    }
}

impl EventActor {
    /// Returns a stable kebab-case name of the kind of actor, for logs.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::Application => "application",
            Self::Operator => "operator",
        }
    }
}
