//! The login routes of hallpass for any framework: routes, JSON, pages, texts, the page script and
//! the style sheet.
//!
//! This crate reads a request, calls the login flow of `hallpass-accounts` and builds the response.
//! It makes no security decisions of its own and does not depend on an HTTP framework: the routes
//! receive and return plain values, and an adapter reads the request and sends the response.
//!
//! | to | begin with |
//! |---|---|
//! | mount the routes | [`Routes::new`], then the adapter of a framework |
//! | write an adapter | [`Routes::routes`] and [`Routes::handle`] |
//! | change the look of the pages | [`Pages`], one method for all pages; or a [`Layout`], a frame around the default pages |
//! | change the texts | [`Texts`] |
//!
//! ```
//! use std::convert::Infallible;
//!
//! use hallpass_accounts::{Account, AccountId, AccountStore, Accounts, Settings, StoreSet, Username};
//! use hallpass_core::{Authentication, Clock, KeyRing, Role, SystemClock};
//! use hallpass_web::{EndpointRequest, Routes};
//!
//! #[derive(Role)]
//! enum SiteRole {
//!     Editor,
//! }
//!
//! struct Nobody;
//!
//! impl AccountStore for Nobody {
//!     type Error = Infallible;
//!
//!     async fn by_username(&self, _: &Username) -> Result<Option<Account>, Infallible> {
//!         Ok(None)
//!     }
//!
//!     async fn by_id(&self, _: &AccountId) -> Result<Option<Account>, Infallible> {
//!         Ok(None)
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let mut bytes = [0; 32];
//! hallpass_accounts::Random::fill(&hallpass_accounts::SystemRandom, &mut bytes)?;
//! let keys = KeyRing::generate_hs256(bytes, SystemClock.now());
//! let stores = StoreSet::new(std::sync::Arc::new(Nobody));
//! let routes = Routes::new(&Accounts::<SiteRole>::new(keys, stores, Settings::default())?);
//! assert_eq!(routes.routes()[0].path, "/login", "no registration: the store cannot create accounts");
//!
//! let head = |method, path| EndpointRequest::head(method, None, (path, None), Authentication::anonymous(), |_| [].into_iter());
//! assert_eq!(routes.handle(head("GET", "/login")).await.status, 200);
//! assert_eq!(routes.handle(head("GET", "/account/sessions")).await.status, 404);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | `pages` | [`DefaultPages`]: the pages as HTML | on |
//! | `utoipa` | `Routes::describe`: the routes in an OpenAPI document | off |

#![forbid(unsafe_code)]

mod activity;
mod duplicate_cookies;
mod exchange;
mod fields;
mod login;
mod pages;
mod password;
mod register;
mod request;
mod response;
mod routes;
mod session;
#[cfg(feature = "pages")]
mod texts;
mod two_factor;

pub use activity::page::{ActivityLine, ActivityPage};
pub use fields::Fault;
pub use login::page::{CodePage, LoginPage};
#[cfg(feature = "pages")]
pub use pages::default_pages::{DefaultLayout, DefaultPages, Layout};
pub use pages::notice::Notice;
pub use pages::reader::Reader;
pub use pages::{Page, Pages, RejectionPage, SCRIPT, STYLE_SHEET};
pub use password::page::PasswordPage;
pub use password::reset::page::ResetPage;
pub use register::page::RegisterPage;
pub use request::{Body, EndpointRequest};
pub use response::EndpointResponse;
pub use routes::Routes;
pub use routes::table::Route;
pub use session::confirm::page::ConfirmPage;
pub use session::page::{SessionLine, SessionsPage};
#[cfg(feature = "pages")]
pub use texts::{RejectionText, Texts};
pub use two_factor::page::{RecoveryCodesPage, TwoFactorOnPage, TwoFactorSetUpPage};
