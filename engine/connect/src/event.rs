//! Connect's Lambda event, read into what a call understands.
//!
//! Connect sends many fields as `null`, leaves others out, and adds new ones without notice: all of
//! that is tolerated. What a turn needs is asked for by name; everything else is passed over. Sizes
//! are bounded here, once.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use dialgraph_base::{CallId, Channel, Locale, Name, Source};
use dialgraph_kernel::contact::{ContactEvent, ContactStage, MAX_AGENT};
use dialgraph_kernel::event::Event;

use crate::visit;

use crate::protocol::{CALLBACK_ATTEMPTS, SHOWS, medium};
pub use crate::protocol::{CONTACT_EVENT, MAX_ATTRIBUTES, MAX_EVENT_BYTES};

/// Longest text of a caller, in characters; what is longer is cut. Lex gives at most 1,024.
pub const MAX_TEXT: usize = 4_096;

/// Most keys in one answer of a caller; more are cut off.
pub const MAX_KEYS: usize = 128;

/// The token of the delivery that begins a call.
pub const START_TOKEN: &str = "start";

/// The token of the news that the caller has hung up, or that their contact is over.
pub const HUNG_UP_TOKEN: &str = "hung-up";

/// The token of the news that the contact in which a caller was called back is over.
pub const CALLBACK_OVER_TOKEN: &str = "callback-over";

/// One delivery from Connect.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// Of the contact, see [`visit`].
    pub call: CallId,
    /// Other calls that the news may be of, if there is no such call: a contact in which a caller
    /// is called back tells of several contacts before it.
    pub else_of: Vec<CallId>,
    pub channel: Channel,
    /// Names this delivery: Connect and the Lambda repeat an event with the same token.
    pub token: String,
    /// The engine's turn that this answers; none at the start and for a hang-up.
    pub turn: Option<u32>,
    pub what: What,
    /// Attributes that the flow wants back as `attr_NAME`.
    pub wanted: Vec<Name>,
    /// The language that the contact has in Connect now.
    pub language: Option<String>,
    /// The flow can show buttons in a chat.
    pub shows_choices: bool,
}

/// What a delivery says.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The contact arrived.
    Start(Box<Start>),
    /// Something happened in a call in progress.
    Event(Event),
}

/// A contact that arrived.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Start {
    /// None: the release's entry.
    pub flow: Option<Name>,
    /// None: the release's first.
    pub locale: Option<Locale>,
    /// The caller's number; none when it is withheld, and for chats.
    pub from: Option<String>,
    /// The number called.
    pub to: Option<String>,
    /// Attributes that the bridge flow passes by name (`attr_NAME`), as Connect sends them: texts,
    /// mostly. They become what the flows declare in [`read`](dialgraph_kernel::attributes::read).
    /// All other attributes of the contact are left alone: those of a chat can come from whoever
    /// started it.
    pub attributes: BTreeMap<Name, Value>,
}

/// Why an event cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    #[error("the event has {bytes} bytes; at most {MAX_EVENT_BYTES} are read")]
    TooLarge { bytes: usize },
    #[error("the event is not JSON: {0}")]
    Json(String),
    #[error("the event is not from Amazon Connect: `{missing}` is missing")]
    NotConnect { missing: &'static str },
    #[error("the contact id has {0}; 1 to 128 letters, digits, `-` and `_` are expected")]
    ContactId(&'static str),
    #[error("contact {call}: channel {channel} has no caller to talk to; use VOICE or CHAT")]
    Channel { call: CallId, channel: String },
    #[error(
        "contact {call}: parameter `did` is {did}; expected entered, said, pressed, silent, failed, resumed or unanswered"
    )]
    Did { call: CallId, did: String },
    #[error(
        "contact {call}: {rule} sent contact event `{event}`, but the engine accepts only \
        QUEUED, CONNECTED_TO_AGENT and DISCONNECTED: give the rule the filter {WANTED_NEWS}"
    )]
    ContactEvent { call: CallId, event: String, rule: String },
    #[error(
        "contact {call}: `did` is `{did}`, but `turn` is {turn}; the bridge flow sends back the `turn` of the last answer"
    )]
    Turn { call: CallId, did: String, turn: String },
}

impl EventError {
    /// True when the event is a proper one that the engine has no work for: the contact must then
    /// be given to people, not to an error branch.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Channel { .. })
    }
}

