//! No secret in any log, event or `Debug` (SECURITY row 24).

use std::io;
use std::sync::{Arc, Mutex};

use hallpass_core::{Totp, TotpSettings};
use hallpass_signin::{LoginStep, TwoFactor, Username};
use tracing_subscriber::fmt::MakeWriter;

use crate::site::{PASSWORD, Site, here, signed_in};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

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

#[tokio::test]
async fn nothing_that_opens_a_door_is_written_anywhere() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let site = Site::new();
    let mut secrets =
        vec![PASSWORD.to_owned(), "seven maps of nowhere".to_owned(), "typed in the wrong field".to_owned()];
    let mut shown = String::new();

    let opened = site.register("alice").await;
    let who = site.verify(&opened.access).unwrap();
    secrets.push(opened.access.as_str().to_owned());
    let refresh = opened.refresh.as_ref().unwrap();
    secrets.push(refresh.as_str().to_owned());
    let next = site.sign_in.refresh(refresh.as_str().as_bytes()).await.unwrap();
    shown += &format!("{next:?}");
    secrets.push(next.refresh.unwrap().as_str().to_owned());
    shown += &format!("{opened:?} {who:?} {:?}", site.sign_in);
    let TwoFactor::Off(set_up) = site.sign_in.two_factor(&who).await.unwrap() else { panic!() };
    shown += &format!("{set_up:?}");
    secrets.push(set_up.secret.to_base32());
    let totp = Totp::new(set_up.secret, TotpSettings::default());
    secrets.push(totp.code_at(site.now()));
    let (codes, tokens) = site.sign_in.enable_two_factor(&who, &totp.code_at(site.now())).await.unwrap();
    shown += &format!("{codes:?} {tokens:?}");
    secrets.push(tokens.access.as_str().to_owned());
    secrets.push(tokens.refresh.unwrap().as_str().to_owned());
    secrets.extend(codes.iter().map(|code| code.as_str().to_owned()));

    let step = site.log_in("alice", PASSWORD, None).await;
    shown += &format!("{step:?}");
    let Ok(LoginStep::FactorDue(pending)) = step else { panic!() };
    secrets.push(pending.as_str().to_owned());
    let accepted = site.sign_in.accept_password("alice", PASSWORD, &here()).await.unwrap();
    shown += &format!("{accepted:?}");
    shown += &format!("{:?}", accepted.next().await);
    site.clock.pass(30);
    secrets.push(totp.code_at(site.now()));
    let opened = signed_in(site.log_in("alice", PASSWORD, Some(&totp.code_at(site.now()))).await);
    secrets.push(opened.access.as_str().to_owned());
    signed_in(site.log_in("alice", PASSWORD, Some(codes[0].as_str())).await);
    let who = site.verify(&opened.access).unwrap();
    let _ = site.log_in("typed in the wrong field", "x", None).await;
    let _ = site.log_in("alice", "seven maps of nowhere", Some("123456")).await;
    let _access = site.sign_in.change_password(&who, PASSWORD, "seven maps of nowhere").await.unwrap();
    let account = site.sign_in.find(&Username::parse("alice").unwrap()).await.unwrap().unwrap();
    shown += &format!("{account:?}");
    secrets.push(account.password_hash().to_owned());

    shown += &String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    shown += &format!("{:?}", site.events.lock().unwrap());
    assert!(shown.contains("SecondFactorEnabled") && shown.contains("WrongPassword"), "{shown}");
    for secret in secrets {
        assert!(!shown.contains(&secret), "{secret} in {shown}");
    }
}
