use proptest::prelude::*;

use super::*;
use crate::totp::{
    secret::TotpSecret,
    settings::{TotpAlgorithm, TotpDigits, TotpSettings},
};

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn totp(settings: TotpSettings) -> Totp {
    Totp::new(TotpSecret::from_base32(SECRET).unwrap(), settings)
}

#[test]
fn otpauth_uri_round_trips_every_parameter() {
    let settings =
        TotpSettings::default().algorithm(TotpAlgorithm::Sha512).digits(TotpDigits::Eight);
    let uri = totp(settings).otpauth_uri("Ons café & meer", "zoë").unwrap();
    assert_eq!(
        uri,
        format!(
            "otpauth://totp/Ons%20caf%C3%A9%20%26%20meer:zo%C3%AB?secret={SECRET}\
             &issuer=Ons%20caf%C3%A9%20%26%20meer&algorithm=SHA512&digits=8&period=30"
        )
    );
    let read = OtpauthUri::parse(&uri).unwrap();
    assert_eq!((read.issuer(), read.account()), ("Ons café & meer", "zoë"));
    let read = read.into_totp();
    assert_eq!(read.settings(), settings);
    assert_eq!(read.secret().to_base32(), SECRET);
}

#[test]
fn otpauth_uris_of_other_sites_are_parsed() {
    for (uri, issuer, account) in [
        // The Key URI Format's own example.
        (
            "otpauth://totp/Example:alice@google.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example",
            "Example",
            "alice@google.com",
        ),
        (
            "otpauth://totp/ACME%20Co:john.doe@email.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME%20Co&algorithm=SHA1&digits=6&period=30",
            "ACME Co",
            "john.doe@email.com",
        ),
        // An escaped colon, and spaces after it.
        (
            "otpauth://totp/Example%3A%20%20alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
            "Example",
            "alice",
        ),
        // No issuer; the scheme in upper case; the secret in lower case, in groups and padded.
        (
            "OTPAUTH://TOTP/alice?secret=gezd-gnbv%20gy3t%20qojq%20gezd%20gnbv%20gy3t%20qojq%3D%3D",
            "",
            "alice",
        ),
        // The issuer only in the query, an image, an empty parameter, a parameter without a value.
        (
            "otpauth://totp/alice?image=https%3A%2F%2Fx%2Fy.png&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example&&flag",
            "Example",
            "alice",
        ),
        // A plus sign is not decoded to a space.
        (
            "otpauth://totp/A+B:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=A+B",
            "A+B",
            "alice",
        ),
        // The query's issuer shows that the second colon belongs to the account.
        ("otpauth://totp/A:b:c?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=A", "A", "b:c"),
        ("otpauth://totp/A%3Ab:c?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=A%3Ab", "A:b", "c"),
        // Lower-case algorithm.
        ("otpauth://totp/A:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=sha256", "A", "b"),
    ] {
        let read = OtpauthUri::parse(uri).unwrap();
        assert_eq!((read.issuer(), read.account()), (issuer, account), "{uri}");
    }
}

#[test]
fn otpauth_parameters_with_wrong_codes_are_refused() {
    use OtpauthError as E;
    let totp = |rest: &str| format!("otpauth://totp/A:b?{rest}");
    let with = |rest: &str| format!("otpauth://totp/A:b?secret={SECRET}{rest}");
    let cases = [
        (String::new(), E::Scheme),
        ("https://totp/A:b?secret=x".into(), E::Scheme),
        ("otpauth:/totp/A:b".into(), E::Scheme),
        ("otpauth://".into(), E::Kind),
        ("otpauth://totp".into(), E::Kind),
        (format!("otpauth://hotp/A:b?secret={SECRET}&counter=1"), E::Kind),
        (format!("otpauth://steam/A:b?secret={SECRET}"), E::Kind),
        ("otpauth://totp/A:b".into(), E::SecretMissing),
        (totp(""), E::SecretMissing),
        (totp("issuer=A"), E::SecretMissing),
        (totp("secret="), E::Secret(TotpSecretError::Length { bytes: 0 })),
        (totp("secret=GEZDGNBV"), E::Secret(TotpSecretError::Length { bytes: 5 })),
        (totp("secret=0189"), E::Secret(TotpSecretError::Base32)),
        (format!("otpauth://totp/?secret={SECRET}"), E::Label),
        (format!("otpauth://totp/A:?secret={SECRET}"), E::Label),
        (format!("otpauth://totp/A:%20?secret={SECRET}"), E::Label),
        (with("&issuer=B"), E::Label),
        (format!("otpauth://totp/:b:c?secret={SECRET}"), E::Label),
        (with("&algorithm=MD5"), E::Algorithm),
        (with("&algorithm="), E::Algorithm),
        (with("&digits=7"), E::Digits),
        (with("&digits=06"), E::Digits),
        (with("&digits="), E::Digits),
        (with("&period=60"), E::Period),
        (with("&period=030"), E::Period),
        (with(&format!("&secret={SECRET}")), E::Repeated),
        (with("&issuer=A&issuer=B"), E::Repeated),
        (with("&digits=6&digits=8"), E::Repeated),
        (with("&issuer=%FF"), E::Encoding),
        (format!("otpauth://totp/%FF?secret={SECRET}"), E::Encoding),
        (with(&format!("&x={}", "x".repeat(4096))), E::TooLong),
    ];
    for (uri, expected) in cases {
        assert_eq!(OtpauthUri::parse(&uri).unwrap_err(), expected, "{uri}");
    }
}

