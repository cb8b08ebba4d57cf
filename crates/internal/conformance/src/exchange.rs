//! A request as it is sent, and the answer as it is received: names and bytes, as on the wire.

/// A request, in any stack's or client's hands.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The method, any token.
    pub method: String,
    /// The request target, as it goes on the wire.
    pub target: String,
    /// The headers in order; values are bytes, since cookies may be.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Sent {
    /// A request of a script, without more.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        let headers = [("host", "site.example"), ("accept", "application/json")];
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_owned())).into(),
            body: Vec::new(),
        }
    }

    /// Splits each cookie header into one header for each cookie, as HTTP/2 clients do (RFC 9113 section 8.2.3).
    #[must_use]
    pub fn with_cookie_crumbs(mut self) -> Self {
        self.headers = std::mem::take(&mut self.headers)
            .into_iter()
            .flat_map(|(name, value)| {
                let crumbs: Vec<Vec<u8>> = if name.eq_ignore_ascii_case("cookie") {
                    value.split(|byte| *byte == b';').map(|crumb| crumb.trim_ascii().to_vec()).collect()
                } else {
                    vec![value]
                };
                crumbs.into_iter().map(move |crumb| (name.clone(), crumb))
            })
            .collect();
        self
    }
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case, trailers behind them.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
    /// How often a handler ran for it.
    pub handler_runs: usize,
}

impl Received {
    /// The values of a header.
    pub fn header(&self, name: &str) -> Vec<String> {
        self.headers
            .iter()
            .filter(|(present, _)| present == name)
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
