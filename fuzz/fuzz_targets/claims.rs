//! The claim scanner and the strict JSON reader agree, and a token can be issued again for the
//! identity that they return. A space before the claims makes the scanner leave them to the reader.
#![no_main]

use hallpass_fuzz::{HEADER, NOW, SiteRole, again, issuer, signed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|claims: &[u8]| {
    if claims.len() > 2000 {
        return; // the space would exceed the size limit
    }
    let verify = |token: &str| {
        issuer().verifier::<SiteRole>().verify(token.as_bytes(), NOW).map_err(|e| e.kind())
    };
    let facts = verify(&signed(HEADER, claims));
    let strictly = verify(&signed(HEADER, &[b" ", claims].concat()));
    assert_eq!(format!("{facts:?}"), format!("{strictly:?}"));
    if let Ok((who, Ok(token))) = facts.map(|who| (who.clone(), issuer().issue(&again(&who), NOW)))
    {
        let reissued = verify(token.as_str()).unwrap();
        assert_eq!(
            (who.username(), who.user_id(), who.roles()),
            (reissued.username(), reissued.user_id(), reissued.roles())
        );
    }
});
