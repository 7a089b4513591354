//! What an answer means to a question: data in, data out. What the words mean is
//! `dialgraph-understanding`'s to say.
//!
//! The turn asks here, and so does whoever wants to know beforehand what an answer would come to
//! (`dialgraph listen`): there is no second way to understand one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use dialgraph_base::phone::{Country, e164};
use dialgraph_base::{Digits, Locale};
use dialgraph_flow::model::{Ask, Expects, NoMatch, label_letters};
use dialgraph_flow::zone;
use dialgraph_understanding::jiff::civil::Date;
use dialgraph_understanding::{
    Decimal, Offers, Outcome, Understood, YesNo, choose, date, digits, has_numbering_plan, money,
    name, number, phone, time, wants_repeat, yes_no,
};

use crate::event::Event;

/// Digits of a number that is keyed in.
const NUMBER: Digits = Digits { min: 1, max: 12, terminator: Some('#') };
/// Digits of a telephone number that is keyed in.
const PHONE: Digits = Digits { min: 3, max: 15, terminator: Some('#') };

/// A question, and where and when it is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    pub ask: &'q Ask,
    /// Locales whose phrases count: that of the call, and the one to take where a port has none in
    /// it.
    pub locales: [&'q str; 2],
    pub place: Place<'q>,
}

/// What the place and the day of a call add to what is said.
#[derive(Debug, Clone, Copy)]
pub struct Place<'p> {
    /// Of telephone numbers without a country code.
    pub country: Option<Country>,
    /// The money that is meant where none is named (ISO 4217).
    pub currency: &'p str,
    /// The day from which `tomorrow` is counted; none: no date can be understood.
    pub today: Option<Date>,
}

impl Place<'_> {
    /// A place in a country, with its money.
    pub fn of(country: Option<Country>, today: Option<Date>) -> Self {
        Self { country, currency: zone::currency(country), today }
    }
}

/// An answer, as the question sees it.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It leaves by this port, with this output.
    Meant { port: String, why: String, output: Value },
    /// Two things were meant, of these ports.
    Both { ports: [String; 2], why: String },
    /// Two values of the kind that is expected were meant.
    Either { values: [Value; 2], why: String },
    /// The caller asks for time.
    Hold { why: String },
    /// The caller asks to hear the question again.
    Repeat { why: String },
    /// It fits nothing.
    Nothing { why: String, reason: NoMatch },
}

/// What may be keyed in.
pub(super) fn keys(ask: &Ask) -> Option<Digits> {
    let keyed = match ask.expects {
        Some(Expects::Number) => Some(NUMBER),
        Some(Expects::Phone) => Some(PHONE),
        _ => ask.digits.clone(),
    };
    match (keyed, ask.menu.is_empty()) {
        (None, true) => None,
        (None, false) => Some(Digits { min: 1, max: 1, terminator: None }),
        (Some(digits), true) => Some(digits),
        // One key is enough for the menu; more make a number.
        (Some(digits), false) => Some(Digits { min: 1, ..digits }),
    }
}

/// What `event` answers to a question.
pub fn understand(question: &Question<'_>, event: &Event) -> Answer {
    match event {
        Event::Pressed(keys) => pressed(question, keys)
            .unwrap_or_else(|| nothing("keys that mean nothing here".to_owned())),
        Event::Said { text, confidence } => {
            let answer = typed_or_said(question, text, *confidence);
            match answer {
                Answer::Nothing { why, reason: NoMatch::NotUnderstood } if wants_repeat(text) => {
                    Answer::Repeat { why }
                }
                answer => answer,
            }
        }
        _ => nothing(String::new()),
    }
}

fn typed_or_said(question: &Question<'_>, text: &str, confidence: Option<f64>) -> Answer {
    if let Some(port) = labelled(question, text) {
        let mut output = json!({ "digits": null, "text": text, "confidence": confidence });
        if question.ask.expects.is_some() {
            output["value"] = answered(question.ask, port).unwrap_or_default();
        }
        return Answer::Meant { port: port.to_owned(), why: "its label".to_owned(), output };
    }
    // Keys that were typed count as keys, so that a chat can answer a menu. In a number a `-` is a
    // sign, and a space parts it from the next.
    let compact: String = if question.ask.expects == Some(Expects::Number) {
        text.trim().to_owned()
    } else {
        text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect()
    };
    let as_keys = if is_keys(&compact) { pressed(question, &compact) } else { None };
    as_keys.unwrap_or_else(|| said(question, text, confidence))
}

