//! Every page of the login routes in a site's own HTML, without a template engine: [`Pages`] has
//! one method, and `format!` is enough.
//!
//! The form of a page posts to the path and with the field names that the page's documentation
//! lists. This file escapes all values, because the page data is plain text. The QR code is the
//! exception: it is an `<svg>` element. The texts of faults are from [`Texts`]; a site may also
//! write its own.
//!
//! Run it with `cargo run -p hallpass-web --example own_pages`. `tests/endpoint/own_pages.rs` logs
//! in through these pages.

use hallpass_core::{FieldFault, Rejection, RejectionKind};
use hallpass_web::{Fault, Page, Pages, Reader, RejectionPage, Texts};

/// Pages without a style sheet.
pub struct BarePages;

impl Pages for BarePages {
    fn render(&self, page: &Page<'_>, reader: &Reader<'_>) -> String {
        // On a site below a path, forms post to paths below it.
        let form = |path: &str, fields: &[String], fault| {
            form(&format!("{}{path}", reader.prefix), fields, fault)
        };
        let (title, main) = match page {
            Page::Register(page) => {
                let name =
                    field("username", "Name", page.username, "username", page.username_fault);
                (
                    "Sign up",
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
                ("Log in", form("/login", &[name, password, hidden("next", page.next)], page.fault))
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
                    key + &form(
                        "/account/two-factor",
                        &[
                            asked(page.asks_password, || {
                                password("password", "current-password", page.password_fault)
                            }),
                            code(page.code_fault),
                        ],
                        page.fault,
                    ),
                )
            }
            Page::TwoFactorOn(page) => {
                let refresh = form(
                    "/account/recovery-codes",
                    &[asked(page.renew_asks, || {
                        password("password", "current-password", page.renew_password_fault)
                            + &code(page.renew_code_fault)
                    })],
                    page.renew_fault,
                );
                let password =
                    password("password", "current-password", page.disable_password_fault);
                let off = [password, code(page.disable_code_fault)];
                (
                    "Second factor",
                    refresh + &form("/account/two-factor/disable", &off, page.disable_fault),
                )
            }
            Page::RecoveryCodes(page) => {
                let codes: String =
                    page.codes.iter().map(|code| format!("<li>{}</li>", code.as_str())).collect();
                ("Your recovery codes", format!("<ol>{codes}</ol>"))
            }
            Page::Password(page) => {
                let current = asked(page.asks_proof, || {
                    password("current_password", "current-password", page.current_fault)
                        + &asked(page.asks_code, || code(page.code_fault))
                });
                let new = password("new_password", "new-password", page.new_fault);
                ("A new password", form("/account/password", &[current, new], page.fault))
            }
            Page::Reset(page) => {
                let new = password("new_password", "new-password", page.new_fault);
                let code = asked(page.asks_code, || code(page.code_fault));
                let fields = [hidden("token", page.token), new, code];
                ("A new password", form("/login/reset", &fields, page.fault))
            }
            Page::Confirm(page) => {
                let password = password("password", "current-password", page.password_fault);
                let code = asked(page.asks_code, || code(page.code_fault));
                let fields = [password, code, hidden("next", page.next)];
                ("Confirm that it is you", form("/session/confirm", &fields, page.fault))
            }
            Page::Sessions(page) => {
                let line = |session: &hallpass_web::SessionLine<'_>| {
                    let end =
                        form("/account/sessions/revoke", &[hidden("session", session.id)], None);
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
            Page::Rejection(page) => ("Rejected", format!("<p>{}</p>", escaped(&page.detail))),
            // A page that a later version of the crate adds: its form is not written here yet.
            _ => ("Not available", "<p>This page is not available yet.</p>".to_owned()),
        };
        let who = reader
            .username
            .map(|username| format!("<p>You are logged in as {}.</p>", escaped(username)));
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
        "{}<form method=\"post\" action=\"{path}\">{fields}<button>Continue</button></form>",
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

/// Fields that a form has only under a condition.
fn asked(asks: bool, fields: impl FnOnce() -> String) -> String {
    if asks { fields() } else { String::new() }
}

fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[expect(clippy::print_stdout, reason = "an example prints its page")]
fn main() {
    let page = Page::Rejection(RejectionPage::of(Rejection::new(RejectionKind::Limited)));
    println!("{}", BarePages.render(&page, &Reader::logged_in("ann & bob")));
}
