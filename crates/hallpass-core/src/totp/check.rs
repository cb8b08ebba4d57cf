//! One-time codes (RFC 6238, TOTP), by totp-rs.
//!
//! [`Totp::check`] only returns the time step of a code. A code is accepted only once if the caller
//! consumes the step in the store by compare-and-set (RFC 6238 section 5.2). The step length is
//! fixed to 30 seconds, because authenticators ignore any other length in the QR code.
//!
//! Two steps are accepted: the current one and the previous one (RFC 6238 section 5.2). A code is
//! therefore accepted for 60 seconds from the second in which an authenticator begins to show it,
//! and not before. If drift is remembered, the next step is accepted as well.
//!
//! The codes of all steps of the window are computed and compared in constant time, so that the
//! duration does not depend on the number of correct digits or on the drift of a clock. If drift is
//! remembered, there are two windows, around the current step and around the authenticator's step.
//! Both are computed even if they are the same.

use std::{fmt, iter, time::Duration};

use crate::{
    time::unix_time::UnixTime,
    totp::{secret::TotpSecret, settings::TotpSettings, typed_code::TypedCode},
};

#[cfg(test)]
mod tests;

/// A 30-second time step since the epoch, the T of RFC 6238. A store keeps the last consumed step
/// and accepts only later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeStep(u64);

impl TimeStep {
    /// The length of a step: 30 seconds (RFC 6238 section 5.2).
    pub const LENGTH: Duration = Duration::from_secs(30);

    /// Returns the step of the time `now`.
    pub const fn at(now: UnixTime) -> Self {
        Self(now.as_secs() / Self::LENGTH.as_secs())
    }

    /// Creates the step with this number, from a store.
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// Returns the step's number, for a store.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// Returns the first second of the step.
    const fn start(self) -> u64 {
        self.0.saturating_mul(Self::LENGTH.as_secs())
    }
}

/// The drift of an authenticator's clock, in steps: ahead (above 0) or behind (below 0), at most
/// [`MAX_STEPS`](Self::MAX_STEPS) in both directions (RFC 6238 section 6, "Resynchronization").
///
/// A store keeps this value together with the last consumed step. The drift adds a second window
/// for codes. The window around the current step stays, because a clock may be corrected at any
/// time.
///
/// ```
/// use hallpass_core::TotpDrift;
///
/// assert_eq!(TotpDrift::from_steps(-2).steps(), -2);
/// assert_eq!(
///     TotpDrift::from_steps(1000).steps(),
///     TotpDrift::MAX_STEPS,
///     "a larger drift is truncated"
/// );
/// assert_eq!(TotpDrift::default(), TotpDrift::NONE);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TotpDrift(i8);

impl TotpDrift {
    /// The maximum drift that is remembered: 4 steps, which is two minutes.
    ///
    /// RFC 6238 section 6 recommends a limit and gives no value. A quartz clock of 20 ppm that is
    /// never adjusted reaches this drift after two months. The limit also bounds two disadvantages.
    /// A code that was noted in advance is accepted at most two minutes earlier. A person whose
    /// fast clock is corrected waits at most two minutes until the codes are later than the last
    /// consumed one.
    pub const MAX_STEPS: i64 = 4;

    /// No drift.
    pub const NONE: Self = Self(0);

    /// Creates a drift of this many steps, truncated to [`MAX_STEPS`](Self::MAX_STEPS).
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

    /// Returns the number of steps, for a store.
    #[must_use]
    pub const fn steps(self) -> i64 {
        self.0 as i64
    }
}

/// The authenticator of one account, on the side of the site.
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
/// assert!(totp.check("081804", now.saturating_add(Duration::from_secs(60))).is_err());
/// ```
#[derive(Clone)]
pub struct Totp {
    /// Built without skew, because [`Totp`] computes the window itself.
    codes: totp_rs::Totp,
    settings: TotpSettings,
}

