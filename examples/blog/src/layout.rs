//! The blog's frame around the library's sign-in pages.

use hallpass::RoleSet;
use hallpass::pages::Layout;

use crate::{Viewer, frame};

/// Puts the content of a sign-in page where the blog's own pages have theirs.
#[derive(Clone, Copy, Debug, Default)]
pub struct BlogLayout;

impl Layout for BlogLayout {
    /// The frame speaks English alone, and so do the pages that the blog asks for.
    fn wrap(&self, title: &str, main: &str, _lang: &str, username: Option<&str>) -> String {
        let viewer = username.map(|username| Viewer::new(username, RoleSet::EMPTY));
        frame(title, main, viewer.as_ref())
    }
}
