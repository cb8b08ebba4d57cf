use proptest::{collection::vec, prelude::*};

use super::*;
use crate::totp::settings::{TotpAlgorithm, TotpDigits, TotpSkew};

/// RFC 6238 appendix B, with the codes of eight digits. It extends RFC 4226's secret to the length
/// of each hash.
const RFC_6238_B: [(u64, TotpAlgorithm, &str); 18] = [
    (59, TotpAlgorithm::Sha1, "94287082"),
    (59, TotpAlgorithm::Sha256, "46119246"),
    (59, TotpAlgorithm::Sha512, "90693936"),
    (1_111_111_109, TotpAlgorithm::Sha1, "07081804"),
    (1_111_111_109, TotpAlgorithm::Sha256, "68084774"),
    (1_111_111_109, TotpAlgorithm::Sha512, "25091201"),
    (1_111_111_111, TotpAlgorithm::Sha1, "14050471"),
    (1_111_111_111, TotpAlgorithm::Sha256, "67062674"),
    (1_111_111_111, TotpAlgorithm::Sha512, "99943326"),
    (1_234_567_890, TotpAlgorithm::Sha1, "89005924"),
    (1_234_567_890, TotpAlgorithm::Sha256, "91819424"),
    (1_234_567_890, TotpAlgorithm::Sha512, "93441116"),
    (2_000_000_000, TotpAlgorithm::Sha1, "69279037"),
    (2_000_000_000, TotpAlgorithm::Sha256, "90698825"),
    (2_000_000_000, TotpAlgorithm::Sha512, "38618901"),
    (20_000_000_000, TotpAlgorithm::Sha1, "65353130"),
    (20_000_000_000, TotpAlgorithm::Sha256, "77737706"),
    (20_000_000_000, TotpAlgorithm::Sha512, "47863826"),
];

/// RFC 4226 appendix D: the codes of counts 0 to 9.
const RFC_4226_D: [&str; 10] = [
    "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
    "520489",
];

fn secret_of(algorithm: TotpAlgorithm) -> TotpSecret {
    let length = match algorithm {
        TotpAlgorithm::Sha1 => 20,
        TotpAlgorithm::Sha256 => 32,
        TotpAlgorithm::Sha512 => 64,
    };
    let digits: Vec<u8> = b"1234567890".iter().copied().cycle().take(length).collect();
    TotpSecret::from_bytes(&digits).unwrap()
}

fn totp(settings: TotpSettings) -> Totp {
    Totp::new(secret_of(settings.algorithm), settings)
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::from_secs(seconds)
}

#[test]
fn rfc_6238_appendix_b_holds() {
    for (time, algorithm, code) in RFC_6238_B {
        let eight = TotpSettings::default().algorithm(algorithm).digits(TotpDigits::Eight);
        assert_eq!(totp(eight).code_at(at(time)), code);
        assert_eq!(totp(eight).check(code, at(time)), Ok(TimeStep::from_u64(time / 30)));
        // Six digits are the last six of the eight (RFC 4226 section 5.3).
        let six = eight.digits(TotpDigits::Six);
        assert_eq!(totp(six).code_at(at(time)), code[2..]);
    }
}

#[test]
fn rfc_4226_appendix_d_holds() {
    let totp = totp(TotpSettings::default().skew(TotpSkew::None));
    for (count, code) in (0..).zip(RFC_4226_D) {
        assert_eq!(totp.code_at(at(count * 30)), code);
        assert_eq!(totp.check(code, at(count * 30 + 29)), Ok(TimeStep::from_u64(count)));
    }
}

#[test]
fn totp_window_is_the_current_and_the_previous_step() {
    let one = totp(TotpSettings::default());
    let none = totp(TotpSettings::default().skew(TotpSkew::None));
    let code = RFC_4226_D[5];
    for (step, with_one, with_none) in
        [(3, false, false), (4, false, false), (5, true, true), (6, true, false), (7, false, false)]
    {
        for second in [0, 29] {
            let now = at(step * 30 + second);
            assert_eq!(one.check(code, now).is_ok(), with_one, "step {step}");
            assert_eq!(none.check(code, now).is_ok(), with_none, "step {step}");
        }
    }
    // The returned step is the code's, not the current one. The check for a replay needs this.
    assert_eq!(one.check(code, at(6 * 30)), Ok(TimeStep::from_u64(5)));
}

/// RFC 6238 section 5.2: a code counts for its own step and the next one, to the second.
#[test]
fn a_code_is_accepted_for_60_seconds() {
    let totp = totp(TotpSettings::default());
    let begins = 1_000_000 * 30;
    let code = totp.code_at(at(begins));
    let seconds: Vec<u64> =
        (begins - 200..begins + 200).filter(|now| totp.check(&code, at(*now)).is_ok()).collect();
    assert_eq!(seconds, (begins..begins + 60).collect::<Vec<_>>());
}

