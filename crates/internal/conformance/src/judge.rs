//! Compares a response with the expected response, and checks the rules that hold for every
//! rejection.

use crate::{Expected, Received, Sent};

/// Compares a response with the expected response.
///
/// # Errors
/// Returns a description of the first difference.
pub fn judge(sent: &Sent, expected: &Expected, received: &Received) -> Result<(), String> {
    match expected {
        Expected::Ran(status, who) => {
            same("status", received.status, *status)?;
            same("handler runs", received.handler_runs, 1)?;
            let text = if sent.method == "HEAD" { String::new() } else { format!("for {who}") };
            same("body", received.text(), text)
        }
        Expected::Grpc(0) => {
            same("handler runs", received.handler_runs, 1)?;
            same("grpc-status", received.header("grpc-status"), vec!["0".to_owned()])
        }
        Expected::Router(status) => {
            same("status", received.status, *status)?;
            same("handler runs", received.handler_runs, 0)
        }
        Expected::Grpc(code) => {
            same("status", received.status, 200)?;
            same("handler runs", received.handler_runs, 0)?;
            same("body", received.text(), String::new())?;
            same("grpc-status", received.header("grpc-status"), vec![code.to_string()])?;
            // The other codes are those of the router of tonic.
            if matches!(code, 7 | 16) {
                security_headers(received)?;
            }
            no_cookie(received)
        }
        refused => refusal(sent, refused, received),
    }
}

fn refusal(sent: &Sent, expected: &Expected, received: &Received) -> Result<(), String> {
    same("handler runs", received.handler_runs, 0)?;
    let status = match expected {
        Expected::Problem(status, _)
        | Expected::Page(status)
        | Expected::Own(status)
        | Expected::Htmx(status) => *status,
        _ => 303,
    };
    same("status", received.status, status)?;
    same("cache-control", received.header("cache-control"), vec!["no-store".to_owned()])?;
    let vary = received.header("vary").join(",").to_ascii_lowercase();
    same("vary contains cookie", vary.contains("cookie"), true)?;
    same(
        "the number of challenges",
        received.header("www-authenticate").len(),
        usize::from(status == 401),
    )?;
    no_cookie(received)?;
    security_headers(received)?;
    form(sent, expected, received)
}

fn form(sent: &Sent, expected: &Expected, received: &Received) -> Result<(), String> {
    let head = sent.method == "HEAD";
    let kind = received.header("content-type").join(",");
    let body = received.text();
    if head {
        same("body of HEAD", body.as_str(), "")?;
    }
    match expected {
        Expected::Problem(_, problem) => {
            same("content-type", kind.as_str(), "application/problem+json")?;
            let wanted = format!("\"urn:hallpass:problem:{problem}\"");
            same(&format!("{wanted} in {body:?}"), head || body.contains(&wanted), true)
        }
        Expected::Page(_) => page(&kind, &body, head),
        Expected::Own(_) => same("body", body.as_str(), "the site's own page"),
        Expected::Htmx(_) => {
            same("hx-redirect", received.header("hx-redirect").len(), 1)?;
            page(&kind, &body, head)
        }
        Expected::To(place) => same("location", received.header("location"), vec![place.clone()]),
        _ => {
            let next = sent.target.replace('/', "%2F");
            same("location", received.header("location"), vec![format!("/login?next={next}")])
        }
    }
}

fn page(kind: &str, body: &str, head: bool) -> Result<(), String> {
    same(&format!("{kind:?} is an HTML type"), kind.starts_with("text/html"), true)?;
    same("the body is a page", head || body.contains("<html"), true)
}

/// Every rejection has each security header exactly once, also a rejection with the site's own
/// page.
fn security_headers(received: &Received) -> Result<(), String> {
    for name in [
        "content-security-policy",
        "x-content-type-options",
        "x-frame-options",
        "referrer-policy",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "permissions-policy",
    ] {
        same(&format!("the number of {name}"), received.header(name).len(), 1)?;
    }
    same("clear-site-data", received.header("clear-site-data"), Vec::new())
}

fn no_cookie(received: &Received) -> Result<(), String> {
    same("set-cookie", received.header("set-cookie"), Vec::new())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: T, should: T) -> Result<(), String> {
    if is == should { Ok(()) } else { Err(format!("{what} is {is:?}, expected {should:?}")) }
}
