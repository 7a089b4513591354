//! Telephone numbers in one writing.

use schemars::JsonSchema;
use serde::Deserialize;

/// How numbers without a country are read.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Country {
    /// Digits after `+`, such as `82`.
    #[schemars(regex(pattern = r"^[1-9][0-9]{0,2}$"))]
    calling_code: String,
    /// What stands before a number within the country, such as `0`; may be empty.
    #[schemars(regex(pattern = r"^[0-9]{0,2}$"))]
    trunk_prefix: String,
}

impl Default for Country {
    /// The Republic of Korea.
    fn default() -> Self {
        Self { calling_code: "82".to_owned(), trunk_prefix: "0".to_owned() }
    }
}

impl Country {
    /// The number as E.164; none when it cannot be one.
    pub(crate) fn e164(&self, number: &str) -> Option<String> {
        // `+82 (0)10 …` is written, and the zero is not dialled.
        let number = number.trim().replace("(0)", "");
        let mut digits = String::new();
        for c in number.chars() {
            match c {
                '0'..='9' => digits.push(c),
                '０'..='９' => digits.extend(char::from_digit(c as u32 - '０' as u32, 10)),
                '+' | ' ' | '-' | '.' | '(' | ')' | '/' | '‑' | '–' | '\u{a0}' => {}
                _ => return None,
            }
        }
        let international =
            if number.starts_with('+') { Some(digits.as_str()) } else { digits.strip_prefix("00") };
        let full = match international {
            Some(number) => match number.strip_prefix(&self.calling_code) {
                Some(national) => format!("{}{}", self.calling_code, self.without_trunk(national)),
                None => number.to_owned(),
            },
            None => format!("{}{}", self.calling_code, self.without_trunk(&digits)),
        };
        // E.164 has at most 15 digits; fewer than 7 are extensions and short codes, which name
        // nobody.
        ((7..=15).contains(&full.len()) && !full.starts_with('0')).then(|| format!("+{full}"))
    }

    fn without_trunk<'a>(&self, national: &'a str) -> &'a str {
        national.strip_prefix(&self.trunk_prefix).unwrap_or(national)
    }
}
