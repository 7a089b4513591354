//! A session of Lex as the port's, and back.
//!
//! The port flattens slots, each under its path (`Days[0]`, `Trip.To`), and keeps apart what a
//! dialogue needs; everything else of Lex's session state is in `rest`, as JSON with Lex's own
//! names, and with the session's id.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_lexruntimev2::error::BuildError;
use aws_sdk_lexruntimev2::types as lex;
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::nlu::{Intent, RecognizerSession, Slot, SlotValue};
use serde::{Deserialize, Serialize};

use super::{attributes, sorted};

/// What the port has no field for.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rest {
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    active_contexts: Vec<ActiveContext>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    runtime_hints: BTreeMap<String, BTreeMap<String, Hints>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    originating_request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slot_elicitation_style: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_slot_to_elicit: Option<SubSlot>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ActiveContext {
    name: String,
    time_to_live_in_seconds: i32,
    turns_to_live: i32,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    context_attributes: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hints {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    phrases: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    sub_slots: BTreeMap<String, Hints>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SubSlot {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    then: Option<Box<SubSlot>>,
}

/// The state in which a conversation begins: Lex must look for an intent, whatever it remembers.
pub(super) fn fresh() -> lex::SessionState {
    let action = lex::DialogAction::builder().r#type(lex::DialogActionType::ElicitIntent);
    // The only field that an action must have is there.
    lex::SessionState::builder().set_dialog_action(action.build().ok()).build()
}

/// The id and the state of `session`; `new_id` is for one that Lex has not had yet.
///
/// # Errors
/// `invalid` if it is none that Lex gave.
pub(super) fn to_lex(
    session: &RecognizerSession,
    new_id: impl FnOnce() -> String,
) -> Result<(String, lex::SessionState), HostError> {
    let bad = |why: &str| {
        HostError::invalid("bad-session", format!("the session is none that came from here: {why}"))
    };
    let incomplete = |error: BuildError| bad(&error.to_string());
    let rest: Rest = match &session.rest {
        Some(rest) => {
            // The reason would quote what is in it.
            Rest::deserialize(rest).map_err(|_| bad("its `rest` has another form"))?
        }
        None => Rest::default(),
    };
    // A dialogue that is over is not gone on with: attributes and contexts stay, and the next
    // intent is looked for.
    let closed = session.action.as_deref() == Some("close");
    let intent = match &session.intent {
        _ if closed => None,
        Some(intent) => Some(intent_to_lex(intent).map_err(|why| bad(&why))?),
        None => None,
    };
    let style = rest.slot_elicitation_style.as_deref().map(lex::StyleType::from);
    let sub_slot = rest.sub_slot_to_elicit.map(sub_slot_to_lex).transpose().map_err(incomplete)?;
    let action = match &session.action {
        _ if closed => fresh().dialog_action,
        Some(action) => {
            let action = lex::DialogAction::builder()
                .r#type(lex::DialogActionType::from(camel(action).as_str()))
                .set_slot_to_elicit(session.slot_to_elicit.clone())
                .set_slot_elicitation_style(style)
                .set_sub_slot_to_elicit(sub_slot);
            Some(action.build().map_err(incomplete)?)
        }
        None => None,
    };
    let contexts = rest.active_contexts.into_iter().map(context_to_lex);
    let contexts: Vec<_> = contexts.collect::<Result<_, _>>().map_err(incomplete)?;
    let hints = rest
        .runtime_hints
        .into_iter()
        .map(|(intent, slots)| Ok((intent, hints_to_lex(slots)?)))
        .collect::<Result<HashMap<_, _>, BuildError>>()
        .map_err(incomplete)?;
    let hints = (!hints.is_empty())
        .then(|| lex::RuntimeHints::builder().set_slot_hints(Some(hints)).build());
    let state = lex::SessionState::builder()
        .set_session_attributes(attributes(&session.attributes))
        .set_intent(intent)
        .set_dialog_action(action)
        .set_active_contexts((!contexts.is_empty()).then_some(contexts))
        .set_runtime_hints(hints)
        .set_originating_request_id(rest.originating_request_id)
        .build();
    Ok((rest.session_id.unwrap_or_else(new_id), state))
}

/// What Lex says of its session `id`.
pub(super) fn from_lex(state: Option<lex::SessionState>, id: &str) -> RecognizerSession {
    let mut rest = Rest { session_id: Some(id.to_owned()), ..Rest::default() };
    let mut session = RecognizerSession::default();
    if let Some(state) = state {
        session.attributes = sorted(state.session_attributes);
        session.intent = state.intent.map(intent_from_lex);
        if let Some(action) = state.dialog_action {
            session.action = Some(kebab(action.r#type.as_str()));
            session.slot_to_elicit = action.slot_to_elicit;
            rest.slot_elicitation_style =
                action.slot_elicitation_style.map(|style| style.as_str().to_owned());
            rest.sub_slot_to_elicit = action.sub_slot_to_elicit.map(sub_slot_from_lex);
        }
        let contexts = state.active_contexts.into_iter().flatten();
        rest.active_contexts = contexts.map(context_from_lex).collect();
        let hints = state.runtime_hints.and_then(|hints| hints.slot_hints);
        rest.runtime_hints = hints
            .into_iter()
            .flatten()
            .map(|(intent, slots)| (intent, hints_from_lex(slots)))
            .collect();
        rest.originating_request_id = state.originating_request_id;
    }
    // It consists of texts and numbers under names.
    session.rest = serde_json::to_value(rest).ok();
    session
}

fn context_to_lex(context: ActiveContext) -> Result<lex::ActiveContext, BuildError> {
    let life = lex::ActiveContextTimeToLive::builder()
        .time_to_live_in_seconds(context.time_to_live_in_seconds)
        .turns_to_live(context.turns_to_live)
        .build()?;
    lex::ActiveContext::builder()
        .name(context.name)
        .time_to_live(life)
        .set_context_attributes(Some(context.context_attributes.into_iter().collect()))
        .build()
}

fn context_from_lex(context: lex::ActiveContext) -> ActiveContext {
    let life = context.time_to_live;
    ActiveContext {
        name: context.name,
        time_to_live_in_seconds: life.as_ref().map_or(0, |life| life.time_to_live_in_seconds),
        turns_to_live: life.map_or(0, |life| life.turns_to_live),
        context_attributes: context.context_attributes.into_iter().collect(),
    }
}

fn hints_to_lex(
    hints: BTreeMap<String, Hints>,
) -> Result<HashMap<String, lex::RuntimeHintDetails>, BuildError> {
    let details = |hints: Hints| {
        let phrases = hints
            .phrases
            .into_iter()
            .map(|phrase| lex::RuntimeHintValue::builder().phrase(phrase).build())
            .collect::<Result<Vec<_>, BuildError>>()?;
        let sub_slots = hints_to_lex(hints.sub_slots)?;
        let details = lex::RuntimeHintDetails::builder();
        Ok::<_, BuildError>(
            details
                .set_runtime_hint_values((!phrases.is_empty()).then_some(phrases))
                .set_sub_slot_hints((!sub_slots.is_empty()).then_some(sub_slots))
                .build(),
        )
    };
    hints.into_iter().map(|(slot, hints)| Ok((slot, details(hints)?))).collect()
}

fn hints_from_lex(hints: HashMap<String, lex::RuntimeHintDetails>) -> BTreeMap<String, Hints> {
    let details = |details: lex::RuntimeHintDetails| Hints {
        phrases: details
            .runtime_hint_values
            .into_iter()
            .flatten()
            .map(|value| value.phrase)
            .collect(),
        sub_slots: details.sub_slot_hints.map(hints_from_lex).unwrap_or_default(),
    };
    hints.into_iter().map(|(slot, hints)| (slot, details(hints))).collect()
}

fn sub_slot_to_lex(slot: SubSlot) -> Result<lex::ElicitSubSlot, BuildError> {
    let then = slot.then.map(|then| sub_slot_to_lex(*then)).transpose()?;
    lex::ElicitSubSlot::builder().name(slot.name).set_sub_slot_to_elicit(then.map(Box::new)).build()
}

fn sub_slot_from_lex(slot: lex::ElicitSubSlot) -> SubSlot {
    let then = slot.sub_slot_to_elicit.map(|then| Box::new(sub_slot_from_lex(*then)));
    SubSlot { name: slot.name, then }
}

pub(super) fn intent_from_lex(intent: lex::Intent) -> Intent {
    let mut slots = Vec::new();
    let by_name: BTreeMap<String, lex::Slot> = intent.slots.into_iter().flatten().collect();
    for (name, slot) in by_name {
        flatten(name, slot, &mut slots);
    }
    Intent {
        name: intent.name,
        state: intent.state.map_or_else(|| "in-progress".to_owned(), |state| kebab(state.as_str())),
        confirmation: intent
            .confirmation_state
            .map_or_else(|| "none".to_owned(), |state| kebab(state.as_str())),
        slots,
    }
}

fn flatten(path: String, slot: lex::Slot, into: &mut Vec<Slot>) {
    let values = slot.values.unwrap_or_default();
    let parts: BTreeMap<String, lex::Slot> = slot.sub_slots.into_iter().flatten().collect();
    let shape = match slot.shape {
        Some(shape) => kebab(shape.as_str()),
        None if !values.is_empty() => "list".to_owned(),
        None if !parts.is_empty() => "composite".to_owned(),
        None => "scalar".to_owned(),
    };
    let value = slot.value.map(|value| SlotValue {
        original: value.original_value,
        interpreted: value.interpreted_value,
        resolved: value.resolved_values.unwrap_or_default(),
    });
    into.push(Slot { path: path.clone(), shape, value });
    for (i, element) in values.into_iter().enumerate() {
        flatten(format!("{path}[{i}]"), element, into);
    }
    for (name, part) in parts {
        flatten(format!("{path}.{name}"), part, into);
    }
}

fn intent_to_lex(intent: &Intent) -> Result<lex::Intent, String> {
    let mut slots: BTreeMap<String, Node> = BTreeMap::new();
    for slot in &intent.slots {
        let steps = steps(&slot.path).ok_or("a slot's path is none")?;
        let (Step::Part(first), rest) = steps.split_first().ok_or("a slot has no path")? else {
            return Err("a slot's path begins with a number".to_owned());
        };
        let mut node = slots.entry((*first).to_owned()).or_default();
        for step in rest {
            node = match step {
                Step::Part(name) => node.parts.entry((*name).to_owned()).or_default(),
                Step::Element(i) => node.elements.entry(*i).or_default(),
            };
        }
        node.slot = Some(slot);
    }
    // Lex knows which slots an intent has: one that is not filled is left out.
    let slots: HashMap<String, lex::Slot> = slots
        .into_iter()
        .filter(|(_, node)| node.is_filled())
        .map(|(name, node)| Ok((name, node.to_lex()?)))
        .collect::<Result<_, BuildError>>()
        .map_err(|error| error.to_string())?;
    lex::Intent::builder()
        .name(&intent.name)
        .state(lex::IntentState::from(camel(&intent.state).as_str()))
        .confirmation_state(lex::ConfirmationState::from(camel(&intent.confirmation).as_str()))
        .set_slots(Some(slots))
        .build()
        .map_err(|error| error.to_string())
}

/// A slot with what is in it.
#[derive(Default)]
struct Node<'a> {
    slot: Option<&'a Slot>,
    elements: BTreeMap<usize, Node<'a>>,
    parts: BTreeMap<String, Node<'a>>,
}

impl Node<'_> {
    fn is_filled(&self) -> bool {
        self.slot.is_some_and(|slot| slot.value.is_some())
            || self.elements.values().any(Node::is_filled)
            || self.parts.values().any(Node::is_filled)
    }

    fn to_lex(&self) -> Result<lex::Slot, BuildError> {
        let value = match self.slot.and_then(|slot| slot.value.as_ref()) {
            Some(value) => Some(
                lex::Value::builder()
                    .set_original_value(value.original.clone())
                    .interpreted_value(&value.interpreted)
                    .set_resolved_values(
                        (!value.resolved.is_empty()).then(|| value.resolved.clone()),
                    )
                    .build()?,
            ),
            None => None,
        };
        let elements = self.elements.values().map(Node::to_lex).collect::<Result<Vec<_>, _>>()?;
        let parts = self
            .parts
            .iter()
            .filter(|(_, node)| node.is_filled())
            .map(|(name, node)| Ok((name.clone(), node.to_lex()?)))
            .collect::<Result<HashMap<_, _>, BuildError>>()?;
        Ok(lex::Slot::builder()
            .set_shape(self.slot.map(|slot| lex::Shape::from(camel(&slot.shape).as_str())))
            .set_value(value)
            .set_values((!elements.is_empty()).then_some(elements))
            .set_sub_slots((!parts.is_empty()).then_some(parts))
            .build())
    }
}

enum Step<'p> {
    Part(&'p str),
    Element(usize),
}

/// `Trip[0].To` as its steps.
fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut steps = Vec::new();
    for part in path.split('.') {
        let (name, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
        if name.is_empty() {
            return None;
        }
        steps.push(Step::Part(name));
        while !rest.is_empty() {
            let (number, after) = rest.strip_prefix('[')?.split_once(']')?;
            steps.push(Step::Element(number.parse().ok()?));
            rest = after;
        }
    }
    Some(steps)
}

/// `ReadyForFulfillment` as `ready-for-fulfillment`.
pub(super) fn kebab(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before = 'A';
    for c in name.chars() {
        if c.is_uppercase() && !before.is_uppercase() {
            out.push('-');
        }
        before = c;
        out.extend(c.to_lowercase());
    }
    out
}

/// `ready-for-fulfillment` as `ReadyForFulfillment`.
fn camel(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    });
    words.flatten().collect()
}
