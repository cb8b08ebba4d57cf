//! The example blog, apart from any web framework: its settings, posts, pages and operator commands.
//!
//! Nothing here signs anybody in or decides who may pass; that is hallpass's part. The program on axum stands in `src/bin/blog`, and
//! another framework's blog can share everything in this half.

mod config;
mod date;
mod draft;
mod posts;
mod slug;

pub use config::{Config, ConfigError};
pub use date::{long_date, rfc3339};
pub use draft::{Draft, DraftErrors};
pub use posts::{Hide, Post, PostPage, Posts};
pub use slug::Slug;
