//! Takes the text of secrets out of what came back.
//!
//! A host may tell a client what it was sent: an echo for debugging, an error page with the
//! request's headers, a redirect with the token in its address. The text of a secret is for the
//! host alone, and what a plugin is given goes on into attributes, journals and the API. So
//! wherever a secret of the request stands in the response, its name stands instead: as it is, in
//! Base64 or hexadecimal digits (also within a longer text that was so encoded, as basic
//! authentication is), and in each of these with any character escaped as JSON, HTML, a URL or a
//! form would.
//!
//! A secret of fewer than [`SHORT`] bytes is in too many words to be taken out everywhere: it is
//! where it stands by itself, between characters that are neither letters nor digits. Such a secret
//! is soon guessed anyway.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dialgraph_kernel::ports::HostError;
use zeroize::Zeroizing;

/// A secret of fewer bytes is taken out only where it stands by itself.
const SHORT: usize = 6;

/// Least bytes of a piece of Base64 or of hexadecimal digits to look for.
const LEAST_CODED: usize = 7;

/// What may not be shown of one request.
#[derive(Default)]
pub(super) struct Redactor {
    secrets: Vec<Hidden>,
}

struct Hidden {
    /// What stands in its place.
    marker: String,
    /// Longest first, so that none is left in part.
    forms: Vec<Form>,
}

struct Form {
    text: Zeroizing<Vec<u8>>,
    /// Only where no letter or digit stands beside it.
    alone: bool,
}

impl Redactor {
    /// Hides `secret`, the text of the secret `name`. `sent` is what went out with it, such as the
    /// credentials of basic authentication.
    pub(super) fn hide(&mut self, name: &str, secret: &str, sent: &str) {
        let mut forms = Vec::new();
        for text in [sent, secret] {
            let alone = text.len() < SHORT;
            let mut add = |text: Vec<u8>, alone: bool| {
                if !text.is_empty() {
                    forms.push(Form { text: Zeroizing::new(text), alone });
                }
            };
            add(text.as_bytes().to_vec(), alone);
            let hex = hex::encode(text.as_bytes());
            if hex.len() >= LEAST_CODED {
                add(hex.into_bytes(), false);
            }
            for piece in base64_pieces(text.as_bytes()) {
                add(piece, false);
            }
        }
        forms.sort_by_key(|form| std::cmp::Reverse(form.text.len()));
        self.secrets.push(Hidden { marker: format!("[secret {name}]"), forms });
    }

    pub(super) fn is_idle(&self) -> bool {
        self.secrets.is_empty()
    }

    /// `bytes` without what is hidden; none: there is nothing of it.
    pub(super) fn bytes(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        if self.is_idle() {
            return None;
        }
        let mut clean = Vec::with_capacity(bytes.len());
        let (mut at, mut found) = (0, false);
        while at < bytes.len() {
            match self.longest(bytes, at) {
                Some((end, marker)) => {
                    clean.extend_from_slice(marker.as_bytes());
                    (at, found) = (end, true);
                }
                None => {
                    clean.push(bytes[at]);
                    at += 1;
                }
            }
        }
        found.then_some(clean)
    }

    pub(super) fn text(&self, text: String) -> String {
        match self.bytes(text.as_bytes()) {
            Some(clean) => String::from_utf8_lossy(&clean).into_owned(),
            None => text,
        }
    }

    pub(super) fn error(&self, mut error: HostError) -> HostError {
        error.message = self.text(error.message);
        error
    }

    /// Where the longest form that begins at `at` ends.
    fn longest(&self, bytes: &[u8], at: usize) -> Option<(usize, &str)> {
        let matches = self.secrets.iter().flat_map(|hidden| {
            let ends = hidden.forms.iter().filter_map(move |form| form.end_in(bytes, at));
            ends.map(|end| (end, hidden.marker.as_str()))
        });
        matches.max_by_key(|(end, _)| *end)
    }
}

