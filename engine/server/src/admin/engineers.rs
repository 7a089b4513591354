//! Engineers of the live project: who takes calls, who has how much to do, who is on duty.
//!
//! What they are is in records. An agent may not write records, but say for themselves whether they
//! take calls: whose token has the name that the engineer's record tells.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde_json::{Map, Value};

use dialgraph_api::engineers::{
    Duty, DutyChange, DutyList, Engineer, EngineerChange, EngineerList, EngineerQuery,
    ShownEngineer, Work,
};
use dialgraph_deploy::{AccessAction, Role, Who};
use dialgraph_flow::engineers::{Engineers, fields};
use dialgraph_kernel::ports::records::{Delete, Expectation, Get, Put, Record, Source};
use dialgraph_kernel::provider::Records as _;
use dialgraph_local::records::take_field;

use super::access::{note, note_record};
use super::answer::{Answer, Failed, done, json_of, read};
use super::body::Small;
use super::records::{Declared, LISTED, caller, failed, no_record};
use super::{Admin, Shared};
use crate::http::Name;
use crate::http::auth::{Agent, Designer};
use crate::http::problem::Problem;

/// How often a record that others change meanwhile is changed anew.
const ATTEMPTS: usize = 16;
/// Records of work that are read at once.
const PAGE: u32 = 500;
/// Longest id of an engineer, in bytes.
const MAX_ENGINEER: usize = 256;
/// What the key of a record begins with that counts a ticket.
const TICKET: &str = "ticket/";
/// Days of the week, as duty names them.
const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// What the live project says of its engineers.
struct Desk {
    declared: Arc<Declared>,
    rules: Engineers,
    /// The collection of engineers.
    people: String,
}

impl Desk {
    async fn of(admin: &Admin) -> Result<Self, Failed> {
        let declared = admin.records.get(admin).await?;
        let rules = declared.engineers.clone();
        let Some(people) = rules.collection.clone() else {
            let detail = "the live project names no engineers; say in dialgraph.yaml where they are \
                          recorded: `engineers: {collection: …}`";
            return Err(Problem::new(StatusCode::CONFLICT, "no-engineers", detail).into());
        };
        declared.in_store(&people)?;
        Ok(Self { declared, rules, people })
    }

    /// The collection of duty.
    fn duty(&self) -> Result<&str, Failed> {
        let Some(duty) = &self.rules.duty else {
            let detail = "the live project does not say where duty is recorded; say it in \
                          dialgraph.yaml: `engineers: {collection: …, duty: …}`";
            return Err(Problem::new(StatusCode::CONFLICT, "no-duty", detail).into());
        };
        self.declared.in_store(duty)?;
        Ok(duty)
    }

    async fn record(
        &self,
        admin: &Admin,
        who: &Who,
        collection: &str,
        key: &str,
    ) -> Result<Option<Record>, Failed> {
        let get = Get { collection: collection.into(), key: key.into(), source: Source::Current };
        self.declared.records.get(&caller(admin, who)?, &get).await.map_err(failed)
    }

    /// Whether the record is that of whoever asks.
    fn is_own(&self, record: &Record, who: &Who) -> bool {
        match &self.rules.token {
            Some(field) => {
                let told = take_field(&record.data, field);
                told.as_ref().and_then(Value::as_str) == Some(&who.name)
            }
            None => record.key == who.name,
        }
    }

