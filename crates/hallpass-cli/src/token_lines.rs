//! Reads tokens, one per line, from input with any content: bytes that are not text, and lines
//! without end.
//!
//! Of a line that is longer than any token, only the beginning is kept, which is long enough to be
//! rejected for its length.

use std::io::{self, BufRead, BufReader, Read};

use hallpass_core::MAX_TOKEN_BYTES;

pub(crate) struct TokenLines<I: Read> {
    input: BufReader<I>,
    line: Vec<u8>,
}

impl<I: Read> TokenLines<I> {
    pub(crate) fn new(input: I) -> Self {
        Self { input: BufReader::new(input), line: Vec::new() }
    }

    /// Returns the next line without its end (LF or CRLF), or `None` after the last.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let mut began = false;
        loop {
            let bytes = self.input.fill_buf()?;
            if bytes.is_empty() {
                break;
            }
            began = true;
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let (part, used) = match end {
                Some(end) => (bytes.get(..end).unwrap_or_default(), end + 1),
                None => (bytes, bytes.len()),
            };
            let room = (MAX_TOKEN_BYTES + 2).saturating_sub(self.line.len()); // one byte to exceed the limit, one for a CR
            self.line.extend(part.iter().take(room));
            self.input.consume(used);
            if end.is_some() {
                break;
            }
        }
        Ok(began.then(|| self.line.strip_suffix(b"\r").unwrap_or(&self.line)))
    }

    /// Returns whether the next read would wait for input.
    pub(crate) fn must_wait(&self) -> bool {
        self.input.buffer().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = TokenLines::new(input);
        std::iter::from_fn(|| lines.next_line().unwrap().map(<[u8]>::to_vec)).collect()
    }

    #[test]
    fn lines_are_split_and_the_last_needs_no_end() {
        assert_eq!(lines(b"a\r\n\nb\xff\nc"), [&b"a"[..], b"", b"b\xff", b"c"]);
        assert_eq!(lines(b""), [[0_u8; 0]; 0]);
        assert_eq!(lines(b"a\n"), [b"a"]);
    }

    #[test]
    fn long_line_is_cut_and_the_next_line_is_complete() {
        let long = [vec![b'x'; 3 << 20], b"\nnext".to_vec()].concat();
        let found = lines(&long);
        assert_eq!(found.len(), 2);
        assert!(found[0].len() > MAX_TOKEN_BYTES && found[0].len() < MAX_TOKEN_BYTES + 8);
        assert_eq!(found[1], b"next");
    }
}
