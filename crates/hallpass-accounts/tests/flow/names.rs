//! User names, passwords and codes in all their spellings, through the flows.

use hallpass_accounts::{
    Accounts, AccountsErrorKind, Event, RejectionReason, ReservedUsernames, Settings,
    SettingsError, StoreSet, UsernameError,
};
use hallpass_core::{KeyRing, PublicOrigin, Role, TotpSecret, TotpSettings, UnixTime};
use hallpass_test_support::memory_store::MemoryStore;

use crate::site::{PASSWORD, Site, SiteRole, id_of, logged_in};

const NFC: &str = "zo\u{eb} drinkt th\u{e9} \u{d55c}";
const NFD: &str = "zoe\u{308} drinkt the\u{301} \u{1112}\u{1161}\u{11ab}";

#[tokio::test]
async fn each_unicode_form_of_a_password_logs_in_at_one_cost() {
    for (registered, typed) in [(NFC, NFD), (NFD, NFC), (NFC, NFC), (NFD, NFD)] {
        let site = Site::new();
        let step = site.accounts.register("alice", registered, &Default::default()).await;
        step.unwrap().opened().unwrap();
        let cost = async |name: &str, password: &str| {
            let before = site.accounts.password_hasher().runs();
            let accepted = site.log_in(name, password, None).await.is_ok();
            (accepted, site.accounts.password_hasher().runs() - before)
        };
        assert_eq!(cost("alice", typed).await, (true, 1), "{registered:?} {typed:?}");
        // A wrong password costs the same in each form, and so does a name that does not exist.
        for wrong in ["zoe\u{308} drinkt thee", "zo\u{eb} drinkt thee", "thee"] {
            assert_eq!(cost("alice", wrong).await, (false, 1), "{wrong:?}");
            assert_eq!(cost("nobody", wrong).await, (false, 1), "{wrong:?}");
            assert_eq!(cost("", wrong).await, (false, 1), "{wrong:?}");
        }
    }
}

#[tokio::test]
async fn reserved_names_are_rejected_at_registration_only() {
    let site = Site::new();
    let register = async |name: &str| {
        let step = site.accounts.register(name, PASSWORD, &Default::default()).await;
        step.map(drop).map_err(|error| error.kind())
    };
    let reserved = Err(AccountsErrorKind::Username(UsernameError::Reserved));
    for name in ["admin", "ADM\u{130}N", "Post-Master", "support", "login"] {
        assert_eq!(register(name).await, reserved, "{name}");
    }
    // A login does not show that the name is reserved, and costs as much as any other.
    let runs = site.accounts.password_hasher().runs();
    let refused = site.log_in("admin", PASSWORD, None).await.map(drop);
    assert_eq!(refused, Err(AccountsErrorKind::Refused));
    assert_eq!(site.accounts.password_hasher().runs() - runs, 1);

    let id = site.accounts.create_account("Admin", PASSWORD, SiteRole::Admin).await.unwrap();
    let opened = logged_in(site.log_in("ADM\u{131}N", PASSWORD, None).await);
    let who = site.verify(&opened.access).unwrap();
    assert_eq!((id_of(&who), who.roles().contains(SiteRole::Admin)), (id, true));
    let again = site.accounts.create_account("admin", PASSWORD, SiteRole::Admin).await;
    assert_eq!(again.unwrap_err().kind(), AccountsErrorKind::NameTaken);
    for (name, password) in [("vic\u{34f}tim", PASSWORD), ("bob", "password")] {
        let error = site.accounts.create_account(name, password, SiteRole::Guest).await;
        let kind = error.unwrap_err().kind();
        let expected = matches!(
            kind,
            AccountsErrorKind::Username(UsernameError::Invisible) | AccountsErrorKind::Password(_)
        );
        assert!(expected, "{kind:?}");
    }
    assert_eq!(site.heard(|event| matches!(event, Event::Registered { .. })), 1);
}

