//! The parts of the example blog that do not depend on a web framework: its settings, posts and
//! pages.
//!
//! This crate contains no authentication and no authorization; hallpass provides both. The program
//! on axum is in `src/bin/blog`. A blog on another framework can use this whole library.

mod accounts;
mod config;
mod date;
mod draft;
mod failure;
mod fields;
mod filters;
mod json;
mod layout;
mod notice;
mod page;
mod posts;
mod role;
mod site;
mod slug;
mod style;
mod viewer;

pub use config::{Config, ConfigError};
pub use date::{long_date, rfc3339};
pub use draft::{Draft, DraftErrors};
pub use failure::Failure;
pub use fields::{After, DraftFields, Older, RoleField};
pub use json::Data;
pub use layout::BlogLayout;
pub use notice::Notice;
pub use page::{Admin, Content, Home, NewPost, Person, PostView, Profile, document, frame};
pub use posts::{Hide, Post, PostPage, Posts};
pub use role::BlogRole;
pub use site::{OpenError, Site};
pub use slug::Slug;
pub use style::{FAVICON, style_sheet};
pub use viewer::Viewer;
