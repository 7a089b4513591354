//! Calls of any channel that speaks JSON.

use std::collections::BTreeMap;

use dialgraph_base::Medium;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type,
};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::values::{one_of_values, text};
use crate::{Digest, Millis};

/// A call's id, such as a contact's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub String);

impl PartialSchema for CallId {
    fn schema() -> RefOr<Schema> {
        text()
            .min_length(Some(1))
            .max_length(Some(128))
            .pattern(Some("^[A-Za-z0-9_.:-]+$"))
            .description(Some("A call's id; not `.` or `..`."))
            .into()
    }
}

impl ToSchema for CallId {}

/// How to begin a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// None: the server makes one.
    pub id: Option<CallId>,
    #[serde(default = "chat")]
    #[schema(inline, default = "chat")]
    pub channel: Medium,
    /// None: the first of the flows.
    #[schema(min_length = 1, max_length = 64)]
    pub locale: Option<String>,
    /// The caller's number; none when withheld.
    #[schema(min_length = 1, max_length = 64)]
    pub from: Option<String>,
    /// The number called.
    #[schema(min_length = 1, max_length = 64)]
    pub to: Option<String>,
    /// None: the entry of the flows.
    #[schema(min_length = 1, max_length = 64)]
    pub flow: Option<String>,
    /// Values that the call begins with.
    #[serde(default)]
    #[schema(schema_with = attributes_of_start)]
    pub attributes: BTreeMap<String, Value>,
}

fn attributes_of_start() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::Object))
        .description(Some("Values that the call begins with."))
        .max_properties(Some(100))
        .property_names(Some(text().pattern(Some("^[A-Za-z0-9_-]{1,64}$"))))
        .into()
}

/// What the API is mostly used for.
fn chat() -> Medium {
    Medium::Chat
}

/// Something that happened in a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The turn that the event answers.
    pub turn: u32,
    pub event: EventKind,
    /// Of `said`.
    pub text: Option<String>,
    /// Of `said`.
    pub confidence: Option<f64>,
    /// Of `pressed`.
    pub keys: Option<String>,
    /// Of `failed`.
    pub reason: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    Said,
    Pressed,
    Silent,
    HungUp,
    Failed,
    Resumed,
    Unanswered,
}

/// Which field goes with which event cannot be derived: the fields are read as one structure, so
/// that a request that mixes them is told of its mistake in words.
impl PartialSchema for Event {
    fn schema() -> RefOr<Schema> {
        let turn = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Integer))
            .description(Some("The turn that the event answers."))
            .minimum(Some(0))
            .maximum(Some(u32::MAX))
            .build();
        let of = |title: &str, words: &[&str]| {
            ObjectBuilder::new()
                .title(Some(title))
                .schema_type(SchemaType::new(Type::Object))
                .property("turn", turn.clone())
                .required("turn")
                .property("event", one_of_values(Type::String, words.iter().copied()))
                .required("event")
                .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
        };
        let nullable = |kind| SchemaType::from_iter([kind, Type::Null]);
        let confidence = ObjectBuilder::new()
            .schema_type(nullable(Type::Number))
            .description(Some(
                "The recogniser's confidence; leave it out if the recogniser gives none.",
            ))
            .minimum(Some(0))
            .maximum(Some(1));
        let said = of("said", &["said"])
            .property("text", text().max_length(Some(2000)).description(Some("What was said.")))
            .required("text")
            .property("confidence", confidence);
        let keys = text().pattern(Some("^[0-9*#]{1,256}$")).description(Some("In their order."));
        let pressed = of("pressed", &["pressed"]).property("keys", keys).required("keys");
        let reason = text()
            .schema_type(nullable(Type::String))
            .min_length(Some(1))
            .max_length(Some(64))
            .description(Some("Why the channel could not carry out the directive."));
        let failed = of("failed", &["failed"]).property("reason", reason);
        OneOfBuilder::new()
            .description(Some("Something that happened in a call."))
            .item(said)
            .item(pressed)
            .item(failed)
            .item(of("plain", &["silent", "hung_up", "resumed", "unanswered"]))
            .into()
    }
}

impl ToSchema for Event {}

/// Which turns of a call are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ShowQuery {
    /// Only turns after this one; at most 500 at once.
    #[serde(default)]
    #[param(maximum = 4294967295_u32, default = 0)]
    pub after: u32,
}