impl Form {
    fn end_in(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let (first, begins) = (*bytes.get(at)?, *self.text.first()?);
        if !first.eq_ignore_ascii_case(&begins) && !matches!(first, b'\\' | b'%' | b'&' | b'+') {
            return None;
        }
        // `&amp;` may be an ampersand that was escaped, or one and three letters: both are
        // followed.
        let (mut ends, mut next) = (vec![at], Vec::new());
        for wanted in self.text.iter() {
            for end in ends.drain(..) {
                let as_it_is = bytes.get(end).is_some_and(|byte| byte.eq_ignore_ascii_case(wanted));
                next.extend(as_it_is.then_some(end + 1));
                if let Some(end) = escaped(bytes, end, *wanted)
                    && !next.contains(&end)
                {
                    next.push(end);
                }
            }
            std::mem::swap(&mut ends, &mut next);
            if ends.is_empty() {
                return None;
            }
        }
        let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        let apart = |end: usize| !is_word(before) && !is_word(bytes.get(end));
        ends.into_iter().filter(|end| !self.alone || apart(*end)).max()
    }
}

/// Where `wanted` ends, if it stands at `at` escaped in one of the usual ways. Letters of either
/// case are the same: that can only hide more.
fn escaped(bytes: &[u8], at: usize, wanted: u8) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let is_wanted = |code: u32| {
        char::from_u32(code).is_some_and(|c| c.eq_ignore_ascii_case(&char::from(wanted)))
    };
    match *rest.first()? {
        // JSON, and JSON within JSON: any number of backslashes, then the character or `u002b`,
        // `x2b`.
        b'\\' => {
            let slashes = rest.iter().take_while(|byte| **byte == b'\\').count();
            let behind = &rest[slashes..];
            let digits = match behind.first() {
                Some(b'u' | b'U') => 4,
                Some(b'x' | b'X') => 2,
                _ => 0,
            };
            if digits > 0
                && let Some(code) = behind.get(1..=digits).and_then(hex)
                && is_wanted(code)
            {
                return Some(at + slashes + 1 + digits);
            }
            if wanted == b'\\' {
                return Some(at + slashes);
            }
            let is = behind.first().is_some_and(|byte| byte.eq_ignore_ascii_case(&wanted));
            is.then_some(at + slashes + 1)
        }
        // URLs and forms, encoded once or again and again: `%2b`, `%252b`.
        b'%' => {
            let mut digits = 1;
            while rest.get(digits..digits + 2) == Some(b"25")
                && hex(rest.get(digits + 2..digits + 4)?).is_some()
            {
                digits += 2;
            }
            let code = hex(rest.get(digits..digits + 2)?)?;
            is_wanted(code).then_some(at + digits + 2)
        }
        b'+' if wanted == b' ' => Some(at + 1),
        // HTML: `&#43;`, `&#x2b;`, `&amp;`.
        b'&' => {
            let end = rest.iter().take(10).position(|byte| *byte == b';')?;
            let name = &rest[1..end];
            let code = match name {
                [b'#', b'x' | b'X', digits @ ..] => hex(digits)?,
                [b'#', digits @ ..] => std::str::from_utf8(digits).ok()?.parse().ok()?,
                b"amp" => u32::from(b'&'),
                b"lt" => u32::from(b'<'),
                b"gt" => u32::from(b'>'),
                b"quot" => u32::from(b'"'),
                b"apos" => u32::from(b'\''),
                _ => return None,
            };
            is_wanted(code).then_some(at + end + 1)
        }
        _ => None,
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    let sound = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| sound)?;
    u32::from_str_radix(digits, 16).ok()
}