    /// What is being worked on, by engineer.
    async fn work(&self) -> Result<BTreeMap<String, BTreeMap<String, Work>>, Failed> {
        let mut all: BTreeMap<String, BTreeMap<String, Work>> = BTreeMap::new();
        let Some(collection) = &self.rules.work else { return Ok(all) };
        let mut after = None;
        loop {
            let listed = self.declared.records.list(collection, after.as_deref(), PAGE).await;
            let listed = listed.map_err(failed)?;
            for Record { key, data, .. } in listed.records {
                let Some(engineer) = text(&data, fields::ENGINEER) else { continue };
                let call = text(&data, fields::CALL).unwrap_or_else(|| key.clone());
                let calls = all.entry(engineer).or_default();
                let work = calls.entry(call.clone()).or_insert_with(|| Work {
                    call,
                    since: None,
                    calling: false,
                    tickets: Vec::new(),
                });
                match key.strip_prefix(TICKET) {
                    Some(ticket) => work.tickets.push(ticket.to_owned()),
                    None => work.calling = true,
                }
                let since = text(&data, fields::SINCE);
                work.since = [work.since.take(), since].into_iter().flatten().min();
            }
            after = listed.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }
}

impl Desk {
    /// What an engineer works on.
    async fn work_of(&self, record: &Record) -> Result<Vec<Work>, Failed> {
        let work = self.work().await?.remove(&id_of(record));
        Ok(work.unwrap_or_default().into_values().collect())
    }
}

fn text(data: &Value, field: &str) -> Option<String> {
    data.get(field).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The id by which others name an engineer.
fn id_of(record: &Record) -> String {
    text(&record.data, fields::ENGINEER).unwrap_or_else(|| record.key.clone())
}

/// An engineer as `who` may see them.
fn shown(desk: &Desk, record: &Record, counted: usize, who: &Who) -> Engineer {
    let mut data = record.data.clone();
    desk.declared.hide(&desk.people, &mut data, who);
    let number = |field: &str| data.get(field).and_then(Value::as_u64);
    Engineer {
        key: record.key.clone(),
        name: text(&data, "name"),
        available: data.get(fields::AVAILABLE).and_then(Value::as_bool).unwrap_or(false),
        load: number(fields::OWN_LOAD).unwrap_or(0).saturating_add(counted as u64),
        max_load: number(fields::MAX_LOAD),
    }
}

fn page(query: Result<Query<EngineerQuery>, QueryRejection>) -> Result<EngineerQuery, Failed> {
    let Query(query) = query.map_err(|error| Problem::invalid(error.body_text()))?;
    Ok(query)
}

/// `GET /v1/engineers`.
pub(super) async fn list(
    State(admin): Shared,
    Agent(who): Agent,
    query: Result<Query<EngineerQuery>, QueryRejection>,
) -> Answer {
    let EngineerQuery { after, limit } = page(query)?;
    let desk = Desk::of(&admin).await?;
    note(&admin, &who, AccessAction::ListRecords, desk.people.as_str()).await?;
    let limit = limit.unwrap_or(LISTED);
    let listed = desk.declared.records.list(&desk.people, after.as_deref(), limit).await;
    let listed = listed.map_err(failed)?;
    let work = desk.work().await?;
    let counted = |record: &Record| work.get(&id_of(record)).map_or(0, BTreeMap::len);
    let all = listed.records.iter().map(|one| shown(&desk, one, counted(one), &who)).collect();
    Ok(json_of(&EngineerList { engineers: all, next: listed.next }))
}

/// `GET /v1/engineers/{key}`.
pub(super) async fn show(State(admin): Shared, Agent(who): Agent, Name(key): Name) -> Answer {
    let desk = Desk::of(&admin).await?;
    note_record(&admin, &who, AccessAction::ReadRecord, &desk.people, &key).await?;
    let Some(record) = desk.record(&admin, &who, &desk.people, &key).await? else {
        return Err(no_record(&desk.people));
    };
    let work = desk.work_of(&record).await?;
    Ok(json_of(&ShownEngineer { engineer: shown(&desk, &record, work.len(), &who), work }))
}

/// `POST /v1/engineers/{key}`.
pub(super) async fn change(
    State(admin): Shared,
    Agent(who): Agent,
    Name(key): Name,
    Small(body): Small,
) -> Answer {
    let desk = Desk::of(&admin).await?;
    let EngineerChange { available } = read(&body)?;
    note_record(&admin, &who, AccessAction::WriteRecord, &desk.people, &key).await?;
    for _ in 0..ATTEMPTS {
        let Some(mut record) = desk.record(&admin, &who, &desk.people, &key).await? else {
            return Err(no_record(&desk.people));
        };
        if who.role < Role::Designer && !desk.is_own(&record, &who) {
            let by = desk.rules.token.as_ref().map_or_else(
                || "the key of the engineer's record".to_owned(),
                |field| format!("the field `{field}` of the engineer's record"),
            );
            let detail = format!(
                "with the role {} you change only your own availability: {by} must be the name of \
                 your token, `{}`; for other engineers you need the role designer",
                who.role, who.name
            );
            return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail).into());
        }
        if let Some(data) = record.data.as_object_mut() {
            data.insert(fields::AVAILABLE.to_owned(), available.into());
        }
        // Before anything is changed: what fails has changed nothing.
        let work = desk.work_of(&record).await?;
        let put = Put {
            collection: desk.people.clone(),
            key: key.clone(),
            data: record.data.clone(),
            expect: Expectation::Version(record.version),
        };
        match desk.declared.records.save(&caller(&admin, &who)?, &put).await {
            Ok(_) => {
                let engineer = shown(&desk, &record, work.len(), &who);
                return Ok(json_of(&ShownEngineer { engineer, work }));
            }
            // Somebody changed another field of it: theirs stays.
            Err(error) if error.code == "conflict" => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Err(Problem::busy("the engineer's record keeps changing; send the request again").into())
}

/// `GET /v1/duty`.
pub(super) async fn duty(
    State(admin): Shared,
    Agent(who): Agent,
    query: Result<Query<EngineerQuery>, QueryRejection>,
) -> Answer {
    let EngineerQuery { after, limit } = page(query)?;
    let desk = Desk::of(&admin).await?;
    let collection = desk.duty()?;
    note(&admin, &who, AccessAction::ListRecords, collection).await?;
    let limit = limit.unwrap_or(LISTED);
    let listed = desk.declared.records.list(collection, after.as_deref(), limit).await;
    let listed = listed.map_err(failed)?;
    let day = |record: Record| {
        Some(Duty { engineer: text(&record.data, fields::ENGINEER)?, day: record.key })
    };
    Ok(json_of(&DutyList {
        days: listed.records.into_iter().filter_map(day).collect(),
        next: listed.next,
    }))
}

/// `PUT /v1/duty/{day}`.
pub(super) async fn put_duty(
    State(admin): Shared,
    Designer(who): Designer,
    Name(day): Name,
    Small(body): Small,
) -> Answer {
    is_day(&day)?;
    let desk = Desk::of(&admin).await?;
    let collection = desk.duty()?;
    let DutyChange { engineer } = read(&body)?;
    if engineer.trim().is_empty() || engineer.len() > MAX_ENGINEER {
        let detail = format!("`engineer` is an id of 1 to {MAX_ENGINEER} bytes that is not blank");
        return Err(Problem::invalid(detail).into());
    }
    note_record(&admin, &who, AccessAction::WriteRecord, collection, &day).await?;
    for _ in 0..ATTEMPTS {
        let before = desk.record(&admin, &who, collection, &day).await?;
        let (mut data, expect) = match before {
            // Other fields of the day, such as a note, stay.
            Some(record) => (record.data, Expectation::Version(record.version)),
            None => (Value::Object(Map::new()), Expectation::Absent),
        };
        if let Some(data) = data.as_object_mut() {
            data.insert(fields::ENGINEER.to_owned(), engineer.clone().into());
        }
        let put = Put { collection: collection.to_owned(), key: day.clone(), data, expect };
        match desk.declared.records.save(&caller(&admin, &who)?, &put).await {
            Ok(_) => return Ok(json_of(&Duty { day, engineer })),
            Err(error) if error.code == "conflict" => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Err(Problem::busy("the day of duty keeps changing; send the request again").into())
}

/// `DELETE /v1/duty/{day}`.
pub(super) async fn remove_duty(
    State(admin): Shared,
    Designer(who): Designer,
    Name(day): Name,
) -> Answer {
    is_day(&day)?;
    let desk = Desk::of(&admin).await?;
    let collection = desk.duty()?;
    note_record(&admin, &who, AccessAction::RemoveRecord, collection, &day).await?;
    if desk.record(&admin, &who, collection, &day).await?.is_none() {
        return Err(no_record(collection));
    }
    let delete = Delete { collection: collection.to_owned(), key: day, expect: Expectation::Any };
    desk.declared.records.delete(&caller(&admin, &who)?, &delete).await.map_err(failed)?;
    Ok(done())
}

/// A day on which nobody would ever look who is on duty is refused.
fn is_day(day: &str) -> Result<(), Problem> {
    match WEEKDAYS.contains(&day) || is_date(day) {
        true => Ok(()),
        false => Err(Problem::invalid(
            "a day of duty is a date such as `2026-12-25` or a weekday such as `friday`",
        )),
    }
}

fn is_date(day: &str) -> bool {
    let is_written_so = day.len() == 10
        && day.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let number = |part: std::ops::Range<usize>| day.get(part)?.parse::<u32>().ok();
    let (true, Some(year), Some(month), Some(of_month)) =
        (is_written_so, number(0..4), number(5..7), number(8..10))
    else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_duty_is_a_date_or_a_weekday() {
        for day in ["2026-12-25", "2028-02-29", "monday", "sunday"] {
            assert!(is_day(day).is_ok(), "{day}");
        }
        for day in [
            "",
            "Monday",
            "mon",
            "2026-02-29",
            "2026-13-01",
            "20261225",
            "2026-12-25T00:00",
            "내일",
        ] {
            assert!(is_day(day).is_err(), "{day}");
        }
    }
}
