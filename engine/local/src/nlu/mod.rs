//! Natural language understanding, trained at load from an intents file.
//!
//! The words of a sentence, their stems, runs of their letters and, for Korean, runs of jamo are
//! weighed by TF-IDF and given to a multinomial logistic regression. It has one class more than
//! there are intents: "none of them", learnt from everyday sentences and the file's `out_of_scope`.
//! A second, small regression, fitted on sentences held out in turn, makes a confidence of the
//! result: of the answers given with 0.8, about eight in ten are right. See `docs/intents.md` for
//! the format and the figures.
//!
//! The same file gives the same answers, bit for bit, on every machine.

mod background;
mod builtin;
pub mod eval;
mod features;
pub mod file;
mod slots;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use async_trait::async_trait;
use dialgraph_base::Timestamp;
use dialgraph_classifier::{Model, Sample};
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::nlu::{
    Intent, Interpretation, Message, Recognition, RecognizerSession, Request, Slot, SlotValue,
};
use dialgraph_kernel::provider::{Caller, Nlu};

use crate::error::LocalError;
use crate::text;
use file::{BotFile, FALLBACK, LocaleFile, SlotDef};
use slots::{Context, SlotTypes};

/// Bot that answers when a request names none.
pub const DEFAULT_BOT: &str = "default";

/// Confidence below which the answer is `FallbackIntent`, unless the file says otherwise.
pub const DEFAULT_NONE_THRESHOLD: f64 = 0.4;

/// Longest text of a request, in characters.
pub const MAX_TEXT_CHARS: usize = 1024;

/// Most interpretations in an answer, `FallbackIntent` not counted.
const MAX_INTERPRETATIONS: usize = 5;

/// Recognises intents of the bots of a project.
///
/// A locale of a bot is trained when it is first asked, or by [`LocalNlu::warm_up`].
#[derive(Debug, Default)]
pub struct LocalNlu {
    bots: BTreeMap<String, Bot>,
}

#[derive(Debug)]
struct Bot {
    zone: jiff::tz::TimeZone,
    locales: BTreeMap<String, LocaleBot>,
}

#[derive(Debug)]
struct LocaleBot {
    locale: String,
    file: LocaleFile,
    types: SlotTypes,
    threshold: f64,
    model: OnceLock<Model>,
}

impl LocalNlu {
    /// A recogniser for these bots.
    ///
    /// # Errors
    /// [`LocalError::Setting`] if two have one name.
    pub fn new(files: impl IntoIterator<Item = BotFile>) -> Result<Self, LocalError> {
        let mut bots = BTreeMap::new();
        for file in files {
            let name = file.bot.value.clone();
            if bots.insert(name.clone(), Bot::new(file)).is_some() {
                return Err(LocalError::Setting {
                    what: format!("bot `{name}`"),
                    message: "two files have this bot; give one of them another name".to_owned(),
                });
            }
        }
        Ok(Self { bots })
    }

    /// Trains everything now, so that no caller waits for it.
    pub fn warm_up(&self) {
        for locale in self.bots.values().flat_map(|bot| bot.locales.values()) {
            locale.model();
        }
    }

    fn recognize_now(
        &self,
        locale: &str,
        now: Timestamp,
        request: &Request,
    ) -> Result<Recognition, HostError> {
        let length = request.text.chars().count();
        if request.text.trim().is_empty() || length > MAX_TEXT_CHARS {
            return Err(HostError::invalid(
                "bad-text",
                format!("the text has {length} characters; send 1 to {MAX_TEXT_CHARS}"),
            ));
        }
        let name = request.bot.as_deref().unwrap_or(DEFAULT_BOT);
        let bot = self.bots.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.bots.keys().map(String::as_str).collect();
            HostError::invalid(
                "unknown-bot",
                format!(
                    "there is no bot `{name}`; known: {}; add flows/intents/{name}.intents.yaml",
                    known.join(", ")
                ),
            )
        })?;
        let near = || {
            let known = bot.locales.keys().map(String::as_str);
            bot.locales.get(dialgraph_kernel::locale::nearest(locale, known)?)
        };
        let trained = bot.locales.get(locale).or_else(near).ok_or_else(|| {
            let known: Vec<&str> = bot.locales.keys().map(String::as_str).collect();
            HostError::invalid(
                "unknown-locale",
                format!("bot `{name}` has no locale `{locale}`; it has {}", known.join(", ")),
            )
        })?;
        let today = i64::try_from(now.0)
            .ok()
            .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
            .unwrap_or_default()
            .to_zoned(bot.zone.clone())
            .date();
        Ok(trained.recognize(request, Context { today }))
    }
}

