//! Properties of every default page: content security policy, accessibility, escaping, languages.

use std::time::Duration;

use hallpass_accounts::RecoveryCode;
use hallpass_core::{FieldFault, PublicOrigin, RejectionKind, TotpSecret};

use super::*;
use crate::{
    fields::Fault,
    login::page::{CodePage, LoginPage},
    pages::{default_pages::DefaultPages, reader::Reader},
    password::{page::PasswordPage, reset::page::ResetPage},
    register::page::RegisterPage,
    session::{
        confirm::page::ConfirmPage,
        page::{SessionLine, SessionsPage},
    },
    texts::Texts,
    two_factor::{
        page::{RecoveryCodesPage, TwoFactorOnPage, TwoFactorSetUpPage},
        qr_code::qr_code,
    },
};

const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const URI: &str = "otpauth://totp/site:alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=site";

fn render(page: &Page<'_>) -> String {
    DefaultPages::new().site_name("R&D").render(page, &Reader::logged_in("alice"))
}

/// Calls `look` with each page without faults, and with all its faults.
fn with_every_page(mut look: impl FnMut(&str, &Page<'_>)) {
    let svg = qr_code(URI);
    let codes: Vec<_> = (0..10).map(|n| RecoveryCode::from_random([n; 24])).collect();
    let missing = Some(FieldFault::Missing);
    let session = |current| SessionLine {
        id: "a1",
        device: if current { "Firefox on Linux" } else { "" },
        created_at: 1_795_499_324,
        created_ago: Duration::from_secs(7_200),
        renewed_at: 1_795_506_524,
        renewed_ago: Duration::ZERO,
        current,
    };
    let set_up = |fault| TwoFactorSetUpPage {
        secret: SECRET,
        otpauth_uri: URI,
        qr_svg: &svg,
        asks_password: fault == Some(Fault::Confirmation),
        password_fault: None,
        code_fault: None,
        fault,
    };
    let rejection = |kind, wait: Option<Duration>| {
        let rejection = Rejection::new(kind);
        RejectionPage::of(wait.map_or(rejection, |wait| rejection.with_retry_after(wait)))
    };

    look("register", &Page::Register(RegisterPage { next: "/", ..RegisterPage::default() }));
    look(
        "register-refused",
        &Page::Register(RegisterPage {
            usernames: hallpass_accounts::Usernames::Name,
            username: "al ice",
            username_fault: Some(FieldFault::UsernameCharacter),
            password_fault: Some(FieldFault::PasswordLength { min: 10 }),
            next: "/posts/new?a=1&b=2",
            ..RegisterPage::default()
        }),
    );
    look(
        "login",
        &Page::Login(LoginPage { next: "/", registration: true, ..LoginPage::default() }),
    );
    look(
        "login-refused",
        &Page::Login(LoginPage {
            next: "/posts/new?a=1&b=2",
            username: "alice",
            fault: Some(Fault::Credentials),
            registration: true,
            ..LoginPage::default()
        }),
    );
    look("code", &Page::Code(CodePage { next: "/", ..CodePage::default() }));
    look(
        "code-refused",
        &Page::Code(CodePage {
            next: "/",
            remember_days: Some(30),
            code_fault: None,
            fault: Some(Fault::Credentials),
        }),
    );
    look("two-factor", &Page::TwoFactorSetUp(set_up(None)));
    look("two-factor-refused", &Page::TwoFactorSetUp(set_up(Some(Fault::Code))));
    look("two-factor-unproved", &Page::TwoFactorSetUp(set_up(Some(Fault::Confirmation))));
    look("two-factor-on", &Page::TwoFactorOn(TwoFactorOnPage::default()));
    look(
        "two-factor-on-refused",
        &Page::TwoFactorOn(TwoFactorOnPage {
            renew_asks: true,
            renew_password_fault: missing,
            renew_fault: Some(Fault::Confirmation),
            renew_code_fault: missing,
            disable_fault: Some(Fault::Confirmation),
            disable_password_fault: missing,
            disable_code_fault: missing,
        }),
    );
    look(
        "recovery-codes",
        &Page::RecoveryCodes(RecoveryCodesPage { codes: &codes, just_enabled: true }),
    );
    look(
        "password",
        &Page::Password(PasswordPage {
            asks_proof: true,
            asks_code: true,
            code_fault: missing,
            fault: Some(Fault::Confirmation),
            current_fault: missing,
            new_fault: missing,
        }),
    );
    look("reset", &Page::Reset(ResetPage { token: "a-b_1", ..ResetPage::default() }));
    look(
        "reset-refused",
        &Page::Reset(ResetPage {
            token: "a-b_1",
            asks_code: true,
            fault: Some(Fault::Code),
            code_fault: missing,
            new_fault: missing,
        }),
    );
    look("confirm", &Page::Confirm(ConfirmPage { next: "/", ..ConfirmPage::default() }));
    look(
        "confirm-refused",
        &Page::Confirm(ConfirmPage {
            next: "/posts/new?a=1&b=2",
            asks_code: true,
            password_fault: missing,
            code_fault: missing,
            fault: Some(Fault::Confirmation),
        }),
    );
    look(
        "sessions",
        &Page::Sessions(SessionsPage {
            sessions: vec![session(true), session(false), session(false)],
            next: Some("1790000001-03030303030303030303030303030303"),
        }),
    );
    look(
        "rejection",
        &Page::Rejection(rejection(RejectionKind::Limited, Some(Duration::from_secs(90)))),
    );
    for kind in RejectionKind::ALL {
        look(&format!("rejection-{kind}"), &Page::Rejection(rejection(*kind, None)));
    }
}

#[test]
fn every_page_follows_its_content_security_policy() {
    let mut seen = 0;
    with_every_page(|name, page| {
        let html = render(page);
        // The only script is a file that the site serves.
        let html = html.replacen("<script src=\"/hallpass.js\" defer></script>", "", 1);
        for refused in ["<script", "style=", "<style", " on", "http:", "https:", "javascript:"] {
            // The SVG namespace is a name. Browsers do not fetch it.
            let html = html.replace("http://www.w3.org/2000/svg", "");
            let at = html.find(refused).filter(|_| refused != " on" || inline_handler(&html));
            assert_eq!(at, None, "{name}: {refused}");
        }
        seen += 1;
    });
    assert_eq!(seen, 19 + RejectionKind::ALL.len());
}

fn inline_handler(html: &str) -> bool {
    ["onclick=", "onload=", "onsubmit=", "onerror=", "onfocus="]
        .iter()
        .any(|handler| html.contains(handler))
}

#[test]
fn every_field_has_a_label_and_every_aria_reference_a_target() {
    with_every_page(|name, page| {
        let html = render(page);
        let ids: Vec<&str> = attributes(&html, "id").collect();
        let mut distinct = ids.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), ids.len(), "{name}: an id twice");
        let labels: Vec<&str> = attributes(&html, "for").collect();
        for input in tags(&html, "input").filter(|input| !input.contains("hidden")) {
            let id = attributes(input, "id").next().unwrap_or_else(|| panic!("{name}: {input}"));
            assert_eq!(labels.iter().filter(|label| **label == id).count(), 1, "{name}: {input}");
            assert!(input.contains("autocomplete="), "{name}: {input}");
            assert_eq!(input.contains("aria-invalid"), input.contains("-fault"), "{name}: {input}");
        }
        for described in attributes(&html, "aria-describedby").flat_map(str::split_whitespace) {
            assert!(ids.contains(&described), "{name}: {described}");
        }
        assert_eq!(html.matches("<h1>").count(), 1, "{name}");
        assert_eq!(html.matches("<main").count(), 1, "{name}");
        assert!(html.contains(" – R&#38;D</title>"), "{name}");
        assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"), "{name}");
    });
}

