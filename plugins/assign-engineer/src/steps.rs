//! The steps in which an engineer is looked for.

use std::cell::{OnceCell, RefCell};

use dialgraph_plugin::records::{Query, Record, Search};
use dialgraph_plugin::{Host, NodeError, log};
use plugin_common::fallback::Reader;
use plugin_common::text::known;
use plugin_common::time::{date_at, iso_date, parse_date, weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::people::{Customer, Duty, Engineer, readable};
use crate::rotation::{self, Turned};
use crate::work::Work;
use crate::{Config, Input, NO_DUTY};

/// A way to find an engineer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Step {
    /// The customer's engineer.
    Primary,
    /// The customer's second engineer.
    Secondary,
    /// Anyone of the customer's part, the least loaded first.
    Part,
    /// Those with `general_owner`, in turn.
    General,
    /// Whoever is on duty that day.
    Duty,
}

impl Step {
    /// As it is written.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Part => "part",
            Self::General => "general",
            Self::Duty => "duty",
        }
    }
}

/// So many engineers of a part, or general owners, are looked at in a collection without indexes.
const LIMIT: u32 = 100;

/// Engineers who may be filled up by other calls between finding and taking them, before nobody is
/// assigned.
const RIVALS: usize = 4;

/// The search for an engineer for one call.
#[derive(Debug)]
pub(crate) struct Assignment<'a> {
    host: &'a Host,
    reader: &'a Reader<'a>,
    config: &'a Config,
    input: &'a Input,
    work: &'a Work<'a>,
    /// Day of duty.
    date: Option<jiff_core::civil::Date>,
    customer: OnceCell<Customer>,
    /// Engineers whom other calls have filled up meanwhile.
    filled: RefCell<Vec<String>>,
}

impl<'a> Assignment<'a> {
    /// # Errors
    /// `bad-config` when a step lacks its collection, `other` when the day of duty is no date.
    pub(crate) fn new(
        host: &'a Host,
        reader: &'a Reader<'a>,
        work: &'a Work<'a>,
        config: &'a Config,
        input: &'a Input,
    ) -> Result<Self, NodeError> {
        if config.duty_of_step() == Some(None) {
            return Err(NodeError::bad_config("no-duty", format!("config: {NO_DUTY}")));
        }
        let date = known(input.date.as_deref())
            .map(|text| {
                parse_date(text).ok_or_else(|| {
                    NodeError::other(
                        "bad-date",
                        "with: `date` is no date; write it as `2026-11-20`",
                    )
                })
            })
            .transpose()?;
        let (customer, filled) = (OnceCell::new(), RefCell::default());
        Ok(Self { host, reader, config, input, work, date, customer, filled })
    }

    /// The first engineer of the first step that has one, who works on the call from now on.
    pub(crate) fn take(&self) -> Result<Option<(Step, Engineer)>, NodeError> {
        let taken = self.try_to_take();
        if !matches!(taken, Ok(Some(_))) {
            // Who had the call before, or was to have it, does not.
            self.work.nobody();
        }
        taken
    }

    fn try_to_take(&self) -> Result<Option<(Step, Engineer)>, NodeError> {
        for _ in 0..RIVALS {
            let Some((step, engineer)) = self.find()? else { break };
            if self.work.take(&engineer, self.config.max_load)? {
                return Ok(Some((step, engineer)));
            }
            self.filled.borrow_mut().push(engineer.id);
        }
        Ok(None)
    }

    fn find(&self) -> Result<Option<(Step, Engineer)>, NodeError> {
        for step in &self.config.order {
            let found = match step {
                Step::Primary => self.named(self.primary()?)?,
                Step::Secondary => self.named(self.secondary()?)?,
                Step::Part => self.of_part()?,
                Step::General => self.general()?,
                Step::Duty => self.named(self.on_duty()?)?,
            };
            if let Some(engineer) = found {
                return Ok(Some((*step, engineer)));
            }
        }
        Ok(None)
    }

