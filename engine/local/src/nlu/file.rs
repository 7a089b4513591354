//! The `*.intents.yaml` format: the information of a Lex V2 bot as one file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::MAX_TEXT_CHARS;
use crate::error::{LocalError, parse_yaml};

/// Sentences of a locale of a bot.
const MAX_SENTENCES: usize = 5_000;
/// Characters of the sentences of a locale, times its intents.
const MAX_LEARNT: usize = 5_000_000;

/// Names that [`SlotDef::slot_type`] may use without declaring them.
pub const BUILT_IN_TYPES: [&str; 4] = ["date", "digits", "number", "phone"];

/// The name that no intent may have: it means "none of them".
pub const FALLBACK: &str = "FallbackIntent";

/// A bot: what callers may want, in each locale.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Dialgraph intents file")]
pub struct BotFile {
    /// Name of the bot; the file is called `NAME.intents.yaml`.
    #[schemars(with = "String")]
    pub bot: Spanned<String>,
    /// What the bot is for, for people.
    #[serde(default)]
    pub summary: Option<String>,
    /// Confidence from 0 to 1 below which the answer is `FallbackIntent`. Default 0.4.
    #[serde(default)]
    #[schemars(with = "Option<f64>", range(min = 0.0, max = 1.0))]
    pub none_threshold: Option<Spanned<f64>>,
    /// IANA time zone in which `date` slots such as "tomorrow" are understood. Default `UTC`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub time_zone: Option<Spanned<String>>,
    /// Locale (`ko-KR`, `en-US`) to its intents and slot types.
    pub locales: BTreeMap<String, LocaleFile>,
}

/// One language of a bot.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocaleFile {
    /// Overrides the bot's `none_threshold` in this locale.
    #[serde(default)]
    #[schemars(with = "Option<f64>", range(min = 0.0, max = 1.0))]
    pub none_threshold: Option<Spanned<f64>>,
    /// Slot types by name. `date`, `digits`, `number` and `phone` are built in.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, SlotTypeFile>")]
    pub slot_types: BTreeMap<String, Spanned<SlotTypeFile>>,
    /// Intents by name.
    #[schemars(with = "BTreeMap<String, IntentFile>")]
    pub intents: BTreeMap<String, Spanned<IntentFile>>,
    /// Sentences that callers say and that belong to none of the intents.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub out_of_scope: Vec<Spanned<String>>,
}

/// A list of values that a slot may take.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlotTypeFile {
    /// What the type holds, for people.
    #[serde(default)]
    pub description: Option<String>,
    /// At least one value.
    #[schemars(length(min = 1))]
    pub values: Vec<SlotValueFile>,
}

/// One value of a slot type: the value alone, or the value with other words for it.
#[derive(Debug, Clone)]
pub struct SlotValueFile {
    /// What the flow gets.
    pub value: String,
    /// What callers say for it, beside the value itself.
    pub synonyms: Vec<String>,
}

/// Something that a caller may want.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntentFile {
    /// What the caller wants, for people.
    #[serde(default)]
    pub description: Option<String>,
    /// What callers say, with `{Slot}` where a slot's value stands. Twenty or more make a good
    /// intent.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub utterances: Vec<Spanned<String>>,
    /// Slots by name.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, SlotDef>")]
    pub slots: BTreeMap<String, Spanned<SlotDef>>,
}

