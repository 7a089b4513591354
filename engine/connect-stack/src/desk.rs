//! What Connect is set up with: hours of operation, queues, routing profiles, the bridge flow.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::cfn::{att, depend, ids, literal, put, reference, sub, when};
use crate::function::{ASSOCIATION, FUNCTION};
use crate::parameters::Bots;
use crate::{Stack, StackError};
use dialgraph_contact_flow::bridge::QueueTarget;

pub(super) const FLOW: &str = "BridgeFlow";
const ALWAYS: &str = "AlwaysOpen";

/// Most pairs of queue and channel in `CreateRoutingProfile`.
const MAX_PAIRS: usize = 10;
/// Most overrides of one hours of operation.
const MAX_OVERRIDES: usize = 50;
/// Most characters of a description.
const MAX_DESCRIPTION: usize = 250;

/// What stands in the flow where the function's ARN is put in.
const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:Dialgraph";

/// A queue of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// As in the flows; what it is called in Connect, too, because CloudWatch counts by names and
    /// knows ASCII only.
    pub name: String,
    /// For whoever reads the list of queues; empty: its name.
    pub description: String,
    /// 1 is served first.
    pub priority: u32,
    /// The name of its calendar; none: always.
    pub hours: Option<String>,
    /// How long a caller may wait at most; none: no promise.
    pub sla: Option<Duration>,
    /// Whether flows promise call backs from it.
    pub calls_back: bool,
}

/// A calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    pub name: String,
    /// IANA name.
    pub zone: String,
    pub weekly: Vec<(Day, Window)>,
    /// Days that are not as the week says, in order.
    pub overrides: Vec<Override>,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Day {
    /// Monday first.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Monday => "MONDAY",
            Self::Tuesday => "TUESDAY",
            Self::Wednesday => "WEDNESDAY",
            Self::Thursday => "THURSDAY",
            Self::Friday => "FRIDAY",
            Self::Saturday => "SATURDAY",
            Self::Sunday => "SUNDAY",
        }
    }
}

/// Hour and minute; 24:00 ends a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    pub hour: u8,
    pub minute: u8,
}

impl Moment {
    fn value(self) -> Value {
        // Connect has no 24:00; a window that ends at 0:00 lasts until midnight.
        json!({"Hours": self.hour % 24, "Minutes": self.minute})
    }
}

/// A part of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub from: Moment,
    pub until: Moment,
}

impl Window {
    /// From midnight to midnight.
    pub const WHOLE_DAY: Self =
        Self { from: Moment { hour: 0, minute: 0 }, until: Moment { hour: 24, minute: 0 } };

    fn on(self, day: Day) -> Value {
        json!({"Day": day.as_str(), "StartTime": self.from.value(), "EndTime": self.until.value()})
    }
}

/// A day with hours of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// `2026-12-31`.
    pub date: String,
    pub day: Day,
    /// Why; empty if it has no name.
    pub name: String,
    /// Empty: closed.
    pub windows: Vec<Window>,
}

/// A kind of agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub name: String,
    pub description: String,
    /// Queues whose calls they take.
    pub voice: Vec<String>,
    /// Queues whose chats they take.
    pub chat: Vec<String>,
    pub chats_at_once: u32,
    /// The queue in whose name they call out.
    pub outbound: String,
}

/// Logical ids, in the order of what they stand for.
pub(super) struct Names {
    pub(super) hours: Vec<String>,
    pub(super) queues: Vec<String>,
    pub(super) profiles: Vec<String>,
}

impl Names {
    pub(super) fn of(stack: &Stack) -> Self {
        Self {
            hours: ids("Hours", stack.hours.iter().map(|hours| hours.name.as_str())),
            queues: ids("Queue", stack.queues.iter().map(|queue| queue.name.as_str())),
            profiles: ids("Profile", stack.profiles.iter().map(|profile| profile.name.as_str())),
        }
    }
}

