//! No log, event or `Debug` output contains a secret (SECURITY row 24).

use std::io;
use std::sync::{Arc, Mutex};

use hallpass_accounts::{LoginStep, NewPassword, Proof, TwoFactor, TwoFactorPolicy, Username};
use hallpass_core::{PublicOrigin, Totp, TotpSettings};
use tracing::Dispatch;
use tracing_subscriber::fmt::MakeWriter;

use crate::site::{PASSWORD, Site, here, logged_in};

/// A log in memory.
#[derive(Clone, Default)]
pub struct Log(pub Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[test]
fn logs_events_and_debug_contain_no_secret() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    let dispatch = Dispatch::new(subscriber);
    let of_threads = dispatch.clone();
    // The hashing threads write to the same log.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .on_thread_start(move || std::mem::forget(tracing::dispatcher::set_default(&of_threads)))
        .build()
        .unwrap();
    let _guard = tracing::dispatcher::set_default(&dispatch);
    runtime.block_on(use_everything(&log));
}

async fn use_everything(log: &Log) {
    let site = Site::new();
    site.keys.replace(site.keys.current().with_new_pepper([5; 32], site.now()));
    let mut secrets = vec![
        PASSWORD.to_owned(),
        "seven maps of nowhere".to_owned(),
        "typed in the wrong field".to_owned(),
    ];
    let ring = site.keys.current();
    let mut shown = format!("{ring:?} {:?} {:?}", site.keys, site.accounts.issuer());
    for (_, key) in ring.peppers().chain(ring.encryption_keys()) {
        secrets.extend(every_form(key));
    }
    secrets.extend(key_file_secrets(&ring.to_json()));

    let opened = site.register("alice").await;
    let who = site.verify(&opened.access).unwrap();
    secrets.push(opened.access.as_str().to_owned());
    secrets.push(opened.browser.as_ref().unwrap().as_str().to_owned());
    let refresh = opened.refresh.as_ref().unwrap();
    secrets.push(refresh.as_str().to_owned());
    let next = site.accounts.refresh(refresh.as_str().as_bytes()).await.unwrap();
    shown += &format!("{next:?}");
    secrets.push(next.refresh.as_ref().unwrap().as_str().to_owned());
    shown += &format!("{opened:?} {who:?} {:?}", site.accounts);
    let TwoFactor::Off(set_up) = site.accounts.two_factor(&who).await.unwrap() else { panic!() };
    shown += &format!("{set_up:?}");
    secrets.push(set_up.secret.to_base32());
    let totp = Totp::new(set_up.secret, TotpSettings::default());
    secrets.push(totp.code_at(site.now()));
    let refresh = next.refresh.unwrap();
    let proof = Proof::of_password(PASSWORD)
        .with_code(Some("424 242"))
        .with_refresh(Some(refresh.as_str().as_bytes()));
    shown += &format!("{proof:?}");
    secrets.push("424 242".to_owned());
    let (codes, tokens) =
        site.accounts.enable_two_factor(&who, &proof, &totp.code_at(site.now())).await.unwrap();
    shown += &format!("{codes:?} {tokens:?}");
    secrets.push(tokens.access.as_str().to_owned());
    secrets.push(tokens.refresh.unwrap().as_str().to_owned());
    secrets.extend(codes.iter().map(|code| code.as_str().to_owned()));

    let step = site.log_in("alice", PASSWORD, None).await;
    shown += &format!("{step:?}");
    let Ok(LoginStep::MfaRequired(pending)) = step else { panic!() };
    secrets.push(pending.as_str().to_owned());
    let accepted = site.accounts.accept_password("alice", PASSWORD, &here()).await.unwrap();
    shown += &format!("{accepted:?}");
    shown += &format!("{:?}", accepted.next().await);
    site.clock.pass(30);
    secrets.push(totp.code_at(site.now()));
    let opened = logged_in(site.log_in("alice", PASSWORD, Some(&totp.code_at(site.now()))).await);
    secrets.push(opened.access.as_str().to_owned());
    secrets.push(opened.browser.as_ref().unwrap().as_str().to_owned());
    logged_in(site.log_in("alice", PASSWORD, Some(codes[0].as_str())).await);
    let who = site.verify(&opened.access).unwrap();
    let _ = site.log_in("typed in the wrong field", "x", None).await;
    let _ = site.log_in("alice", "seven maps of nowhere", Some("123456")).await;
    let _access = site
        .accounts
        .change_password(
            &who,
            &Proof::of_password(PASSWORD).with_code(Some(codes[1].as_str())),
            "seven maps of nowhere",
        )
        .await
        .unwrap();
    let account = site.accounts.find(&Username::parse("alice").unwrap()).await.unwrap().unwrap();
    shown += &format!("{account:?}");
    secrets.push(account.password_hash().to_owned());

    // A link that sets a password.
    let link = site.accounts.reset_password(account.id()).await.unwrap();
    secrets.push(link.token().to_owned());
    let origin = PublicOrigin::parse("https://site.example").unwrap();
    secrets.push(link.url(&origin).to_string());
    let fields = NewPassword::new(link.token().as_bytes(), "nine doors and a window")
        .with_code(Some(codes[2].as_str()));
    shown += &format!("{link:?} {fields:?}");
    secrets.push("nine doors and a window".to_owned());
    let wrong = NewPassword::new(link.token().as_bytes(), "nine doors and a window")
        .with_code(Some("565656"));
    site.accounts.set_password_by_link(&wrong, &here()).await.unwrap_err();
    let reset = site.accounts.set_password_by_link(&fields, &here()).await.unwrap();
    shown += &format!("{reset:?}");
    let again = site.accounts.set_password_by_link(&fields, &here()).await;
    shown += &format!("{:?}", again.unwrap_err());

    // On a site that requires a second factor: the enrolment token, and the secrets that the
    // enrolment returns.
    let strict =
        Site::node(site.store.clone(), site.clock.clone(), site.keys.clone(), |settings| {
            settings.two_factor = TwoFactorPolicy::RequiredForAll;
        });
    site.register("bob").await;
    let step = strict.log_in("bob", PASSWORD, None).await;
    shown += &format!("{step:?}");
    let Ok(LoginStep::EnrolmentRequired(enrolment)) = step else { panic!() };
    secrets.push(enrolment.as_str().to_owned());
    let enrolling = strict.accounts.enrolling(enrolment.as_str().as_bytes()).await.unwrap();
    let set_up = enrolling.set_up().unwrap();
    shown += &format!("{enrolling:?} {set_up:?}");
    secrets.push(set_up.secret.to_base32());
    let code = Totp::new(set_up.secret, TotpSettings::default()).code_at(strict.now());
    let (codes, opened) = enrolling.accept_first_code(&code, &here()).await.unwrap();
    shown += &format!("{codes:?} {opened:?} {:?}", strict.events.lock().unwrap());
    secrets.push(code);
    secrets.extend(codes.iter().map(|code| code.as_str().to_owned()));
    secrets.extend(
        [
            opened.access.as_str(),
            opened.browser.as_ref().unwrap().as_str(),
            opened.refresh.unwrap().as_str(),
        ]
        .map(str::to_owned),
    );

    shown += &String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    shown += &format!("{:?}", site.events.lock().unwrap());
    assert!(shown.contains("SecondFactorEnabled") && shown.contains("WrongPassword"), "{shown}");
    for secret in secrets {
        assert!(!shown.contains(&secret), "{secret} in {shown}");
    }
}

/// Returns the key as a list of numbers and in hexadecimal.
fn every_form(key: &[u8; 32]) -> [String; 3] {
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let numbers = format!("{key:?}");
    [numbers.trim_matches(['[', ']']).to_owned(), hex.to_uppercase(), hex]
}

/// Returns the secret of each key in base64url, as in the key file.
fn key_file_secrets(json: &str) -> Vec<String> {
    let set: serde_json::Value = serde_json::from_str(json).unwrap();
    let secrets: Vec<_> = set["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["k"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(secrets.len(), 3, "a signing key, an encryption key and a pepper");
    secrets
}
