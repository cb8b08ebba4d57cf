//! A URI that is read prints to one that reads the same, and makes the same codes.
#![no_main]

use hallpass_core::{OtpauthUri, UnixTime};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|uri: &str| {
    let Ok(read) = OtpauthUri::parse(uri) else { return };
    let (issuer, account) = (read.issuer().to_owned(), read.account().to_owned());
    let totp = read.into_totp();
    let Ok(reread) = OtpauthUri::parse(&totp.otpauth_uri(&issuer, &account)) else {
        return assert!(uri.len() > OtpauthUri::MAX_LENGTH / 4, "only length can be the reason");
    };
    assert_eq!((reread.issuer(), reread.account()), (&*issuer, &*account));
    let now = UnixTime::from_secs(1_764_000_000);
    assert_eq!(reread.into_totp().code_at(now), totp.code_at(now));
});
