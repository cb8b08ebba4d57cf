//! The style sheet and the icon.

use std::sync::LazyLock;

use hallpass::pages::STYLE_SHEET;

/// Returns the style sheet of the whole site: hallpass's style sheet for its own pages, and then
/// the blog's.
#[must_use]
pub fn style_sheet() -> &'static str {
    static WHOLE: LazyLock<String> = LazyLock::new(|| format!("{STYLE_SHEET}\n{OWN}"));
    &WHOLE
}

const OWN: &str = include_str!("../assets/style.css");

/// The icon.
pub const FAVICON: &str = include_str!("../assets/favicon.svg");