/// The port whose label in a channel these words are: whoever pressed it means nothing else.
fn labelled<'q>(question: &Question<'q>, text: &str) -> Option<&'q str> {
    if question.ask.choices.is_empty() {
        return None;
    }
    let said = label_letters(text);
    let [locale, otherwise] = question.locales;
    let is_said = |labels: &BTreeMap<Locale, String>| {
        let label = labels.get(locale).or_else(|| labels.get(otherwise));
        label.is_some_and(|label| label_letters(label) == said)
    };
    question.ask.choices.iter().find(|(_, labels)| is_said(labels)).map(|(port, _)| &**port)
}

fn nothing(why: String) -> Answer {
    Answer::Nothing { why, reason: NoMatch::NotUnderstood }
}

pub(crate) fn is_keys(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '*' || c == '#')
}

fn pressed(question: &Question<'_>, keys: &str) -> Option<Answer> {
    let ask = question.ask;
    let answer = |port: &str, why: String, digits: &str, value: Option<Value>| {
        let mut output = json!({ "digits": digits, "text": null, "confidence": null });
        if ask.expects.is_some() {
            output["value"] = value.unwrap_or_default();
        }
        Answer::Meant { port: port.to_owned(), why, output }
    };
    let mut typed = keys.chars();
    if let (Some(key), None) = (typed.next(), typed.next())
        && let Some((_, port)) = ask.menu.iter().find(|(menu_key, _)| *menu_key == key)
    {
        return Some(answer(port, format!("key {key}"), keys, answered(ask, port)));
    }
    let wanted = match ask.expects {
        Some(expects) if !expects.takes_keys() => return None,
        Some(Expects::Number) => NUMBER,
        Some(Expects::Phone) => PHONE,
        _ => ask.digits.clone()?,
    };
    let number = match wanted.terminator {
        Some(terminator) => keys.strip_suffix(terminator).unwrap_or(keys),
        None => keys,
    };
    let fits = number.chars().all(|c| c.is_ascii_digit())
        && (wanted.min as usize..=wanted.max as usize).contains(&number.len());
    if !fits {
        return None;
    }
    let (port, value) = match ask.expects {
        None => ("digits", None),
        Some(Expects::Number) => ("value", Some(json!(number.parse::<u64>().ok()?))),
        Some(Expects::Phone) => {
            ("value", Some(keyed_phone(number, question.place.country)?.into()))
        }
        Some(_) => ("value", Some(json!(number))),
    };
    Some(answer(port, format!("{} digits", number.len()), number, value))
}

fn said(question: &Question<'_>, text: &str, confidence: Option<f64>) -> Answer {
    let ask = question.ask;
    let answer = |port: &str, why: String, digits: Option<&str>, value: Option<Value>| {
        let mut output = json!({ "digits": digits, "text": text, "confidence": confidence });
        if ask.expects.is_some() {
            output["value"] = value.unwrap_or_default();
        }
        Answer::Meant { port: port.to_owned(), why, output }
    };
    let chosen = choose(text, &offers(question));
    let why = chosen.why.to_string();
    match chosen.outcome {
        Outcome::One(port) => {
            let value = answered(ask, &port);
            return answer(&port, why, None, value);
        }
        Outcome::Several(ports) => {
            let mut ports = ports.into_iter();
            if let (Some(first), Some(second)) = (ports.next(), ports.next()) {
                return Answer::Both { ports: [first, second], why };
            }
        }
        // Whoever asks for time, or hesitates, may still say what is expected:
        // `two, no wait, three`.
        Outcome::Hold if ask.expects.is_none() && ask.digits.is_none() => {
            return Answer::Hold { why };
        }
        Outcome::Hesitation if ask.expects.is_none() => return nothing(why),
        Outcome::Hold | Outcome::Hesitation | Outcome::Nothing => {}
    }
    if let Some(expects) = ask.expects {
        let read = read(expects, text, ask.digits.as_ref(), &question.place);
        let impossible = read.why.impossible;
        let why = read.why.to_string();
        return match read.outcome {
            Outcome::One(value) => {
                let port = match (expects, &value) {
                    (Expects::YesNo, Value::Bool(true)) => "yes",
                    (Expects::YesNo, _) => "no",
                    _ => "value",
                };
                answer(port, why, None, Some(value))
            }
            Outcome::Hold => Answer::Hold { why },
            // Whoever says yes and no at once is asked the whole question again.
            Outcome::Several(values) if expects != Expects::YesNo => {
                let mut values = values.into_iter();
                match (values.next(), values.next()) {
                    (Some(first), Some(second)) => Answer::Either { values: [first, second], why },
                    _ => nothing(why),
                }
            }
            Outcome::Several(_) => Answer::Nothing { why, reason: NoMatch::Several },
            Outcome::Nothing if impossible => Answer::Nothing { why, reason: NoMatch::Impossible },
            Outcome::Hesitation | Outcome::Nothing => nothing(why),
        };
    }
    if let Some(wanted) = &ask.digits {
        let heard = digits(text, wanted.min as usize..=wanted.max as usize);
        if let Outcome::One(number) = heard.outcome {
            return answer("digits", format!("{} digits", number.len()), Some(&number), None);
        }
        if heard.outcome == Outcome::Hold {
            return Answer::Hold { why: heard.why.to_string() };
        }
    }
    if ask.speech && text.chars().any(char::is_alphanumeric) {
        return answer("said", "any words".to_owned(), None, None);
    }
    nothing(why)
}

