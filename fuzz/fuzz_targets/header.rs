//! A header is accepted only if it has the algorithm, the type and the key id of the site, and no
//! parameter that changes the verification, such as `crit` or `jwk`.
#![no_main]

use hallpass_fuzz::{NOW, SiteRole, issuer, signed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &[u8]| {
    let claims =
        br#"{"iss":"https://site.example","aud":"site","sub":"a","user_id":"1","exp":1764000900}"#;
    if issuer().verifier::<SiteRole>().verify(signed(header, claims).as_bytes(), NOW).is_ok() {
        let header: serde_json::Value = serde_json::from_slice(header).unwrap();
        assert_eq!((&header["alg"], &header["kid"]), (&"HS256".into(), &"k1".into()));
        assert!(header["typ"].as_str().unwrap().eq_ignore_ascii_case("hallpass+jwt"));
        assert!(
            ["crit", "b64", "zip", "jwk", "jku", "x5u", "x5c"]
                .iter()
                .all(|name| header.get(name).is_none())
        );
    }
});