impl Incoming {
    /// Reads an event as the Lambda was given it.
    ///
    /// # Errors
    /// When it is too large, no JSON, none of Connect's, or lacks what a turn needs.
    pub fn parse(body: &[u8]) -> Result<Self, EventError> {
        if body.len() > MAX_EVENT_BYTES {
            return Err(EventError::TooLarge { bytes: body.len() });
        }
        let event =
            serde_json::from_slice(body).map_err(|error| EventError::Json(error.to_string()))?;
        Self::read(&event)
    }

    /// Reads an event that is JSON already.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), but for size and syntax.
    pub fn read(event: &Value) -> Result<Self, EventError> {
        if event["detail-type"] == CONTACT_EVENT {
            return Self::contact_event(event);
        }
        let Value::Object(contact) = &event["Details"]["ContactData"] else {
            return Err(EventError::NotConnect { missing: "Details.ContactData" });
        };
        let parameters = Parameters(event["Details"]["Parameters"].as_object());
        let call = call_id(contact.get("ContactId"), "Details.ContactData.ContactId")?;
        let channel = channel(&call, contact.get("Channel"))?;
        let turn = parameters.get("turn");
        let did = parameters.get("did");
        let turn_of = |did: &str| {
            let wrong = || EventError::Turn {
                call: call.clone(),
                did: did.to_owned(),
                turn: turn.as_deref().map_or("missing".to_owned(), |turn| format!("`{turn}`")),
            };
            turn.as_deref().and_then(visit::read).ok_or_else(wrong)
        };
        let input = parameters.get("input");
        let what = match did.as_deref() {
            None if turn.is_none() => None,
            Some("entered") => None,
            Some("said") => Some(said(input, parameters.get("confidence"))),
            Some("pressed") => Some(pressed(input)),
            Some("silent") => Some(Event::Silent),
            Some("resumed") => Some(Event::Resumed),
            Some("unanswered") => Some(Event::Unanswered),
            Some("failed") => {
                let reason = input.unwrap_or_else(|| "no reason given".to_owned());
                Some(Event::DirectiveFailed(cut(&reason, MAX_TEXT)))
            }
            other => {
                let did = other.map_or("missing".to_owned(), |did| format!("`{}`", cut(did, 40)));
                return Err(EventError::Did { call, did });
            }
        };
        let (what, call, turn) = match what {
            None => (What::Start(Box::new(start(contact, &parameters))), call, None),
            Some(event) => {
                let (visit, turn) = turn_of(did.as_deref().unwrap_or_default())?;
                (What::Event(event), visit::call(&call.0, visit), Some(turn))
            }
        };
        Ok(Self {
            call,
            else_of: Vec::new(),
            channel,
            token: turn.map_or_else(|| START_TOKEN.to_owned(), |turn| turn.to_string()),
            turn,
            what,
            wanted: wanted(parameters.get("attributes")),
            language: words(contact.get("LanguageCode")).map(|code| cut(&code, 35)),
            shows_choices: parameters.get(SHOWS.0).as_deref() == Some(SHOWS.1),
        })
    }

    /// The same event for the next call of the contact; none after [`visit::MAX_VISITS`].
    pub fn next(&self) -> Option<Self> {
        let (contact, visit) = visit::contact(&self.call);
        let call = (visit < visit::MAX_VISITS).then(|| visit::call(contact, visit + 1))?;
        Some(Self { call, ..self.clone() })
    }

    /// Whether it is news of a contact, which comes without anybody's asking and has no order.
    pub fn is_news(&self) -> bool {
        matches!(self.what, What::Event(Event::HungUp | Event::Contact(_)))
    }