#[test]
fn fields_have_autocomplete_for_password_managers() {
    let mut found = Vec::new();
    with_every_page(|name, page| {
        for input in tags(&render(page), "input").filter(|input| !input.contains("hidden")) {
            let value = |of| attributes(input, of).next().unwrap_or_default().to_owned();
            found.push((
                name.to_owned(),
                value("name"),
                value("type"),
                value("autocomplete"),
                value("inputmode"),
            ));
        }
    });
    for (page, field, kind, autocomplete, inputmode) in [
        ("register", "username", "text", "username", ""),
        ("register", "password", "password", "new-password", ""),
        ("login", "username", "text", "username", ""),
        ("login", "password", "password", "current-password", ""),
        ("code", "code", "text", "one-time-code", "numeric"),
        ("two-factor", "code", "text", "one-time-code", "numeric"),
        ("two-factor-on", "password", "password", "current-password", ""),
        ("password", "current_password", "password", "current-password", ""),
        ("password", "new_password", "password", "new-password", ""),
    ] {
        let expected = [page, field, kind, autocomplete, inputmode].map(str::to_owned);
        assert!(
            found.iter().any(|(a, b, c, d, e)| [a, b, c, d, e].into_iter().eq(&expected)),
            "{expected:?}"
        );
    }
}

#[test]
fn typed_values_are_shown_again_and_escaped() {
    let html = render(&Page::Login(LoginPage {
        username: "\"><script>alert(1)</script>",
        next: "/\"><b>",
        fault: Some(Fault::Credentials),
        ..LoginPage::default()
    }));
    assert!(html.contains("value=\"&#34;&#62;&#60;script&#62;"), "{html}");
    assert!(!html.contains("<script>") && !html.contains("<b>"));
    assert!(
        html.contains(
            "<p class=\"hp-alert\" role=\"alert\">Invalid username, password or code</p>"
        )
    );
}

#[test]
fn links_between_login_and_register_keep_next() {
    let html = render(&Page::Register(RegisterPage {
        next: "/posts/new?a=1&b=2",
        ..RegisterPage::default()
    }));
    assert!(html.contains("href=\"/login?next=%2Fposts%2Fnew%3Fa%3D1%26b%3D2\""));
    let html = render(&Page::Login(LoginPage {
        next: "/posts/new",
        registration: true,
        ..LoginPage::default()
    }));
    assert!(html.contains("href=\"/register?next=%2Fposts%2Fnew\""));
    let html = render(&Page::Login(LoginPage { next: "/", ..LoginPage::default() }));
    assert!(!html.contains("/register"), "no link to a page that does not exist");
}

