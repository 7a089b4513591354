//! Words for the caller: per-locale texts with placeholders.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// Words ready to be spoken or shown, in the call's locale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speech {
    /// At most 6,000 characters.
    pub text: String,
    /// `text` is a whole `<speak>` element.
    pub ssml: bool,
}

impl From<String> for Speech {
    /// A text that begins with `<speak` is SSML.
    fn from(text: String) -> Self {
        let ssml = is_ssml(&text);
        Self { text, ssml }
    }
}

impl From<&str> for Speech {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

fn is_ssml(text: &str) -> bool {
    text.trim_start().starts_with("<speak")
}

/// A text in each locale, as a designer writes it in `config`:
///
/// ```yaml
/// ask: {ko-KR: "{count}자리를 눌러 주세요.", en-US: "Please press {count} digits."}
/// ```
///
/// Where words are read and not heard, they may differ: `ko-KR: {voice: …, text: …}`. A run takes
/// those of its channel.
///
/// Its schema bears the mark by which the checker proves that every locale of the flow is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(BTreeMap<String, Words>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Words {
    Any(String),
    ByMedium(ByMedium),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ByMedium {
    voice: String,
    text: String,
}

/// Every run reads all texts of its configuration: by their form, without keeping each to try what
/// it is.
impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ByForm;

        impl<'de> Visitor<'de> for ByForm {
            type Value = Words;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a map of `voice` and `text`")
            }

            fn visit_str<E>(self, words: &str) -> Result<Words, E> {
                Ok(Words::Any(words.to_owned()))
            }

            fn visit_string<E>(self, words: String) -> Result<Words, E> {
                Ok(Words::Any(words))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Words, A::Error> {
                ByMedium::deserialize(MapAccessDeserializer::new(map)).map(Words::ByMedium)
            }
        }

        deserializer.deserialize_any(ByForm)
    }
}

thread_local! {
    /// Whether the caller of this run reads. One run has one channel, and a thread one run at a
    /// time.
    static READS: Cell<bool> = const { Cell::new(false) };
}

/// Notes the channel of the run that begins.
pub(crate) fn in_channel(channel: &str) {
    READS.set(channel == "chat");
}

impl Words {
    fn get(&self) -> &str {
        match self {
            Self::Any(words) => words,
            Self::ByMedium(words) if READS.get() => &words.text,
            Self::ByMedium(words) => &words.voice,
        }
    }
}

impl Text {
    /// A text of the plugin's own, in Korean and English; what the caller hears when `config` says
    /// nothing.
    pub fn new(ko_kr: &str, en_us: &str) -> Self {
        Self(BTreeMap::from([
            ("ko-KR".to_owned(), Words::Any(ko_kr.to_owned())),
            ("en-US".to_owned(), Words::Any(en_us.to_owned())),
        ]))
    }

    /// The same with other words where they are read: in a chat nobody presses keys.
    #[must_use]
    pub fn written(mut self, ko_kr: &str, en_us: &str) -> Self {
        for (locale, text) in [("ko-KR", ko_kr), ("en-US", en_us)] {
            if let Some(words) = self.0.get_mut(locale) {
                let voice = words.get().to_owned();
                *words = Words::ByMedium(ByMedium { voice, text: text.to_owned() });
            }
        }
        self
    }

    /// No text in any locale; it fills to nothing.
    pub const fn empty() -> Self {
        Self(BTreeMap::new())
    }

    /// True when there is a text for a locale of the same language.
    pub fn speaks(&self, locale: &str) -> bool {
        self.get(locale).is_some()
    }

