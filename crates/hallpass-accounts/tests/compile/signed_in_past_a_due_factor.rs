use hallpass_core::Role;
use hallpass_accounts::{NextStep, PasswordAccepted, Visitor};

async fn skip<R: Role>(accepted: PasswordAccepted<R>) {
    if let NextStep::SecondFactor(due) = accepted.next().await {
        let _ = due.open_session(&Visitor::default()).await;
    }
}

async fn forget_to_ask<R: Role>(accepted: PasswordAccepted<R>) {
    let _ = accepted.open_session(&Visitor::default()).await;
}

fn main() {}