/// Which calls are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// How many at most.
    #[param(minimum = 1, maximum = 500, default = 100, nullable = false)]
    pub limit: Option<usize>,
    /// `next` of the page before.
    #[param(nullable = false)]
    pub after: Option<String>,
    /// Which calls in progress.
    #[serde(default)]
    #[param(inline)]
    pub stage: Stage,
}

/// The answer to an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    pub call: CallId,
    /// The engine's turn just answered; give it back with the next event.
    #[schema(minimum = 1)]
    pub turn: u32,
    pub status: Status,
    /// The event had been answered before; this is that answer.
    pub repeated: bool,
    /// What to say, in this order.
    pub say: Vec<Speech>,
    pub then: Then,
}

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    New,
    Active,
    /// Somebody else has it: a queue, another number.
    Handed,
    Ended,
}

/// Words ready to be spoken or shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Speech {
    pub text: String,
    /// The text is a whole `<speak>` element.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ssml: bool,
    /// Shown with the words, in a chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// Shown with the words, in a chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Card>,
}

/// Somewhere to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Link {
    /// `https://…`, `http://…`, `tel:…` or `mailto:…`.
    pub url: String,
    /// What is to be pressed.
    pub label: String,
}

/// A thing with a title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Card {
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Address of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Link>,
}

/// An answer to choose: a button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Choice {
    pub label: String,
    /// What to send as `said` when it is pressed.
    pub value: String,
}

/// What to do after what is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Then {
    /// Wait for the caller's answer.
    #[schema(title = "ask")]
    Ask {
        /// Words are an answer.
        speech: bool,
        /// Keys that are an answer; none: they are not.
        #[schema(inline, required)]
        digits: Option<Digits>,
        /// Silence that counts as no answer, in milliseconds.
        timeout_ms: u32,
        /// Neither words nor keys of the answer may be shown or logged.
        sensitive: bool,
        /// Words that the answer may well hold.
        hints: Vec<String>,
        /// Answers to choose from, in a chat; whoever calls may write something else.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        choices: Vec<Choice>,
    },
    /// Something slow is under way: come back after this time with `resumed`.
    #[schema(title = "wait")]
    Wait {
        /// In milliseconds.
        ms: u32,
    },
    /// Give the caller to people.
    #[schema(title = "queue")]
    Queue {
        queue: String,
        priority: u32,
        /// In what time the queue promises to answer.
        #[schema(required)]
        sla_seconds: Option<u64>,
    },
    /// Have the caller called back.
    #[schema(title = "callback")]
    Callback { queue: String, number: String },
    /// Give the caller to another number.
    #[schema(title = "transfer")]
    Transfer {
        number: String,
        /// The flow keeps the call: let the number ring for so long, in milliseconds, then come
        /// back with `unanswered`; or with `resumed` when whoever answered has hung up and the
        /// caller is still there. None: the caller is given away.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        within_ms: Option<u32>,
    },
    #[schema(title = "hang_up")]
    HangUp,
}

/// How many keys are an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Digits {
    pub min: u32,
    pub max: u32,
    /// The key that ends the answer.
    #[schema(required)]
    pub terminator: Option<char>,
}

/// A call as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Call {
    pub id: String,
    /// The release that it keeps to its end.
    pub release: Digest,
    #[schema(inline)]
    pub channel: Medium,
    pub locale: String,
    /// The caller's number; none when withheld.
    #[schema(required)]
    pub from: Option<String>,
    /// The number called.
    #[schema(required)]
    pub to: Option<String>,
    pub started_at_ms: Millis,
    pub status: Status,
    /// What came of it, once it ended or was given away.
    #[schema(required)]
    pub disposition: Option<String>,
    /// The queue that it was given to.
    #[schema(required)]
    pub queue: Option<String>,
    /// Its last turn.
    pub turn: u32,
    /// Nodes entered so far.
    pub visits: u32,
    /// `flow/node` where it stands.
    #[schema(required)]
    pub at: Option<String>,
    /// What became of the contact beyond the flow; not there while nothing has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub contact: Option<Contact>,
    /// Null in the place of sensitive values.
    pub attributes: BTreeMap<String, Value>,
}