    /// Locales and texts as written, for every medium.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|(locale, words)| {
            let (first, second) = match words {
                Words::Any(words) => (words, None),
                Words::ByMedium(words) => (&words.voice, Some(&words.text)),
            };
            std::iter::once(first).chain(second).map(move |text| (locale.as_str(), text.as_str()))
        })
    }

    /// The text as written, for the locale itself or else for another locale of its language.
    pub fn get(&self, locale: &str) -> Option<&str> {
        let language = language_of(locale);
        self.0
            .get(locale)
            .or_else(|| {
                self.0.iter().find(|(tag, _)| language_of(tag) == language).map(|(_, text)| text)
            })
            .map(Words::get)
    }

    /// The text with `{name}` replaced by its value; values are escaped in SSML, and names without
    /// a value stay as they are.
    ///
    /// For a locale that the text does not have: English, else any.
    pub fn fill(&self, locale: &str, values: &[(&str, &str)]) -> Speech {
        let template = self
            .get(locale)
            .or_else(|| self.get("en-US"))
            .or_else(|| self.0.values().next().map(Words::get))
            .unwrap_or_default();
        let ssml = is_ssml(template);
        let mut text = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            let (before, from) = rest.split_at(open);
            text.push_str(before);
            let value = from
                .find('}')
                .and_then(|close| values.iter().find(|(name, _)| *name == &from[1..close]));
            match value {
                Some((name, value)) => {
                    if ssml {
                        text.push_str(&escape(value));
                    } else {
                        text.push_str(value);
                    }
                    rest = &from[name.len() + 2..];
                }
                None => {
                    text.push('{');
                    rest = &from[1..];
                }
            }
        }
        text.push_str(rest);
        Speech { text, ssml }
    }
}

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "Text by locale, with {name} where a value goes. SSML when it begins with <speak>.",
            "x-dialgraph-ref": "prompt",
            "minProperties": 1,
            "additionalProperties": {
                "anyOf": [
                    {"type": "string", "minLength": 1, "maxLength": 6000},
                    {
                        "type": "object",
                        "description": "Words that differ by medium.",
                        "properties": {
                            "voice": {"type": "string", "minLength": 1, "maxLength": 6000},
                            "text": {"type": "string", "minLength": 1, "maxLength": 6000}
                        },
                        "required": ["voice", "text"],
                        "additionalProperties": false
                    }
                ]
            }
        })
    }
}

/// `ko` of `ko-KR`.
pub fn language_of(locale: &str) -> &str {
    locale.split(['-', '_']).next().unwrap_or(locale)
}

fn escape(value: &str) -> Cow<'_, str> {
    if !value.contains(['&', '<', '>', '"', '\'']) {
        return value.into();
    }
    value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&apos;")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_the_locale_is_taken_and_another_of_its_language_else() {
        let text = Text::new("안녕하세요", "Hello");
        assert_eq!(text.fill("ko-KR", &[]).text, "안녕하세요");
        assert_eq!(text.fill("en-GB", &[]).text, "Hello");
        assert_eq!(text.fill("fr-FR", &[]).text, "Hello");
        assert!(!text.speaks("fr-FR"));
    }

    #[test]
    fn a_chat_gets_the_words_that_are_written_for_it() {
        let own = Text::new("일번을 누르세요", "Press {key}").written("고르세요", "Choose {key}");
        let json = serde_json::json!({
            "ko-KR": "안녕하세요",
            "en-US": {"voice": "Press {key}", "text": "Choose {key}"},
        });
        let given: Text = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(&given).unwrap(), json);
        let texts =
            |locale: &str| [&own, &given].map(|text| text.fill(locale, &[("key", "1")]).text);
        in_channel("chat");
        assert_eq!(texts("en-US"), ["Choose 1", "Choose 1"]);
        assert_eq!(texts("ko-KR"), ["고르세요", "안녕하세요"]);
        in_channel("voice");
        assert_eq!(texts("en-US"), ["Press 1", "Press 1"]);
        assert_eq!(own.iter().count(), 4);
        let half = serde_json::json!({"en-US": {"voice": "Press"}});
        assert!(serde_json::from_value::<Text>(half).is_err());
    }

    #[test]
    fn placeholders_are_filled_and_unknown_ones_stay() {
        let text = Text::new("-", "{a}{b} of {max}: {oops} {");
        assert_eq!(
            text.fill("en-US", &[("a", "1"), ("b", "{a}"), ("max", "3")]).text,
            "1{a} of 3: {oops} {"
        );
    }

    #[test]
    fn values_are_escaped_in_ssml_only() {
        let ssml = Text::new("-", "<speak>{name}</speak>").fill("en-US", &[("name", "R&D <x>")]);
        assert_eq!(ssml.text, "<speak>R&amp;D &lt;x&gt;</speak>");
        assert!(ssml.ssml);
        let plain = Text::new("-", "{name}").fill("en-US", &[("name", "R&D")]);
        assert_eq!(plain, Speech { text: "R&D".into(), ssml: false });
    }
}
