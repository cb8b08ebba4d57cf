//! A row of the table: `name | METHOD target | header: value && header: value | expected`, and
//! below it, indented, what differs: `~ stack: expected, since reason`.

use crate::{COOKIE, Sent, token};

/// A request and what comes of it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Where it stands: file and line.
    pub place: String,
    /// What it is about.
    pub name: String,
    /// The request, its target with `@door` still in it.
    sent: Sent,
    /// What every stack answers that is not named below.
    expected: Expected,
    /// The stacks that differ, with their answer and the reason.
    differs: Vec<(String, Expected, String)>,
}

/// What comes of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expected {
    /// `200 ran alice`: the handler ran once, and saw this caller (`-` for nobody).
    Ran(u16, String),
    /// `401 problem signed-out`: refused with a problem document of this kind.
    Problem(u16, String),
    /// `403 page`: refused with a page.
    Page(u16),
    /// `403 own`: refused with the site's own page.
    Own(u16),
    /// `401 hx`: refused with a page and the way forward for htmx.
    Htmx(u16),
    /// `303 to /login?next=%2F`: sent to exactly this place.
    To(String),
    /// `303 login`: sent to log in, to come back to the request's own target.
    Login,
    /// `405 router`: the framework's own answer, no handler ran.
    Router(u16),
    /// `grpc 16`: a gRPC status.
    Grpc(u8),
}

impl Row {
    pub(crate) fn parse(place: String, line: &str) -> Self {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let [name, request, headers, expected] = parts[..] else {
            panic!("{place}: a row has four parts, this has {}", parts.len());
        };
        let (method, target) =
            request.split_once(' ').unwrap_or_else(|| panic!("{place}: no target"));
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
        let (stack, rest) = line.split_once(':').unwrap_or_else(|| panic!("{place}: no stack"));
        let (expected, why) =
            rest.split_once(", since ").unwrap_or_else(|| panic!("{place}: no reason"));
        let expected = Expected::parse(place, expected.trim());
        self.differs.push((stack.trim().to_owned(), expected, why.trim().to_owned()));
    }

    /// The request, once for each of the stack's doors where the target names them; none where the
    /// stack has no such door.
    pub fn requests(&self, doors: impl Fn(&str) -> Vec<&'static str>) -> Vec<Sent> {
        let Some(named) = self.sent.target.strip_prefix('@') else {
            return vec![self.sent.clone()];
        };
        let paths = doors(named).into_iter();
        paths.map(|path| Sent { target: path.to_owned(), ..self.sent.clone() }).collect()
    }

    /// Whether the request goes to a stack's doors instead of one path.
    #[must_use]
    pub fn asks_at_doors(&self) -> bool {
        self.sent.target.starts_with('@')
    }

    /// The row with its request changed.
    #[must_use]
    pub fn with_request(mut self, change: impl FnOnce(Sent) -> Sent) -> Self {
        self.sent = change(self.sent);
        self
    }

    /// What this stack answers.
    pub fn expected(&self, stack: &str) -> &Expected {
        let own = self.differs.iter().find(|(name, ..)| name == stack);
        own.map_or(&self.expected, |(_, expected, _)| expected)
    }

    /// The stacks that differ, and why.
    pub fn differences(&self) -> impl Iterator<Item = (&str, &str)> {
        self.differs.iter().map(|(stack, _, why)| (stack.as_str(), why.as_str()))
    }
}

impl Expected {
    fn parse(place: &str, text: &str) -> Self {
        let words: Vec<&str> = text.split_whitespace().collect();
        let number =
            |text: &str| text.parse().unwrap_or_else(|_| panic!("{place}: no status in {text:?}"));
        match words[..] {
            ["grpc", code] => {
                Self::Grpc(code.parse().unwrap_or_else(|_| panic!("{place}: no gRPC code")))
            }
            [status, "ran", who] => Self::Ran(number(status), who.to_owned()),
            [status, "problem", kind] => Self::Problem(number(status), kind.to_owned()),
            [status, "page"] => Self::Page(number(status)),
            [status, "own"] => Self::Own(number(status)),
            [status, "hx"] => Self::Htmx(number(status)),
            ["303", "to", place] => Self::To(place.to_owned()),
            ["303", "login"] => Self::Login,
            [status, "router"] => Self::Router(number(status)),
            _ => panic!("{place}: {text:?} is nothing to expect"),
        }
    }
}

/// Reads the header column, with the host and, unless the row says something of it, a preference
/// for JSON.
fn read_headers(place: &str, text: &str) -> Vec<(String, Vec<u8>)> {
    let mut headers = vec![("host".to_owned(), b"site.example".to_vec())];
    let mut accepts = false;
    for header in text.split("&&").map(str::trim).filter(|header| !header.is_empty()) {
        let (name, value) =
            header.split_once(':').unwrap_or_else(|| panic!("{place}: no colon in {header:?}"));
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

/// Puts tokens, the cookie's name and runs of a letter (`{a*4096}`) where their names stand.
fn fill_in(place: &str, text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}').filter(|(name, _)| name.bytes().all(is_name_byte)) {
            Some((name, behind)) => {
                match name.split_once('*') {
                    Some((letter, times)) => {
                        out.push_str(&letter.repeat(times.parse().expect("a number of letters")))
                    }
                    None if name == "C" => out.push_str(COOKIE),
                    None => out.push_str(
                        &token(name).unwrap_or_else(|| panic!("{place}: no token {name:?}")),
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

/// `\xff` is a byte, `\t` a tab.
fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'\\', [b'x', high, low, behind @ ..]) => {
                let hex = [*high, *low];
                let hex = std::str::from_utf8(&hex).expect("two hex digits");
                out.push(u8::from_str_radix(hex, 16).expect("two hex digits"));
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
