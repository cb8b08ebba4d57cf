//! What is found in a header is found again in a header that holds nothing else, and a header is as good as its crumbs apart.
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
