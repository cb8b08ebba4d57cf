//! A row of the table: `name | METHOD target | header: value && header: value | expected`.
//!
//! An indented line below the row is a difference of one stack: `~ stack: expected, since reason`.

use crate::{COOKIE, Sent, token};

/// A request and its expected response.
#[derive(Clone, Debug)]
pub struct Row {
    /// The file and the line of the row.
    pub place: String,
    /// The name of the row.
    pub name: String,
    /// The request. Its target may be the name of a door, `@admin`.
    sent: Sent,
    /// The response of every stack that is not in `differs`.
    expected: Expected,
    /// The stacks that differ, with their response and the reason.
    differs: Vec<(String, Expected, String)>,
}

/// An expected response.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expected {
    /// `200 ran alice`: the handler ran once for this user. `-` means no user.
    Ran(u16, String),
    /// `401 problem signed-out`: a rejection with a problem document of this kind.
    Problem(u16, String),
    /// `403 page`: a rejection with a page.
    Page(u16),
    /// `403 own`: a rejection with a page that the site defines.
    Own(u16),
    /// `401 hx`: a rejection with a page and an `HX-Redirect` header for htmx.
    Htmx(u16),
    /// `303 to /login?next=%2F`: a redirect to exactly this location.
    To(String),
    /// `303 login`: a redirect to the login page, with the target of the request as `next`.
    Login,
    /// `405 router`: a response of the framework. No handler ran.
    Router(u16),
    /// `grpc 16`: a gRPC status.
    Grpc(u8),
}

impl Row {
    pub(crate) fn parse(place: String, line: &str) -> Self {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let [name, request, headers, expected] = parts[..] else {
            panic!("{place}: a row has four parts, this row has {}", parts.len());
        };
        let (method, target) =
            request.split_once(' ').unwrap_or_else(|| panic!("{place}: the target is missing"));
        Self {
            name: name.to_owned(),
            sent: Sent {
                method: method.to_owned(),
                target: target.replace(r"\\", "\\"),
                headers: read_headers(&place, headers),
                body: Vec::new(),
            },
            expected: Expected::parse(&place, expected),
            differs: Vec::new(),
            place,
        }
    }

    pub(crate) fn add_difference(&mut self, place: &str, line: &str) {
        let (stack, rest) =
            line.split_once(':').unwrap_or_else(|| panic!("{place}: the stack is missing"));
        let (expected, why) =
            rest.split_once(", since ").unwrap_or_else(|| panic!("{place}: the reason is missing"));
        let expected = Expected::parse(place, expected.trim());
        self.differs.push((stack.trim().to_owned(), expected, why.trim().to_owned()));
    }

    /// Returns the requests of the row. If the target is the name of a door, each path of that door
    /// gets one request. There is no request if the stack does not have the door.
    pub fn requests(&self, doors: impl Fn(&str) -> Vec<&'static str>) -> Vec<Sent> {
        let Some(named) = self.sent.target.strip_prefix('@') else {
            return vec![self.sent.clone()];
        };
        let paths = doors(named).into_iter();
        paths.map(|path| Sent { target: path.to_owned(), ..self.sent.clone() }).collect()
    }

    /// Returns whether the target is the name of a door instead of a path.
    #[must_use]
    pub fn asks_at_doors(&self) -> bool {
        self.sent.target.starts_with('@')
    }

    /// Returns the row with a changed request.
    #[must_use]
    pub fn with_request(mut self, change: impl FnOnce(Sent) -> Sent) -> Self {
        self.sent = change(self.sent);
        self
    }

    /// Returns the expected response of a stack.
    pub fn expected(&self, stack: &str) -> &Expected {
        let own = self.differs.iter().find(|(name, ..)| name == stack);
        own.map_or(&self.expected, |(_, expected, _)| expected)
    }

    /// Returns the stacks that differ, and the reasons.
    pub fn differences(&self) -> impl Iterator<Item = (&str, &str)> {
        self.differs.iter().map(|(stack, _, why)| (stack.as_str(), why.as_str()))
    }
}

impl Expected {
    fn parse(place: &str, text: &str) -> Self {
        let words: Vec<&str> = text.split_whitespace().collect();
        let number = |text: &str| {
            text.parse().unwrap_or_else(|_| panic!("{place}: {text:?} is not a status"))
        };
        match words[..] {
            ["grpc", code] => Self::Grpc(
                code.parse().unwrap_or_else(|_| panic!("{place}: {code:?} is not a gRPC code")),
            ),
            [status, "ran", who] => Self::Ran(number(status), who.to_owned()),
            [status, "problem", kind] => Self::Problem(number(status), kind.to_owned()),
            [status, "page"] => Self::Page(number(status)),
            [status, "own"] => Self::Own(number(status)),
            [status, "hx"] => Self::Htmx(number(status)),
            ["303", "to", place] => Self::To(place.to_owned()),
            ["303", "login"] => Self::Login,
            [status, "router"] => Self::Router(number(status)),
            _ => panic!("{place}: {text:?} is not an expected response"),
        }
    }
}

/// Parses the column of headers. Adds the host, and `accept: application/json` unless the row has
/// an `accept` header or `!accept`.
fn read_headers(place: &str, text: &str) -> Vec<(String, Vec<u8>)> {
    let mut headers = vec![("host".to_owned(), b"site.example".to_vec())];
    let mut accepts = false;
    for header in text.split("&&").map(str::trim).filter(|header| !header.is_empty()) {
        let (name, value) =
            header.split_once(':').unwrap_or_else(|| panic!("{place}: {header:?} has no colon"));
        accepts |= name.trim_start_matches('!') == "accept";
        if !name.starts_with('!') {
            headers.push((name.to_owned(), unescape(&fill_in(place, value.trim()))));
        }
    }
    if !accepts {
        headers.push(("accept".to_owned(), b"application/json".to_vec()));
    }
    headers
}

/// Replaces the placeholders of tokens, of the cookie's name and of repeated letters (`{a*4096}`).
fn fill_in(place: &str, text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}').filter(|(name, _)| name.bytes().all(is_name_byte)) {
            Some((name, behind)) => {
                match name.split_once('*') {
                    Some((letter, times)) => out.push_str(
                        &letter.repeat(times.parse().expect("the number of letters is valid")),
                    ),
                    None if name == "C" => out.push_str(COOKIE),
                    None => out.push_str(
                        &token(name)
                            .unwrap_or_else(|| panic!("{place}: there is no token {name:?}")),
                    ),
                }
                rest = behind;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out + rest
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'*'
}

/// Replaces the escapes `\xff` (a byte) and `\t` (a tab).
fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'\\', [b'x', high, low, behind @ ..]) => {
                let hex = [*high, *low];
                let hex = std::str::from_utf8(&hex).expect("the escape has two hex digits");
                out.push(u8::from_str_radix(hex, 16).expect("the escape has two hex digits"));
                behind
            }
            (b'\\', [b't', behind @ ..]) => {
                out.push(b'\t');
                behind
            }
            _ => {
                out.push(*first);
                tail
            }
        };
    }
    out
}
