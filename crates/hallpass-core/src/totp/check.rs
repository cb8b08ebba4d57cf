//! One-time codes (RFC 6238, TOTP), over totp-rs.
//!
//! [`Totp::check`] says which time step a code belongs to, and that is all it can say: a code works
//! once only if the caller consumes the step in the store, by compare-and-set (RFC 6238 section
//! 5.2). The step length is 30 seconds and no setting, because authenticators ignore any other in
//! the QR code.
//!
//! Every step of the window is computed, and each is compared in constant time, so that the time
//! taken tells neither how much of a code was right nor whose clock is off. Where drift is
//! remembered there are two windows, around the present step and around the authenticator's, and
//! both are computed even where they are the same.

use std::{fmt, iter, time::Duration};

use crate::{
    time::unix_time::UnixTime,
    totp::{secret::TotpSecret, settings::TotpSettings},
};

#[cfg(test)]
mod tests;

/// A 30-second step since the epoch: RFC 6238's T. A store keeps the last one consumed and takes
/// only later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeStep(u64);

impl TimeStep {
    /// The length of a step: 30 seconds (RFC 6238 section 5.2).
    pub const LENGTH: Duration = Duration::from_secs(30);

    /// The step that `now` lies in.
    pub const fn at(now: UnixTime) -> Self {
        Self(now.as_secs() / Self::LENGTH.as_secs())
    }

    /// The step of this number, as a store kept it.
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The step's number, for a store to keep.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The first second of the step.
    const fn start(self) -> u64 {
        self.0.saturating_mul(Self::LENGTH.as_secs())
    }
}

/// By how many steps an authenticator's clock is ahead (above 0) or behind (below 0), at most
/// [`MAX_STEPS`](Self::MAX_STEPS) to either side (RFC 6238 section 6, "Resynchronization").
///
/// A value for the store to keep beside the last consumed step. It moves the window in which a code
/// counts and never removes the unmoved one, since a clock that was off may be set right at any
/// moment.
///
/// ```
/// use hallpass_core::TotpDrift;
///
/// assert_eq!(TotpDrift::from_steps(-2).steps(), -2);
/// assert_eq!(
///     TotpDrift::from_steps(1000).steps(),
///     TotpDrift::MAX_STEPS,
///     "the rest is forgotten"
/// );
/// assert_eq!(TotpDrift::default(), TotpDrift::NONE);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TotpDrift(i8);

impl TotpDrift {
    /// The farthest drift that is remembered: 4 steps, two minutes.
    ///
    /// RFC 6238 section 6 asks for a limit and names none. A quartz clock of 20 ppm that nobody
    /// sets takes two months to get that far. It also bounds what the memory costs: a code that
    /// somebody noted ahead of time counts at most so much earlier, and somebody whose fast
    /// clock is set right waits at most so long until their codes are later than the last one
    /// consumed.
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

/// One account's authenticator, as the site sees it.
///
/// ```
/// use hallpass_core::{TimeStep, Totp, TotpSecret, TotpSettings, UnixTime};
/// use std::time::Duration;
///
/// let totp =
///     Totp::new(TotpSecret::from_random(*b"12345678901234567890"), TotpSettings::default());
/// let now = UnixTime::from_secs(1_111_111_109); // RFC 6238 appendix B, cut to six digits
/// assert_eq!(totp.check("081 804", now), Ok(TimeStep::at(now)));
/// assert!(totp.check("081805", now).is_err());
/// assert!(totp.check("081804", now.saturating_add(Duration::from_secs(90))).is_err());
/// ```
#[derive(Clone)]
pub struct Totp {
    /// Built without skew: the window is walked here.
    codes: totp_rs::Totp,
    settings: TotpSettings,
}

impl Totp {
    /// Puts a secret and the settings together.
    pub fn new(secret: TotpSecret, settings: TotpSettings) -> Self {
        // Compliant by construction: secret and digits were parsed. `build` would say so in an
        // error that nobody could act on.
        let codes = totp_rs::Builder::new()
            .with_algorithm(settings.algorithm.into())
            .with_digits(settings.digits.count())
            .with_skew(0)
            .with_step_duration(TimeStep::LENGTH.as_secs())
            .with_secret(secret.into_inner())
            .build_noncompliant();
        Self { codes, settings }
    }