/// The reader who is logged in also gets the frame's form, but not the login pages: they then link
/// to `next`, which has no prefix in these pages.
#[test]
fn every_link_and_form_has_the_path_prefix() {
    let origin = PublicOrigin::parse("https://site.example/app").unwrap();
    let mut links = 0;
    for (reader, skipped) in [(Reader::default(), "none"), (Reader::logged_in("alice"), "login")] {
        with_every_page(|name, page| {
            if name.starts_with(skipped) {
                return;
            }
            let html = DefaultPages::new().render(page, &reader.with_prefix(origin.prefix()));
            for attribute in ["href", "src", "action"] {
                for link in attributes(&html, attribute) {
                    links += 1;
                    let elsewhere = link.starts_with("otpauth:") || link == "data:,";
                    assert!(link.starts_with("/app/") || elsewhere, "{name}: {link}");
                }
            }
        });
    }
    assert!(links > 200, "{links} links");
}

#[test]
fn the_two_factor_key_is_shown_in_groups_without_spaces() {
    assert_eq!(TotpSecret::from_base32(SECRET).unwrap().to_base32().as_str(), SECRET);
    with_every_page(|name, page| {
        if name == "two-factor" {
            let html = render(page);
            assert!(html.contains(
                &"<span>JBSW</span><span>Y3DP</span><span>EHPK</span><span>3PXP</span>".repeat(2)
            ));
            assert!(html.contains("<a href=\"otpauth://totp/site:alice?secret="));
            assert!(
                html.contains("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"hp-qr-title\"")
            );
        }
    });
}

#[test]
fn dutch_pages_have_no_english_sentence() {
    let (english, dutch) = (DefaultPages::new(), DefaultPages::new().texts(Texts::dutch()));
    with_every_page(|name, page| {
        let (english, dutch) =
            (english.render(page, &Reader::default()), dutch.render(page, &Reader::default()));
        assert!(dutch.contains("<html lang=\"nl\">"));
        let sentences = |html: &str| -> Vec<String> {
            html.split(['<', '>'])
                .map(str::trim)
                .filter(|text| text.contains(' ') && text.ends_with('.'))
                .map(str::to_owned)
                .collect()
        };
        let dutch = sentences(&dutch);
        for sentence in sentences(&english) {
            assert!(!dutch.contains(&sentence), "{name}: {sentence}");
        }
    });
}

#[test]
fn each_kind_of_rejection_has_one_text_per_language() {
    for texts in [Texts::english(), Texts::dutch()] {
        for kind in RejectionKind::ALL {
            let of_kind = texts.rejections.iter().filter(|text| text.kind == *kind);
            assert_eq!(of_kind.count(), 1, "{} {kind}", texts.lang);
        }
        assert_eq!(texts.rejections.len(), RejectionKind::ALL.len(), "{}", texts.lang);
    }
    assert_eq!(Texts::english().credentials, "Invalid username, password or code");
}

#[test]
fn page_of_a_foreign_request_names_the_header_per_language() {
    for language in [Texts::english, Texts::dutch] {
        let texts = language();
        let render =
            |page| DefaultPages::new().texts(language()).render(&page, &Reader::logged_in("alice"));
        for (header, other) in [
            (OriginHeader::SecFetchSite, OriginHeader::Origin),
            (OriginHeader::Origin, OriginHeader::SecFetchSite),
        ] {
            let html = render(Page::Rejection(RejectionPage::of(Rejection::of_origin(header))));
            assert!(html.contains(texts.hint(header)), "{} {html}", texts.lang);
            assert!(texts.hint(header).contains(header.as_str()));
            assert!(!html.contains(texts.hint(other)), "{} {html}", texts.lang);
        }
        let other = RejectionPage::of(RejectionKind::RoleMissing.into());
        let html = render(Page::Rejection(other));
        assert!(!html.contains("Sec-Fetch-Site"), "{html}");
    }
}

#[test]
fn debug_shows_no_secret() {
    with_every_page(|name, page| {
        let shown = format!("{page:?}");
        assert!(!shown.contains("JBSW") && !shown.contains("00000-"), "{name}: {shown}");
    });
}

fn tags<'h>(html: &'h str, name: &'h str) -> impl Iterator<Item = &'h str> {
    html.split('<')
        .filter(move |tag| tag.starts_with(name))
        .map(|tag| tag.split('>').next().unwrap_or_default())
}

fn attributes<'h>(html: &'h str, name: &str) -> impl Iterator<Item = &'h str> {
    let start = format!(" {name}=\"");
    let parts: Vec<&'h str> = html.split(start.as_str()).skip(1).collect();
    parts.into_iter().map(|rest| rest.split('"').next().unwrap_or_default())
}