#[test]
fn remembered_drift_adds_a_second_window() {
    let totp = totp(TotpSettings::default().remember_drift());
    let now = at(1_000_000 * 30);
    let counts = |steps: i64, drift: i64| {
        let code = totp.code_at(at((1_000_000 + steps).cast_unsigned() * 30));
        let right = totp.check_drifting(&code, now, TotpDrift::from_steps(drift)).ok();
        right.map(|right| (right.step.as_u64().cast_signed() - 1_000_000, right.drift.steps()))
    };
    for drift in -4..=4 {
        for steps in -7..=7_i64 {
            let near = steps.abs() <= 1 || (steps - drift).abs() <= 1;
            let expected = near.then_some((steps, steps.clamp(-4, 4)));
            assert_eq!(counts(steps, drift), expected, "{steps} steps off, {drift} remembered");
        }
    }
}

#[test]
fn drift_is_ignored_unless_it_is_remembered() {
    let (off, on) = (totp(TotpSettings::default()), totp(TotpSettings::default().remember_drift()));
    let (now, drift) = (at(1_000_000 * 30), TotpDrift::from_steps(-4));
    let four_behind = on.code_at(at(999_996 * 30));
    assert!(on.check_drifting(&four_behind, now, drift).is_ok());
    assert!(off.check_drifting(&four_behind, now, drift).is_err());
    let one_behind = on.code_at(at(999_999 * 30));
    let right = off.check_drifting(&one_behind, now, drift).unwrap();
    assert_eq!((right.step, right.drift), (TimeStep::from_u64(999_999), TotpDrift::NONE));
}

#[test]
fn a_typed_code_is_checked_without_its_separators() {
    let now = at(1_111_111_109);
    let totp = totp(TotpSettings::default());
    for code in [
        "081804",
        "081 804",
        " 081804\n",
        "08-18-04",
        "081\u{a0}804",
        "081\u{2013}804",
        "٠٨١٨٠٤",
        "０８１８０４",
        "081804            ",
    ] {
        assert_eq!(totp.check(code, now), Ok(TimeStep::at(now)), "{code:?}");
    }
    let spaces = " ".repeat(TypedCode::MAX_TYPED_LENGTH);
    for code in [
        "",
        " ",
        "-",
        "81804",
        "0818044",
        "07081804",
        "081805",
        "+81804",
        "081.804",
        "081804\0",
        "0x1804",
        "081_804",
        "081804'--",
        "000000000000000000000000081804",
        "08180a",
        "oooooo",
        &*format!("081804{spaces}"),
    ] {
        assert_eq!(totp.check(code, now), Err(WrongCode(())), "{code:?}");
    }
}

#[test]
fn totp_works_at_the_first_and_the_last_time() {
    let totp = totp(TotpSettings::default());
    assert_eq!(totp.check(RFC_4226_D[0], at(0)), Ok(TimeStep::from_u64(0)));
    assert_eq!(totp.check(RFC_4226_D[0], at(59)), Ok(TimeStep::from_u64(0)));
    assert_eq!(totp.check(RFC_4226_D[1], at(29)), Err(WrongCode(())));
    let end = at(u64::MAX);
    assert_eq!(totp.check(&totp.code_at(end), end), Ok(TimeStep::at(end)));
    let drifting = self::totp(TotpSettings::default().remember_drift());
    for (now, drift) in [(at(0), -4), (at(0), 4), (end, -4), (end, 4)] {
        let right =
            drifting.check_drifting(&drifting.code_at(now), now, TotpDrift::from_steps(drift));
        assert!(right.is_ok(), "{now:?} {drift}");
    }
}

#[test]
fn totp_debug_shows_no_secret() {
    let totp = totp(TotpSettings::default());
    let shown = format!("{totp:?} {:?}", totp.secret());
    assert!(!shown.contains("GEZDGNBV") && !shown.contains("1234567890"), "{shown}");
    assert!(!shown.contains("49, 50, 51"), "{shown}");
    let printed = format!("{totp:?}");
    assert!(printed.starts_with("Totp {") && printed.contains("Sha1"), "{printed}");
    assert_eq!(
        WrongCode(()).to_string(),
        "wrong one-time code: enter the code that the authenticator shows now"
    );
}

/// The data that a site stores for an authenticator.
#[derive(Default)]
struct Kept {
    last_step: Option<TimeStep>,
    drift: TotpDrift,
}

impl Kept {
    /// Accepts a code as the login does, if it is right and of a later step than the last.
    fn take(&mut self, totp: &Totp, code: &str, now: UnixTime) -> Option<TimeStep> {
        let right = totp.check_drifting(code, now, self.drift).ok()?;
        if self.last_step.is_some_and(|last| last >= right.step) {
            return None;
        }
        *self = Self { last_step: Some(right.step), drift: right.drift };
        Some(right.step)
    }
}

