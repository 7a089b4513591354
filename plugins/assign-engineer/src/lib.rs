//! `assign-engineer`: finds the engineer who takes a call.
//!
//! Why it exists: who is asked first, who next, and who when nobody else is there, is a rule of the
//! house that every flow needs and no flow should repeat.
//!
//! Invariants: nobody is assigned who is away, full, or already tried; a call counts in the load of
//! one engineer at most; an engineer who does not
//! exist is passed over; while the system of record is down the answer rests on what was last
//! known, and says so. It must not know which engineers, teams or customers there are.

mod people;
mod rotation;
mod steps;
#[cfg(test)]
mod tests;
mod work;

use dialgraph_plugin::prelude::*;
use plugin_common::fallback::Reader;
use plugin_common::time::rfc3339;

use crate::steps::{Assignment, Step};
use crate::work::Work;

/// Where the people are, and in which order they are asked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Collection of engineers.
    #[schemars(extend("x-dialgraph-ref" = "collection", "x-dialgraph-access" = "read"))]
    engineers: String,
    /// Collection of customers, for `customer_id`; left out: the flow gives the engineers itself.
    #[serde(default)]
    #[schemars(extend("x-dialgraph-ref" = "collection", "x-dialgraph-access" = "read"))]
    customers: Option<String>,
    /// Collection that tells who is on duty; needed for step `duty`.
    #[serde(default)]
    #[schemars(extend("x-dialgraph-ref" = "collection", "x-dialgraph-access" = "read"))]
    duty: Option<String>,
    /// Collection that remembers whose turn it was; left out: step `general` takes the least
    /// loaded.
    #[serde(default)]
    #[schemars(extend("x-dialgraph-ref" = "collection", "x-dialgraph-access" = "read-write"))]
    rotation: Option<String>,
    /// Collection that remembers who works on which call, and so counts the engineers' load; left
    /// out: the load is what their records say.
    #[serde(default)]
    #[schemars(extend("x-dialgraph-ref" = "collection", "x-dialgraph-access" = "read-write"))]
    work: Option<String>,
    /// Steps in which an engineer is looked for.
    #[serde(default = "default_order")]
    #[schemars(length(min = 1))]
    order: Vec<Step>,
    /// Whoever has so many cases takes no more; an engineer's own `max_load` goes before it.
    #[serde(default)]
    max_load: Option<u32>,
    /// Minutes east of UTC, for the day of duty; 540 in Seoul.
    #[serde(default)]
    #[schemars(range(min = -720, max = 840))]
    utc_offset_minutes: i16,
}

impl Config {
    /// The collection of step `duty`; without it there is no such step.
    fn duty_of_step(&self) -> Option<Option<&str>> {
        self.order.contains(&Step::Duty).then_some(self.duty.as_deref())
    }

    /// Tells what is wrong beyond what the schema can say.
    fn look_over(&self, check: &mut Check<'_>) {
        for (at, step) in self.order.iter().enumerate() {
            if self.order[..at].contains(step) {
                check
                    .error(
                        format!("/order/{at}"),
                        format!("step `{}` stands here twice", step.as_str()),
                    )
                    .hint("who was asked once is not asked again in the same call: take one out");
            }
        }
        match (self.duty_of_step(), &self.duty) {
            (Some(None), _) => {
                check
                    .error("/order", NO_DUTY)
                    .hint("add `duty: COLLECTION`, or take `duty` out of `order`");
            }
            (None, Some(_)) => {
                check
                    .warning(
                        "/duty",
                        "nobody looks into this collection: `order` has no step `duty`",
                    )
                    .hint("add `duty` to `order`");
            }
            (Some(Some(_)), _) | (None, None) => {}
        }
        if self.rotation.is_some() && !self.order.contains(&Step::General) {
            check
                .warning("/rotation", "nobody takes turns: `order` has no step `general`")
                .hint("add `general` to `order`");
        }
        if self.max_load == Some(0) {
            check
                .warning(
                    "/max_load",
                    "with 0 only engineers with a `max_load` of their own take a call",
                )
                .hint("leave it out for no limit");
        }
    }
}

/// Why step `duty` cannot be taken.
pub(crate) const NO_DUTY: &str =
    "step `duty` needs `duty`, the collection that tells who is on duty";

fn default_order() -> Vec<Step> {
    vec![Step::Primary, Step::Secondary, Step::Part, Step::General]
}

/// Whose call it is. Empty texts count as left out.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Input {
    /// The customer, whose record names the engineers and the part.
    customer_id: Option<String>,
    /// Engineer for step `primary`; goes before the customer's record.
    assigned_engineer: Option<String>,
    /// Engineer for step `secondary`; goes before the customer's record.
    secondary_engineer: Option<String>,
    /// Team for step `part`; goes before the customer's record, and before the team of the
    /// engineers.
    part: Option<String>,
    /// Engineers who are not to be asked: those who could not be reached.
    exclude: Vec<String>,
    /// Day of duty, such as `2026-11-20`; left out: today.
    date: Option<String>,
}

/// The engineer. On port `nobody` all fields of the engineer are null.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Output {
    engineer_id: Option<String>,
    /// In the call's language where the record has it.
    name: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    part: Option<String>,
    role: Option<String>,
    /// In which step the engineer was found.
    step: Option<Step>,
    /// True when the system of record was down and this is what was last known.
    stale: bool,
    /// When the oldest of it was last read, in RFC 3339; null when it is not stale, or not known.
    as_of: Option<String>,
}

/// The plugin.
#[derive(Debug)]
pub struct AssignEngineer;

const ASSIGNED: Port = Port::new("assigned", "An engineer takes the call.");
const NOBODY: Port = Port::new("nobody", "Nobody is available in any of the steps.");

impl Node for AssignEngineer {
    type Config = Config;
    type Input = Input;
    type Output = Output;
    type State = ();
    const DESCRIPTOR: Descriptor = Descriptor {
        name: "assign-engineer",
        version: env!("CARGO_PKG_VERSION"),
        summary: "Finds the engineer who takes a call.",
        ports: &[ASSIGNED, NOBODY],
        config_schema: include_str!("../schema/config.json"),
        input_schema: include_str!("../schema/input.json"),
        output_schema: include_str!("../schema/output.json"),
    };

    fn check(config: &Config, check: &mut Check<'_>) {
        config.look_over(check);
    }

    fn run(host: &Host, visit: Visit<Config, Input, ()>) -> Result<Outcome<(), Output>, NodeError> {
        let reader = Reader::new(host);
        let work = Work::new(host, &reader, visit.config.work.as_deref());
        let assignment = Assignment::new(host, &reader, &work, &visit.config, &visit.input)?;
        let found = assignment.take()?;
        let stale = |output| Output {
            stale: reader.is_stale(),
            as_of: reader.as_of().map(rfc3339),
            ..output
        };
        let Some((step, engineer)) = found else {
            reader.must_have_seen_something()?;
            return Ok(Done::new(NOBODY, stale(Output::default())).into());
        };
        let output = Output {
            name: engineer.name(host.locale()),
            engineer_id: Some(engineer.id),
            phone: engineer.phone,
            email: engineer.email,
            part: engineer.part,
            role: engineer.role,
            step: Some(step),
            ..Output::default()
        };
        Ok(Done::new(ASSIGNED, stale(output)).into())
    }
}

dialgraph_plugin::export!(AssignEngineer);