#[async_trait]
impl Nlu for LocalNlu {
    async fn recognize(
        &self,
        caller: &Caller,
        request: &Request,
    ) -> Result<Recognition, HostError> {
        self.recognize_now(&caller.locale, caller.now, request)
    }
}

impl Bot {
    fn new(file: BotFile) -> Self {
        let zone = file
            .time_zone
            .and_then(|zone| jiff::tz::TimeZone::get(&zone.value).ok())
            .unwrap_or(jiff::tz::TimeZone::UTC);
        let general = file.none_threshold.map(|threshold| threshold.value);
        let locales = file.locales.into_iter().map(|(locale, file)| {
            let own = file.none_threshold.as_ref().map(|threshold| threshold.value);
            let bot = LocaleBot {
                locale: locale.clone(),
                types: SlotTypes::new(&file),
                threshold: own.or(general).unwrap_or(DEFAULT_NONE_THRESHOLD),
                model: OnceLock::new(),
                file,
            };
            (locale, bot)
        });
        Self { zone, locales: locales.collect() }
    }
}

impl LocaleBot {
    fn model(&self) -> &Model {
        self.model.get_or_init(|| Model::train(&self.samples(), self.file.intents.len() + 1))
    }

    fn features(&self, sentence: &str) -> Vec<(String, f64)> {
        let sentence = text::compose(sentence);
        features::features(&sentence, &self.types.types_in(&sentence))
    }

    fn samples(&self) -> Vec<Sample> {
        let mut samples = Vec::new();
        let mut group = 0;
        for (class, intent) in self.file.intents.values().enumerate() {
            for utterance in &intent.value.utterances {
                let utterance = &utterance.value;
                let variants = if utterance.contains('{') { 2 } else { 1 };
                for variant in 0..variants {
                    let sentence = self.fill(&intent.value.slots, utterance, group * 2 + variant);
                    samples.push(Sample { features: self.features(&sentence), class, group });
                }
                group += 1;
            }
        }
        let none = self.file.intents.len();
        let own = self.file.out_of_scope.iter().map(|sentence| sentence.value.as_str());
        let vocabularies = self.vocabularies();
        let general = background::sentences(&self.locale)
            .iter()
            .copied()
            .filter(|sentence| !vocabularies.iter().any(|words| resembles(sentence, words)));
        for sentence in own.chain(general) {
            samples.push(Sample { features: self.features(sentence), class: none, group });
            group += 1;
        }
        samples
    }

    /// Puts words for values into the placeholders of a sample utterance.
    fn fill(
        &self,
        slots: &BTreeMap<String, serde_saphyr::Spanned<SlotDef>>,
        utterance: &str,
        n: usize,
    ) -> String {
        slots.iter().fold(utterance.to_owned(), |sentence, (name, slot)| {
            let words = self.types.example(&slot.value.slot_type, n);
            sentence.replace(&format!("{{{name}}}"), words)
        })
    }

    fn vocabularies(&self) -> Vec<BTreeSet<String>> {
        let utterances = self.file.intents.values().flat_map(|intent| &intent.value.utterances);
        utterances.map(|utterance| content(&utterance.value)).collect()
    }

    fn recognize(&self, request: &Request, context: Context) -> Recognition {
        let sentence = text::compose(&request.text);
        if let Some(session) = &request.session
            && let Some(continued) = self.continue_dialogue(session, &sentence, request, context)
        {
            return continued;
        }
        let verdict = self.model().classify(&self.features(&sentence));
        let names: Vec<&String> = self.file.intents.keys().collect();
        let mut interpretations: Vec<Interpretation> = verdict
            .ranking
            .iter()
            .take(MAX_INTERPRETATIONS)
            .map(|&(class, confidence)| {
                let filled = self.fill_slots(names[class], &sentence, context, Vec::new());
                interpretation(filled, Some(confidence))
            })
            .collect();
        let best = verdict.ranking.first().map_or(0.0, |(_, confidence)| *confidence);
        if best < self.threshold {
            let fallback = Intent {
                name: FALLBACK.to_owned(),
                state: "ready-for-fulfillment".to_owned(),
                confirmation: "none".to_owned(),
                slots: Vec::new(),
            };
            interpretations.insert(0, interpretation(fallback, None));
        }
        self.answer(request, interpretations)
    }

    /// The answer to the question for a slot, if the sentence has such a value.
    fn continue_dialogue(
        &self,
        session: &RecognizerSession,
        sentence: &str,
        request: &Request,
        context: Context,
    ) -> Option<Recognition> {
        let intent = session.intent.as_ref()?;
        let wanted = session.slot_to_elicit.as_ref()?;
        let spec = self.file.intents.get(&intent.name)?;
        let slot_type = &spec.value.slots.get(wanted)?.value.slot_type;
        if self.types.find(slot_type, sentence, context).is_empty() {
            return None;
        }
        let filled = self.fill_slots(&intent.name, sentence, context, intent.slots.clone());
        // The caller answered the very question that was asked; there is nothing to guess.
        Some(self.answer(request, vec![interpretation(filled, Some(1.0))]))
    }

