//! How far an authenticator's clock was off when its last code was taken (RFC 6238 section 6, "Resynchronization").
//!
//! A value for the store to keep beside the last spent step. It moves the window in which a code counts and never
//! removes the unmoved one, since a clock that was off may be set right at any moment.

/// By how many steps an authenticator's clock is ahead (above 0) or behind (below 0), at most
/// [`MAX_STEPS`](Self::MAX_STEPS) to either side.
///
/// ```
/// use hallpass_core::TotpDrift;
///
/// assert_eq!(TotpDrift::from_steps(-2).steps(), -2);
/// assert_eq!(TotpDrift::from_steps(1000).steps(), TotpDrift::MAX_STEPS, "the rest is forgotten");
/// assert_eq!(TotpDrift::default(), TotpDrift::NONE);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TotpDrift(i8);

impl TotpDrift {
    /// The farthest drift that is remembered: 4 steps, two minutes.
    ///
    /// RFC 6238 section 6 asks for a limit and names none. A quartz clock of 20 ppm that nobody sets takes two months
    /// to get that far. It also bounds what the memory costs: a code that somebody noted ahead of time counts at most
    /// so much earlier, and somebody whose fast clock is set right waits at most so long until their codes are later
    /// than the last one spent.
    pub const MAX_STEPS: i64 = 4;

    /// The clocks agree.
    pub const NONE: Self = Self(0);

    /// This many steps, or the bound where they are more.
    #[must_use]
    pub const fn from_steps(steps: i64) -> Self {
        let most = Self::MAX_STEPS;
        let cut = if steps > most {
            most
        } else if steps < -most {
            -most
        } else {
            steps
        };
        Self(cut as i8)
    }

    /// The number of steps, for a store to keep.
    #[must_use]
    pub const fn steps(self) -> i64 {
        self.0 as i64
    }
}
