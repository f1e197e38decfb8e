//! Reads one HTTP request and writes one answer, with limits of size and time.
//!
//! Source: RFC 9112 §3 (request line), §6.3 (length of a body), §9.6 (closing).

use super::page::Page;
use crate::reliable::moment::Moment;
use crate::transfer::clock::Clock;
use crate::wire::digest::Token;
use crate::wire::web::{Sentence, WebReply};
use httparse::{EMPTY_HEADER, Status};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The supported methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Head,
    Post,
}

/// A request of a browser.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    /// The path as it was sent: it is compared, and never decoded.
    pub(super) target: String,
    /// The token from `Authorization: Bearer`.
    pub(super) token: Option<Token>,
    /// Whether the body says that it is JSON.
    pub(super) is_json: bool,
    pub(super) body: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    kind: &'static str,
    body: Arc<[u8]>,
}

/// A connection, for one request and its answer.
pub(super) struct Exchange<'a> {
    pub(super) stream: &'a TcpStream,
    /// Whether the server is ending.
    pub(super) is_closing: &'a AtomicBool,
    /// The clock, started with the connection.
    pub(super) clock: Clock,
}

/// The limit of request line and fields. Unit: bytes.
const LONGEST_HEAD: usize = 8 * 1024;

/// The limit of the number of fields.
const MOST_FIELDS: usize = 64;

/// The limit of a body: a name or an answer. Unit: bytes.
const LONGEST_BODY: usize = 1024;

/// Bytes beyond the request are read for this long, so that the client can read the
/// answer.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// And at most this many are read. Unit: bytes.
const MOST_LAST_WORDS: usize = 256 * 1024;

/// The interval at which the thread checks whether the server is ending.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// The page may load nothing, run only its own code, and send requests only to its own
/// server.
const POLICY: &str = "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; \
                      script-src 'unsafe-inline' 'wasm-unsafe-eval'; img-src data: blob:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

impl Answer {
    pub(super) fn page(page: &Page) -> Self {
        Self {
            status: 200,
            kind: "text/html; charset=utf-8",
            body: Arc::clone(&page.0),
        }
    }

    pub(super) fn json(status: u16, body: String) -> Self {
        Self {
            status,
            kind: "application/json",
            body: body.into_bytes().into(),
        }
    }

    pub(super) fn problem(status: u16, sentence: &str) -> Self {
        Self::json(status, WebReply::Refused(Sentence::new(sentence)).to_json())
    }

    fn head(&self) -> String {
        let Self { status, kind, body } = self;
        let reason = match status {
            200 => "OK",
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            408 => "Request Timeout",
            411 => "Length Required",
            413 => "Content Too Large",
            415 => "Unsupported Media Type",
            429 => "Too Many Requests",
            431 => "Request Header Fields Too Large",
            _ => "Service Unavailable",
        };
        format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
             Connection: close\r\nCache-Control: no-store\r\n\
             Content-Security-Policy: {POLICY}\r\nReferrer-Policy: no-referrer\r\n\
             X-Content-Type-Options: nosniff\r\n\r\n",
            body.len()
        )
    }
}

impl Exchange<'_> {
    /// Reads one request. `Err(None)`: the client has gone.
    pub(super) fn read(&self, within: Duration) -> Result<Request, Option<Answer>> {
        let deadline = self.clock.now() + within;
        let mut bytes = Vec::new();
        let (mut request, body_at, length) = loop {
            self.read_more(&mut bytes, deadline)?;
            match parse(&bytes)? {
                Some(parsed) => break parsed,
                None if bytes.len() >= LONGEST_HEAD => {
                    let sentence = "The head of this request is too long.";
                    return Err(Some(Answer::problem(431, sentence)));
                }
                None => {}
            }
        };
        while bytes.len() < body_at + length {
            self.read_more(&mut bytes, deadline)?;
        }
        // Further bytes would be another request, but the connection is for one.
        request.body = bytes[body_at..body_at + length].to_vec();
        Ok(request)
    }

    fn read_more(
        &self,
        bytes: &mut Vec<u8>,
        deadline: Moment,
    ) -> Result<(), Option<Answer>> {
        let mut chunk = [0; 2048];
        loop {
            let left = self.clock.until(deadline);
            if left.is_zero() {
                let sentence = "The request did not arrive in time.";
                return Err(Some(Answer::problem(408, sentence)));
            }
            let pause = left.min(LOOK_INTERVAL);
            self.stream
                .set_read_timeout(Some(pause))
                .map_err(|_| None)?;
            let mut stream = self.stream;
            match stream.read(&mut chunk) {
                Ok(0) => return Err(None),
                Ok(count) => {
                    bytes.extend_from_slice(&chunk[..count]);
                    return Ok(());
                }
                Err(error) if is_pause(&error) && !self.is_over() => {}
                Err(_) => return Err(None),
            }
        }
    }

    /// Writes the answer and closes the connection; a client that does not read in time
    /// loses it.
    pub(super) fn write(&self, answer: &Answer, has_body: bool, within: Duration) {
        let deadline = self.clock.now() + within;
        let head = answer.head();
        let body: &[u8] = if has_body { &answer.body } else { &[] };
        for part in [head.as_bytes(), body] {
            if !self.write_all(part, deadline) {
                return;
            }
        }
        let _ = self.stream.shutdown(Shutdown::Write);
        // A connection that is closed with unread bytes is reset, and the answer is lost.
        let deadline = self.clock.now() + LAST_WORDS;
        let mut unread = Vec::new();
        while unread.len() < MOST_LAST_WORDS
            && self.read_more(&mut unread, deadline).is_ok()
        {}
    }

    fn write_all(&self, mut bytes: &[u8], deadline: Moment) -> bool {
        while !bytes.is_empty() {
            let left = self.clock.until(deadline);
            let pause = left.min(LOOK_INTERVAL);
            if left.is_zero() || self.stream.set_write_timeout(Some(pause)).is_err() {
                return false;
            }
            let mut stream = self.stream;
            match stream.write(bytes) {
                Ok(0) => return false,
                Ok(count) => bytes = &bytes[count..],
                Err(error) if is_pause(&error) && !self.is_over() => {}
                Err(_) => return false,
            }
        }
        true
    }

    fn is_over(&self) -> bool {
        self.is_closing.load(Ordering::Acquire)
    }
}

