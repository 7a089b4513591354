//! `dialgraph records import`.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;
use std::thread::{self, Scope, ScopedJoinHandle};

use anyhow::{Context as _, Result, anyhow, bail};
use encoding_rs::Encoding;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use dialgraph_api::records::{ImportRecords, ImportedRecord, MAX_IMPORTED, RecordsImported};
use dialgraph_visible::line;

use super::rows::{JsonLines, Row, Rows};
use super::table::Csv;
use super::{declared, path_of};
use crate::args::{RecordsFormat, RecordsImportArgs};
use crate::client::Client;

/// Bytes of records that are sent at once, so that a server and what is before it take them.
const BATCH_BYTES: usize = 4 << 20;

/// Requests that are under way at a time: the server checks one while it writes the other, and the
/// next is read meanwhile.
const UNDER_WAY: usize = 2;

/// Faults that are printed; all are counted, and `--json` has them all.
const PRINTED: u64 = 1_000;

/// What an import did.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Rows that were read.
    rows: u64,
    created: u64,
    replaced: u64,
    unchanged: u64,
    /// Rows with faults.
    rejected: u64,
    faults: Vec<Fault>,
    dry_run: bool,
}

#[derive(Debug, Serialize)]
struct Fault {
    line: u64,
    /// Empty: the row as a whole.
    column: String,
    why: String,
}

pub(super) fn run(args: &RecordsImportArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server);
    let collection = declared(&client, &args.collection)?;
    let mut rows = open(args, collection.schema.as_ref())?;
    // A row may name one of a request before, which must be written by then.
    let names_itself = collection.references.iter().any(|one| one.collection == collection.name);
    let mut import = Import {
        client,
        args,
        most_under_way: if names_itself { 1 } else { UNDER_WAY },
        report: Report { dry_run: args.dry_run, ..Report::default() },
        batch: Vec::new(),
        bytes: 0,
        wrong: Vec::new(),
        told: Vec::new(),
        lines: HashMap::new(),
        progress: bar(args),
        done_to: 0,
        has_sent: false,
    };
    let over = thread::scope(|scope| import.all(&mut *rows, scope));
    import.progress.finish_and_clear();
    if let Err(error) = over {
        let written = import.report.created + import.report.replaced;
        let line = import.done_to;
        if !import.has_sent {
            return Err(error);
        }
        if line == 0 {
            return Err(error.context(
                "the import broke off at its first rows, of which some may be in the store; import \
                 the file again",
            ));
        }
        return Err(error.context(format!(
            "the import broke off: the rows up to line {line} are in the store ({written} written), and \
             of those behind some may be; \
             continue with `--from-line {}`",
            line + 1
        )));
    }
    told(args, &import.report)
}