    /// The step that a code belongs to, out of those that count at `now` for a clock that is not
    /// off by more than the skew. It is for the caller to consume.
    ///
    /// Spaces are passed over, because authenticators show a code in two groups and people type and
    /// paste what they see; they carry no information, so nothing is given away. Whatever else
    /// is not an ASCII digit is refused, other scripts' digits included.
    ///
    /// # Errors
    /// [`WrongCode`], which does not say how wrong.
    pub fn check(&self, code: &str, now: UnixTime) -> Result<TimeStep, WrongCode> {
        self.matching(code, self.window(TimeStep::at(now).0))
    }

    /// As [`check`](Self::check), for an authenticator whose clock was found off by `drift` before,
    /// where the settings [remember](TotpSettings::remember_drift) that; elsewhere `drift`
    /// counts for nothing. Answers what to remember now.
    ///
    /// A code counts around the present step as well as around the authenticator's: a clock may
    /// have been set right.
    ///
    /// ```
    /// use hallpass_core::{TimeStep, Totp, TotpDrift, TotpSecret, TotpSettings, UnixTime};
    ///
    /// let settings = TotpSettings::default().remember_drift();
    /// let totp = Totp::new(TotpSecret::from_random(*b"12345678901234567890"), settings);
    /// let now = UnixTime::from_secs(1_111_111_109);
    /// let two_steps_behind = totp.code_at(UnixTime::from_secs(1_111_111_049));
    ///
    /// assert!(totp.check_drifting(&two_steps_behind, now, TotpDrift::NONE).is_err());
    /// let right = totp.check_drifting(&two_steps_behind, now, TotpDrift::from_steps(-1))?;
    /// assert_eq!(right.drift, TotpDrift::from_steps(-2));
    /// # Ok::<(), hallpass_core::WrongCode>(())
    /// ```
    ///
    /// # Errors
    /// [`WrongCode`], which does not say how wrong.
    pub fn check_drifting(
        &self,
        code: &str,
        now: UnixTime,
        drift: TotpDrift,
    ) -> Result<RightCode, WrongCode> {
        if !self.settings.remembers_drift {
            return self.check(code, now).map(|step| RightCode { step, drift: TotpDrift::NONE });
        }
        let present = TimeStep::at(now).0;
        let shown = present.saturating_add_signed(drift.steps());
        // Its own window first: where two steps have one code, the one that the clock is likelier
        // at is remembered.
        let step = self.matching(code, self.window(shown).chain(self.window(present)))?;
        let off = step.0.wrapping_sub(present).cast_signed();
        Ok(RightCode { step, drift: TotpDrift::from_steps(off) })
    }

    /// The steps that count around this one, the nearest first.
    fn window(&self, center: u64) -> impl Iterator<Item = u64> {
        let off = 1..=self.settings.skew.steps();
        iter::once(center).chain(
            off.flat_map(move |off| [center.saturating_sub(off), center.saturating_add(off)]),
        )
    }

    /// The first of the steps whose code it is; all of them are computed.
    fn matching(
        &self,
        code: &str,
        steps: impl Iterator<Item = u64>,
    ) -> Result<TimeStep, WrongCode> {
        let code = typed_digits(code)?;
        steps
            .map(TimeStep)
            .filter(|step| self.codes.check(&code, step.start()).is_some())
            .fold(None, |first, step| first.or(Some(step)))
            .ok_or(WrongCode(()))
    }

    /// The code that an authenticator shows at `now`. For tests and operators: a site never needs
    /// to know it.
    pub fn code_at(&self, now: UnixTime) -> String {
        self.codes.generate(TimeStep::at(now).start()).to_string()
    }

    /// The settings it was made with.
    pub fn settings(&self) -> TotpSettings {
        self.settings
    }

    /// The secret it was made with.
    pub fn secret(&self) -> TotpSecret {
        TotpSecret::from(self.codes.secret())
    }
}

impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Totp").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A code that counts: what the caller consumes, and remembers with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RightCode {
    /// The step that it belongs to.
    pub step: TimeStep,
    /// By how much the authenticator's clock is off; none where it is not remembered.
    pub drift: TotpDrift,
}

/// Not a code that counts now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongCode(());

impl fmt::Display for WrongCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrong one-time code")
    }
}

impl std::error::Error for WrongCode {}

/// The code without its spaces; totp-rs takes ASCII digits alone. The cap keeps a form field of
/// kilobytes from being copied.
fn typed_digits(code: &str) -> Result<String, WrongCode> {
    if code.len() > MAX_TYPED_LENGTH {
        return Err(WrongCode(()));
    }
    Ok(code.chars().filter(|c| *c != ' ').collect())
}

/// Eight digits with a space around each, in bytes.
const MAX_TYPED_LENGTH: usize = 17;
