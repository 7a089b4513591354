//! A turn's directives as the flat map that the bridge flow acts on. `docs/connect-protocol.md`
//! lists the keys.

use serde::Serialize;
use serde_json::Value;

use dialgraph_base::Medium;
use dialgraph_kernel::call::Call;
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::plugin::{Accept, Speech};

use crate::event::Incoming;
use crate::flat::{BLANK, FlatMap};
use crate::pieces;
use crate::protocol::{
    CHAT_TIMEOUTS, FLOW_SCHEME, INTERDIGIT_SECONDS, KEY_TIMEOUTS, NOTHING, RING_SECONDS,
    SAME_LANGUAGE, TERMINATORS, action, attribute_key, round_up, say_word,
};
use crate::templates;
use crate::visit;

/// Longest wait that a voice answer bridges with silence, in milliseconds.
pub const MAX_PAUSE_MS: u32 = 20_000;

/// Characters of one attribute that is answered; more are cut off.
pub const MAX_ATTRIBUTE: usize = 1_000;

/// Most keys taken when a question for speech says nothing about keys.
const KEYS_WITHOUT_LIMIT: u32 = 20;

/// What Connect is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Answer(FlatMap);

impl Answer {
    /// The answer to `incoming`, which `record` tells of: the turn that it brought about, the turn
    /// that it brought about when it came first, or, for one that came out of order, the latest
    /// turn.
    pub fn of_turn(incoming: &Incoming, record: &TurnRecord, call: &Call) -> Self {
        let mut map = Map::new(&visit::token(&call.id, record.turn));
        let same = incoming.language.as_deref() == Some(&*call.locale);
        map.put("language", if same { SAME_LANGUAGE } else { &call.locale });
        map.put("locale", &call.locale);
        let then = &record.directives.then;
        let voice = call.medium.speaks();
        let pause = match then {
            Then::Wait { ms } if voice => (*ms).min(MAX_PAUSE_MS),
            _ => 0,
        };
        let mut said = if voice {
            pieces::voice(&record.directives.say, pause)
        } else {
            let (said, buttons) = in_chat(incoming, record, call);
            if let Some(buttons) = &buttons {
                map.put("buttons", buttons);
            }
            said
        };
        let shows_buttons = map.0.get("buttons").is_some();
        if let Then::Ask(_) = then
            && !shows_buttons
        {
            // The question itself is said by the block that waits for its answer: callers may
            // answer into it.
            let silence = if voice { "<speak> </speak>" } else { BLANK };
            let prompt = said.pop();
            map.put("prompt", prompt.as_deref().unwrap_or(silence));
        }
        map.say(call.medium, &said);
        map.act(then, voice);
        if shows_buttons {
            map.put("action", action::CHOOSE);
        }
        // Room for every name first: a flow cannot compare a key that is missing.
        for name in &incoming.wanted {
            map.put(&attribute_key(name), BLANK);
        }
        for name in &incoming.wanted {
            map.attribute(name, call.attributes.get(name));
        }
        Self(map.0)
    }

    /// The answer to an event of a call that is over already: nothing is left to do.
    pub fn over(call: &Call) -> Self {
        let mut map = Map::new(&visit::token(&call.id, call.turn));
        map.put("action", action::DISCONNECT);
        Self(map.0)
    }

    /// The answer to news of a contact that never was a call.
    pub fn no_call() -> Self {
        let mut map = Map::new("0");
        map.put("action", action::DISCONNECT);
        Self(map.0)
    }

    /// The value of one key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)
    }

    /// Its word for what the flow must do.
    pub fn action(&self) -> &str {
        self.0.get("action").unwrap_or(action::FALLBACK)
    }

    pub fn map(&self) -> &FlatMap {
        &self.0
    }

    pub fn into_map(self) -> FlatMap {
        self.0
    }
}

/// A [fallback](crate::fallback), as an answer like all others.
impl From<FlatMap> for Answer {
    fn from(map: FlatMap) -> Self {
        Self(map)
    }
}

/// What a chat is told, and the message with buttons that its question is, if it has any.
fn in_chat(incoming: &Incoming, record: &TurnRecord, call: &Call) -> (Vec<String>, Option<String>) {
    let say = &record.directives.say;
    let Then::Ask(Accept { choices, .. }) = &record.directives.then else {
        return (pieces::chat(say), None);
    };
    if choices.is_empty() {
        return (pieces::chat(say), None);
    }
    let (question, before) = match say.split_last() {
        // What is shown with the words has a message of its own.
        Some((last, before)) if last.shown.is_empty() => (pieces::plain(last), before),
        _ => (String::new(), say.as_slice()),
    };
    let buttons =
        incoming.shows_choices.then(|| templates::buttons(&question, choices, &call.locale));
    match buttons.flatten() {
        Some(buttons) => {
            let said = if buttons.asks { before } else { say };
            (pieces::chat(said), Some(buttons.template))
        }
        None => {
            let listed = Speech::new(templates::listed(&question, choices), false);
            (pieces::chat(&[before, &[listed]].concat()), None)
        }
    }
}