#[tokio::test]
async fn the_site_sets_its_own_reserved_names() {
    let Site { store, clock, keys, .. } = Site::new();
    let site = Site::node(store, clock, keys, |settings| {
        settings.reserved_usernames = ReservedUsernames::none().also(["gazette"]);
    });
    site.register("admin").await;
    let refused = site.accounts.register("Ga.zette", PASSWORD, &Default::default()).await;
    let expected = AccountsErrorKind::Username(UsernameError::Reserved);
    assert_eq!(refused.unwrap_err().kind(), expected);
}

/// Each code in the spelling of another keyboard or page. A right code is never counted as wrong.
#[tokio::test]
async fn codes_log_in_in_any_spelling_and_count_nothing() {
    let in_script = |code: &str, zero: char| -> String {
        let digit = |c: char| char::from_u32(u32::from(zero) + c.to_digit(10).unwrap()).unwrap();
        code.chars().map(digit).collect()
    };
    let site = Site::new();
    let alice = site.enrolled("alice").await;
    let mut number = 0;
    for separator in [
        " ", "\t", "\n", "\u{a0}", "\u{2009}", "\u{202f}", "\u{3000}", "-", "\u{2010}", "\u{2011}",
        "\u{2013}", "\u{2014}", "\u{2212}", "\u{ff0d}", "\u{ad}", "\u{200b}", "\u{feff}",
    ] {
        let code = alice.next_code();
        let (first, second) = code.split_at(3);
        let typed = format!("{separator}{first}{separator}{second}{separator}");
        logged_in(site.log_in("alice", PASSWORD, Some(&typed)).await);
        number += 1;
    }
    // Arabic-Indic, Persian, Devanagari, Bengali, Tamil, Thai, Lao, Tibetan, Myanmar, Khmer,
    // full-width, mathematical.
    for zero in "٠۰०০௦๐໐༠၀០０𝟎".chars() {
        logged_in(site.log_in("alice", PASSWORD, Some(&in_script(&alice.next_code(), zero))).await);
        number += 1;
    }
    for (position, code) in alice.recovery.iter().enumerate() {
        let typed = match position % 5 {
            0 => code.replace('-', " "),
            1 => code.replace('-', "\u{2013}").to_uppercase(),
            2 => code.replace('-', "").replace('0', "o").replace('1', "l"),
            3 => code.replace('-', "\u{a0}\n").replace('1', "I").replace('0', "O"),
            _ => code
                .chars()
                .map(|c| match c {
                    '0'..='9' => in_script(&c.to_string(), '٠'),
                    c => c.to_string(),
                })
                .collect(),
        };
        logged_in(site.log_in("alice", PASSWORD, Some(&typed)).await);
        number += 1;
    }
    assert_eq!(number, 39);
    let wrong =
        |event: &Event| matches!(event, Event::Refused { reason: RejectionReason::WrongCode, .. });
    assert_eq!(site.heard(wrong), 0);
}

/// A text that cannot be a code counts as a wrong one. If it did not, a guess of the password with
/// such a text would be counted if the password is wrong and not if it is right.
#[tokio::test]
async fn a_text_that_cannot_be_a_code_counts_like_a_wrong_code() {
    let attempts_until_limited = async |code: &dyn Fn() -> String| {
        let site = Site::new();
        let alice = site.enrolled("alice").await;
        drop(alice);
        let mut attempts = 0;
        loop {
            match site.log_in("alice", PASSWORD, Some(&code())).await.map(drop) {
                Err(AccountsErrorKind::Refused) => attempts += 1,
                Err(AccountsErrorKind::Limited { .. }) => return attempts,
                other => panic!("{other:?}"),
            }
            assert!(attempts < 1000, "no limit");
        }
    };
    let wrong = attempts_until_limited(&|| "000000".to_owned()).await;
    for text in ["abc", "12345", "1234567", "123.456", "\u{e9}"] {
        assert_eq!(attempts_until_limited(&|| text.to_owned()).await, wrong, "{text}");
    }
}

fn start(
    set: impl FnOnce(&mut Settings<SiteRole>),
    with_factor: bool,
) -> Result<(), SettingsError> {
    let store = std::sync::Arc::new(MemoryStore::default());
    let mut stores = StoreSet::new(store.clone());
    if with_factor {
        stores.two_factor = Some(store.into());
    }
    let mut settings = Settings::default();
    set(&mut settings);
    let keys = KeyRing::generate_hs256([7; 32], UnixTime::from_secs(1_800_000_000));
    Accounts::new(keys, stores, settings).map(drop)
}