pub(super) fn resources(
    stack: &Stack,
    names: &Names,
    bots: &Bots,
    into: &mut Map<String, Value>,
) -> Result<(), StackError> {
    hours(stack, names, into)?;
    queues(stack, names, into)?;
    profiles(stack, names, into)?;
    flow(stack, names, bots, into)
}

fn hours(stack: &Stack, names: &Names, into: &mut Map<String, Value>) -> Result<(), StackError> {
    for (hours, id) in stack.hours.iter().zip(&names.hours) {
        let count = hours.overrides.len();
        if count > MAX_OVERRIDES {
            let calendar = hours.name.clone();
            return Err(StackError::TooManyOverrides { calendar, count, most: MAX_OVERRIDES });
        }
        let overrides: Vec<Value> = hours.overrides.iter().map(of_one_day).collect();
        let weekly: Vec<Value> = hours.weekly.iter().map(|(day, window)| window.on(*day)).collect();
        let mut properties = json!({
            "InstanceArn": reference("ConnectInstanceArn"),
            "Name": hours.name,
            "TimeZone": hours.zone,
            "Config": weekly,
        });
        if !overrides.is_empty() {
            properties["HoursOfOperationOverrides"] = overrides.into();
        }
        put(into, id, "AWS::Connect::HoursOfOperation", properties);
    }
    if stack.queues.iter().any(|queue| queue.hours.is_none()) {
        let week = Day::ALL.map(|day| Window::WHOLE_DAY.on(day));
        let properties = json!({
            "InstanceArn": reference("ConnectInstanceArn"),
            "Name": "always-open",
            "TimeZone": "UTC",
            "Config": week,
        });
        put(into, ALWAYS, "AWS::Connect::HoursOfOperation", properties);
    }
    Ok(())
}

/// Hours that count on one day, whatever the week and what recurs say.
fn of_one_day(day: &Override) -> Value {
    let windows: Vec<Value> = day.windows.iter().map(|window| window.on(day.day)).collect();
    let name = format!("{} {}", day.date, day.name);
    json!({
        "OverrideName": name.trim_end().chars().take(127).collect::<String>(),
        "OverrideType": "STANDARD",
        "EffectiveFrom": day.date,
        "EffectiveTill": day.date,
        "OverrideConfig": windows,
    })
}

fn queues(stack: &Stack, names: &Names, into: &mut Map<String, Value>) -> Result<(), StackError> {
    let outbound: BTreeSet<&str> =
        stack.profiles.iter().map(|profile| profile.outbound.as_str()).collect();
    for (queue, id) in stack.queues.iter().zip(&names.queues) {
        let hours = match &queue.hours {
            None => ALWAYS,
            Some(name) => {
                let at = stack.hours.iter().position(|hours| hours.name == *name);
                at.and_then(|at| names.hours.get(at)).ok_or_else(|| StackError::Unknown {
                    what: format!("queue `{}`", queue.name),
                    kind: "calendar",
                    name: name.clone(),
                })?
            }
        };
        let description = description(&queue.description, &queue.name);
        let mut properties = json!({
            "InstanceArn": reference("ConnectInstanceArn"),
            "Name": queue.name,
            "Description": description,
            "HoursOfOperationArn": att(hours, "HoursOfOperationArn"),
        });
        // Connect calls nobody, back or out, from a queue that has no number to call from.
        if queue.calls_back || outbound.contains(queue.name.as_str()) {
            let caller = json!({
                "OutboundCallerIdNumberArn": reference("CallerNumberArn"),
                "OutboundCallerIdName": when("HasCallerName", reference("CallerName"), None),
            });
            properties["OutboundCallerConfig"] = when("HasCallerNumber", caller, None);
        }
        put(into, id, "AWS::Connect::Queue", properties);
    }
    Ok(())
}

fn description(text: &str, otherwise: &str) -> String {
    let text = if text.trim().is_empty() { otherwise } else { text };
    text.chars().take(MAX_DESCRIPTION).collect()
}

