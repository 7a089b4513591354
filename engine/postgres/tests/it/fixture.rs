//! Servers, databases and collections of the tests.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use dialgraph_base::index::Indexes;
use dialgraph_base::origin::Table;
use dialgraph_base::{Digest, Timestamp};
use dialgraph_kernel::ports::HostError;
use dialgraph_kernel::ports::records::{
    Delete, Expectation, Find, Get, Page, Put, Record, Search, SearchPage, Source,
};
use dialgraph_kernel::provider::{Caller, Records};
use dialgraph_local::records::conformance::COLLECTION;
use dialgraph_local::secrets::{RevealSecret, SecretText};
use dialgraph_postgres::{Database, PostgresRecords, Settings};
use dialgraph_stand_ins::postgres::{PASSWORD, Postgres};
use serde_json::Value;

/// One server for all tests that do not stop theirs.
pub(crate) static SERVER: LazyLock<Postgres> = LazyLock::new(Postgres::start);

static COUNT: AtomicU64 = AtomicU64::new(0);

/// The address of a fresh database in which these statements were carried out.
pub(crate) async fn database(statements: &str) -> String {
    let statements = statements.to_owned();
    tokio::task::spawn_blocking(move || {
        let name = format!("d{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let address = SERVER.database(&name);
        SERVER.run(&name, &statements);
        address
    })
    .await
    .unwrap()
}

/// More statements in the database of an address.
pub(crate) async fn run(address: &str, statements: &str) -> String {
    let name = address.rsplit('/').next().unwrap().to_owned();
    let statements = statements.to_owned();
    tokio::task::spawn_blocking(move || SERVER.run(&name, &statements)).await.unwrap()
}

pub(crate) struct Password(pub(crate) &'static str);

#[async_trait]
impl RevealSecret for Password {
    async fn reveal(&self, name: &str) -> Result<SecretText, HostError> {
        match name {
            "password" => Ok(SecretText::new(self.0.to_owned())),
            _ => Err(HostError::invalid("unknown-secret", format!("there is no secret `{name}`"))),
        }
    }
}

pub(crate) fn settings(address: &str) -> Settings {
    Settings {
        address: address.to_owned(),
        secret: Some("password".to_owned()),
        connections: 4,
        timeout: Duration::from_secs(30),
        extra_roots: None,
    }
}

pub(crate) fn connect(settings: &Settings) -> Arc<Database> {
    Arc::new(Database::new("crm", settings, Arc::new(Password(PASSWORD))).unwrap())
}

/// Fields of a table `customers` with the key `id`, each in the column of its name.
pub(crate) fn table(fields: &[&str]) -> Table {
    Table {
        table: "customers".to_owned(),
        key: "id".to_owned(),
        fields: fields.iter().map(|field| ((*field).into(), (*field).into())).collect(),
        ..Table::default()
    }
}

/// The collection in `table` at `address`.
pub(crate) fn records(address: &str, table: Table) -> PostgresRecords {
    of(connect(&settings(address)), table)
}

pub(crate) fn of(database: Arc<Database>, table: Table) -> PostgresRecords {
    PostgresRecords::new(database, COLLECTION, table, Arc::new(Indexes::default()))
}

pub(crate) fn indexes(all: &[(&str, dialgraph_base::index::Index)]) -> Arc<Indexes> {
    let all = all.iter().map(|(name, index)| ((*name).to_owned(), index.clone())).collect();
    Arc::new(Indexes {
        collections: BTreeMap::from([(COLLECTION.to_owned(), all)]),
        country: dialgraph_base::phone::Country::of("KR"),
    })
}

pub(crate) fn caller() -> Caller {
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    Caller {
        call_id: "call".into(),
        release: Digest::of(b"no release"),
        locale: "ko-KR".into(),
        plugin: "plugin".into(),
        now: Timestamp(1_800_000_000_000),
        idempotency_key: format!("call/{number}").into(),
    }
}

/// What tests ask, in few words.
pub(crate) trait Ask: Records {
    async fn read(&self, key: &str) -> Result<Option<Record>, HostError> {
        let get = Get { collection: COLLECTION.into(), key: key.into(), source: Source::Current };
        self.get(&caller(), &get).await
    }

    async fn all(&self, matches: &[(&str, Value)]) -> Result<Page, HostError> {
        let find = Find {
            collection: COLLECTION.into(),
            matches: matches.iter().map(|(name, value)| ((*name).into(), value.clone())).collect(),
            limit: 100,
            source: Source::Current,
        };
        self.find(&caller(), &find).await
    }

    async fn look_up(&self, index: &str, value: Value) -> Result<SearchPage, HostError> {
        let search = Search {
            collection: COLLECTION.into(),
            index: index.into(),
            values: vec![value],
            limit: 10,
            cursor: None,
            source: Source::Current,
        };
        self.search(&caller(), &search).await
    }

    async fn write(&self, key: &str, data: Value, expect: Expectation) -> Result<u64, HostError> {
        let put = Put { collection: COLLECTION.into(), key: key.into(), data, expect };
        Ok(self.put(&caller(), &put).await?.version)
    }

    async fn remove(&self, key: &str, expect: Expectation) -> Result<(), HostError> {
        let delete = Delete { collection: COLLECTION.into(), key: key.into(), expect };
        self.delete(&caller(), &delete).await
    }
}

impl<R: Records> Ask for R {}

/// What an error is and says.
pub(crate) fn told<T: std::fmt::Debug>(done: Result<T, HostError>) -> String {
    let error = done.unwrap_err();
    format!("{:?} {}: {}", error.kind, error.code, error.message)
}