/// A complete head: the request without its body, the position of the body, and its
/// length.
fn parse(bytes: &[u8]) -> Result<Option<(Request, usize, usize)>, Option<Answer>> {
    let refuse = |status, sentence| Err(Some(Answer::problem(status, sentence)));
    let mut fields = [EMPTY_HEADER; MOST_FIELDS];
    let mut head = httparse::Request::new(&mut fields);
    let body_at = match head.parse(bytes) {
        Ok(Status::Partial) => return Ok(None),
        Ok(Status::Complete(length)) if length <= LONGEST_HEAD => length,
        Ok(Status::Complete(_)) | Err(httparse::Error::TooManyHeaders) => {
            return refuse(431, "The head of this request is too long.");
        }
        Err(_) => return refuse(400, "This is not a request of HTTP/1.1."),
    };
    let method = match head.method {
        Some("GET") => Method::Get,
        Some("HEAD") => Method::Head,
        Some("POST") => Method::Post,
        _ => return refuse(405, "Only GET, HEAD and POST are understood."),
    };
    let field = |name: &str| {
        let mut same = head
            .headers
            .iter()
            .filter(|it| it.name.eq_ignore_ascii_case(name));
        let value = same.next().and_then(|it| str::from_utf8(it.value).ok());
        (value.map(str::trim), same.next().is_some())
    };
    if field("Transfer-Encoding").0.is_some() {
        return refuse(411, "Send the body with its Content-Length.");
    }
    let length = match (method, field("Content-Length")) {
        (_, (None, _)) => 0,
        (_, (Some(_), true)) => return refuse(400, "There are two lengths."),
        (_, (Some(length), false)) if length.bytes().all(|it| it.is_ascii_digit()) => {
            match length.parse() {
                Ok(length) if length <= LONGEST_BODY => length,
                _ => return refuse(413, "The body is too long."),
            }
        }
        (_, (Some(_), false)) => return refuse(400, "The length is not a number."),
    };
    let token = field("Authorization").0;
    let token = token.and_then(|it| it.strip_prefix("Bearer ")?.parse().ok());
    let kind = field("Content-Type").0.unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let request = Request {
        method,
        target: head.path.unwrap_or_default().to_owned(),
        token,
        is_json: kind.eq_ignore_ascii_case("application/json"),
        body: Vec::new(),
    };
    Ok(Some((request, body_at, length)))
}

/// Answers that there are too many, without waiting: the answer fits into an empty
/// buffer.
pub(super) fn turn_away(mut stream: &TcpStream) {
    let answer = Answer::problem(429, "Too many requests. The page tries again.");
    let text = [answer.head().as_bytes(), &answer.body].concat();
    let told = stream
        .set_nonblocking(true)
        .and_then(|()| stream.write_all(&text))
        .and_then(|()| stream.shutdown(Shutdown::Write));
    if let Err(error) = told {
        log::debug!("cannot refuse a browser: {error}");
    }
}

/// Whether a call only reached its timeout.
fn is_pause(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn status(text: &str) -> Option<u16> {
        match parse(text.as_bytes()) {
            Ok(_) => None,
            Err(answer) => Some(answer.unwrap().status),
        }
    }

    #[test]
    fn only_a_plain_request_with_one_short_length_is_read() {
        let post = |fields: &str| format!("POST /join HTTP/1.1\r\n{fields}\r\n");
        let text = post("Content-Length: 3\r\nContent-Type: application/json; x\r\n");
        let (request, at, length) = parse(text.as_bytes()).unwrap().unwrap();
        assert_eq!((at, length, request.is_json), (text.len(), 3, true));
        for (fields, wanted) in [
            ("Content-Length: 1025\r\n", 413),
            ("Content-Length: 99999999999999999999\r\n", 413),
            ("Content-Length: +3\r\n", 400),
            ("Content-Length: 3\r\ncontent-length: 4\r\n", 400),
            ("Transfer-Encoding: chunked\r\n", 411),
            (&"A: b\r\n".repeat(65), 431),
        ] {
            assert_eq!(status(&post(fields)), Some(wanted), "{fields}");
        }
        assert_eq!(status("BREW / HTTP/1.1\r\n\r\n"), Some(405));
        assert_eq!(status("{\"join\":{\"name\":\"guy\"}}\n"), Some(400));
        assert_eq!(status("GET / HTTP/1.1\r\nHo"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_confuse_the_parser(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
            let mut request = b"POST /answer HTTP/1.1\r\nContent-Length: ".to_vec();
            request.extend(bytes);
            let _ = parse(&request);
        }
    }
}
