//! Every page of the sign-in routes in a site's own HTML, without a template engine: [`Pages`] is
//! one method, and `format!` will do.
//!
//! A page's form posts to the path and with the field names that stand in the page's documentation.
//! What is shown is escaped here, since the model is plain text (but for the QR code, which is an
//! `<svg>` element). The words for what went wrong are taken from the catalogue, [`Texts`], which a
//! site may leave aside too.
//!
//! Run it with `cargo run -p hallpass-web --example own_pages`; `tests/endpoint/own_pages.rs` signs
//! in through these pages.

use hallpass_core::{FieldFault, Rejection, RejectionKind};
use hallpass_web::{Fault, Page, Pages, Reader, RejectionPage, Texts};

/// A site that likes its pages bare.
pub struct BarePages;

impl Pages for BarePages {
    fn render(&self, page: &Page<'_>, reader: &Reader<'_>) -> String {
        let (title, main) = match page {
            Page::Register(page) => {
                let name =
                    field("username", "Name", page.username, "username", page.username_fault);
                (
                    "Join",
                    form(
                        "/register",
                        &[name, password("password", "new-password", page.password_fault)],
                        None,
                    ),
                )
            }
            Page::Login(page) => {
                let name =
                    field("username", "Name", page.username, "username", page.username_fault);
                let password = password("password", "current-password", page.password_fault);
                (
                    "Come in",
                    form("/login", &[name, password, hidden("next", page.next)], page.fault),
                )
            }
            Page::Code(page) => (
                "Your code",
                form(
                    "/login/code",
                    &[code(page.code_fault), hidden("next", page.next)],
                    page.fault,
                ),
            ),
            Page::TwoFactorSetUp(page) => {
                let key = format!("{}<p><code>{}</code></p>", page.qr_svg, escaped(page.secret));
                (
                    "Second factor",
                    key + &form("/profile/two-factor", &[code(page.code_fault)], page.fault),
                )
            }
            Page::TwoFactorOn(page) => {
                let refresh = form(
                    "/profile/recovery-codes",
                    &[code(page.renew_code_fault)],
                    page.renew_fault,
                );
                let password =
                    password("password", "current-password", page.disable_password_fault);
                let off = [password, code(page.disable_code_fault)];
                (
                    "Second factor",
                    refresh + &form("/profile/two-factor/disable", &off, page.disable_fault),
                )
            }
            Page::RecoveryCodes(page) => {
                let codes: String =
                    page.codes.iter().map(|code| format!("<li>{}</li>", code.as_str())).collect();
                ("Keep these", format!("<ol>{codes}</ol>"))
            }
            Page::Password(page) => {
                let current = password("current_password", "current-password", page.current_fault);
                let new = password("new_password", "new-password", page.new_fault);
                ("A new password", form("/profile/password", &[current, new], page.fault))
            }
            Page::Sessions(page) => {
                let line = |session: &hallpass_web::SessionLine<'_>| {
                    let end =
                        form("/profile/sessions/revoke", &[hidden("session", session.id)], None);
                    format!(
                        "<li>{}{}</li>",
                        escaped(session.device),
                        if session.current { "" } else { &end }
                    )
                };
                (
                    "Your devices",
                    format!("<ul>{}</ul>", page.sessions.iter().map(line).collect::<String>()),
                )
            }
            Page::Rejection(page) => ("No", format!("<p>{}</p>", escaped(&page.detail))),
            // A page that a later version adds: nothing here knows its form, so it says so instead
            // of showing half of it.
            _ => ("Later", "<p>This page is not written yet.</p>".to_owned()),
        };
        let who = reader.username.map(|username| format!("<p>You are {}.</p>", escaped(username)));
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><h1>{title}</h1>{}{main}</html>",
            who.unwrap_or_default()
        )
    }
}

fn form(path: &str, fields: &[String], fault: Option<Fault>) -> String {
    let fault =
        fault.map(|fault| format!("<p role=\"alert\">{}</p>", Texts::english().fault(&fault)));
    let fields = fields.concat();
    format!(
        "{}<form method=\"post\" action=\"{path}\">{fields}<button>Go on</button></form>",
        fault.unwrap_or_default()
    )
}

fn field(
    name: &str,
    label: &str,
    value: &str,
    autocomplete: &str,
    fault: Option<FieldFault>,
) -> String {
    let fault = fault.map(|fault| Texts::english().field_fault(&fault)).unwrap_or_default();
    let value = escaped(value);
    format!(
        "<label>{label} <input name=\"{name}\" value=\"{value}\" autocomplete=\"{autocomplete}\"></label> {fault}"
    )
}

fn password(name: &str, autocomplete: &str, fault: Option<FieldFault>) -> String {
    field(name, "Password", "", autocomplete, fault).replace("<input ", "<input type=\"password\" ")
}

fn code(fault: Option<FieldFault>) -> String {
    field("code", "Code", "", "one-time-code", fault)
        .replace("<input ", "<input inputmode=\"numeric\" ")
}

fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[expect(clippy::print_stdout, reason = "an example shows what it made")]
fn main() {
    let page = Page::Rejection(RejectionPage::of(Rejection::new(RejectionKind::Limited)));
    println!("{}", BarePages.render(&page, &Reader::logged_in("ann & bob")));
}