impl Totp {
    /// Creates the authenticator from a secret and the settings.
    pub fn new(secret: TotpSecret, settings: TotpSettings) -> Self {
        // The secret and the digits were parsed, so they are always valid, and the checks of
        // `build` are not needed.
        let codes = totp_rs::Builder::new()
            .with_algorithm(settings.algorithm.into())
            .with_digits(settings.digits.count())
            .with_skew(0)
            .with_step_duration(TimeStep::LENGTH.as_secs())
            .with_secret(secret.into_inner())
            .build_noncompliant();
        Self { codes, settings }
    }

    /// Returns the step of a code, out of the steps that are accepted at `now`: the current step,
    /// and the previous one unless the [skew](TotpSettings::skew) is [`TotpSkew::None`](crate::TotpSkew::None). The caller
    /// must consume the step.
    ///
    /// The code is read as a [`TypedCode`]: without white space, dashes and invisible characters,
    /// and in decimal digits of any script.
    ///
    /// # Errors
    /// Returns [`WrongCode`], which does not contain the reason.
    pub fn check(&self, code: &str, now: UnixTime) -> Result<TimeStep, WrongCode> {
        self.matching(code, self.window(TimeStep::at(now).0))
    }

    /// Does the same as [`check`](Self::check), for an authenticator whose clock had the drift
    /// `drift` at the last code. `drift` is used only if the settings
    /// [remember](TotpSettings::remember_drift) it. The result contains the new drift.
    ///
    /// A code is accepted around the current step and around the authenticator's step, because the
    /// clock may have been corrected.
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
    /// Returns [`WrongCode`], which does not contain the reason.
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
        // The authenticator's window is first: if two steps have the same code, the more likely
        // step is used for the drift.
        let step = self.matching(code, self.window(shown).chain(self.window(present)))?;
        let off = step.0.wrapping_sub(present).cast_signed();
        Ok(RightCode { step, drift: TotpDrift::from_steps(off) })
    }

    /// Returns the accepted steps around `center`, the nearest first. The next step is one of them
    /// only if drift is remembered: a clock that is ahead could not be followed without it.
    fn window(&self, center: u64) -> impl Iterator<Item = u64> {
        let skew = self.settings.skew.steps();
        let next = if self.settings.remembers_drift { skew } else { 0 };
        let before = (1..=skew).map(move |off| center.saturating_sub(off));
        let after = (1..=next).map(move |off| center.saturating_add(off));
        iter::once(center).chain(before).chain(after)
    }

    /// Returns the first of the steps that has this code. The codes of all steps are computed.
    fn matching(
        &self,
        code: &str,
        steps: impl Iterator<Item = u64>,
    ) -> Result<TimeStep, WrongCode> {
        let code = TypedCode::parse(code).ok_or(WrongCode(()))?;
        steps
            .map(TimeStep)
            .filter(|step| self.codes.check(code.as_str(), step.start()).is_some())
            .fold(None, |first, step| first.or(Some(step)))
            .ok_or(WrongCode(()))
    }

    /// Returns the code that an authenticator shows at `now`. It is for tests and operators; a site
    /// does not need it.
    pub fn code_at(&self, now: UnixTime) -> String {
        self.codes.generate(TimeStep::at(now).start()).to_string()
    }

    /// Returns the settings.
    pub fn settings(&self) -> TotpSettings {
        self.settings
    }

    /// Returns the secret.
    pub fn secret(&self) -> TotpSecret {
        TotpSecret::from(self.codes.secret())
    }
}

impl fmt::Debug for Totp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Totp").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// An accepted code: the step that the caller must consume, and the drift to store with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RightCode {
    /// The step of the code.
    pub step: TimeStep,
    /// The drift of the authenticator's clock, or [`TotpDrift::NONE`] if drift is not remembered.
    pub drift: TotpDrift,
}

/// The error for a code that is not accepted at this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongCode(());

impl fmt::Display for WrongCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrong one-time code: enter the code that the authenticator shows now")
    }
}

impl std::error::Error for WrongCode {}
