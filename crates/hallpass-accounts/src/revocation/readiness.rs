//! Whether a node may serve requests.

/// Whether this node may serve requests: whether its list has every revocation that is older than 5
/// seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Readiness {
    /// The list is current, or the site has no revocation log.
    Ready,
    /// The log was not read to its end within the last 5 seconds. Check that the store can be
    /// reached.
    Outdated,
    /// The clock of this node differs from the store's clock by more than 30 seconds. Correct the
    /// clock.
    ClockDiffers,
    /// The store is a replica that accepts no writes. Check the address of the database.
    Replica,
    /// A replica has taken over, and no node has written the latest revocations again. If no node
    /// was ready before the failover, run `doctor --accept-restore`.
    Failover,
    /// The store is not the one that this site used before, for example because a backup was
    /// restored. Revocations may be lost. Run `doctor --accept-restore`, which ends every session.
    Restored,
    /// The key ring of this node lacks a key that the store was used with. Restore the key file, or
    /// give this node the file of the other nodes.
    KeysMissing,
}

impl Readiness {
    /// Every value, for tables that must be complete.
    pub const ALL: &'static [Self] = &[
        Self::Ready,
        Self::Outdated,
        Self::ClockDiffers,
        Self::Replica,
        Self::Failover,
        Self::Restored,
        Self::KeysMissing,
    ];

    /// Returns a stable kebab-case name, for logs and metric labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Outdated => "outdated",
            Self::ClockDiffers => "clock-differs",
            Self::Replica => "replica",
            Self::Failover => "failover",
            Self::Restored => "restored",
            Self::KeysMissing => "keys-missing",
        }
    }

    pub(crate) fn from_number(number: u8) -> Self {
        Self::ALL.get(usize::from(number)).copied().unwrap_or(Self::Outdated)
    }
}
