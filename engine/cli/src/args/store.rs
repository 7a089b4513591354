//! `dialgraph store`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    CreateTable(CreateTableArgs),
    NewKey(NewKeyArgs),
    Export(StoreExportArgs),
    Import(StoreImportArgs),
    Purge(StorePurgeArgs),
    Erase(StoreEraseArgs),
}

/// Makes the DynamoDB table of a store that several processes share, or completes one that is there.
///
/// The table is paid for by request; time to live, point-in-time recovery and deletion protection are switched on. Region
/// and credentials are found where the AWS SDK looks for them. Doing it again changes nothing.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  AWS_PROFILE=operator dialgraph store create-table --table dialgraph --region ap-northeast-2"
)]
pub(crate) struct CreateTableArgs {
    /// Its name, as in `store.table`.
    #[arg(long, value_name = "NAME")]
    pub(crate) table: String,
    /// Where; default: as the SDK finds it.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
}

/// Makes a key that seals a store, into a file for `store.key_file`.
///
/// With --kms the file holds a key that only AWS KMS can open, which the server asks when it starts. To rotate, add a
/// key to the file with --add and restart the server: the first key seals, all of them open.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph store new-key -o store.key\n  dialgraph store new-key --kms alias/dialgraph-store -o store.key\n  dialgraph store new-key --kms alias/dialgraph-store -o store.key --add"
)]
pub(crate) struct NewKeyArgs {
    /// The file; it must not be there yet.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Has the key made and wrapped by this key of AWS KMS: its id, ARN or alias.
    #[arg(long, value_name = "KEY")]
    pub(crate) kms: Option<String>,
    /// Puts the new key in front of those that are in the file.
    #[arg(long)]
    pub(crate) add: bool,
    /// The region of KMS; default: `aws.region` of the configuration, or as the AWS SDK finds it.
    #[arg(long, value_name = "REGION", requires = "kms")]
    pub(crate) region: Option<String>,
}

/// Which store: as `dialgraph serve` finds it.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct StoreArgs {
    /// The server's configuration; default: `dialgraph.toml` in this folder, if there is one.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Writes all that a store holds into one file: calls, records, tickets, releases, plugins and flows.
///
/// Sealed rows stay sealed: keep their key, too. An embedded store is exported while no server has it.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph store export -o backup.jsonl\n  dialgraph store export -o backup.jsonl --resume"
)]
pub(crate) struct StoreExportArgs {
    /// The file, in JSON Lines; only its owner may read it.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Goes on with a file that was cut short.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Prints what was exported as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// Puts what an export holds into a store, which may be of another kind.
///
/// The file is checked as a whole first. What is there already and the same is passed over, so that an import that
/// was interrupted is simply made again; what is there and differs is never overwritten.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph store import backup.jsonl\n  DIALGRAPH_STORE__BACKEND=dynamodb dialgraph store import backup.jsonl"
)]
pub(crate) struct StoreImportArgs {
    pub(crate) file: PathBuf,
    /// Prints what was imported as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// A running server that is to do it, for a store that nobody else can open meanwhile.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct RemoteArgs {
    /// Has the server at this address do it, with calls up; default: the store is opened here.
    #[arg(long, value_name = "URL", env = "DIALGRAPH_SERVER")]
    pub(crate) server: Option<String>,
    /// An operator's token.
    #[arg(long, value_name = "TOKEN", env = "DIALGRAPH_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// PEM file of certificate authorities to trust beside the public ones.
    #[arg(long, value_name = "FILE", env = "DIALGRAPH_CA")]
    pub(crate) ca: Option<PathBuf>,
}

/// Removes calls that ended long ago, with their turns and late replies. Calls in progress are never touched.
///
/// Call logs and other records stay unless they are named. What was removed is told in the audit log.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph store purge --older-than 90d --dry-run\n  dialgraph store purge --older-than 90d --records call_logs --tickets\n  dialgraph store purge --older-than 90d --server http://127.0.0.1:7700"
)]
pub(crate) struct StorePurgeArgs {
    /// Since the call's last turn, such as `90d` or `36h`.
    #[arg(long, value_name = "TIME", value_parser = crate::commands::store::age)]
    pub(crate) older_than: std::time::Duration,
    /// A collection whose records go, too, that were not written for so long.
    #[arg(long, value_name = "COLLECTION")]
    pub(crate) records: Vec<String>,
    /// Tickets of the engine's own desk go, too, that were opened so long ago.
    #[arg(long)]
    pub(crate) tickets: bool,
    /// Tells what would be removed and removes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Prints what was removed as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// Removes everything of one customer: records, call logs, calls, tickets, and what other calls were told of them.
///
/// `erase:` in the project's dialgraph.yaml says where a customer is named. The audit log tells who did it and when, and
/// of whom by a keyed hash. Exits with 1 when a call in progress holds something: erase again when it is over.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph store erase --customer c-001 --dry-run\n  dialgraph store erase --customer c-001 --server http://127.0.0.1:7700"
)]
pub(crate) struct StoreEraseArgs {
    /// The customer's id.
    #[arg(long, value_name = "ID")]
    pub(crate) customer: String,
    /// Tells what would be removed and removes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Prints what was removed as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}
