use super::*;

#[test]
fn origins_are_written_as_browsers_write_them() {
    for (given, origin, host, port, prefix) in [
        ("https://site.example", "https://site.example", "site.example", None, ""),
        ("https://site.example/", "https://site.example", "site.example", None, ""),
        ("https://site.example/app", "https://site.example", "site.example", None, "/app"),
        ("https://site.example/app/", "https://site.example", "site.example", None, "/app"),
        (
            "https://site.example/a/b-c_d~e.f",
            "https://site.example",
            "site.example",
            None,
            "/a/b-c_d~e.f",
        ),
        ("HTTPS://Site.Example/App", "https://site.example", "site.example", None, "/App"),
        ("https://site.example:443/app", "https://site.example", "site.example", None, "/app"),
        ("https://site.example:8443", "https://site.example:8443", "site.example", Some(8443), ""),
        ("https://intranet", "https://intranet", "intranet", None, ""),
        (
            "https://xn--bcher-kva.example",
            "https://xn--bcher-kva.example",
            "xn--bcher-kva.example",
            None,
            "",
        ),
        ("https://192.0.2.7:80", "https://192.0.2.7:80", "192.0.2.7", Some(80), ""),
        ("https://[2001:DB8::0:7]/app", "https://[2001:db8::7]", "[2001:db8::7]", None, "/app"),
        ("http://localhost:3000/app", "http://localhost:3000", "localhost", Some(3000), "/app"),
        ("http://127.0.0.1:80", "http://127.0.0.1", "127.0.0.1", None, ""),
        ("http://[::1]:3000", "http://[::1]:3000", "[::1]", Some(3000), ""),
    ] {
        let parsed = PublicOrigin::parse(given).unwrap_or_else(|error| panic!("{given}: {error}"));
        assert_eq!(parsed.origin(), origin, "{given}");
        assert_eq!((parsed.host(), parsed.port()), (host, port), "{given}");
        assert_eq!(parsed.prefix().as_str(), prefix, "{given}");
        assert_eq!(parsed.to_string(), format!("{origin}{prefix}"), "{given}");
        assert_eq!(parsed.is_https(), origin.starts_with("https:"), "{given}");
        assert_eq!(PublicOrigin::parse(&parsed.to_string()), Ok(parsed), "{given}");
    }
}

#[test]
fn texts_that_are_not_public_origins_are_refused() {
    use PublicOriginError as E;
    type Cases = (fn(String) -> E, &'static [&'static str]);
    let cases: [Cases; 7] = [
        (
            E::Scheme,
            &[
                "",
                "site.example",
                "site.example/app",
                "/app",
                "ftp://site.example",
                "https:/site.example",
                "//site.example",
            ],
        ),
        (
            E::PlainHttp,
            &[
                "http://site.example",
                "http://127.0.0.2",
                "http://localhost.example",
                "http://[::2]",
            ],
        ),
        (
            E::Host,
            &[
                "https://",
                "https:///app",
                "https://bücher.example",
                "https://site..example",
                "https://site.example.",
                "https://-site.example",
                "https://site_.example",
                "https://site example",
                "https://site.example\\app",
                "https://site.example\t",
                "https://site.example%2Fapp",
                "https://192.0.2",
                "https://192.0.2.999",
                "https://1",
                "https://0x7f",
                "https://[2001:db8::7",
                "https://[site.example]",
                "https://2001:db8::7:80",
            ],
        ),
        (
            E::Port,
            &[
                "https://site.example:",
                "https://site.example:0",
                "https://site.example:65536",
                "https://site.example:+80",
                "https://site.example:x/app",
            ],
        ),
        (E::Query, &["https://site.example/app?x=1", "https://site.example?", "?"]),
        (E::Fragment, &["https://site.example/app#top", "https://site.example#", "#?"]),
        (
            E::Path,
            &[
                "https://site.example//",
                "https://site.example//app",
                "https://site.example/app//",
                "https://site.example/./app",
                "https://site.example/app/..",
                "https://site.example/%61pp",
                "https://site.example/a b",
                "https://site.example/{app}",
                "https://site.example/ap\"p",
                "https://site.example/äpp",
                "https://site.example/app:1",
            ],
        ),
    ];
    for (error, texts) in cases {
        for text in texts {
            let refused = PublicOrigin::parse(text).unwrap_err();
            assert_eq!(refused, error((*text).to_owned()));
            let line = refused.to_string();
            assert!(!line.contains('\n') && line.contains(':'), "{line}");
        }
    }
}

#[test]
fn errors_contain_no_password() {
    for text in ["https://ann:hush@site.example/app", "ftp://hush@site.example?x#y", "hush@"] {
        let error = PublicOrigin::parse(text).unwrap_err();
        assert_eq!(error, PublicOriginError::UserInfo);
        assert!(!format!("{error} {error:?}").contains("hush"));
    }
}