#[test]
fn a_colon_in_issuer_or_account_is_refused() {
    let totp = totp(TotpSettings::default());
    for (issuer, account) in [
        ("A:B", "c"),
        (":", "c"),
        ("A", "b:c"),
        ("", "b:c"),
        ("https://site.example", "c"),
        ("[::1]", "c"),
    ] {
        assert_eq!(
            totp.otpauth_uri(issuer, account),
            Err(OtpauthError::Colon),
            "{issuer} {account}"
        );
    }
    for (issuer, account) in [("", "b"), ("A%3AB", "c"), ("R&D = 100 %?", "a@site.example")] {
        let uri = totp.otpauth_uri(issuer, account).unwrap();
        let read = OtpauthUri::parse(&uri).unwrap();
        assert_eq!((read.issuer(), read.account()), (issuer, account), "{uri}");
    }
}

#[test]
fn secrets_of_80_bits_need_the_setting() {
    let (short, shorter) = ("GEZDGNBVGY3TQOJQ", "GEZDGNBVGY3TQOI");
    let (strict, lenient) =
        (TotpSettings::default(), TotpSettings::default().accept_80_bit_secrets());
    for (secret, bytes, opens) in [(short, 10, true), (shorter, 9, false), (SECRET, 20, true)] {
        let uri = format!("otpauth://totp/A:b?secret={secret}");
        let refused = TotpSecretError::Length { bytes };
        assert_eq!(OtpauthUri::parse_with(&uri, lenient).is_ok(), opens, "{secret}");
        assert_eq!(lenient.secret_from_base32(secret).is_ok(), opens, "{secret}");
        assert_eq!(lenient.secret_from_bytes(&vec![7; bytes]).is_ok(), opens, "{secret}");
        if bytes < TotpSecret::MIN_LENGTH {
            let error = OtpauthUri::parse(&uri).unwrap_err();
            assert_eq!(error, OtpauthError::Secret(refused), "{secret}");
            assert_eq!(TotpSecret::from_base32(secret).unwrap_err(), refused);
            assert_eq!(strict.secret_from_bytes(&vec![7; bytes]).unwrap_err(), refused);
        }
    }
    assert!(TotpSecretError::Length { bytes: 10 }.to_string().contains("accept_80_bit_secrets"));
}

#[test]
fn otpauth_debug_and_errors_show_no_secret() {
    let read =
        OtpauthUri::parse(&totp(TotpSettings::default()).otpauth_uri("A", "b").unwrap()).unwrap();
    assert!(!format!("{read:?}").contains("GEZDGNBV"));
    let refusal = OtpauthUri::parse("otpauth://totp/A:b?secret=GEZDGNBV0").unwrap_err();
    assert!(!format!("{refusal} {refusal:?}").contains("GEZDGNBV"));
}

proptest! {
    #[test]
    fn printed_text_parses_to_the_same_value(
        bytes in proptest::collection::vec(any::<u8>(), 16..=128), issuer in "[^:\n]{1,20}", account in "[^ :\n][^:\n]{0,20}", eight: bool, algorithm in 0..3_usize,
    ) {
        let settings = TotpSettings::default()
            .algorithm([TotpAlgorithm::Sha1, TotpAlgorithm::Sha256, TotpAlgorithm::Sha512][algorithm])
            .digits(if eight { TotpDigits::Eight } else { TotpDigits::Six });
        let totp = Totp::new(TotpSecret::from_bytes(&bytes).unwrap(), settings);
        let read = OtpauthUri::parse(&totp.otpauth_uri(&issuer, &account).unwrap()).unwrap();
        prop_assert_eq!((read.issuer(), read.account()), (&*issuer, &*account));
        let read = read.into_totp();
        prop_assert_eq!(read.settings(), settings);
        let secret = read.secret();
        prop_assert_eq!(secret.as_bytes(), &*bytes);
    }

    /// A URI that was read is printed as a URI that reads the same.
    #[test]
    fn otpauth_parse_print_parse_is_stable(
        label in "[a-zA-Z:% ]{0,4}(%3A|:)?[a-z%20]{0,6}", issuer in "(&issuer=[a-zA-Z:]{0,3})?", secret in "([A-Za-z2-7]{4}[ -]?){8}={0,6}", rest in "(&digits=(6|8))?(&period=30)?",
    ) {
        let uri = format!("otpauth://totp/{label}?secret={secret}{issuer}{rest}");
        if let Ok(first) = OtpauthUri::parse(&uri) {
            let (issuer, account) = (first.issuer().to_owned(), first.account().to_owned());
            let first = first.into_totp();
            let Ok(printed) = first.otpauth_uri(&issuer, &account) else {
                prop_assert!(issuer.contains(':') || account.contains(':'));
                return Ok(());
            };
            let second = OtpauthUri::parse(&printed).unwrap();
            prop_assert_eq!((second.issuer(), second.account()), (&*issuer, &*account));
            let second = second.into_totp();
            prop_assert_eq!(second.settings(), first.settings());
            prop_assert!(second.secret() == first.secret());
            prop_assert_eq!(second.otpauth_uri(&issuer, &account), Ok(printed));
        }
    }
}
