//! `dialgraph records`: records of a running server.

mod accesses;
mod edit;
mod export;
mod import;
mod quotes;
mod rows;
mod table;

use std::io::Read as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use hyper::Method;
use hyper::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use jiff::tz::TimeZone;
use serde_json::Value;

use dialgraph_api::Done;
use dialgraph_api::records::{
    Collection, CollectionList, FindRecords, FoundRecords, Record, RecordList, RecordQuery,
    RecordWritten,
};
use dialgraph_base::Timestamp;
use dialgraph_simulator::transcript;
use dialgraph_visible::line;

use crate::args::{
    RecordsCommand, RecordsFindArgs, RecordsGetArgs, RecordsLsArgs, RecordsPutArgs, RecordsRmArgs,
};
use crate::client::{Answer, Client, Reply, escaped, with_query};

/// Records asked for at once; the most that the server gives.
const PAGE: u32 = dialgraph_api::records::MAX_LISTED;

/// Bytes of a record that is read from a file: more than the server takes.
const MAX_RECORD: u64 = 1 << 20;

pub(crate) fn run(command: &RecordsCommand) -> Result<ExitCode> {
    match command {
        RecordsCommand::Ls(args) => ls(args),
        RecordsCommand::Get(args) => get(args),
        RecordsCommand::Find(args) => find(args),
        RecordsCommand::Put(args) => put(args),
        RecordsCommand::Edit(args) => edit::run(args),
        RecordsCommand::Rm(args) => rm(args),
        RecordsCommand::Import(args) => import::run(args),
        RecordsCommand::Export(args) => export::run(args),
        RecordsCommand::Accesses(args) => accesses::run(args),
    }
}

fn path_of(collection: &str, what: &str) -> String {
    format!("/v1/collections/{}/{what}", escaped(collection))
}

fn record_path(collection: &str, key: &str) -> String {
    path_of(collection, &format!("records/{}", escaped(key)))
}

/// A collection, as the live project declares it.
fn declared(client: &Client<'_>, name: &str) -> Result<Collection> {
    let listed: CollectionList = client.get("/v1/collections")?;
    let known: Vec<String> = listed.collections.iter().map(|one| one.name.clone()).collect();
    let found = listed.collections.into_iter().find(|one| one.name == name);
    found.with_context(|| {
        format!(
            "the live project has no collection `{}`; it has {}",
            line(name),
            line(&known.join(", "))
        )
    })
}

/// Walks a collection in the order of keys until `each` has had enough: it says whether to go on.
/// Gives the number of records that cannot be read.
fn walk(
    client: &Client<'_>,
    collection: &str,
    page: u32,
    mut each: impl FnMut(&Record) -> Result<bool>,
) -> Result<u64> {
    let (mut after, mut unreadable) = (None::<String>, 0);
    loop {
        let query = RecordQuery { after, limit: Some(page) };
        let listed: RecordList =
            client.get(&with_query(&path_of(collection, "records"), &query)?)?;
        unreadable += listed.unreadable.len() as u64;
        for lost in &listed.unreadable {
            eprintln!("record {} cannot be read: {}", line(&lost.key), line(&lost.why));
        }
        for record in &listed.records {
            if !each(record)? {
                return Ok(unreadable);
            }
        }
        match listed.next {
            Some(next) => after = Some(next),
            None => return Ok(unreadable),
        }
    }
}