fn told(args: &RecordsImportArgs, report: &Report) -> Result<ExitCode> {
    if args.json {
        print_json!("{}", serde_json::to_string_pretty(report)?);
    } else {
        let hidden = (report.faults.len() as u64).saturating_sub(PRINTED);
        if hidden > 0 {
            eprintln!("… and {hidden} more faults; `--json` has all of them");
        }
        let Report { rows, created, replaced, unchanged, rejected, .. } = report;
        let end = if report.dry_run { "; nothing was written" } else { "" };
        let changed = if args.merge { "changed" } else { "replaced" };
        let unit = if *rows == 1 { "row" } else { "rows" };
        println!(
            "{rows} {unit}: {created} new, {replaced} {changed}, {unchanged} unchanged, \
             {rejected} rejected{end}"
        );
    }
    Ok(if report.rejected == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn bar(args: &RecordsImportArgs) -> ProgressBar {
    if args.json {
        return ProgressBar::hidden();
    }
    // It shows itself in a terminal only.
    let bar = ProgressBar::new_spinner();
    let style = ProgressStyle::with_template("{spinner} {human_pos} rows, {per_sec}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

fn encoding_name(args: &RecordsImportArgs) -> String {
    match args.encoding.to_ascii_lowercase().as_str() {
        // What spreadsheets call it.
        "cp949" | "ms949" => "euc-kr".to_owned(),
        "utf8" => "utf-8".to_owned(),
        other => other.to_owned(),
    }
}

/// The rows of the file, in whichever format.
fn open<'a>(
    args: &RecordsImportArgs,
    schema: Option<&serde_json::Value>,
) -> Result<Box<dyn Rows + 'a>> {
    let is_stdin = args.file == Path::new("-");
    let ending = args.file.extension().and_then(|ending| ending.to_str());
    let format = match (args.format, ending.map(str::to_ascii_lowercase).as_deref()) {
        (Some(format), _) => format,
        (None, Some("csv")) => RecordsFormat::Csv,
        (None, Some("jsonl" | "ndjson")) => RecordsFormat::Jsonl,
        _ => {
            bail!("`{}` could be anything; say --format csv or --format jsonl", args.file.display())
        }
    };
    let input: Box<dyn Read + 'a> = if is_stdin {
        Box::new(std::io::stdin())
    } else {
        let cannot = || format!("cannot read {}", args.file.display());
        let file = File::open(&args.file).with_context(cannot)?;
        if file.metadata().with_context(cannot)?.is_dir() {
            bail!("{} is a folder", args.file.display());
        }
        Box::new(file)
    };
    if format == RecordsFormat::Jsonl {
        if encoding_name(args) != "utf-8" {
            bail!("--encoding: JSON Lines are UTF-8");
        }
        if let Some(map) = args.map.first() {
            bail!("--map {map}: only columns of CSV files can be mapped");
        }
        return Ok(Box::new(JsonLines::new(input, args.key.clone())));
    }
    let key = args.key.as_deref().context("say with --key which column holds the key")?;
    let label = encoding_name(args);
    let unknown = || {
        let given = line(&args.encoding).into_owned();
        format!("--encoding: `{given}` is not known; use a name such as utf-8, euc-kr, utf-16le")
    };
    let encoding = Encoding::for_label(label.as_bytes()).with_context(unknown)?;
    let input: Box<dyn Read + 'a> = if encoding == encoding_rs::UTF_8 {
        input
    } else {
        let mut decoder = encoding_rs_io::DecodeReaderBytesBuilder::new();
        Box::new(decoder.encoding(Some(encoding)).build(input))
    };
    let mut map = BTreeMap::new();
    for one in &args.map {
        let Some((column, field)) = one.split_once('=') else {
            bail!("--map: `{}` is not COLUMN=FIELD", line(one));
        };
        let field = Some(field.to_owned()).filter(|field| !field.is_empty());
        if map.insert(column.to_owned(), field).is_some() {
            bail!("--map: `{}` is mapped twice", line(column));
        }
    }
    let is_decoded = encoding != encoding_rs::UTF_8;
    let separator = match args.separator.as_str() {
        "\\t" => b'\t',
        one if one.len() == 1 => one.as_bytes()[0],
        other => bail!("--separator: `{}` is not one character of ASCII", line(other)),
    };
    Ok(Box::new(Csv::new(input, separator, is_decoded, key, &map, schema)?))
}

/// Rows whose answer is awaited; without a request, rows with faults between two.
struct Sent<'s> {
    lines: Vec<u64>,
    answer: Option<ScopedJoinHandle<'s, Result<RecordsImported>>>,
    /// Rows with faults since the request before.
    wrong: Vec<Wrong>,
}

/// The line of a row, and what is wrong with it: columns and reasons.
type Wrong = (u64, Vec<(String, String)>);

struct Import<'a> {
    client: Client<'a>,
    args: &'a RecordsImportArgs,
    most_under_way: usize,
    report: Report,
    batch: Vec<(u64, ImportedRecord)>,
    bytes: usize,
    /// Rows with faults since the last batch, to be told in order with those that the server finds.
    wrong: Vec<Wrong>,
    /// Rows with faults whose turn it is.
    told: Vec<Wrong>,
    /// The line of each key so far. Hashes, since there may be millions; two keys with one hash are
    /// too unlikely to matter, and then one row is rejected with both lines named.
    lines: HashMap<u64, u64>,
    progress: ProgressBar,
    /// Every row up to this line is done with.
    done_to: u64,
    /// Rows to write have been sent.
    has_sent: bool,
}

