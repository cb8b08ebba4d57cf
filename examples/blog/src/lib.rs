//! The example blog, apart from any web framework: its settings, posts, pages and operator
//! commands.
//!
//! Nothing here signs anybody in or decides who may pass; that is hallpass's part. The program on
//! axum stands in `src/bin/blog`, and another framework's blog can share everything in this half.

mod accounts;
mod command;
mod config;
mod date;
mod draft;
mod failure;
mod fields;
mod json;
mod layout;
mod notice;
mod operator;
mod page;
mod posts;
mod role;
mod security_headers;
mod site;
mod slug;
mod style;
mod viewer;

pub use command::{Command, CommandError, Order};
pub use config::{Config, ConfigError};
pub use date::{long_date, rfc3339};
pub use draft::{Draft, DraftErrors};
pub use failure::Failure;
pub use fields::{After, DraftFields, Older, RoleField};
pub use json::Data;
pub use layout::BlogLayout;
pub use notice::Notice;
pub use operator::OperatorError;
pub use page::{Admin, Content, Home, NewPost, Person, PostView, Profile, document, frame};
pub use posts::{Hide, Post, PostPage, Posts};
pub use role::BlogRole;
pub use security_headers::SECURITY_HEADERS;
pub use site::{OpenError, Site};
pub use slug::Slug;
pub use style::{FAVICON, style_sheet};
pub use viewer::Viewer;
