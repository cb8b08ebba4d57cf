use proptest::prelude::*;

use super::*;
use crate::{TotpAlgorithm, TotpDigits, TotpSkew};

/// RFC 6238 appendix B, which extends RFC 4226's secret to the length of each hash; with the codes of eight digits.
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
const RFC_4226_D: [&str; 10] =
    ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];

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
fn the_window_is_one_step_to_each_side_or_none() {
    let one = totp(TotpSettings::default());
    let none = totp(TotpSettings::default().skew(TotpSkew::None));
    let code = RFC_4226_D[5];
    for (step, with_one, with_none) in
        [(3, false, false), (4, true, false), (5, true, true), (6, true, false), (7, false, false)]
    {
        for second in [0, 29] {
            let now = at(step * 30 + second);
            assert_eq!(one.check(code, now).is_ok(), with_one, "step {step}");
            assert_eq!(none.check(code, now).is_ok(), with_none, "step {step}");
        }
    }
    // It is the code's step that comes back, not the present one: replay is told by it.
    assert_eq!(one.check(code, at(4 * 30)), Ok(TimeStep::from_u64(5)));
    assert_eq!(one.check(code, at(6 * 30)), Ok(TimeStep::from_u64(5)));
}

#[test]
fn only_ascii_digits_in_the_right_number_and_spaces_count() {
    let now = at(1_111_111_109);
    let totp = totp(TotpSettings::default());
    for code in ["081804", "081 804", " 081804 ", "0 8 1 8 0 4", "08 18 04"] {
        assert_eq!(totp.check(code, now), Ok(TimeStep::at(now)), "{code:?}");
    }
    for code in [
        "",
        " ",
        "      ",
        "81804",
        "0818044",
        "07081804",
        "081805",
        "+81804",
        "-81804",
        "081-804",
        "081.804",
        "081\t804",
        "081804\n",
        "081804\0",
        "0x1804",
        "081_804",
        "081\u{a0}804",
        "081\u{2009}804",
        "٠٨١٨٠٤",
        "０８１８０４",
        "081804'--",
        "000000000000000000000000081804",
        "081804                 ",
    ] {
        assert_eq!(totp.check(code, now), Err(WrongCode(())), "{code:?}");
    }
}

#[test]
fn the_ends_of_time_are_times() {
    let totp = totp(TotpSettings::default());
    assert_eq!(totp.check(RFC_4226_D[0], at(0)), Ok(TimeStep::from_u64(0)));
    assert_eq!(totp.check(RFC_4226_D[1], at(0)), Ok(TimeStep::from_u64(1)));
    let end = at(u64::MAX);
    assert_eq!(totp.check(&totp.code_at(end), end), Ok(TimeStep::at(end)));
}

#[test]
fn nothing_shows_the_secret() {
    let totp = totp(TotpSettings::default());
    let shown = format!("{totp:?} {:?}", totp.secret());
    assert!(!shown.contains("GEZDGNBV") && !shown.contains("1234567890"), "{shown}");
    assert!(!shown.contains("49, 50, 51"), "{shown}");
    let printed = format!("{totp:?}");
    assert!(printed.starts_with("Totp {") && printed.contains("Sha1"), "{printed}");
    assert_eq!(WrongCode(()).to_string(), "wrong one-time code");
}

fn any_settings() -> impl Strategy<Value = TotpSettings> {
    (0..3_usize, any::<bool>(), any::<bool>()).prop_map(|(algorithm, eight, skew)| {
        TotpSettings::default()
            .algorithm([TotpAlgorithm::Sha1, TotpAlgorithm::Sha256, TotpAlgorithm::Sha512][algorithm])
            .digits(if eight { TotpDigits::Eight } else { TotpDigits::Six })
            .skew(if skew { TotpSkew::One } else { TotpSkew::None })
    })
}

proptest! {
    /// A code counts exactly while its step is in the window, wherever the site's clock has gone in the meantime, and
    /// names a step in the window.
    #[test]
    fn a_code_counts_while_its_step_is_in_the_window(
        random: [u8; 20], settings in any_settings(), shown_at in 0..1_u64 << 40, drift in -200_i64..200,
    ) {
        let totp = Totp::new(TotpSecret::from_random(random), settings);
        let code = totp.code_at(at(shown_at));
        let now = at(shown_at.saturating_add_signed(drift));
        let (shown, present) = (TimeStep::at(at(shown_at)).as_u64(), TimeStep::at(now).as_u64());
        let near = |step: u64| step.abs_diff(present) <= settings.skew.steps();
        let same_code = |step: u64| totp.code_at(at(step * 30)) == code;
        let window = present.saturating_sub(settings.skew.steps())..=present + settings.skew.steps();
        match totp.check(&code, now) {
            Ok(step) => prop_assert!(near(step.as_u64()) && same_code(step.as_u64())),
            Err(WrongCode(())) => prop_assert!(!near(shown) && !window.clone().any(same_code)),
        }
    }

    #[test]
    fn another_code_or_another_secret_does_not_count(random: [u8; 20], other: [u8; 20], time in 0..1_u64 << 40, guess in 0..1_000_000_u32) {
        let none = TotpSettings::default().skew(TotpSkew::None);
        let totp = Totp::new(TotpSecret::from_random(random), none);
        let guess = format!("{guess:06}");
        let right = totp.code_at(at(time));
        prop_assert_eq!(totp.check(&guess, at(time)).is_ok(), guess == right);
        let others = Totp::new(TotpSecret::from_random(other), none).code_at(at(time));
        prop_assert_eq!(totp.check(&others, at(time)).is_ok(), others == right);
    }

    #[test]
    fn no_text_makes_it_panic(code in any::<String>(), time: u64) {
        let _ = totp(TotpSettings::default()).check(&code, at(time));
    }
}