#[test]
fn a_colon_in_the_name_of_the_site_is_refused_at_the_start() {
    let named = |name: &'static str| {
        move |settings: &mut Settings<SiteRole>| settings.site_name = Some(name.to_owned())
    };
    for name in ["Notes: the site", "https://site.example", ":"] {
        let error = start(named(name), true).unwrap_err();
        assert_eq!(error, SettingsError::SiteName(name.to_owned()));
        assert!(error.to_string().contains(".site_name("), "{error}");
        // Without second factors nothing shows the name to an authenticator.
        assert_eq!(start(named(name), false), Ok(()));
    }
    assert_eq!(start(named("Notes & more"), true), Ok(()));
    let issuer = |issuer: &'static str| {
        move |settings: &mut Settings<SiteRole>| settings.issuer = issuer.to_owned()
    };
    // Of an issuer that is an address, the host is shown.
    assert_eq!(start(issuer("https://site.example:8443/app"), true), Ok(()));
    assert_eq!(start(issuer("urn:site"), true), Err(SettingsError::SiteName("urn:site".into())));
    let origin = |settings: &mut Settings<SiteRole>| {
        settings.public_origin = Some(PublicOrigin::parse("http://[::1]:3000").unwrap());
    };
    assert_eq!(start(origin, true), Err(SettingsError::SiteName("[::1]".into())));
}

struct ByHand(&'static str);

const BIDI: &str = "\u{202e}nimda";

impl Role for ByHand {
    const ALL: &'static [Self] = &[Self("guest"), Self(BIDI)];

    fn name(&self) -> &'static str {
        self.0
    }

    fn index(&self) -> u8 {
        u8::from(self.0 == BIDI)
    }

    fn from_index(index: u8) -> Option<Self> {
        match index {
            0 => Some(Self("guest")),
            1 => Some(Self(BIDI)),
            _ => None,
        }
    }
}

#[test]
fn an_invisible_role_name_is_refused_at_the_start() {
    let keys = KeyRing::generate_hs256([7; 32], UnixTime::from_secs(1_800_000_000));
    let stores = StoreSet::new(std::sync::Arc::new(MemoryStore::default()));
    let error = Accounts::<ByHand>::new(keys, stores, Settings::default()).map(drop).unwrap_err();
    assert_eq!(error, SettingsError::RoleName(BIDI));
    assert!(!error.to_string().contains(BIDI), "the character is escaped: {error}");
}

/// pyotp made secrets of 80 bits until version 2.4.1.
#[tokio::test]
async fn an_authenticator_of_80_bits_logs_in_after_the_setting() {
    let old = "GEZDGNBVGY3TQOJQ";
    let lenient = TotpSettings::default().accept_80_bit_secrets();
    let secret = lenient.secret_from_base32(old).unwrap();
    let Site { store, clock, keys, .. } = Site::new();
    let site = Site::node(store, clock, keys, |settings| settings.totp = lenient);
    let who = site.verify(&site.register("alice").await.access).unwrap();
    let blob = site.accounts.encrypt_imported_secret(&id_of(&who), &secret).unwrap();
    site.store.import_second_factor(&id_of(&who), blob);
    let code = hallpass_core::Totp::new(secret.clone(), lenient).code_at(site.now());
    logged_in(site.log_in("alice", PASSWORD, Some(&code)).await);

    let strict = Site::node(site.store.clone(), site.clock.clone(), site.keys.clone(), |_| {});
    let error = strict.accounts.encrypt_imported_secret(&id_of(&who), &secret).unwrap_err();
    assert_eq!(error.kind(), AccountsErrorKind::Internal);
    strict.clock.pass(60);
    let code = hallpass_core::Totp::new(secret, lenient).code_at(strict.now());
    let refused = strict.log_in("alice", PASSWORD, Some(&code)).await.map(drop);
    assert_eq!(refused, Err(AccountsErrorKind::Internal));
    let long = TotpSecret::from_random([9; 20]);
    assert!(strict.accounts.encrypt_imported_secret(&id_of(&who), &long).is_ok());
}