struct Map(FlatMap);

impl Map {
    fn new(turn: &str) -> Self {
        let mut map = Self(FlatMap::new());
        map.put("turn", turn);
        map.put("say", NOTHING);
        map.put("language", SAME_LANGUAGE);
        map
    }

    /// Sets a key of our own. All of them together are far below what an answer holds, once each is
    /// cut.
    fn put(&mut self, key: &str, value: &str) {
        let is_cut = key != "prompt" && key != "buttons" && !key.starts_with("say_");
        let most = if is_cut { 256 } else { usize::MAX };
        let value: String = value.chars().take(most).collect();
        let fits = self.0.put(key, &value);
        debug_assert!(fits, "the sum of all bounds is below the size of an answer");
    }

    /// `say` names the first of the pieces; they are numbered downwards, so that each block of the
    /// flow leads to the next without a question in between.
    fn say(&mut self, medium: Medium, pieces: &[String]) {
        if pieces.is_empty() {
            return;
        }
        self.put("say", &say_word(medium, pieces.len()));
        for (piece, number) in pieces.iter().zip((1..=pieces.len()).rev()) {
            self.put(&format!("say_{number}"), piece);
        }
    }

    fn act(&mut self, then: &Then, voice: bool) {
        match then {
            Then::Ask(accept) if voice => self.ask(accept),
            Then::Ask(accept) => {
                self.put("action", action::READ);
                self.put("timeout", &round_up(accept.timeout_ms, &CHAT_TIMEOUTS).to_string());
            }
            Then::Wait { .. } if voice => self.put("action", action::SPEAK),
            Then::Wait { ms } => {
                self.put("action", action::WAIT);
                self.put("wait_seconds", &ms.div_ceil(1_000).max(1).to_string());
            }
            Then::Queue(queue) => {
                self.put("action", action::QUEUE);
                self.put("queue", &queue.name);
            }
            Then::Callback { queue, number } => {
                self.put("action", action::CALLBACK);
                self.put("queue", &queue.name);
                self.put("number", number);
            }
            Then::Transfer { number, within_ms: Some(within_ms) } => {
                self.put("action", action::TRANSFER);
                self.put("number", number);
                self.put("ring_seconds", &round_up(*within_ms, &RING_SECONDS).to_string());
            }
            Then::Transfer { number, within_ms: None } => match number.strip_prefix(FLOW_SCHEME) {
                Some(flow) => {
                    self.put("action", action::FLOW);
                    self.put("flow", flow);
                }
                None => {
                    self.put("action", action::TRANSFER);
                    self.put("number", number);
                }
            },
            Then::HangUp => self.put("action", action::DISCONNECT),
        }
    }

    fn ask(&mut self, accept: &Accept) {
        let digits = accept.digits.as_ref();
        let most = digits.map_or(KEYS_WITHOUT_LIMIT, |digits| digits.max.max(1));
        let terminator = digits.and_then(|digits| digits.terminator);
        let (key, word) = TERMINATORS
            .into_iter()
            .find(|(key, _)| Some(*key) == terminator)
            // Connect ends numbers by a key in any case, and this is its own choice.
            .unwrap_or(TERMINATORS[0]);
        self.put("timeout", &round_up(accept.timeout_ms, &KEY_TIMEOUTS).to_string());
        self.put("keys_max", &most.to_string());
        self.put("keys_end", word);
        if !accept.speech {
            self.put("action", if most == 1 { action::MENU } else { action::DIGITS });
            return;
        }
        self.put("action", action::LISTEN);
        self.put("keys", if digits.is_none() { "no" } else { "yes" });
        self.put("keys_end_char", &key.to_string());
        self.put("keys_ms", &(INTERDIGIT_SECONDS * 1_000).to_string());
        self.put("speech_start_ms", &accept.timeout_ms.clamp(1_000, 60_000).to_string());
    }

    fn attribute(&mut self, name: &str, value: Option<&Value>) {
        let text = match value {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let text: String = text.chars().take(MAX_ATTRIBUTE).collect();
        // What does not fit any more stays blank.
        let _ = self.0.put(&attribute_key(name), &text);
    }
}

#[cfg(test)]
mod tests;