/// A slot of an intent: the name of its type alone, or the type with more.
#[derive(Debug, Clone)]
pub struct SlotDef {
    /// A name under `slot_types`, or a built-in type.
    pub slot_type: String,
    /// The intent is not ready for fulfilment before the slot is filled.
    pub required: bool,
    /// Takes every value found instead of the first.
    pub multiple: bool,
    /// What to ask when the slot is required and not filled.
    pub prompt: Option<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LongSlotValue {
    /// What the flow gets.
    value: String,
    /// What callers say for it, beside the value itself.
    #[serde(default)]
    synonyms: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LongSlotDef {
    /// A name under `slot_types`, or one of `date`, `digits`, `number`, `phone`.
    #[serde(rename = "type")]
    slot_type: String,
    /// The intent is not ready for fulfilment before the slot is filled.
    #[serde(default)]
    required: bool,
    /// Takes every value found, as a list, instead of the first.
    #[serde(default)]
    multiple: bool,
    /// What to ask when the slot is required and not filled.
    #[serde(default)]
    prompt: Option<String>,
}

/// Reads either a text or a map; unlike an untagged enum it keeps the place of a fault inside the
/// map.
struct TextOr<L>(std::marker::PhantomData<L>, &'static str);

enum Either<L> {
    Text(String),
    Long(L),
}

impl<'de, L: Deserialize<'de>> Visitor<'de> for TextOr<L> {
    type Value = Either<L>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Either::Text(text.to_owned()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Either::Text(number.to_string()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        L::deserialize(de::value::MapAccessDeserializer::new(map)).map(Either::Long)
    }
}

impl<'de> Deserialize<'de> for SlotValueFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor =
            TextOr::<LongSlotValue>(std::marker::PhantomData, "a value, or `{value, synonyms}`");
        Ok(match deserializer.deserialize_any(visitor)? {
            Either::Text(value) => Self { value, synonyms: Vec::new() },
            Either::Long(LongSlotValue { value, synonyms }) => Self { value, synonyms },
        })
    }
}

impl<'de> Deserialize<'de> for SlotDef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = TextOr::<LongSlotDef>(
            std::marker::PhantomData,
            "the name of a slot type, or `{type, required, multiple, prompt}`",
        );
        Ok(match deserializer.deserialize_any(visitor)? {
            Either::Text(slot_type) => {
                Self { slot_type, required: false, multiple: false, prompt: None }
            }
            Either::Long(LongSlotDef { slot_type, required, multiple, prompt }) => {
                Self { slot_type, required, multiple, prompt }
            }
        })
    }
}

impl JsonSchema for SlotValueFile {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SlotValue".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let long = generator.subschema_for::<LongSlotValue>();
        schemars::json_schema!({
            "description": "One value of a slot type: the value alone, or with other words for it.",
            "anyOf": [{"type": ["string", "integer"]}, long]
        })
    }
}

impl JsonSchema for SlotDef {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Slot".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let long = generator.subschema_for::<LongSlotDef>();
        schemars::json_schema!({
            "description": "A slot: the name of its type alone, or with more.",
            "anyOf": [{"type": "string"}, long]
        })
    }
}

/// The JSON Schema (draft 7) of an intents file, for editors.
pub fn schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft07();
    settings.into_generator().into_root_schema_for::<BotFile>().to_value()
}

impl BotFile {
    /// Reads and checks a file; `file` is its name for messages.
    ///
    /// # Errors
    /// [`LocalError::Invalid`] with the first fault: unknown or doubled key, a `{Slot}` that is not
    /// declared, an unknown slot type, one sentence under two intents.
    pub fn parse(file: &str, text: &str) -> Result<Self, LocalError> {
        let bot: Self = parse_yaml(file, text)?;
        bot.check(file)?;
        Ok(bot)
    }

    fn check(&self, file: &str) -> Result<(), LocalError> {
        if self.bot.value.is_empty() {
            return Err(LocalError::at(file, self.bot.referenced, "`bot` needs a name"));
        }
        if let Some(zone) = &self.time_zone
            && jiff::tz::TimeZone::get(&zone.value).is_err()
        {
            let message =
                format!("`{}` is no IANA time zone; write one such as `Asia/Seoul`", zone.value);
            return Err(LocalError::at(file, zone.referenced, message));
        }
        let thresholds = std::iter::once(&self.none_threshold)
            .chain(self.locales.values().map(|locale| &locale.none_threshold));
        for threshold in thresholds.flatten() {
            if !(0.0..=1.0).contains(&threshold.value) {
                let message =
                    format!("`none_threshold` is {}; it goes from 0 to 1", threshold.value);
                return Err(LocalError::at(file, threshold.referenced, message));
            }
        }
        self.locales.iter().try_for_each(|(name, locale)| locale.check(file, name))
    }
}

