//! The default page of a refusal: what a site shows that brought none of its own.
//!
//! No script and no inline style, so that it works under any Content-Security-Policy.

use std::fmt::Write as _;

use super::AnswerSettings;
use crate::denial::DenialKind;

/// A way forward.
pub(super) struct Link {
    pub(super) label: &'static str,
    pub(super) path: String,
}

/// The whole page.
pub(super) fn page(kind: DenialKind, links: &[Link], settings: &AnswerSettings) -> String {
    let (title, detail) = (kind.title(), kind.detail());
    let mut page = String::with_capacity(640);
    page.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width\">\n");
    page.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n");
    // Writing to a String cannot fail.
    let _ = writeln!(page, "<title>{title}</title>");
    if let Some(path) = &settings.style_sheet {
        let _ = writeln!(page, "<link rel=\"stylesheet\" href=\"{}\">", escaped(path));
    }
    let _ = writeln!(page, "</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{detail}</p>");
    for Link { label, path } in links {
        let _ = writeln!(page, "<p><a href=\"{}\">{label}</a></p>", escaped(path));
    }
    page.push_str("<p><a href=\"/\">Home page</a></p>\n</main>\n</body>\n</html>\n");
    page
}

/// A path within a quoted attribute. Quotes and angle brackets are percent-encoded in it already.
fn escaped(path: &str) -> String {
    path.replace('&', "&amp;")
}
