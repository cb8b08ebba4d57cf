//! A URI that was parsed and printed has the same issuer, account and codes when it is parsed
//! again.
#![no_main]

use hallpass_core::{OtpauthUri, UnixTime};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|uri: &str| {
    let Ok(read) = OtpauthUri::parse(uri) else { return };
    let (issuer, account) = (read.issuer().to_owned(), read.account().to_owned());
    let totp = read.into_totp();
    let Ok(printed) = totp.otpauth_uri(&issuer, &account) else {
        assert!(issuer.contains(':') || account.contains(':'));
        return;
    };
    if printed.len() <= OtpauthUri::MAX_LENGTH {
        let reread = OtpauthUri::parse(&printed).unwrap();
        assert_eq!((reread.issuer(), reread.account()), (&*issuer, &*account));
        let now = UnixTime::from_secs(1_764_000_000);
        assert_eq!(reread.into_totp().code_at(now), totp.code_at(now));
    }
});