    fn primary(&self) -> Result<Option<String>, NodeError> {
        self.choice(&self.input.assigned_engineer, |customer| &customer.assigned_engineer)
    }

    fn secondary(&self) -> Result<Option<String>, NodeError> {
        self.choice(&self.input.secondary_engineer, |customer| &customer.secondary_engineer)
    }

    /// What the flow says, else what the customer's record says.
    fn choice(
        &self,
        given: &Option<String>,
        field: impl Fn(&Customer) -> &Option<String>,
    ) -> Result<Option<String>, NodeError> {
        if let Some(given) = known(given.as_deref()) {
            return Ok(Some(given.to_owned()));
        }
        Ok(known(field(self.customer()?).as_deref()).map(str::to_owned))
    }

    /// The customer's record, read once; an empty one when there is none.
    fn customer(&self) -> Result<&Customer, NodeError> {
        if let Some(customer) = self.customer.get() {
            return Ok(customer);
        }
        let id = known(self.input.customer_id.as_deref());
        let customer = match (&self.config.customers, id) {
            (Some(collection), Some(id)) => {
                let record = self.of_id(collection, "customer_id", id)?;
                record.and_then(|record| readable(self.host, record)).unwrap_or_default()
            }
            _ => Customer::default(),
        };
        Ok(self.customer.get_or_init(|| customer))
    }

    /// This engineer, if there is one of this id who takes the call.
    fn named(&self, id: Option<String>) -> Result<Option<Engineer>, NodeError> {
        let Some(id) = id else { return Ok(None) };
        if self.is_excluded(&id) {
            return Ok(None);
        }
        let engineer = self.engineer(&id)?;
        if engineer.is_none() {
            self.host.log(
                log::Level::Warn,
                "an engineer is named who is not in the collection; the next step is taken",
                &[("engineer", &id), ("collection", &self.config.engineers)],
            );
        }
        match engineer {
            // Who has no limit takes every call, whatever they have to do already.
            Some(engineer) if engineer.limit(self.config.max_load).is_none() => {
                Ok(Some(engineer).filter(|engineer| engineer.available))
            }
            engineer => self.counted(engineer),
        }
    }

    /// The engineer, if they take one more call beside all those that they work on.
    fn counted(&self, engineer: Option<Engineer>) -> Result<Option<Engineer>, NodeError> {
        // Who is full by their own record need not be counted.
        let limit = self.config.max_load;
        let Some(engineer) = engineer.filter(|engineer| engineer.takes_one_more(limit)) else {
            return Ok(None);
        };
        let engineer = self.work.counted(engineer)?;
        Ok(engineer.filter(|engineer| engineer.takes_one_more(limit)))
    }

    fn is_excluded(&self, id: &String) -> bool {
        self.input.exclude.contains(id) || self.filled.borrow().contains(id)
    }

    fn engineer(&self, id: &str) -> Result<Option<Engineer>, NodeError> {
        let record = self.of_id(&self.config.engineers, "engineer_id", id)?;
        Ok(record.and_then(|record| Engineer::of_record(self.host, record)))
    }

    /// The record with this id in `field`.
    fn of_id(
        &self,
        collection: &str,
        field: &str,
        id: &str,
    ) -> Result<Option<Record<Value>>, NodeError> {
        let found = self.reader.search(Search::new(collection, field, [id]))?;
        if let Some(page) = found {
            return Ok(page.hits.into_iter().next().map(|hit| hit.record));
        }
        let query = Query::new(collection).matching(field, id).limit(1);
        Ok(self.reader.find(query)?.records.pop())
    }

