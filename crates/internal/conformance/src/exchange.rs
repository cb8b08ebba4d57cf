//! A request and its response, as names and bytes, independent of the stack.

/// A request, independent of the stack and the client.
pub use hallpass_test_support::http::Request as Sent;
use hallpass_test_support::http::Response;

/// Returns a request of a script that accepts JSON.
#[must_use]
pub fn json_request(method: &str, target: &str) -> Sent {
    Sent::new(method, target).header("host", "site.example").header("accept", "application/json")
}

/// A response.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// The status.
    pub status: u16,
    /// The headers, followed by the trailers. Names are in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
    /// The number of times that a handler ran for the request.
    pub handler_runs: usize,
}

impl Received {
    /// Returns the values of a header.
    pub fn header(&self, name: &str) -> Vec<String> {
        self.headers
            .iter()
            .filter(|(present, _)| present == name)
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    /// Returns the body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl From<Response> for Received {
    fn from(Response { status, headers, body }: Response) -> Self {
        Self { status, headers, body, handler_runs: 0 }
    }
}
