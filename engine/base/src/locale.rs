//! Locales as people and services write them.
//!
//! Flows say `en-US`; Lex says `en_US`, a contact attribute `EN-us`, and a contact whose country no
//! flow speaks the language of is still served best in another country's words. [`nearest`] is the
//! one rule for all of them.

/// A tag as BCP 47 writes it: `EN_us` as `en-US`, `zh-hant-tw` as `zh-Hant-TW`. None for what is no
/// language tag.
///
/// ```
/// use dialgraph_base::locale::canonical;
///
/// assert_eq!(canonical(" en_us.UTF-8 ").as_deref(), Some("en-US"));
/// assert_eq!(canonical("english please"), None);
/// ```
pub fn canonical(tag: &str) -> Option<String> {
    // POSIX adds the character set and a modifier.
    let tag = tag.split(['.', '@']).next().unwrap_or_default().trim();
    let mut parts = tag.split(['-', '_']);
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let language = parts.next()?;
    if !matches!(language.len(), 2..=8) || !letters(language) {
        return None;
    }
    let mut out = language.to_ascii_lowercase();
    for part in parts {
        if !matches!(part.len(), 1..=8) || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        out.push('-');
        match part.len() {
            2 if letters(part) => out.push_str(&part.to_ascii_uppercase()),
            4 if letters(part) => {
                out.push_str(&part[..1].to_ascii_uppercase());
                out.push_str(&part[1..].to_ascii_lowercase());
            }
            _ => out.push_str(&part.to_ascii_lowercase()),
        }
    }
    Some(out)
}

/// The one of `known` in which whoever wants `wanted` is served best: the same, however it is
/// spelled; else another of the same language, first of all in the same script; of several, the
/// first. None when no other is of its language.
///
/// ```
/// use dialgraph_base::locale::nearest;
///
/// let known = ["ko-KR", "en-US"];
/// assert_eq!(nearest("en_US", known), Some("en-US"));
/// assert_eq!(nearest("en-GB", known), Some("en-US"));
/// assert_eq!(nearest("ja-JP", known), None);
/// ```
pub fn nearest<'k>(wanted: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let wanted = canonical(wanted)?;
    let mut best: Option<(u8, &str)> = None;
    for tag in known {
        let Some(points) = canonical(tag).and_then(|known| likeness(&wanted, &known)) else {
            continue;
        };
        if best.is_none_or(|(most, _)| points > most) {
            best = Some((points, tag));
        }
    }
    best.map(|(_, tag)| tag)
}

/// How well `known` serves `wanted`; none when it is another language.
fn likeness(wanted: &str, known: &str) -> Option<u8> {
    if wanted == known {
        return Some(u8::MAX);
    }
    let (wanted, known) = (Parts::of(wanted), Parts::of(known));
    (wanted.language == known.language).then(|| {
        let script = u8::from(wanted.script() == known.script());
        let region = u8::from(wanted.region.is_some() && wanted.region == known.region);
        2 * script + region
    })
}

struct Parts<'t> {
    language: &'t str,
    script: Option<&'t str>,
    region: Option<&'t str>,
}

impl<'t> Parts<'t> {
    /// Of a canonical tag.
    fn of(tag: &'t str) -> Self {
        let mut parts = tag.split('-').peekable();
        let language = parts.next().unwrap_or_default();
        let alphabetic = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
        let script = parts.next_if(|part| part.len() == 4 && alphabetic(part));
        let region = parts.next_if(|part| part.len() == 2 || part.len() == 3);
        Self { language, script, region }
    }

    /// Chinese is the language whose two scripts are told by the country where none is named.
    fn script(&self) -> Option<&'t str> {
        match (self.script, self.language, self.region) {
            (None, "zh", Some("TW" | "HK" | "MO")) => Some("Hant"),
            (None, "zh", _) => Some("Hans"),
            (script, _, _) => script,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_people_and_services_are_one_locale() {
        for (given, wanted) in [
            ("en-US", "en-US"),
            ("en_US", "en-US"),
            ("EN-us", "en-US"),
            (" ko_kr ", "ko-KR"),
            ("ko_KR.UTF-8", "ko-KR"),
            ("ca_ES@valencia", "ca-ES"),
            ("KO", "ko"),
            ("zh_hant_tw", "zh-Hant-TW"),
            ("es-419", "es-419"),
        ] {
            assert_eq!(canonical(given).as_deref(), Some(wanted), "{given}");
        }
        for wrong in
            ["", " ", "e", "-", "en-", "-US", "en US", "한국어", "en--US", "$.Attributes.x"]
        {
            assert_eq!(canonical(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_nearest_of_several_is_of_the_same_language() {
        let known = ["ko-KR", "en-US", "en-GB", "zh-CN", "zh-TW"];
        for (wanted, near) in [
            ("EN_gb", Some("en-GB")),
            ("en-AU", Some("en-US")),
            ("en", Some("en-US")),
            ("ko", Some("ko-KR")),
            ("ko-KP", Some("ko-KR")),
            ("zh-HK", Some("zh-TW")),
            ("zh-Hant", Some("zh-TW")),
            ("zh-SG", Some("zh-CN")),
            ("de-DE", None),
            ("eng-US", None),
            ("", None),
            ("nonsense!", None),
        ] {
            assert_eq!(nearest(wanted, known), near, "{wanted}");
        }
        assert_eq!(nearest("en-US", []), None);
    }
}
