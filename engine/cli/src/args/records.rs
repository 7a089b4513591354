//! `dialgraph records`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

use super::ServerArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum RecordsCommand {
    Ls(RecordsLsArgs),
    Get(RecordsGetArgs),
    Find(RecordsFindArgs),
    Put(RecordsPutArgs),
    Edit(RecordsEditArgs),
    Rm(RecordsRmArgs),
    Import(Box<RecordsImportArgs>),
    Export(RecordsExportArgs),
    Accesses(RecordsAccessesArgs),
}

/// Lists the collections, or the records of one.
#[derive(Debug, ClapArgs)]
pub(crate) struct RecordsLsArgs {
    /// The collection; default: lists the collections.
    pub(crate) collection: Option<String>,
    /// At most this many records.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    pub(crate) limit: usize,
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Shows a record.
#[derive(Debug, ClapArgs)]
pub(crate) struct RecordsGetArgs {
    pub(crate) collection: String,
    pub(crate) key: String,
    /// Prints only the fields, as JSON that `put` takes.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Finds records by an index of their collection.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph records find customers phone 010-0000-0101\n  dialgraph records find customers company 한빛가상"
)]
pub(crate) struct RecordsFindArgs {
    pub(crate) collection: String,
    /// Name of the index; `ls` shows them.
    pub(crate) index: String,
    /// For an exact index, one value for each of its fields; otherwise any of these numbers or
    /// names.
    #[arg(required = true)]
    pub(crate) values: Vec<String>,
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub(crate) limit: u32,
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Writes a record whole: it replaces all fields.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  dialgraph records get customers c-1 --json > c-1.json\n  dialgraph records put customers c-1 c-1.json"
)]
pub(crate) struct RecordsPutArgs {
    pub(crate) collection: String,
    pub(crate) key: String,
    /// A file with the fields as JSON; default: standard input.
    pub(crate) file: Option<PathBuf>,
    /// Only if there is no such record yet.
    #[arg(long, conflicts_with = "if_version")]
    pub(crate) create: bool,
    /// Only if the record has this version.
    #[arg(long, value_name = "VERSION")]
    pub(crate) if_version: Option<u64>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Changes fields of a record; the others stay.
///
/// Fails if somebody else changes the record at the same moment.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph records edit engineers e-1 is_available=false\n  dialgraph records edit customers c-1 contact_info.phone=+82-10-0000-0199 notes="
)]
pub(crate) struct RecordsEditArgs {
    pub(crate) collection: String,
    pub(crate) key: String,
    /// A field (`a.b` for nested ones) and its value, as text where the collection's schema says so
    /// and as JSON otherwise; no value removes the field.
    /// Default: opens the record in $VISUAL or $EDITOR.
    #[arg(value_name = "FIELD=VALUE")]
    pub(crate) fields: Vec<String>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Removes a record.
#[derive(Debug, ClapArgs)]
pub(crate) struct RecordsRmArgs {
    pub(crate) collection: String,
    pub(crate) key: String,
    /// Only if the record has this version.
    #[arg(long, value_name = "VERSION")]
    pub(crate) if_version: Option<u64>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Writes the records of a CSV or JSON Lines file. Calls go on.
///
/// Every row that cannot be a record of the collection is reported with its line, its column and
/// the reason; the others are written. A row replaces all fields of the record with its key,
/// unless the record is as the row already. With --merge, it replaces the fields that it has; with
/// --only-new, records that exist stay. You can run an import again after you corrected the file,
/// or after it broke off.
///
/// A CSV file has a line of column names. A column goes into the field of its name (`a.b` for
/// nested fields), or where --map says. Cells become the type that the collection's schema gives
/// the field; several values of a list are separated by `;`. An empty cell leaves its field out.
///
/// A JSON Lines file has one record a line: as `export` writes them, or with --key the fields
/// alone.
///
/// Exit codes: 0 every row is in the store; 1 rows were rejected; 2 the import could not be made.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph records import customers customers.csv --key customer_id --dry-run\n  dialgraph records import customers crm.csv --key 'Customer No' --map 'Customer No=customer_id' --map Phone=contact_info.phone --map Remarks=\n  dialgraph records import customers levels.csv --key customer_id --merge\n  dialgraph records import customers customers.jsonl"
)]
pub(crate) struct RecordsImportArgs {
    pub(crate) collection: String,
    /// The file; `-`: standard input.
    pub(crate) file: PathBuf,
    /// Default: as the file's name ends.
    #[arg(long, value_enum)]
    pub(crate) format: Option<RecordsFormat>,
    /// The column, or the field of a JSON line, that holds the key.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) key: Option<String>,
    /// Puts a column of a CSV file into another field; without a field, leaves it out.
    #[arg(long, value_name = "COLUMN=FIELD")]
    pub(crate) map: Vec<String>,
    /// Encoding of a CSV file, such as `euc-kr` (also `cp949`), which Korean spreadsheets write.
    #[arg(long, value_name = "NAME", default_value = "utf-8")]
    pub(crate) encoding: String,
    /// Separates the cells of a CSV file; `\t` is a tab.
    #[arg(long, value_name = "CHARACTER", default_value = ",")]
    pub(crate) separator: String,
    /// Leaves records that exist as they are.
    #[arg(long)]
    pub(crate) only_new: bool,
    /// Replaces only the fields that a row has: those of other columns and of empty cells stay.
    #[arg(long, conflicts_with = "only_new")]
    pub(crate) merge: bool,
    /// Reports what would be written and what is wrong, and writes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Goes on at this line, after an import that broke off.
    #[arg(long, value_name = "LINE")]
    pub(crate) from_line: Option<u64>,
    /// Prints the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordsFormat {
    Csv,
    Jsonl,
}

/// Writes all records of a collection as JSON Lines: `{"key": …, "data": {…}}`, one a line.
///
/// Exit codes: 0 all of them; 1 all but records that cannot be read, which are named; 2 the export
/// could not be made.
#[derive(Debug, ClapArgs)]
pub(crate) struct RecordsExportArgs {
    pub(crate) collection: String,
    /// The file, whose name ends in `.jsonl`; default: standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Shows who asked for records and tickets, or for one record.
///
/// Lists and exports show many records at once, and have one line for each page.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph records accesses\n  dialgraph records accesses customers c-001"
)]
pub(crate) struct RecordsAccessesArgs {
    #[arg(requires = "key")]
    pub(crate) collection: Option<String>,
    pub(crate) key: Option<String>,
    /// At most this many lines.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    pub(crate) limit: usize,
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