impl<'a> Import<'a> {
    fn all<'s>(&mut self, rows: &mut dyn Rows, scope: &'s Scope<'s, '_>) -> Result<()>
    where
        'a: 's,
    {
        // In the order of the file, in which they are told of as well.
        let mut sent = VecDeque::new();
        while let Some(Row { line, record }) = rows.next()? {
            if self.args.from_line.is_some_and(|from| line < from) {
                if let Ok(record) = &record {
                    self.seen_at(line, &record.key);
                }
                continue;
            }
            self.report.rows += 1;
            match record {
                Ok(record) => self.take(line, record),
                Err(faults) => self.wrong.push((line, faults)),
            }
            // A file of another kind has nothing but faults; they are told as they come.
            if self.batch.len() == MAX_IMPORTED
                || self.bytes > BATCH_BYTES
                || self.wrong.len() >= MAX_IMPORTED
            {
                while sent.len() >= self.most_under_way {
                    self.hear(sent.pop_front(), rows)?;
                }
                sent.push_back(self.send(scope));
            }
        }
        while sent.len() >= self.most_under_way {
            self.hear(sent.pop_front(), rows)?;
        }
        sent.push_back(self.send(scope));
        while !sent.is_empty() {
            self.hear(sent.pop_front(), rows)?;
        }
        Ok(())
    }

    fn take(&mut self, line: u64, record: ImportedRecord) {
        if let Some(before) = self.seen_at(line, &record.key) {
            let why = format!("line {before} has the same key");
            self.wrong.push((line, vec![(String::new(), why)]));
            return;
        }
        self.bytes += record.key.len() + record.data.to_string().len();
        self.batch.push((line, record));
    }

    /// Remembers the line of a key; gives the line that had it before.
    fn seen_at(&mut self, line: u64, key: &str) -> Option<u64> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        match self.lines.entry(hasher.finish()) {
            Entry::Occupied(before) => Some(*before.get()),
            Entry::Vacant(free) => {
                free.insert(line);
                None
            }
        }
    }

    /// Sends the rows that were taken; the answer is heard later.
    fn send<'s>(&mut self, scope: &'s Scope<'s, '_>) -> Sent<'s>
    where
        'a: 's,
    {
        let (lines, records): (Vec<u64>, Vec<ImportedRecord>) =
            std::mem::take(&mut self.batch).into_iter().unzip();
        self.bytes = 0;
        let wrong = std::mem::take(&mut self.wrong);
        if records.is_empty() {
            return Sent { lines, answer: None, wrong };
        }
        let RecordsImportArgs { only_new, merge, dry_run, .. } = *self.args;
        let request = ImportRecords { records, only_new, merge, dry_run };
        self.has_sent |= !dry_run;
        let (client, path) = (self.client, path_of(&self.args.collection, "import"));
        let answer = scope.spawn(move || client.post(&path, &request)?.good());
        Sent { lines, answer: Some(answer), wrong }
    }

    /// Waits for the answer to rows that were sent, and counts what it tells.
    fn hear(&mut self, sent: Option<Sent<'_>>, rows: &dyn Rows) -> Result<()> {
        let Some(Sent { lines, answer, wrong }) = sent else { return Ok(()) };
        self.told.extend(wrong);
        let Some(answer) = answer else {
            self.tell();
            return Ok(());
        };
        let done = answer.join().map_err(|_| anyhow!("the request was given up in a panic"))??;
        self.report.created += done.created as u64;
        self.report.replaced += done.replaced as u64;
        self.report.unchanged += done.unchanged as u64;
        let mut faults: BTreeMap<usize, Vec<(String, String)>> = BTreeMap::new();
        for one in done.rejected {
            faults.entry(one.row).or_default().push((rows.column(&one.field), one.why));
        }
        let at = |row: usize| lines.get(row).copied().unwrap_or_default();
        self.told.extend(faults.into_iter().map(|(row, faults)| (at(row), faults)));
        self.tell();
        if let (Some(last), false) = (lines.last(), self.args.dry_run) {
            self.done_to = *last;
        }
        self.progress.inc(lines.len() as u64);
        Ok(())
    }

    /// Tells what is wrong with rows while the import goes on: whoever imports a million sees it
    /// before the end.
    fn tell(&mut self) {
        let mut wrong = std::mem::take(&mut self.told);
        wrong.sort_by_key(|(line, _)| *line);
        for (line, faults) in wrong {
            self.reject(line, faults);
        }
    }

    fn reject(&mut self, at: u64, faults: Vec<(String, String)>) {
        self.report.rejected += 1;
        for (column, why) in faults {
            if !self.args.json && (self.report.faults.len() as u64) < PRINTED {
                let file = self.args.file.display();
                let place = match column.as_str() {
                    "" => String::new(),
                    column => format!(" column `{}`:", line(column)),
                };
                self.progress.suspend(|| eprintln!("{file}:{at}:{place} {}", line(&why)));
            }
            self.report.faults.push(Fault { line: at, column, why });
        }
    }
}