    /// The intent with every slot that it declares, filled from the sentence where `known` is not
    /// yet.
    fn fill_slots(&self, name: &str, sentence: &str, context: Context, known: Vec<Slot>) -> Intent {
        let declared = self.file.intents.get(name).map(|intent| &intent.value.slots);
        let mut taken: Vec<(usize, usize)> = Vec::new();
        let mut slots = Vec::new();
        let mut ready = true;
        for (slot_name, slot) in declared.into_iter().flatten() {
            let slot = &slot.value;
            let element = format!("{slot_name}[");
            let before: Vec<Slot> = known
                .iter()
                .filter(|s| s.path == *slot_name || s.path.starts_with(&element))
                .cloned()
                .collect();
            if before.iter().any(|slot| slot.value.is_some()) {
                slots.extend(before);
                continue;
            }
            let mut found = self.types.find(&slot.slot_type, sentence, context);
            found.retain(|f| taken.iter().all(|(start, end)| f.end <= *start || *end <= f.start));
            if !slot.multiple {
                found.truncate(1);
            }
            taken.extend(found.iter().map(|f| (f.start, f.end)));
            ready &= !(slot.required && found.is_empty());
            let values = found.into_iter().map(|f| SlotValue {
                original: Some(sentence[f.start..f.end].to_owned()),
                interpreted: f.values.first().cloned().unwrap_or_default(),
                resolved: f.values,
            });
            let scalar = |path: String, value| Slot { path, shape: "scalar".to_owned(), value };
            if slot.multiple {
                slots.push(Slot { path: slot_name.clone(), shape: "list".to_owned(), value: None });
                slots.extend(
                    values.enumerate().map(|(i, v)| scalar(format!("{slot_name}[{i}]"), Some(v))),
                );
            } else {
                slots.push(scalar(slot_name.clone(), values.into_iter().next()));
            }
        }
        Intent {
            name: name.to_owned(),
            state: if ready { "ready-for-fulfillment" } else { "in-progress" }.to_owned(),
            confirmation: "none".to_owned(),
            slots,
        }
    }

    /// The first required slot of an intent that has no value.
    fn missing<'a>(&'a self, intent: &Intent) -> Option<(&'a String, &'a SlotDef)> {
        let declared = &self.file.intents.get(&intent.name)?.value.slots;
        declared.iter().map(|(name, slot)| (name, &slot.value)).find(|(name, slot)| {
            let element = format!("{name}[");
            let filled = intent
                .slots
                .iter()
                .any(|s| (s.path == **name || s.path.starts_with(&element)) && s.value.is_some());
            slot.required && !filled
        })
    }

    fn answer(&self, request: &Request, interpretations: Vec<Interpretation>) -> Recognition {
        let first = interpretations.first().map(|first| first.intent.clone());
        let missing = first.as_ref().and_then(|intent| self.missing(intent));
        let prompt = missing.and_then(|(_, slot)| slot.prompt.clone());
        let before = request.session.clone().unwrap_or_default();
        Recognition {
            session: RecognizerSession {
                attributes: before.attributes,
                intent: first,
                action: Some(if missing.is_some() { "elicit-slot" } else { "close" }.to_owned()),
                slot_to_elicit: missing.map(|(name, _)| name.clone()),
                rest: before.rest,
            },
            messages: prompt
                .map(|content| Message {
                    content_type: "plain-text".to_owned(),
                    content,
                    card: None,
                })
                .into_iter()
                .collect(),
            request_attributes: request.request_attributes.clone(),
            session_id: None,
            member: None,
            extra: Vec::new(),
            interpretations,
        }
    }
}

fn interpretation(intent: Intent, confidence: Option<f64>) -> Interpretation {
    Interpretation {
        intent,
        confidence,
        sentiment: None,
        source: Some("local".to_owned()),
        extra: Vec::new(),
    }
}

/// Stems of the words that say something.
fn content(sentence: &str) -> BTreeSet<String> {
    text::words(sentence)
        .iter()
        .filter(|word| !text::is_function_word(word))
        .map(|word| text::stem(word).to_owned())
        .collect()
}

/// More than half of what a sentence says is said in one utterance too.
fn resembles(sentence: &str, utterance: &BTreeSet<String>) -> bool {
    let content = content(sentence);
    let shared = content.iter().filter(|stem| utterance.contains(*stem)).count();
    shared * 2 > content.len()
}

#[cfg(test)]
mod tests;
