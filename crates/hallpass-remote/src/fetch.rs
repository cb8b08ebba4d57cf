//! The site's HTTP client as a trait, with the limits that it must apply.
//!
//! The limit of a body is part of the type of a response ([`LimitedBody`]), so that every client
//! applies it. Otherwise a hostile or broken server could fill the memory.

#[cfg(feature = "hyper")]
pub(crate) mod on_hyper;

use std::{error::Error, fmt, future::Future, sync::Arc};

/// Sends one HTTP request and returns the response.
///
/// Implementations:
///
/// - do not follow redirects: a `3xx` is returned as it is. Only the configured host receives
///   requests;
/// - return a response of any status as a response. An error means that there was no response;
/// - collect the body with [`LimitedBody::push`], chunk by chunk, and stop at its error;
/// - may leave the timeout to the caller, which drops the future when it has waited long enough.
///
/// ```
/// use std::error::Error;
/// use hallpass_remote::{Fetch, FetchRequest, FetchResponse, LimitedBody};
///
/// # struct Response(Vec<Vec<u8>>);
/// # impl Response {
/// #     fn status(&self) -> u16 { 200 }
/// #     fn headers(&self) -> Vec<(&str, &str)> { Vec::new() }
/// #     async fn chunk(&mut self) -> Result<Option<Vec<u8>>, std::io::Error> { Ok(self.0.pop()) }
/// # }
/// # struct Client;
/// # impl Client {
/// #     async fn send(&self, _: &FetchRequest) -> Result<Response, std::io::Error> {
/// #         Ok(Response(vec![b"{}".to_vec()]))
/// #     }
/// # }
/// struct SiteClient(Client); // reqwest's, for example
///
/// impl Fetch for SiteClient {
///     type Error = Box<dyn Error + Send + Sync>;
///
///     async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, Self::Error> {
///         let mut response = self.0.send(&request).await?;
///         let mut body = LimitedBody::default();
///         while let Some(chunk) = response.chunk().await? {
///             body.push(&chunk)?;
///         }
///         let mut fetched = FetchResponse::new(response.status(), body);
///         for (name, value) in response.headers() {
///             fetched = fetched.header(name, value);
///         }
///         Ok(fetched)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an HTTP client: it does not implement `hallpass_remote::Fetch`",
    label = "`Fetch` is not implemented for this type",
    note = "implement `Fetch` for a type that holds your HTTP client, or write \
            `get_with(|url| async move {{ … }})` with a closure that returns the body",
    note = "guide: docs/guide/src/verify-only.md"
)]
pub trait Fetch: Send + Sync + 'static {
    /// The error if there was no response. It is logged as a source and never shown to a person.
    type Error: Into<Box<dyn Error + Send + Sync>>;

    /// Sends the request.
    ///
    /// # Errors
    /// The errors of the client, and [`BodyTooLong`].
    fn fetch(
        &self,
        request: FetchRequest,
    ) -> impl Future<Output = Result<FetchResponse, Self::Error>> + Send;
}

impl<C: Fetch> Fetch for Arc<C> {
    type Error = C::Error;

    fn fetch(
        &self,
        request: FetchRequest,
    ) -> impl Future<Output = Result<FetchResponse, Self::Error>> + Send {
        C::fetch(self, request)
    }
}

/// Makes a [`Fetch`] from a closure that takes a URL and returns the body of a `200` response.
///
/// Use it for plain `GET` requests, as for a JWK Set. The closure handles the status, must not
/// follow redirects, and must stop reading at [`LimitedBody::MAX`]: this function only sees a body
/// that is already in memory. Headers of the request are not passed on, and a request of another
/// method is an error. `HyperFetch` (feature `hyper`) and an own [`Fetch`] apply the limits.
///
/// ```
/// use hallpass_remote::{RemoteJwks, get_with};
///
/// # #[derive(Clone)] struct Client;
/// # impl Client {
/// #     async fn text(&self, _: String) -> Result<String, std::io::Error> { Ok(String::new()) }
/// # }
/// # let client = Client;
/// let remote = RemoteJwks::new(
///     "https://login.example/.well-known/jwks.json",
///     get_with(move |url| {
///         let client = client.clone();
///         async move { client.text(url).await }
///     }),
/// );
/// # let _ = remote;
/// ```
pub fn get_with<F, Fut, B, E>(get: F) -> GetWith<F>
where
    F: Fn(String) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<B, E>> + Send,
    B: Into<Vec<u8>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    GetWith(get)
}

/// The [`Fetch`] that [`get_with`] returns.
#[derive(Clone, Copy)]
pub struct GetWith<F>(F);

