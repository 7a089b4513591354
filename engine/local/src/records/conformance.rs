//! What every place of records must do, as tests that any of them can run.
//!
//! Each behaviour gets a fresh, empty collection `customers` with the fields and the indexes of
//! [`indexes`], and either holds or says what was wrong. What a place cannot do by its nature it
//! says in [`Can`]; everything else it owes.
//!
//! The suite asks nothing of timing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dialgraph_base::index::{Index, IndexKind, Indexes};
use dialgraph_base::phone::Country;
use dialgraph_base::{Digest, Timestamp};
use dialgraph_kernel::ports::records::{Delete, Expectation, Find, Get, Put, Search, Source};
use dialgraph_kernel::ports::{HostError, HostErrorKind};
use dialgraph_kernel::provider::{Caller, Records};
use futures::future::BoxFuture;
use serde_json::{Value, json};

/// The collection that the suite works with.
pub const COLLECTION: &str = "customers";

/// Fields of its records (`a.b` for nested ones), each with what its values are: `text`, `number`,
/// `truth` or `texts`.
pub const FIELDS: [(&str, &str); 7] = [
    ("company_name", "text"),
    ("contact_info.phone", "text"),
    ("aws_account_id", "text"),
    ("support_level", "number"),
    ("part", "text"),
    ("is_active", "truth"),
    ("tags", "texts"),
];

/// What a behaviour says: nothing, or what was wrong.
pub type Verdict = Result<(), String>;

/// Puts records into a place by the means of the place itself, as others do whose records they are.
pub type Fill = Arc<dyn Fn(Vec<(String, Value)>) -> BoxFuture<'static, ()> + Send + Sync>;

/// What a place can do.
#[derive(Debug, Clone, Copy)]
pub struct Can {
    /// Records are written and removed through it.
    pub write: bool,
    /// A write can expect a version, or that there is no record.
    pub expect: bool,
    pub delete: bool,
    /// Records are found by any field, not only by those of an index.
    pub find_any: bool,
    /// A number is found however it was written.
    pub any_spelling: bool,
    /// An index may go by several fields.
    pub several_fields: bool,
    /// Records that were found are in the order of their keys.
    pub ordered: bool,
}

impl Can {
    pub const EVERYTHING: Self = Self {
        write: true,
        expect: true,
        delete: true,
        find_any: true,
        any_spelling: true,
        several_fields: true,
        ordered: true,
    };
}

/// A place with an empty collection.
#[derive(Clone)]
pub struct Place {
    pub records: Arc<dyn Records>,
    pub fill: Fill,
    pub can: Can,
    /// Keeps what the place needs as long as it is used.
    pub keep: Arc<dyn std::any::Any + Send + Sync>,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place").field("can", &self.can).finish_non_exhaustive()
    }
}

/// The indexes of [`COLLECTION`]; those of several fields only where a place can have them.
pub fn indexes(can: Can) -> Indexes {
    let index = |kind, fields: &[&str]| Index {
        kind,
        fields: fields.iter().map(ToString::to_string).collect(),
    };
    let mut all = BTreeMap::from([
        ("account".to_owned(), index(IndexKind::Exact, &["aws_account_id"])),
        ("phone".to_owned(), index(IndexKind::Phone, &["contact_info.phone"])),
        ("part".to_owned(), index(IndexKind::Exact, &["part"])),
    ]);
    if can.several_fields {
        let index = index(IndexKind::Exact, &["part", "support_level"]);
        all.insert("part_and_level".to_owned(), index);
    }
    Indexes {
        collections: BTreeMap::from([(COLLECTION.to_owned(), all)]),
        country: Country::of("KR"),
    }
}

