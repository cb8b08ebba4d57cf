//! The blog's frame around hallpass's pages.

use hallpass::RoleSet;
use hallpass::pages::{Layout, Reader};

use crate::{Viewer, frame};

/// Renders the content of hallpass's pages in the frame of the blog's own pages.
#[derive(Clone, Copy, Debug, Default)]
pub struct BlogLayout;

impl Layout for BlogLayout {
    /// Ignores the language: the frame and the pages that the blog configures are in English.
    fn wrap(&self, title: &str, main: &str, _lang: &str, reader: &Reader<'_>) -> String {
        let viewer = reader.username.map(|username| Viewer::new(username, RoleSet::EMPTY));
        frame(title, main, viewer.as_ref(), reader.prefix)
    }
}