fn any_settings() -> impl Strategy<Value = TotpSettings> {
    (0..3_usize, any::<bool>(), any::<bool>()).prop_map(|(algorithm, eight, skew)| {
        TotpSettings::default()
            .algorithm(
                [TotpAlgorithm::Sha1, TotpAlgorithm::Sha256, TotpAlgorithm::Sha512][algorithm],
            )
            .digits(if eight { TotpDigits::Eight } else { TotpDigits::Six })
            .skew(if skew { TotpSkew::One } else { TotpSkew::None })
    })
}

proptest! {
    /// A code is accepted exactly while its step is in the window, for any change of the site's
    /// clock, and the returned step is in the window.
    #[test]
    fn code_is_accepted_while_its_step_is_in_the_window(
        random: [u8; 20], settings in any_settings(), shown_at in 0..1_u64 << 40, drift in -200_i64..200,
    ) {
        let totp = Totp::new(TotpSecret::from_random(random), settings);
        let code = totp.code_at(at(shown_at));
        let now = at(shown_at.saturating_add_signed(drift));
        let (shown, present) = (TimeStep::at(at(shown_at)).as_u64(), TimeStep::at(now).as_u64());
        let near = |step: u64| step <= present && present - step <= settings.skew.steps();
        let same_code = |step: u64| totp.code_at(at(step * 30)) == code;
        let window = present.saturating_sub(settings.skew.steps())..=present;
        match totp.check(&code, now) {
            Ok(step) => prop_assert!(near(step.as_u64()) && same_code(step.as_u64())),
            Err(WrongCode(())) => prop_assert!(!near(shown) && !window.clone().any(same_code)),
        }
    }

    /// The drift is followed for a clock that gains or loses up to one step between two logins, and
    /// not more than the maximum in all.
    #[test]
    fn slow_clock_drift_is_followed(
        random: [u8; 20], pace in vec((1..1000_u64, -1..=1_i64), 1..60),
    ) {
        let totp = Totp::new(TotpSecret::from_random(random), TotpSettings::default().remember_drift());
        let (mut kept, mut present, mut off) = (Kept::default(), 1 << 30, 0_i64);
        for (steps, more) in pace {
            // Enough steps that the code is later than the last one, for a change of the clock in
            // both directions.
            present += steps + 2;
            off = (off + more).clamp(-TotpDrift::MAX_STEPS, TotpDrift::MAX_STEPS);
            let shown = at(present.saturating_add_signed(off) * 30);
            let code = totp.code_at(shown);
            let taken = kept.take(&totp, &code, at(present * 30));
            prop_assert!(taken.is_some(), "{} steps off, {:?} remembered", off, kept.drift);
            if taken != Some(TimeStep::at(shown)) {
                // Two steps of the window have the same code, which happens once in 200,000 cases.
                prop_assert_eq!(totp.code_at(at(taken.unwrap().as_u64() * 30)), code);
                break;
            }
        }
    }

    /// For all changes of both clocks and all repeated codes: an accepted step is near one of the
    /// two clocks, no step is accepted twice, and the remembered drift stays within its maximum.
    #[test]
    fn no_step_is_accepted_twice_for_any_clocks(
        random: [u8; 20], remembered: bool, moves in vec((-5..6_i64, -8..9_i64, any::<bool>()), 1..60),
    ) {
        let settings = TotpSettings::default();
        let settings = if remembered { settings.remember_drift() } else { settings };
        let totp = Totp::new(TotpSecret::from_random(random), settings);
        let (mut kept, mut present, mut typed) = (Kept::default(), 1_u64 << 30, String::new());
        let mut consumed = Vec::new();
        for (passed, off, again) in moves {
            present = present.saturating_add_signed(passed);
            if !again {
                typed = totp.code_at(at(present.saturating_add_signed(off) * 30));
            }
            let before = kept.drift.steps();
            if let Some(step) = kept.take(&totp, &typed, at(present * 30)) {
                let off = step.as_u64().cast_signed() - present.cast_signed();
                let near = |off: i64| off == 0 || off == -1 || (remembered && off == 1);
                prop_assert!(near(off) || (remembered && near(off - before)));
                prop_assert!(!consumed.contains(&step));
                consumed.push(step);
            }
            let most = if remembered { TotpDrift::MAX_STEPS } else { 0 };
            prop_assert!(kept.drift.steps().abs() <= most);
        }
    }

    #[test]
    fn code_of_another_step_or_secret_is_rejected(random: [u8; 20], other: [u8; 20], time in 0..1_u64 << 40, guess in 0..1_000_000_u32) {
        let none = TotpSettings::default().skew(TotpSkew::None);
        let totp = Totp::new(TotpSecret::from_random(random), none);
        let guess = format!("{guess:06}");
        let right = totp.code_at(at(time));
        prop_assert_eq!(totp.check(&guess, at(time)).is_ok(), guess == right);
        let others = Totp::new(TotpSecret::from_random(other), none).code_at(at(time));
        prop_assert_eq!(totp.check(&others, at(time)).is_ok(), others == right);
    }

    #[test]
    fn totp_check_never_panics(code in any::<String>(), time: u64) {
        let _ = totp(TotpSettings::default()).check(&code, at(time));
    }
}