/// Tries every behaviour, each in a place of its own.
///
/// # Errors
/// What was wrong, of all behaviours.
pub async fn run_all(make: impl AsyncFn() -> Place) -> Verdict {
    let mut wrong = Vec::new();
    for (name, behaviour) in BEHAVIOURS {
        let subject = Subject { place: make().await, count: AtomicU64::new(0) };
        if let Err(what) = behaviour(&subject).await {
            wrong.push(format!("{name}: {what}"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

type Behaviour = for<'s> fn(&'s Subject) -> BoxFuture<'s, Verdict>;

macro_rules! behaviours {
    ($($name:ident)+) => {
        const BEHAVIOURS: &[(&str, Behaviour)] =
            &[$((stringify!($name), |subject| Box::pin($name(subject)))),+];
    };
}

behaviours! {
    a_record_is_read_as_it_is
    what_is_not_there_is_none
    no_key_is_code
    a_key_has_bounds
    records_are_found_by_their_values
    a_value_of_another_kind_is_no_match
    a_limit_is_kept
    an_index_finds_what_is_equal
    an_index_of_several_fields_asks_for_all
    numbers_are_found_however_they_are_written
    pages_have_every_record_once
    a_wrong_search_is_refused
    what_is_written_is_read
    hostile_values_come_back_as_they_are
    a_write_has_its_conditions
    a_repeated_write_is_done_once
    a_record_goes
}

struct Subject {
    place: Place,
    count: AtomicU64,
}

/// What the suite puts into a place.
fn customer(number: u32) -> (String, Value) {
    let data = json!({
        "company_name": format!("Company {number}"),
        "contact_info": {"phone": format!("+82-10-0000-{number:04}")},
        "aws_account_id": format!("{number:012}"),
        "support_level": number % 3,
        "part": if number.is_multiple_of(2) { "cloud" } else { "data" },
        "is_active": number.is_multiple_of(2),
        "tags": ["a", format!("t{number}")],
    });
    (format!("c-{number:03}"), data)
}

impl Subject {
    fn can(&self) -> Can {
        self.place.can
    }

    fn caller(&self) -> Caller {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        Caller {
            call_id: "call".into(),
            release: Digest::of(b"no release"),
            locale: "ko-KR".into(),
            plugin: "plugin".into(),
            now: Timestamp(1_800_000_000_000 + number),
            idempotency_key: format!("call/{number}").into(),
        }
    }

    async fn fill(&self, numbers: std::ops::Range<u32>) {
        (self.place.fill)(numbers.map(customer).collect()).await;
    }

    async fn get(
        &self,
        key: &str,
    ) -> Result<Option<dialgraph_kernel::ports::records::Record>, HostError> {
        let get = Get { collection: COLLECTION.into(), key: key.into(), source: Source::Current };
        self.place.records.get(&self.caller(), &get).await
    }

    async fn find(&self, matches: &[(&str, Value)], limit: u32) -> Result<Vec<String>, HostError> {
        let find = Find {
            collection: COLLECTION.into(),
            matches: matches
                .iter()
                .map(|(field, value)| ((*field).into(), value.clone()))
                .collect(),
            limit,
            source: Source::Current,
        };
        let page = self.place.records.find(&self.caller(), &find).await?;
        let mut keys: Vec<String> = page.records.into_iter().map(|record| record.key).collect();
        if !self.can().ordered {
            keys.sort();
        }
        if page.more {
            keys.push("more".into());
        }
        Ok(keys)
    }

    async fn search(
        &self,
        index: &str,
        values: &[Value],
        limit: u32,
        cursor: Option<String>,
    ) -> Result<(Vec<String>, Option<String>), HostError> {
        let search = Search {
            collection: COLLECTION.into(),
            index: index.into(),
            values: values.to_vec(),
            limit,
            cursor,
            source: Source::Current,
        };
        let page = self.place.records.search(&self.caller(), &search).await?;
        let keys = page.hits.into_iter().map(|hit| {
            // All that these indexes find is what was looked for.
            if hit.score == 1.0 { hit.record.key } else { format!("{} ~", hit.record.key) }
        });
        Ok((keys.collect(), page.next))
    }

    fn put(&self, key: &str, data: Value, expect: Expectation) -> Put {
        Put { collection: COLLECTION.into(), key: key.into(), data, expect }
    }

    async fn write(&self, key: &str, data: Value, expect: Expectation) -> Result<u64, HostError> {
        let put = self.put(key, data, expect);
        Ok(self.place.records.put(&self.caller(), &put).await?.version)
    }
}

fn same<T: PartialEq + std::fmt::Debug>(found: T, wanted: T) -> Verdict {
    if found == wanted { Ok(()) } else { Err(format!("{found:?} instead of {wanted:?}")) }
}

fn words(error: HostError) -> String {
    format!("{:?} {}: {}", error.kind, error.code, error.message)
}

fn refused<T: std::fmt::Debug>(
    done: Result<T, HostError>,
    kind: HostErrorKind,
    code: &str,
) -> Verdict {
    match done {
        Err(error) if error.kind == kind && error.code == code => Ok(()),
        other => Err(format!("{other:?} instead of {kind:?} `{code}`")),
    }
}

async fn a_record_is_read_as_it_is(subject: &Subject) -> Verdict {
    let (key, data) = customer(7);
    let bare = json!({"company_name": "한빛가상 \"A\" 'B'; \\ 🙂", "part": "data"});
    (subject.place.fill)(vec![(key.clone(), data.clone()), ("bare".into(), bare.clone())]).await;
    let found = subject.get(&key).await.map_err(words)?.ok_or("it is not there")?;
    same(&found.key, &key)?;
    same(found.data, data)?;
    let found = subject.get("bare").await.map_err(words)?.ok_or("it is not there")?;
    // What it has no value for is not there; nothing is made up.
    same(found.data, bare)
}

async fn what_is_not_there_is_none(subject: &Subject) -> Verdict {
    subject.fill(0..2).await;
    same(subject.get("c-999").await.map_err(words)?.is_none(), true)?;
    let (keys, next) =
        subject.search("account", &[json!("nobody")], 10, None).await.map_err(words)?;
    same(keys, Vec::new())?;
    same(next, None)
}

async fn no_key_is_code(subject: &Subject) -> Verdict {
    subject.fill(0..2).await;
    for key in ["' OR '1'='1", "c-000' --", "%", "*", "\"", "$1", "a\0b", "..", "?x=1#y", "{key}"] {
        match subject.get(key).await {
            Ok(None) => {}
            Ok(Some(record)) => return Err(format!("{key:?} gives {}", record.key)),
            Err(error) if error.kind == HostErrorKind::Invalid => {}
            Err(error) => return Err(format!("{key:?}: {}", words(error))),
        }
        if subject.can().find_any {
            same(subject.find(&[("part", json!(key))], 10).await.map_err(words)?, Vec::new())?;
        }
        let found = subject.search("account", &[json!(key)], 10, None).await.map_err(words)?;
        same(found.0, Vec::new())?;
    }
    Ok(())
}

async fn a_key_has_bounds(subject: &Subject) -> Verdict {
    refused(subject.get("").await, HostErrorKind::Invalid, "bad-key")?;
    refused(subject.get(&"k".repeat(257)).await, HostErrorKind::Invalid, "bad-key")
}

async fn records_are_found_by_their_values(subject: &Subject) -> Verdict {
    subject.fill(0..6).await;
    let found = subject.find(&[("part", json!("data"))], 10).await.map_err(words)?;
    same(found, vec!["c-001".to_owned(), "c-003".into(), "c-005".into()])?;
    if !subject.can().find_any {
        return Ok(());
    }
    let found = subject.find(&[], 10).await.map_err(words)?;
    same(found.len(), 6)?;
    let found = subject.find(&[("support_level", json!(1.0))], 10).await.map_err(words)?;
    same(found, vec!["c-001".to_owned(), "c-004".into()])?;
    let found = subject.find(&[("is_active", json!(true)), ("support_level", json!(1))], 10).await;
    same(found.map_err(words)?, vec!["c-004".to_owned()])?;
    let phone = json!("+82-10-0000-0003");
    let found = subject.find(&[("contact_info.phone", phone)], 10).await.map_err(words)?;
    same(found, vec!["c-003".to_owned()])?;
    let found = subject.find(&[("tags", json!(["a", "t4"]))], 10).await.map_err(words)?;
    same(found, vec!["c-004".to_owned()])?;
    let found = subject.find(&[("no_such_field", json!("x"))], 10).await.map_err(words)?;
    same(found, Vec::new())
}

async fn a_value_of_another_kind_is_no_match(subject: &Subject) -> Verdict {
    subject.fill(0..4).await;
    let found = subject.search("account", &[json!(1)], 10, None).await.map_err(words)?;
    same(found.0, Vec::new())?;
    if !subject.can().find_any {
        return Ok(());
    }
    for (field, value) in [
        ("support_level", json!("1")),
        ("support_level", json!(1.5)),
        ("is_active", json!("true")),
        ("aws_account_id", json!(1)),
        ("part", json!(null)),
        ("part", json!({"a": 1})),
        ("part", json!("DATA")),
        ("part", json!("data ")),
    ] {
        let found = subject.find(&[(field, value.clone())], 10).await;
        let found = found.map_err(|error| format!("{field} {value}: {}", words(error)))?;
        same(found, Vec::new()).map_err(|why| format!("{field} {value}: {why}"))?;
    }
    Ok(())
}

async fn a_limit_is_kept(subject: &Subject) -> Verdict {
    subject.fill(0..8).await;
    let found = subject.find(&[("part", json!("data"))], 2).await.map_err(words)?;
    match subject.can().ordered {
        true => same(found, vec!["c-001".to_owned(), "c-003".into(), "more".into()])?,
        false => same((found.len(), found[2].as_str()), (3, "more"))?,
    }
    let found = subject.find(&[("part", json!("data"))], 4).await.map_err(words)?;
    same(found.len(), 4)?;
    for limit in [0, 101] {
        let found = subject.find(&[("part", json!("data"))], limit).await;
        refused(found, HostErrorKind::Invalid, "bad-limit")?;
    }
    Ok(())
}

async fn an_index_finds_what_is_equal(subject: &Subject) -> Verdict {
    subject.fill(0..12).await;
    let found = subject.search("account", &[json!("000000000011")], 10, None).await;
    same(found.map_err(words)?.0, vec!["c-011".to_owned()])?;
    let found = subject.search("part", &[json!("cloud")], 100, None).await.map_err(words)?;
    same(found.0.len(), 6)
}

async fn an_index_of_several_fields_asks_for_all(subject: &Subject) -> Verdict {
    if !subject.can().several_fields {
        return Ok(());
    }
    subject.fill(0..12).await;
    let values = [json!("cloud"), json!(1)];
    let found = subject.search("part_and_level", &values, 10, None).await.map_err(words)?;
    same(found.0, vec!["c-004".to_owned(), "c-010".into()])?;
    let found = subject.search("part_and_level", &values[..1], 10, None).await;
    refused(found, HostErrorKind::Invalid, "bad-value")
}

async fn numbers_are_found_however_they_are_written(subject: &Subject) -> Verdict {
    subject.fill(0..12).await;
    let records = [
        ("national", json!({"contact_info": {"phone": "010-9999-0001"}, "part": "x"})),
        ("plain", json!({"contact_info": {"phone": "+821099990002"}, "part": "x"})),
    ];
    (subject.place.fill)(records.map(|(key, data)| (key.to_owned(), data)).to_vec()).await;
    let search = async |number: &str| subject.search("phone", &[json!(number)], 10, None).await;
    for number in ["+821099990002", "010-9999-0002", "0082 10 9999 0002", "+82 (0)10-9999-0002"] {
        same(search(number).await.map_err(words)?.0, vec!["plain".to_owned()])?;
    }
    if subject.can().any_spelling {
        for number in ["+821099990001", "01099990001"] {
            same(search(number).await.map_err(words)?.0, vec!["national".to_owned()])?;
        }
        let found = search("010-0000-0007").await.map_err(words)?;
        same(found.0, vec!["c-007".to_owned()])?;
    }
    for nobody in ["010-9999-9999", "anonymous", "114", "+82 2 1099 990002"] {
        same(search(nobody).await.map_err(words)?.0, Vec::new())?;
    }
    Ok(())
}

async fn pages_have_every_record_once(subject: &Subject) -> Verdict {
    subject.fill(0..25).await;
    let (mut keys, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let found = subject.search("part", &[json!("cloud")], 4, cursor).await.map_err(words)?;
        if found.0.len() > 4 {
            return Err(format!("a page of {} records", found.0.len()));
        }
        keys.extend(found.0);
        pages += 1;
        cursor = found.1;
        if cursor.is_none() || pages > 30 {
            break;
        }
    }
    let once: BTreeSet<&String> = keys.iter().collect();
    same(once.len(), keys.len())?;
    same(keys.len(), 13)
}

async fn a_wrong_search_is_refused(subject: &Subject) -> Verdict {
    let found = subject.search("nothing", &[json!("x")], 10, None).await;
    refused(found, HostErrorKind::Invalid, "unknown-index")?;
    let found = subject.search("account", &[json!("x"), json!("y")], 10, None).await;
    refused(found, HostErrorKind::Invalid, "bad-value")?;
    let found = subject.search("phone", &[json!(7)], 10, None).await;
    refused(found, HostErrorKind::Invalid, "bad-value")?;
    for limit in [0, 101] {
        let found = subject.search("account", &[json!("x")], limit, None).await;
        refused(found, HostErrorKind::Invalid, "bad-limit")?;
    }
    let found = subject.search("account", &[json!("x")], 10, Some("?".into())).await;
    refused(found, HostErrorKind::Invalid, "bad-cursor")
}

async fn what_is_written_is_read(subject: &Subject) -> Verdict {
    if !subject.can().write {
        return Ok(());
    }
    let (key, data) = customer(1);
    let first = subject.write(&key, data.clone(), Expectation::Any).await.map_err(words)?;
    let found = subject.get(&key).await.map_err(words)?.ok_or("it is not there")?;
    same((found.version, found.data), (first, data))?;
    // A field that is left out is gone.
    let other = json!({"company_name": "Other", "part": "cloud", "tags": []});
    let second = subject.write(&key, other.clone(), Expectation::Any).await.map_err(words)?;
    let found = subject.get(&key).await.map_err(words)?.ok_or("it is not there")?;
    same((found.version, found.data), (second, other))?;
    if subject.can().expect {
        same(first == second, false)?;
    }
    let found = subject.search("part", &[json!("cloud")], 10, None).await.map_err(words)?;
    same(found.0, vec![key])
}

async fn hostile_values_come_back_as_they_are(subject: &Subject) -> Verdict {
    if !subject.can().write {
        return Ok(());
    }
    let long = "가".repeat(5_000);
    for text in ["'); DROP TABLE customers; --", "\\x00 \\", "{a,\"b\"}", "\u{1}\u{7f}", "", &long]
    {
        let data = json!({"company_name": text, "part": "p", "tags": [text, "{", "\"", "NULL"]});
        subject.write("hostile", data.clone(), Expectation::Any).await.map_err(words)?;
        let found = subject.get("hostile").await.map_err(words)?.ok_or("it is not there")?;
        same(found.data, data)?;
    }
    let key = "키 '\"; --/..?#%";
    let data = json!({"company_name": "Key", "part": "p"});
    subject.write(key, data.clone(), Expectation::Any).await.map_err(words)?;
    let found = subject.get(key).await.map_err(words)?.ok_or("it is not there")?;
    same((found.key.as_str(), found.data), (key, data))?;
    let huge = json!({"company_name": "x".repeat(50_000), "part": "p"});
    let done = subject.write("huge", huge, Expectation::Any).await;
    refused(done, HostErrorKind::Invalid, "too-large")
}

async fn a_write_has_its_conditions(subject: &Subject) -> Verdict {
    if !(subject.can().write && subject.can().expect) {
        return Ok(());
    }
    let (key, data) = customer(1);
    let conflict = |done| refused::<u64>(done, HostErrorKind::Denied, "conflict");
    conflict(subject.write(&key, data.clone(), Expectation::Version(1)).await)?;
    let first = subject.write(&key, data.clone(), Expectation::Absent).await.map_err(words)?;
    conflict(subject.write(&key, json!({"part": "x"}), Expectation::Absent).await)?;
    let second = subject.write(&key, json!({"part": "y"}), Expectation::Version(first)).await;
    let second = second.map_err(words)?;
    conflict(subject.write(&key, json!({"part": "z"}), Expectation::Version(first)).await)?;
    let found = subject.get(&key).await.map_err(words)?.ok_or("it is not there")?;
    same((found.version, found.data), (second, json!({"part": "y"})))
}

async fn a_repeated_write_is_done_once(subject: &Subject) -> Verdict {
    if !subject.can().write {
        return Ok(());
    }
    let records = &subject.place.records;
    let caller = subject.caller();
    let expect = if subject.can().expect { Expectation::Absent } else { Expectation::Any };
    let put = subject.put("once", json!({"part": "first"}), expect);
    let first = records.put(&caller, &put).await.map_err(words)?;
    subject.write("once", json!({"part": "second"}), Expectation::Any).await.map_err(words)?;
    same(records.put(&caller, &put).await.map_err(words)?, first)?;
    let found = subject.get("once").await.map_err(words)?.ok_or("it is not there")?;
    same(found.data, json!({"part": "second"}))
}

async fn a_record_goes(subject: &Subject) -> Verdict {
    if !subject.can().delete {
        return Ok(());
    }
    let records = &subject.place.records;
    let delete =
        |key: &str, expect| Delete { collection: COLLECTION.into(), key: key.into(), expect };
    let caller = subject.caller();
    records.delete(&caller, &delete("nobody", Expectation::Any)).await.map_err(words)?;
    let (key, data) = customer(1);
    let version = subject.write(&key, data, Expectation::Any).await.map_err(words)?;
    if subject.can().expect {
        let stale = delete(&key, Expectation::Version(version.wrapping_add(1)));
        let done = records.delete(&subject.caller(), &stale).await;
        refused(done, HostErrorKind::Denied, "conflict")?;
        let right = delete(&key, Expectation::Version(version));
        records.delete(&subject.caller(), &right).await.map_err(words)?;
    } else {
        records.delete(&subject.caller(), &delete(&key, Expectation::Any)).await.map_err(words)?;
    }
    same(subject.get(&key).await.map_err(words)?.is_none(), true)?;
    let found = subject.search("part", &[json!("data")], 10, None).await.map_err(words)?;
    same(found.0, Vec::new())
}

#[cfg(test)]
mod tests {
    use dialgraph_store::{ManualClock, MemoryStore, Store};

    use super::*;
    use crate::records::LocalRecords;

    #[tokio::test]
    async fn the_engines_own_store_does_what_every_place_must() {
        let outcome = run_all(async || {
            let clock = Arc::new(ManualClock::default());
            let store: Arc<dyn Store> = Arc::new(MemoryStore::new(clock));
            let indexes = Arc::new(indexes(Can::EVERYTHING));
            let records = LocalRecords::new(store, [COLLECTION.to_owned()]).with_indexes(indexes);
            records.build_indexes(COLLECTION, Timestamp(0)).await.unwrap();
            let filled = records.clone();
            let fill: Fill = Arc::new(move |all| {
                let records = filled.clone();
                Box::pin(async move {
                    for (number, (key, data)) in all.into_iter().enumerate() {
                        let put = Put {
                            collection: COLLECTION.into(),
                            key,
                            data,
                            expect: Expectation::Any,
                        };
                        let caller = Caller {
                            call_id: "fill".into(),
                            release: Digest::of(b"no release"),
                            locale: "ko-KR".into(),
                            plugin: "fill".into(),
                            now: Timestamp(1),
                            idempotency_key: format!("fill/{number}/{}", put.key).into(),
                        };
                        records.put(&caller, &put).await.unwrap();
                    }
                })
            });
            Place { records: Arc::new(records), fill, can: Can::EVERYTHING, keep: Arc::new(()) }
        })
        .await;
        assert_eq!(outcome, Ok(()));
    }
}
