//! The path of a URL (RFC 3986): its shape is the designer's, whatever is filled in.

use dialgraph_plugin::NodeError;

use crate::config::Wrong;
use crate::given::{Input, bad_value};
use crate::template::{Piece, Template};

const PLACE: &str = "path";

/// Tells what is wrong with a path.
pub(crate) fn look_over(path: &str, wrong: &mut Wrong<'_>) {
    let at = "/path";
    let Some(segments) = path.strip_prefix('/') else {
        let what = format!("`{path}` does not begin with `/`");
        wrong(at, what, "write a path on the server, such as `/orders/{order_id}`");
        return;
    };
    let count = segments.split('/').count();
    for (index, segment) in segments.split('/').enumerate() {
        if segment.is_empty() && index + 1 < count {
            wrong(at, "two `/` follow each other".to_owned(), "take one out");
        }
        let template = match Template::parse(segment) {
            Ok(template) => template,
            Err(what) => {
                wrong(at, what, "write `{name}` for what `with` gives as `name`");
                continue;
            }
        };
        for piece in &template.pieces {
            let Piece::Text(text) = piece else { continue };
            if let Some(sign) = unfit(text) {
                let what = format!("`{sign}` may not stand in a path as it is");
                let hint = match sign {
                    '?' => "write what follows the `?` under `query`",
                    '#' => "leave out what follows the `#`; no server is sent it",
                    _ => "write it percent-encoded, such as `%20` for a space",
                };
                wrong(at, what, hint);
            }
        }
        if let [Piece::Text(text)] = template.pieces.as_slice()
            && is_dots(&decoded(text))
        {
            let what = format!("`{text}` leads to another path than the one that is written");
            wrong(at, what, "write the path out");
        }
    }
}

/// The path with its values percent-encoded.
pub(crate) fn filled(path: &str, input: &Input) -> Result<String, NodeError> {
    let mut filled = String::new();
    for segment in path.strip_prefix('/').unwrap_or(path).split('/') {
        filled.push('/');
        let (mut read_as, mut last) = (String::new(), None);
        let template = Template::read(segment)?;
        for piece in &template.pieces {
            match piece {
                Piece::Text(text) => {
                    filled.push_str(text);
                    read_as.push_str(&decoded(text));
                }
                Piece::Value(name) => {
                    let value = input.text(name, PLACE)?.unwrap_or_default();
                    let value = value.trim();
                    if value.is_empty() {
                        let what = "is null or empty; let a `switch` go before this node";
                        return Err(bad_value(name, PLACE, what));
                    }
                    if value.chars().any(char::is_control) {
                        return Err(bad_value(name, PLACE, "has control characters in it"));
                    }
                    filled.push_str(&encoded(value));
                    read_as.push_str(value);
                    last = Some(name);
                }
            }
        }
        // Encoded, `/` and `.` are no structure of the path, but some servers decode first and
        // split then.
        if let Some(name) = last
            && read_as.split(['/', '\\']).any(is_dots)
        {
            return Err(bad_value(
                name,
                PLACE,
                "would lead to another path: it has a part `.` or `..`",
            ));
        }
    }
    Ok(filled)
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
///
/// `a b/c` becomes `a%20b%2Fc`, `한` `%ED%95%9C`.
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match octet(bytes, at) {
            Some(octet) => {
                decoded.push(octet);
                at += 3;
            }
            None => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The byte that is written as `%XX` at `at`.
fn octet(bytes: &[u8], at: usize) -> Option<u8> {
    let [b'%', high, low] = bytes.get(at..at + 3)? else { return None };
    let digit =
        |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? * 16 + digit(low)?)
}

/// The first sign that is neither a `pchar` of RFC 3986 nor a part of one.
fn unfit(text: &str) -> Option<char> {
    let fits = |at: usize, sign: char| match sign {
        '%' => octet(text.as_bytes(), at).is_some(),
        sign => sign.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@".contains(sign),
    };
    text.char_indices().find(|(at, sign)| !fits(*at, *sign)).map(|(_, sign)| sign)
}

fn is_dots(segment: &str) -> bool {
    matches!(segment.trim(), "." | "..")
}
