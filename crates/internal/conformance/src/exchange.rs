//! A request as it is sent, and the answer as it is received: names and bytes, as on the wire.

/// A request, in any stack's or client's hands.
pub use hallpass_test_support::http::Request as Sent;
use hallpass_test_support::http::Response;

/// A request of a script that accepts JSON.
#[must_use]
pub fn json_request(method: &str, target: &str) -> Sent {
    Sent::new(method, target).header("host", "site.example").header("accept", "application/json")
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

impl From<Response> for Received {
    fn from(Response { status, headers, body }: Response) -> Self {
        Self { status, headers, body, handler_runs: 0 }
    }
}