/// What `text` looks like in Base64, by itself and within a longer text: there it begins in one of
/// three places, and the digits that it shares with its neighbours are not its own. In both
/// alphabets.
fn base64_pieces(text: &[u8]) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    for shift in 0..3_usize {
        let mut shifted = Zeroizing::new(vec![0; shift]);
        shifted.extend_from_slice(text);
        let coded = Zeroizing::new(STANDARD.encode(&shifted));
        // Digits of six bits each that no byte but those of `text` has a part in.
        let from = (shift * 8).div_ceil(6);
        let until = (shifted.len() * 8) / 6;
        let Some(own) = coded.as_bytes().get(from..until) else { continue };
        if own.len() < LEAST_CODED {
            continue;
        }
        let url: Vec<u8> = own
            .iter()
            .map(|digit| match digit {
                b'+' => b'-',
                b'/' => b'_',
                digit => *digit,
            })
            .collect();
        if url != own {
            pieces.push(url);
        }
        pieces.push(own.to_vec());
        if shift == 0 {
            // By itself it goes to its very end.
            pieces.push(coded.trim_end_matches('=').as_bytes().to_vec());
            pieces.push(coded.as_bytes().to_vec());
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = r#"s3cr+t/"to\ken=&<é"#;

    fn redactor(secret: &str) -> Redactor {
        let mut redactor = Redactor::default();
        redactor.hide("desk", secret, secret);
        redactor
    }

    fn clean(secret: &str, text: &str) -> String {
        redactor(secret).text(text.to_owned())
    }

    #[test]
    fn a_secret_goes_wherever_and_however_it_stands() {
        let json = serde_json::to_string(SECRET).unwrap();
        let twice = serde_json::to_string(&json).unwrap();
        let percent: String = SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let again = percent.replace('%', "%25");
        let unicode: String = SECRET.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
        let html = SECRET.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&#34;");
        let hex: String = SECRET.bytes().map(|byte| format!("{byte:02X}")).collect();
        let within = STANDARD.encode(format!("Bearer: {SECRET}, and more"));
        for (form, text) in [
            ("itself", SECRET.to_owned()),
            ("JSON", json),
            ("JSON in JSON", twice),
            ("upper case", SECRET.to_ascii_uppercase()),
            ("Base64", STANDARD.encode(SECRET)),
            ("Base64 for URLs", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(SECRET)),
            ("within Base64", within),
            ("percent", percent),
            ("percent twice", again),
            ("HTML", html),
            ("hexadecimal", hex),
        ] {
            let shown = clean(SECRET, &format!("before {text} behind"));
            assert!(shown.contains("[secret desk]"), "{form}: {shown}");
            assert!(shown.starts_with("before ") && shown.ends_with(" behind"), "{form}: {shown}");
            assert!(!shown.contains("s3cr") && !shown.contains("czNjc"), "{form}: {shown}");
        }
        // Headers take no such letters, and so no such secrets; the rest of it goes all the same.
        let ascii: String = unicode.chars().take(6 * 17).collect();
        assert_eq!(clean(&SECRET.replace('é', ""), &ascii), "[secret desk]");
    }

    #[test]
    fn each_of_three_places_in_a_longer_base64_is_found() {
        for before in ["", "x", "xy", "user:", "a-longer-user:"] {
            let coded = STANDARD.encode(format!("{before}correct horse battery"));
            let shown = clean("correct horse battery", &coded);
            assert!(shown.contains("[secret desk]"), "{before}: {shown}");
            assert!(shown.len() < before.len() * 2 + 24, "{before}: {shown}");
        }
    }

    #[test]
    fn a_short_secret_goes_where_it_stands_by_itself() {
        assert_eq!(
            clean("abc", "abc, xabcx, \"ABC\" abcd"),
            "[secret desk], xabcx, \"[secret desk]\" abcd"
        );
    }

    #[test]
    fn bytes_that_are_no_text_stay_as_they_are_around_it() {
        let mut body = vec![0xff, 0x00];
        body.extend_from_slice(b"hidden-token");
        body.extend_from_slice(&[0xfe, b'%', b'&', b'\\']);
        let clean = redactor("hidden-token").bytes(&body).unwrap();
        assert_eq!(
            clean,
            [&[0xff, 0x00][..], b"[secret desk]", &[0xfe, b'%', b'&', b'\\']].concat()
        );
        assert_eq!(redactor("hidden-token").bytes(b"nothing of it"), None);
    }
}