impl<F, Fut, B, E> Fetch for GetWith<F>
where
    F: Fn(String) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<B, E>> + Send,
    B: Into<Vec<u8>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    type Error = Box<dyn Error + Send + Sync>;

    async fn fetch(&self, request: FetchRequest) -> Result<FetchResponse, Self::Error> {
        if request.method != "GET" {
            return Err("a closure of `get_with` sends GET requests only".into());
        }
        let body = (self.0)(request.url).await.map_err(Into::into)?;
        Ok(FetchResponse::new(200, LimitedBody::try_from(body.into())?))
    }
}

impl<F> fmt::Debug for GetWith<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetWith").finish_non_exhaustive()
    }
}

/// A request to send: method, URL, headers and body.
#[derive(Clone)]
pub struct FetchRequest {
    method: &'static str,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl FetchRequest {
    /// Creates a `GET` request.
    pub fn get(url: impl Into<String>) -> Self {
        Self { method: "GET", url: url.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// Creates a `POST` request with a body.
    pub fn post(url: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self { method: "POST", body: body.into(), ..Self::get(url) }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Returns the method, `GET` or `POST`.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// Returns the absolute URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the headers in the order in which they were added, as (name, value).
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the body, which is empty for a `GET`.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

/// Prints neither headers nor body, because both may contain credentials.
impl fmt::Debug for FetchRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchRequest")
            .field("method", &self.method)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// A response: status, headers, and a body of at most [`LimitedBody::MAX`] bytes.
#[derive(Clone)]
pub struct FetchResponse {
    status: u16,
    headers: Vec<(String, String)>,
    body: LimitedBody,
}

impl FetchResponse {
    /// Creates a response without headers.
    pub fn new(status: u16, body: LimitedBody) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Returns the status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the value of the first header of this name, in any case.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the body.
    pub fn body(&self) -> &[u8] {
        &self.body.0
    }

    /// Returns the body, owned.
    pub fn into_body(self) -> Vec<u8> {
        self.body.0
    }
}

/// Prints neither headers nor body, because both may contain credentials.
impl fmt::Debug for FetchResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

/// A body that is collected chunk by chunk and cannot grow beyond [`MAX`](Self::MAX).
#[derive(Clone, Default)]
pub struct LimitedBody(Vec<u8>);

impl LimitedBody {
    /// Maximum length, in bytes: 256 KiB, which is more than a hundred times the length of a JWK
    /// Set, of a discovery document or of a token response.
    pub const MAX: usize = 256 * 1024;

    /// Appends a chunk.
    ///
    /// # Errors
    /// The body would be longer than [`MAX`](Self::MAX). Stop reading then.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), BodyTooLong> {
        if chunk.len() > Self::MAX - self.0.len() {
            return Err(BodyTooLong);
        }
        self.0.extend_from_slice(chunk);
        Ok(())
    }
}

impl TryFrom<Vec<u8>> for LimitedBody {
    type Error = BodyTooLong;

    fn try_from(body: Vec<u8>) -> Result<Self, BodyTooLong> {
        if body.len() > Self::MAX { Err(BodyTooLong) } else { Ok(Self(body)) }
    }
}

impl fmt::Debug for LimitedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LimitedBody({} bytes)", self.0.len())
    }
}

/// The response has a body of more than [`LimitedBody::MAX`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the response body is longer than 256 KiB")]
pub struct BodyTooLong;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn body_ends_at_the_limit() {
        let mut body = LimitedBody::default();
        body.push(&[0; LimitedBody::MAX - 1]).unwrap();
        body.push(&[0]).unwrap();
        body.push(&[]).unwrap();
        assert_eq!(body.push(&[0]), Err(BodyTooLong));
        assert_eq!(FetchResponse::new(200, body).body().len(), LimitedBody::MAX);
        assert!(LimitedBody::try_from(vec![0; LimitedBody::MAX]).is_ok());
        assert_eq!(LimitedBody::try_from(vec![0; LimitedBody::MAX + 1]).unwrap_err(), BodyTooLong);
    }

    #[test]
    fn response_headers_are_found_in_any_case() {
        let response = FetchResponse::new(200, LimitedBody::default())
            .header("Content-Type", "application/json")
            .header("content-type", "text/html");
        assert_eq!(response.header_value("content-type"), Some("application/json"));
        assert_eq!(response.header_value("location"), None);
    }

    #[test]
    fn debug_output_has_no_credentials() {
        let request = FetchRequest::post("https://login.example/token", "code=secret")
            .header("authorization", "Basic secret");
        let body = LimitedBody::try_from(b"secret".to_vec()).unwrap();
        let response = FetchResponse::new(200, body).header("set-cookie", "secret");
        let shown = format!("{request:?} {response:?}");
        assert!(shown.contains("login.example") && !shown.contains("secret"), "{shown}");
    }
}