/// The value of a choice that is itself the yes or the no of the question; whoever chose anything
/// else said neither.
pub(super) fn answered(ask: &Ask, port: &str) -> Option<Value> {
    match (ask.expects?, port) {
        (Expects::YesNo, "yes") => Some(true.into()),
        (Expects::YesNo, "no") => Some(false.into()),
        _ => None,
    }
}

/// A telephone number that is keyed in, as E.164. One of the call's own country is held to what a
/// number that is said is held to, where the understanding knows how these are built.
fn keyed_phone(keys: &str, country: Option<Country>) -> Option<String> {
    let full = e164(keys, country).ok()?;
    let code = country.map_or("", |country| country.alpha2());
    // Behind an exit code stands a number of another country, and the exit code is no part of it.
    let is_national = full.ends_with(keys.trim_start_matches('0'));
    if is_national && has_numbering_plan(code) && phone(keys, code).value().is_none() {
        return None;
    }
    Some(full)
}

/// What the question offers, in the call's language.
fn offers(question: &Question<'_>) -> Offers {
    question
        .ask
        .menu
        .iter()
        .fold(phrases(question), |offers, (key, port)| offers.key(*key, &**port))
}

/// The same without its keys.
pub(super) fn phrases(question: &Question<'_>) -> Offers {
    let mut offers = Offers::new();
    let [locale, otherwise] = question.locales;
    for (port, phrases) in &question.ask.phrases {
        let phrases = phrases.get(locale).or_else(|| phrases.get(otherwise));
        offers = offers.phrases(&**port, phrases.into_iter().flatten());
    }
    offers
}

/// Reads words as the kind of answer that is expected; the value is as `output.value` has it.
/// `length` is that of digits.
pub fn read(
    expects: Expects,
    text: &str,
    length: Option<&Digits>,
    place: &Place<'_>,
) -> Understood<Value> {
    match expects {
        Expects::YesNo => value_of(yes_no(text), |answer| Some((answer == YesNo::Yes).into())),
        Expects::Number => value_of(number(text), |number| Some(decimal(number))),
        Expects::Digits => {
            let (min, max) = length.map_or((1, 64), |wanted| (wanted.min, wanted.max));
            value_of(digits(text, min as usize..=max as usize), |digits| Some(digits.into()))
        }
        Expects::Date => match place.today {
            Some(today) => value_of(date(text, today), |date| Some(date.to_string().into())),
            // The check has asked for a zone that there is.
            None => Understood { outcome: Outcome::Nothing, why: Default::default() },
        },
        Expects::Time => value_of(time(text), |time| Some(time.to_string().into())),
        Expects::Phone => {
            let code = place.country.map_or("", |country| country.alpha2());
            value_of(phone(text, code), |number| Some(e164(&number, place.country).ok()?.into()))
        }
        Expects::Money => value_of(money(text, place.currency), |money| {
            Some(json!({ "amount": decimal(money.amount), "currency": money.currency }))
        }),
        Expects::Name => value_of(name(text), |name| Some(name.into())),
    }
}

/// The same reading with its value as JSON; what cannot be had as one was not understood.
fn value_of<T>(read: Understood<T>, value: impl Fn(T) -> Option<Value>) -> Understood<Value> {
    let outcome = match read.outcome {
        Outcome::One(one) => value(one).map_or(Outcome::Nothing, Outcome::One),
        Outcome::Several(all) => Outcome::Several(all.into_iter().filter_map(value).collect()),
        Outcome::Hold => Outcome::Hold,
        Outcome::Hesitation => Outcome::Hesitation,
        Outcome::Nothing => Outcome::Nothing,
    };
    Understood { outcome, why: read.why }
}

fn decimal(number: Decimal) -> Value {
    number.as_whole().map_or_else(|| number.to_f64().into(), Value::from)
}