fn profiles(stack: &Stack, names: &Names, into: &mut Map<String, Value>) -> Result<(), StackError> {
    let known: BTreeMap<&str, (&String, u32)> = stack
        .queues
        .iter()
        .zip(&names.queues)
        .map(|(queue, id)| (queue.name.as_str(), (id, queue.priority)))
        .collect();
    for (profile, id) in stack.profiles.iter().zip(&names.profiles) {
        let find = |queue: &String| {
            known.get(queue.as_str()).copied().ok_or_else(|| StackError::Unknown {
                what: format!("routing profile `{}`", profile.name),
                kind: "queue",
                name: queue.clone(),
            })
        };
        let mut pairs = Vec::new();
        for (channel, queues) in [("VOICE", &profile.voice), ("CHAT", &profile.chat)] {
            for queue in queues {
                let (queue, priority) = find(queue)?;
                pairs.push(json!({
                    "Priority": priority.clamp(1, 99),
                    "Delay": 0,
                    "QueueReference": {"Channel": channel, "QueueArn": att(queue, "QueueArn")},
                }));
            }
        }
        if pairs.is_empty() {
            return Err(StackError::NoPairs(profile.name.clone()));
        }
        if pairs.len() > MAX_PAIRS {
            return Err(StackError::TooManyPairs {
                profile: profile.name.clone(),
                count: pairs.len(),
                most: MAX_PAIRS,
            });
        }
        let mut media = vec![json!({"Channel": "VOICE", "Concurrency": 1})];
        if !profile.chat.is_empty() {
            media.push(
                json!({"Channel": "CHAT", "Concurrency": profile.chats_at_once.clamp(1, 10)}),
            );
        }
        let (outbound, _) = find(&profile.outbound)?;
        let properties = json!({
            "InstanceArn": reference("ConnectInstanceArn"),
            "Name": profile.name,
            "Description": description(&profile.description, &profile.name),
            "MediaConcurrencies": media,
            "DefaultOutboundQueueArn": att(outbound, "QueueArn"),
            "QueueConfigs": pairs,
        });
        put(into, id, "AWS::Connect::RoutingProfile", properties);
    }
    Ok(())
}

/// The bridge flow's text, with the account's ARNs where placeholders stood.
fn flow(
    stack: &Stack,
    names: &Names,
    bots: &Bots,
    into: &mut Map<String, Value>,
) -> Result<(), StackError> {
    let mut bridge = stack.bridge.clone();
    bridge.lambda_arn = FUNCTION_ARN.to_owned();
    bridge.queues = stack
        .queues
        .iter()
        .map(|queue| QueueTarget {
            name: queue.name.clone(),
            arn: queue_arn(&queue.name),
            priority: queue.priority,
        })
        .collect();
    let mut content = literal(&bridge.flow()?.to_string());
    // With its quotation marks no ARN is the beginning of another.
    let mut fill = |arn: &str, with: &str| {
        content = content.replace(&format!("\"{arn}\""), &format!("\"${{{with}}}\""));
    };
    fill(FUNCTION_ARN, &format!("{FUNCTION}.Arn"));
    for (queue, id) in stack.queues.iter().zip(&names.queues) {
        fill(&queue_arn(&queue.name), &format!("{id}.QueueArn"));
    }
    for (name, arn) in &bots.bots {
        fill(arn, name);
    }
    put(
        into,
        FLOW,
        "AWS::Connect::ContactFlow",
        json!({
            "InstanceArn": reference("ConnectInstanceArn"),
            "Name": bridge.name,
            "Description": "Asks Dialgraph what to do and does it.",
            "Type": "CONTACT_FLOW",
            "State": "ACTIVE",
            "Content": sub(&content),
        }),
    );
    // A flow is refused while the instance does not know the function and the bots in it.
    let mut first = vec![ASSOCIATION.to_owned()];
    first.extend(bots.names().map(|name| name.replace("LexBotAliasArn", "LexAssociation")));
    depend(into, FLOW, &first.iter().map(String::as_str).collect::<Vec<_>>());
    Ok(())
}

/// What stands in the flow where a queue's ARN is put in.
fn queue_arn(name: &str) -> String {
    format!("arn:aws:connect:us-east-1:000000000000:instance/i/queue/{name}")
}
