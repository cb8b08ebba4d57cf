//! An accepted user name has a stable key, and neither contains white space or a control character.
#![no_main]

use hallpass_accounts::{Password, PasswordPolicy, RecoveryCode, Username};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|typed: &str| {
    let _ = RecoveryCode::parse(typed);
    let Ok(name) = Username::parse(typed) else { return };
    let _ = PasswordPolicy::default().accept(&Password::typed(typed), &name);
    for text in [name.key(), name.as_str()] {
        assert_eq!(Username::parse(text).unwrap().key(), name.key());
        assert!(!text.chars().any(|c| c.is_whitespace() || c.is_control()));
    }
});
