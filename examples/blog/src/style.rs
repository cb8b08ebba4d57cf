//! What the pages look like.

use std::sync::LazyLock;

use hallpass::pages::STYLE_SHEET;

/// The style sheet of the whole site: the library's, for what stands in its pages, and then the
/// blog's own.
#[must_use]
pub fn style_sheet() -> &'static str {
    static WHOLE: LazyLock<String> = LazyLock::new(|| format!("{STYLE_SHEET}\n{OWN}"));
    &WHOLE
}

const OWN: &str = include_str!("../assets/style.css");

/// The icon: a pass with a hole for its string.
pub const FAVICON: &str = include_str!("../assets/favicon.svg");
