//! A typed code is ASCII letters and digits, reads as itself, and does not change if separators are
//! put between its characters.
#![no_main]

use hallpass_core::{Totp, TotpSecret, TotpSettings, TypedCode, UnixTime};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|typed: &str| {
    let now = UnixTime::from_secs(1_764_000_000);
    let totp = Totp::new(TotpSecret::from_random([7; 20]), TotpSettings::default());
    let accepted = totp.check(typed, now).is_ok();
    let Some(code) = TypedCode::parse(typed) else {
        assert!(!accepted);
        return;
    };
    let code = code.as_str();
    assert!(code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()));
    assert_eq!(TypedCode::parse(code).unwrap().as_str(), code);
    assert_eq!(totp.check(code, now).is_ok(), accepted);
    for separator in [" ", "-", "\u{a0}", "\u{2013}", "\u{200b}"] {
        let spaced: String = code.chars().flat_map(|c| [c.to_string(), separator.to_owned()]).collect();
        if spaced.len() <= TypedCode::MAX_TYPED_LENGTH {
            assert_eq!(TypedCode::parse(&spaced).unwrap().as_str(), code);
        }
    }
});