/// What became of a contact beyond its flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Contact {
    /// When the flow gave it away, for the last time.
    #[schema(required)]
    pub handed_at_ms: Option<Millis>,
    /// When its wait for an agent began, as the channel reports it.
    #[schema(required)]
    pub queued_at_ms: Option<Millis>,
    /// When an agent took it first.
    #[schema(required)]
    pub connected_at_ms: Option<Millis>,
    /// The agent who had it last, as the channel names agents.
    #[schema(required)]
    pub agent: Option<String>,
    /// Somebody outside took it whom the flow had rung.
    #[serde(default)]
    pub reached: bool,
    /// Calls back in which nobody talked to the caller.
    #[serde(default)]
    pub attempts: u32,
    /// How long the caller waited for an agent, in milliseconds.
    #[schema(required)]
    pub waited_ms: Option<u64>,
    /// When it was over; if nobody reported that, when it was last heard of.
    #[schema(required)]
    pub ended_at_ms: Option<Millis>,
    /// How it is known that it is over.
    #[schema(required)]
    pub ended_by: Option<EndedBy>,
    /// Whether the `after` flow has run.
    pub after: After,
}

/// How it is known that a contact is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The flow hung up.
    Flow,
    /// The channel reported it.
    Channel,
    /// Nothing was heard of it for `calls.contact_limit`.
    Limit,
}

/// Whether the `after` flow has run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// The release has none.
    None,
    /// It runs when the contact is over.
    Due,
    Done,
}

/// News of a contact that its flow has given away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactNews {
    pub stage: ContactStage,
    /// When that was; none: now.
    #[schema(schema_with = moment)]
    pub at_ms: Option<u64>,
    /// The agent who has it, or had it, as the channel names agents.
    #[schema(min_length = 1, max_length = 256)]
    pub agent: Option<String>,
    /// The news is of the contact in which the caller is called back.
    #[serde(default)]
    pub callback: bool,
    /// With `callback` and the stage `ended`: nobody talked to the caller, and the channel makes so
    /// many attempts in all. None: the contact is over.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 10)]
    pub attempts: Option<u32>,
}

fn moment() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Integer, Type::Null]))
        .description(Some(
            "When that was, in milliseconds since 1970-01-01T00:00Z: not in the future, nor longer \
            ago than `calls.contact_limit`. None: now. The same news of the same moment count once.",
        ))
        .minimum(Some(0))
        .into()
}

/// How far a contact has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactStage {
    /// It waits in a queue.
    Queued,
    /// An agent has taken it.
    Connected,
    /// It is over.
    Ended,
}

/// Which calls in progress are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Their flows have them in hand.
    #[default]
    Flow,
    /// Their flows gave them away, and their contacts go on. Only calls whose release has an
    /// `after` flow.
    Contact,
    /// Their contacts are over, and their `after` flows are to run.
    After,
}

/// Calls that their flows are handling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CallList {
    /// In no particular order.
    pub calls: Vec<Call>,
    /// There are more than were asked for.
    pub more: bool,
    /// Calls of this page that cannot be read; not there when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<UnreadableCall>,
    /// Given as `after`, it brings the next page; not there on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<String>,
}

/// A call that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnreadableCall {
    pub id: String,
    pub release: Digest,
    pub why: String,
}

/// A call's state, path and journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ShownCall {
    pub call: Call,
    /// The nodes visited, as `flow/node`.
    pub path: Vec<String>,
    pub turns: Vec<ShownTurn>,
    /// Turns that cannot be read; not there when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<UnreadableTurn>,
}

/// A turn and what of it is not shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ShownTurn {
    /// The turn's journal, as the engine has it.
    #[schema(schema_with = record)]
    pub record: Value,
    /// Functions of host calls that are left out.
    pub hidden: Vec<String>,
}

/// A turn that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnreadableTurn {
    pub turn: u32,
    pub why: String,
}

/// What every record of a turn holds. The rest of it is the engine's own, and grows with it.
fn record() -> RefOr<Schema> {
    let flag = |what| {
        ObjectBuilder::new().schema_type(SchemaType::new(Type::Boolean)).description(Some(what))
    };
    let words = ArrayBuilder::new()
        .description(Some("Which of the words said, counted from 0, are left out."))
        .items(ObjectBuilder::new().schema_type(SchemaType::new(Type::Integer)).minimum(Some(0)));
    let record = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::Object))
        .description(Some("The turn's journal, as the engine has it."))
        .property("sensitive", flag("The event's words or keys are left out."))
        .property("sensitive_say", words)
        .property("sensitive_then", flag("The directive's number or hints are left out."));
    ["turn", "at", "event", "entries", "steps", "directives"]
        .into_iter()
        .fold(record, ObjectBuilder::required)
        .into()
}