fn ls(args: &RecordsLsArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    match &args.collection {
        None => collections(&client, args.json)?,
        Some(name) => records(&client, name, args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn collections(client: &Client<'_>, json: bool) -> Result<()> {
    let listed: Answer<CollectionList> = client.get("/v1/collections")?;
    if json {
        print_json!("{}", serde_json::to_string_pretty(&listed)?);
        return Ok(());
    }
    for one in listed.known()?.collections {
        match &one.source {
            Some(source) => println!("{} (in the source {})", line(&one.name), line(source)),
            None => println!("{}", line(&one.name)),
        }
        for index in &one.indexes {
            let fields = index.fields.join(", ");
            println!("  index {} ({}): {}", line(&index.name), line(&index.kind), line(&fields));
        }
        for reference in &one.references {
            println!("  {} names one of {}", line(&reference.field), line(&reference.collection));
        }
    }
    Ok(())
}

fn records(client: &Client<'_>, collection: &str, args: &RecordsLsArgs) -> Result<()> {
    let (mut shown, mut more) = (Vec::new(), false);
    // One more than is shown, to know whether there is one.
    let page = u32::try_from(args.limit.saturating_add(1)).unwrap_or(PAGE).min(PAGE);
    walk(client, collection, page, |record| {
        more = shown.len() == args.limit;
        if !more {
            shown.push(record.clone());
        }
        Ok(!more)
    })?;
    if args.json {
        print_json!("{}", serde_json::to_string_pretty(&shown)?);
        return Ok(());
    }
    for record in &shown {
        println!("{}  {}", line(&record.key), line(&record.data.to_string()));
    }
    if more {
        println!("… and more; `--limit` lists so many, `records export` all");
    }
    Ok(())
}

fn get(args: &RecordsGetArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let record: Record = client.get(&record_path(&args.collection, &args.key))?;
    if args.json {
        print_json!("{}", serde_json::to_string_pretty(&record.data)?);
        if !record.hidden.is_empty() {
            let fields = line(&record.hidden.join(", ")).to_string();
            eprintln!("your role does not see {fields}; `records put` of this would remove them");
        }
        return Ok(ExitCode::SUCCESS);
    }
    print!("{}, version {}", line(&record.key), record.version);
    // Not every source tells when a record was written.
    if record.updated_at.0 > 0 {
        let at = transcript::time(Timestamp(record.updated_at.0), &TimeZone::system());
        print!(", written {at}");
    }
    println!();
    for (field, value) in record.data.as_object().into_iter().flatten() {
        println!("  {} = {}", line(field), line(&value.to_string()));
    }
    for field in &record.hidden {
        println!("  {} (your role does not see it)", line(field));
    }
    Ok(ExitCode::SUCCESS)
}

fn find(args: &RecordsFindArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let declared = declared(&client, &args.collection)?;
    let index = declared.indexes.iter().find(|one| one.name == args.index);
    let value = |(number, text): (usize, &String)| match index {
        Some(index) if index.kind == "exact" => {
            let field = index.fields.get(number).map_or("", String::as_str);
            typed(declared.schema.as_ref(), field, text)
        }
        // Numbers and names are texts; what is wrong with the index the server says.
        _ => Value::from(text.as_str()),
    };
    let asked = FindRecords {
        index: args.index.clone(),
        values: args.values.iter().enumerate().map(value).collect(),
        limit: Some(args.limit),
        cursor: None,
    };
    let found: Answer<FoundRecords> =
        client.post(&path_of(&args.collection, "find"), &asked)?.good()?;
    if args.json {
        print_json!("{}", serde_json::to_string_pretty(&found)?);
        return Ok(ExitCode::SUCCESS);
    }
    let found = found.known()?;
    for hit in &found.hits {
        let data = line(&hit.record.data.to_string()).into_owned();
        println!("{:.2}  {}  {data}", hit.score, line(&hit.record.key));
    }
    if found.next.is_some() {
        println!("… and more; `--limit` shows up to 100");
    }
    if !found.complete {
        println!("Too many records are similar to compare them all; give more of the name.");
    }
    if found.hits.is_empty() {
        eprintln!("no record fits");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// A value of the command line for a field, as the collection's schema has it: a text, a truth
/// value, a list; otherwise JSON where it is that, and a text where not.
fn typed(schema: Option<&Value>, field: &str, text: &str) -> Value {
    let kind = rows::kind_of(schema, field);
    match (kind, serde_json::from_str::<Value>(text)) {
        (rows::Kind::Text, _) => Value::from(text),
        (rows::Kind::List | rows::Kind::Numbers, Ok(list @ Value::Array(_))) => list,
        // What it cannot be, the server says in its own words.
        (rows::Kind::List | rows::Kind::Numbers | rows::Kind::Truth | rows::Kind::Number, _) => {
            kind.value(text).unwrap_or_else(|_| Value::from(text))
        }
        (_, Ok(value)) => value,
        (_, Err(_)) => Value::from(text),
    }
}

fn put(args: &RecordsPutArgs) -> Result<ExitCode> {
    let text = match &args.file {
        Some(file) => dialgraph_files::text(file, MAX_RECORD)
            .with_context(|| format!("cannot read {}", file.display()))?,
        None => {
            let mut text = String::new();
            std::io::stdin().take(MAX_RECORD).read_to_string(&mut text)?;
            text
        }
    };
    let data: Value = serde_json::from_str(&text).context("the record is not JSON")?;
    let condition = match args.if_version {
        Some(version) => Some(if_version(version)),
        None => args.create.then(|| (IF_NONE_MATCH, "*".to_owned())),
    };
    write(&Client::new(&args.server), &args.collection, &args.key, &data, condition)?;
    Ok(ExitCode::SUCCESS)
}

fn if_version(version: u64) -> (HeaderName, String) {
    (IF_MATCH, format!("\"{version}\""))
}

/// Writes a record and says so.
fn write(
    client: &Client<'_>,
    collection: &str,
    key: &str,
    data: &Value,
    condition: Option<(HeaderName, String)>,
) -> Result<()> {
    let path = record_path(collection, key);
    let written: RecordWritten =
        good(&client.ask_if(Method::PUT, &path, condition, Some(data))?)?.read()?;
    println!("{}, version {}", line(key), written.version);
    Ok(())
}

/// An answer that is good; one to a condition that does not hold says what to do.
fn good(reply: &Reply) -> Result<&Reply> {
    match reply.status {
        412 => bail!("{}; nothing was changed", reply.complaint()),
        _ if reply.is_good() => Ok(reply),
        _ => bail!(reply.complaint()),
    }
}

fn rm(args: &RecordsRmArgs) -> Result<ExitCode> {
    let path = record_path(&args.collection, &args.key);
    let condition = args.if_version.map(if_version);
    let reply = Client::new(&args.server).ask_if(Method::DELETE, &path, condition, None)?;
    good(&reply)?.read::<Done>()?;
    println!("{} is removed", line(&args.key));
    Ok(ExitCode::SUCCESS)
}