impl LocaleFile {
    fn check(&self, file: &str, name: &str) -> Result<(), LocalError> {
        if self.intents.is_empty() {
            return Err(LocalError::Setting {
                what: file.to_owned(),
                message: format!("locale `{name}` has no intent; add one or remove the locale"),
            });
        }
        self.check_size(file, name)?;
        for (name, slot_type) in &self.slot_types {
            let wrong = |message| Err(LocalError::at(file, slot_type.referenced, message));
            if BUILT_IN_TYPES.contains(&name.as_str()) {
                return wrong(format!("`{name}` is a built-in slot type; give yours another name"));
            }
            if slot_type.value.values.is_empty() {
                return wrong(format!("slot type `{name}` has no value"));
            }
        }
        let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, intent) in &self.intents {
            if name == FALLBACK {
                let message = format!(
                    "`{FALLBACK}` is the answer when no intent fits; \
                     put sentences that belong to none under `out_of_scope`"
                );
                return Err(LocalError::at(file, intent.referenced, message));
            }
            self.check_intent(file, name, intent)?;
            for utterance in &intent.value.utterances {
                if let Some(owner) = owners.insert(&utterance.value, name)
                    && owner != name
                {
                    let message = format!(
                        "this sentence is under intent `{owner}` as well; keep it under one of them"
                    );
                    return Err(LocalError::at(file, utterance.referenced, message));
                }
            }
        }
        Ok(())
    }

    /// What a recogniser learns takes memory by characters and intents together, and time by the
    /// sentences squared.
    fn check_size(&self, file: &str, name: &str) -> Result<(), LocalError> {
        let utterances = self.intents.values().flat_map(|intent| &intent.value.utterances);
        let sentences = utterances.chain(&self.out_of_scope);
        let (mut count, mut characters) = (0, 0);
        for sentence in sentences {
            let length = sentence.value.chars().count();
            if length > MAX_TEXT_CHARS {
                let message =
                    format!("the sentence has {length} characters; it may have {MAX_TEXT_CHARS}");
                return Err(LocalError::at(file, sentence.referenced, message));
            }
            count += 1;
            characters += length;
        }
        let intents = self.intents.len();
        let message = if count > MAX_SENTENCES {
            format!("locale `{name}` has {count} sentences; it may have {MAX_SENTENCES}")
        } else if characters.saturating_mul(intents) > MAX_LEARNT {
            format!(
                "locale `{name}` has {intents} intents and {characters} characters of sentences; the two multiplied may be {MAX_LEARNT}: make several bots of it"
            )
        } else {
            return Ok(());
        };
        Err(LocalError::Setting { what: file.to_owned(), message })
    }

    fn check_intent(
        &self,
        file: &str,
        name: &str,
        intent: &Spanned<IntentFile>,
    ) -> Result<(), LocalError> {
        if intent.value.utterances.is_empty() {
            let message = format!("intent `{name}` has no utterance; give it twenty or more");
            return Err(LocalError::at(file, intent.referenced, message));
        }
        for (slot_name, slot) in &intent.value.slots {
            let slot_type = slot.value.slot_type.as_str();
            if !BUILT_IN_TYPES.contains(&slot_type) && !self.slot_types.contains_key(slot_type) {
                let known: Vec<&str> = BUILT_IN_TYPES
                    .into_iter()
                    .chain(self.slot_types.keys().map(String::as_str))
                    .collect();
                let message = format!(
                    "slot `{slot_name}` of intent `{name}` has unknown type `{slot_type}`; \
                     known here: {}",
                    known.join(", ")
                );
                return Err(LocalError::at(file, slot.referenced, message));
            }
        }
        for utterance in &intent.value.utterances {
            let names = placeholders(&utterance.value)
                .map_err(|message| LocalError::at(file, utterance.referenced, message))?;
            for slot in names {
                if !intent.value.slots.contains_key(slot) {
                    let message = format!(
                        "`{{{slot}}}` is no slot of intent `{name}`; declare it under its `slots`"
                    );
                    return Err(LocalError::at(file, utterance.referenced, message));
                }
            }
            if utterance.value.trim().is_empty() {
                let message = format!("intent `{name}` has an empty utterance; remove it");
                return Err(LocalError::at(file, utterance.referenced, message));
            }
        }
        Ok(())
    }
}

/// The slots named in a sample utterance.
pub(crate) fn placeholders(utterance: &str) -> Result<BTreeSet<&str>, String> {
    let mut names = BTreeSet::new();
    let mut rest = utterance;
    while let Some(open) = rest.find(['{', '}']) {
        let close = rest[open..].find('}').filter(|_| rest[open..].starts_with('{'));
        let Some(close) = close else {
            return Err(
                "unpaired `{` or `}`; a slot is written `{Name}` (and the sentence in quotes)"
                    .into(),
            );
        };
        let name = &rest[open + 1..open + close];
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Err(format!(
                "`{{{name}}}` is no slot name; use letters from a to z, digits and `_`"
            ));
        }
        names.insert(name);
        rest = &rest[open + close + 1..];
    }
    Ok(names)
}

#[cfg(test)]
mod tests;
