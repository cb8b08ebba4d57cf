use hallpass_core::{AccessToken, Role};
use hallpass_accounts::{Due, SignIn, SignInError, Visitor};

async fn log_in<R: Role>(sign_in: SignIn<R>, code: &str) -> Result<Option<AccessToken>, SignInError> {
    let visitor = Visitor::default();
    let accepted = sign_in.accept_password("alice", "password", &visitor).await?;
    let proven = match accepted.next().await {
        Due::Nothing(proven) => proven,
        Due::SecondFactor(due) => due.accept_code(code).await?,
        Due::Enrolment(_) => return Ok(None),
    };
    let signed_in = proven.open_session(&visitor).await?;
    Ok(sign_in.issuer().issue(&signed_in, sign_in.clock().now()).ok())
}

fn main() {}
