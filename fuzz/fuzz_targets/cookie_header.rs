//! A cookie header gives the same result as its parts in separate headers. A value that is found in
//! a header is also found in a header with that value and one other cookie, and two headers with
//! the cookie are an error.
#![no_main]

use hallpass_core::find_cookie;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &[u8]| {
    let found = find_cookie([header], "__Host-hallpass");
    assert_eq!(found, find_cookie(header.split(|byte| *byte == b';'), "__Host-hallpass"));
    if let Ok(Some(value)) = found {
        let alone = [b"a=\xff; __Host-hallpass=", value].concat();
        assert_eq!(find_cookie([&*alone], "__Host-hallpass"), Ok(Some(value)));
        assert!(find_cookie([header, &*alone], "__Host-hallpass").is_err());
    }
});