    /// A contact event of Amazon EventBridge. Flows are not told that a caller hung up, nor what
    /// becomes of the contact when it has left them; this is how the engine is.
    fn contact_event(event: &Value) -> Result<Self, EventError> {
        let detail = &event["detail"];
        let contact = call_id(detail.get("contactId"), "detail.contactId")?;
        let mut callers = called_back(detail).into_iter();
        let caller = callers.next();
        let callback = caller.is_some();
        let call = caller.unwrap_or_else(|| contact.clone());
        let else_of = callers.collect();
        // A contact of any channel may be told of; one that the engine has no work for never was a
        // call.
        let channel = channel(&call, detail.get("channel")).unwrap_or_default();
        let (stage, at) = match detail["eventType"].as_str().unwrap_or("-") {
            "QUEUED" => (ContactStage::Queued, moment(&detail["queueInfo"]["enqueueTimestamp"])),
            "CONNECTED_TO_AGENT" => {
                let at = moment(&detail["agentInfo"]["connectedToAgentTimestamp"]);
                (ContactStage::Connected, at)
            }
            "DISCONNECTED" => (ContactStage::Ended, moment(&detail["disconnectTimestamp"])),
            other => {
                let kind = cut(other, 40);
                return Err(EventError::ContactEvent { call, event: kind, rule: rule(event) });
            }
        };
        let at = at.or_else(|| moment(&event["time"]));
        let news = ContactEvent {
            stage,
            at: at.map(millis),
            agent: agent(detail),
            queued_at: moment(&detail["queueInfo"]["enqueueTimestamp"]).map(millis),
            connected_at: moment(&detail["agentInfo"]["connectedToAgentTimestamp"]).map(millis),
            callback,
            attempts: (callback && stage == ContactStage::Ended && reached_nobody(detail))
                .then_some(CALLBACK_ATTEMPTS),
        };
        let token = match stage {
            // Each attempt is a contact of its own.
            ContactStage::Ended if news.attempts.is_some() => {
                format!("{CALLBACK_OVER_TOKEN}/{contact}")
            }
            ContactStage::Ended if callback => CALLBACK_OVER_TOKEN.to_owned(),
            ContactStage::Ended => HUNG_UP_TOKEN.to_owned(),
            // A contact can come into a queue, and to an agent, more than once.
            _ => format!("{}/{contact}/{}", stage.word(), news.at.map_or(0, |at| at.0)),
        };
        let is_bare = news == ContactEvent::new(ContactStage::Ended);
        let what = if is_bare { Event::HungUp } else { Event::Contact(news) };
        Ok(Self {
            call,
            else_of,
            channel,
            token,
            turn: None,
            what: What::Event(what),
            wanted: Vec::new(),
            language: None,
            shows_choices: false,
        })
    }
}

/// The contacts that may have asked to be called back, of news of one in which somebody is: a
/// second attempt may follow from the first, and the call from a transfer.
fn called_back(detail: &Value) -> Vec<CallId> {
    if detail["initiationMethod"] != "CALLBACK" {
        return Vec::new();
    }
    let mut callers = Vec::new();
    for name in ["previousContactId", "initialContactId", "relatedContactId"] {
        let caller = call_id(detail.get(name), "detail.previousContactId").ok();
        callers.extend(caller.filter(|caller| !callers.contains(caller)));
    }
    callers
}

/// Whether an agent took a call back and the caller was then not reached. A call back that no agent
/// took is not tried again: it was cancelled.
fn reached_nobody(detail: &Value) -> bool {
    moment(&detail["agentInfo"]["connectedToAgentTimestamp"]).is_some()
        && moment(&detail["connectedToSystemTimestamp"]).is_none()
}

/// The agent who has the contact, by the id that ends their ARN.
fn agent(detail: &Value) -> Option<String> {
    let arn = words(detail["agentInfo"].get("agentArn"))?;
    let id = arn.rsplit('/').find(|part| !part.is_empty())?;
    Some(cut(id, MAX_AGENT))
}

fn moment(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// A moment before 1970 is the beginning of time.
fn millis(at: Timestamp) -> dialgraph_base::Timestamp {
    dialgraph_base::Timestamp(u64::try_from(at.as_millisecond()).unwrap_or_default())
}

/// The filter of a rule that sends what is wanted and nothing else.
const WANTED_NEWS: &str = r#"{"source": ["aws.connect"], "detail-type": ["Amazon Connect Contact Event"], "detail": {"eventType": ["QUEUED", "CONNECTED_TO_AGENT", "DISCONNECTED"]}}"#;

/// The rule of Amazon EventBridge that sent an event, as far as the event tells.
fn rule(event: &Value) -> String {
    let resources = event["resources"].as_array().into_iter().flatten();
    let named = resources.filter_map(Value::as_str).find(|arn| arn.contains(":rule/"));
    if let Some(arn) = named {
        return format!("rule {}", cut(arn, 300));
    }
    let place = |name: &str| words(event.get(name)).map_or("?".to_owned(), |word| cut(&word, 40));
    let instance =
        words(event["detail"].get("instanceArn")).map_or("?".to_owned(), |arn| cut(&arn, 200));
    format!(
        "a rule of Amazon EventBridge (account {}, region {}) for contacts of {instance}",
        place("account"),
        place("region"),
    )
}

/// What the flow passed to the Lambda.
struct Parameters<'e>(Option<&'e Map<String, Value>>);