    /// All engineers whose field has this value.
    fn all(&self, field: &str, value: Value) -> Result<Vec<Record<Value>>, NodeError> {
        let collection = &self.config.engineers;
        let mut search = Search::new(collection, field, [value.clone()]);
        let mut all = Vec::new();
        while let Some(page) = self.reader.search(search.clone())? {
            all.extend(page.hits.into_iter().map(|hit| hit.record));
            search.cursor = page.next;
            if search.cursor.is_none() {
                return Ok(all);
            }
        }
        let page = self.reader.find(Query::new(collection).matching(field, value).limit(LIMIT))?;
        if page.more {
            self.host.log(
                log::Level::Warn,
                "more engineers fit than are looked at; give the collection an index of the field",
                &[("collection", collection), ("field", field), ("looked_at", &LIMIT.to_string())],
            );
        }
        Ok(page.records)
    }

    /// Engineers who may take the call, as far as their own records tell, in the order of their
    /// ids.
    fn candidates(&self, field: &str, value: Value) -> Result<Vec<Engineer>, NodeError> {
        let mut engineers: Vec<Engineer> = self
            .all(field, value)?
            .into_iter()
            .filter_map(|record| Engineer::of_record(self.host, record))
            .filter(|engineer| engineer.takes_one_more(self.config.max_load))
            .filter(|engineer| !self.is_excluded(&engineer.id))
            .collect();
        engineers.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(engineers)
    }

    /// The one with the least to do; of equals the one whose id comes first.
    fn least_loaded(&self, mut engineers: Vec<Engineer>) -> Result<Option<Engineer>, NodeError> {
        engineers.sort_by(|a, b| (a.own_load, &a.id).cmp(&(b.own_load, &b.id)));
        let mut least: Option<Engineer> = None;
        for engineer in engineers {
            // Those who follow have at least what their own records say.
            if least.as_ref().is_some_and(|least| least.load <= engineer.own_load) {
                break;
            }
            if let Some(engineer) = self.counted(Some(engineer))?
                && least
                    .as_ref()
                    .is_none_or(|least| (engineer.load, &engineer.id) < (least.load, &least.id))
            {
                least = Some(engineer);
            }
        }
        Ok(least)
    }

    fn of_part(&self) -> Result<Option<Engineer>, NodeError> {
        let mut part = self.choice(&self.input.part, |customer| &customer.part)?;
        // A customer without a part belongs to that of the engineer.
        for id in [self.primary()?, self.secondary()?].into_iter().flatten() {
            if part.is_none() {
                part = self.engineer(&id)?.and_then(|engineer| engineer.part);
            }
        }
        let Some(part) = part else { return Ok(None) };
        self.least_loaded(self.candidates("part", part.into())?)
    }

    fn general(&self) -> Result<Option<Engineer>, NodeError> {
        let owners = self.candidates("general_owner", true.into())?;
        match &self.config.rotation {
            // While records are down nothing can be remembered, and old turns mean little.
            Some(collection) if !self.reader.is_stale() => {
                let turn = rotation::next(self.host, collection, &owners, |engineer| {
                    self.counted(Some(engineer.clone()))
                })?;
                match turn {
                    Turned::To(engineer) => Ok(engineer),
                    Turned::NotKept => self.least_loaded(owners),
                }
            }
            _ => self.least_loaded(owners),
        }
    }

    fn on_duty(&self) -> Result<Option<String>, NodeError> {
        let Some(collection) = &self.config.duty else { return Ok(None) };
        let date =
            self.date.unwrap_or_else(|| date_at(self.host.now(), self.config.utc_offset_minutes));
        for key in [iso_date(date).as_str(), weekday(date)] {
            let duty: Option<Duty> =
                self.reader.get(collection, key)?.and_then(|record| readable(self.host, record));
            if let Some(id) = duty.and_then(|duty| duty.engineer_id) {
                return Ok(known(Some(&id)).map(str::to_owned));
            }
        }
        self.host.log(
            log::Level::Warn,
            "nobody is on duty",
            &[("collection", collection), ("date", &iso_date(date))],
        );
        Ok(None)
    }
}