impl Parameters<'_> {
    /// A parameter that says something. References that name nothing arrive as null, as an empty
    /// string or not at all.
    fn get(&self, name: &str) -> Option<String> {
        words(self.0?.get(name))
    }

    /// None is cut: what is too long for a call, or no attribute of it, must be told by name.
    fn attributes(&self) -> BTreeMap<Name, Value> {
        let all = self.0.into_iter().flatten();
        all.filter_map(|(name, value)| {
            let name = name.strip_prefix("attr_")?;
            let value = match value {
                Value::Array(_) | Value::Object(_) => value.clone(),
                scalar => words(Some(scalar))?.into(),
            };
            Some((Name::from(cut(name, 64)), value))
        })
        .collect()
    }
}

fn start(contact: &Map<String, Value>, parameters: &Parameters<'_>) -> Start {
    Start {
        flow: parameters.get("flow").map(|flow| cut(&flow, 128).into()),
        locale: parameters.get("locale").map(|locale| cut(&locale, 35).into()),
        from: parameters
            .get("from")
            .as_deref()
            .and_then(number)
            .or_else(|| endpoint(contact, "CustomerEndpoint")),
        to: endpoint(contact, "SystemEndpoint"),
        attributes: parameters.attributes(),
    }
}

/// Text of a scalar; none when it is blank, null or no scalar.
fn words(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn call_id(value: Option<&Value>, missing: &'static str) -> Result<CallId, EventError> {
    let Some(id) = words(value) else { return Err(EventError::NotConnect { missing }) };
    if id.len() > 128 {
        return Err(EventError::ContactId("more than 128 characters"));
    }
    if !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        return Err(EventError::ContactId("other characters"));
    }
    Ok(CallId(id.into()))
}

fn channel(call: &CallId, value: Option<&Value>) -> Result<Channel, EventError> {
    let name = words(value).unwrap_or_else(|| "VOICE".to_owned());
    match medium(&name) {
        Some(medium) => Ok(Channel { medium, source: Source::Connect }),
        None => Err(EventError::Channel { call: call.clone(), channel: cut(&name, 40) }),
    }
}

/// The telephone number of an endpoint.
fn endpoint(contact: &Map<String, Value>, name: &str) -> Option<String> {
    let endpoint = contact.get(name)?;
    let kind = words(endpoint.get("Type"));
    if kind.is_some_and(|kind| kind != "TELEPHONE_NUMBER") {
        return None;
    }
    number(&words(endpoint.get("Address"))?)
}

/// A number as E.164 has it; words such as `anonymous` are no number.
fn number(address: &str) -> Option<String> {
    let number: String =
        address.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let fits =
        (1..=32).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    fits.then_some(number)
}

fn said(input: Option<String>, confidence: Option<String>) -> Event {
    let Some(text) = input else { return Event::Silent };
    let confidence = confidence
        .and_then(|confidence| confidence.parse::<f64>().ok())
        .filter(|confidence| (0.0..=1.0).contains(confidence));
    Event::Said { text: cut(&text, MAX_TEXT), confidence }
}

fn pressed(input: Option<String>) -> Event {
    let Some(keys) = input else { return Event::Pressed(String::new()) };
    // What Connect stores when nobody pressed anything.
    if keys == "Timeout" {
        return Event::Silent;
    }
    let compact: String = keys.chars().filter(|c| !c.is_whitespace()).take(MAX_KEYS).collect();
    if compact.chars().all(|c| c.is_ascii_digit() || c == '*' || c == '#') {
        Event::Pressed(compact)
    } else {
        Event::Said { text: cut(&keys, MAX_TEXT), confidence: None }
    }
}

fn wanted(names: Option<String>) -> Vec<Name> {
    let names = names.unwrap_or_default();
    let mut wanted: Vec<Name> = Vec::new();
    for name in names.split(',').map(str::trim).filter(|name| is_name(name)) {
        if wanted.len() < MAX_ATTRIBUTES && !wanted.iter().any(|known| &**known == name) {
            wanted.push(name.into());
        }
    }
    wanted
}

/// Whether `name` can name an attribute in a flow file and in Connect.
fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_' || c == b'-')
}

/// The first `most` characters.
fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests;
