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
    Backup(StoreBackupArgs),
    Verify(StoreVerifyArgs),
    #[command(visible_alias = "restore")]
    Recover(StoreRecoverArgs),
}

/// Creates the DynamoDB table for a store that several processes share, or completes an existing
/// one.
///
/// The table is billed per request and has time to live, point-in-time recovery and deletion
/// protection. Region and credentials come from where the AWS SDK finds them. You can run this
/// again without harm.
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

/// Creates an encryption key for a store, in a file for `store.key_file`.
///
/// With --kms, the file holds a key that only AWS KMS can unwrap; the server asks KMS when it
/// starts. To rotate keys, add one to the file with --add and restart the server: the first key
/// encrypts, and all of them decrypt.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph store new-key -o store.key\n  dialgraph store new-key --kms alias/dialgraph-store -o store.key\n  dialgraph store new-key --kms alias/dialgraph-store -o store.key --add"
)]
pub(crate) struct NewKeyArgs {
    /// The file, which must not exist yet.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Has AWS KMS create and wrap the key with this KMS key, by id, ARN or alias.
    #[arg(long, value_name = "KEY")]
    pub(crate) kms: Option<String>,
    /// Adds the new key in front of those in the file.
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

/// Exports everything in a store to one file: calls, records, tickets, releases, plugins and flows.
///
/// Encrypted rows stay encrypted, so keep their key, too. Stop the server before you export an
/// embedded store.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph store export -o backup.jsonl\n  dialgraph store export -o backup.jsonl --resume"
)]
pub(crate) struct StoreExportArgs {
    /// The file, in JSON Lines; only its owner may read it.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Continues an export that was interrupted.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Prints what was exported as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// Imports an export into a store, which may be of another kind.
///
/// The command checks the whole file first. It skips rows that the store holds already, so you can
/// repeat an interrupted import, and it never overwrites a row that differs.
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

/// The running server that does the work, since no one else can open its store.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct RemoteArgs {
    /// Lets the server at this address do it, while it serves calls; default: open the store here.
    #[arg(long, value_name = "URL", env = "DIALGRAPH_SERVER")]
    pub(crate) server: Option<String>,
    /// An operator's token.
    #[arg(long, value_name = "TOKEN", env = "DIALGRAPH_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// PEM file of certificate authorities to trust beside the public ones.
    #[arg(long, value_name = "FILE", env = "DIALGRAPH_CA")]
    pub(crate) ca: Option<PathBuf>,
}

/// Removes calls that ended long ago, with their turns and late replies, but never a call in
/// progress.
///
/// Call logs and other records stay unless you name them. The audit log says what was removed.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph store purge --older-than 90d --dry-run\n  dialgraph store purge --older-than 90d --records call_logs --tickets\n  dialgraph store purge --older-than 90d --server http://127.0.0.1:7700"
)]
pub(crate) struct StorePurgeArgs {
    /// The time since a call's last turn, such as `90d` or `36h`.
    #[arg(long, value_name = "TIME", value_parser = crate::commands::store::age)]
    pub(crate) older_than: std::time::Duration,
    /// Also removes records of this collection that were last written that long ago.
    #[arg(long, value_name = "COLLECTION")]
    pub(crate) records: Vec<String>,
    /// Also removes tickets of the engine's own desk that were opened that long ago.
    #[arg(long)]
    pub(crate) tickets: bool,
    /// Shows what would be removed, without removing it.
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

/// Erases one customer: records, call logs, calls, tickets, and what other calls hold about them.
///
/// `erase:` in the project's dialgraph.yaml says where a customer is named. The audit log records
/// who erased whom and when, with a keyed hash in place of the customer. Exits with 1 if a call in
/// progress holds something; erase again once it is over.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph store erase --customer c-001 --dry-run\n  dialgraph store erase --customer c-001 --server http://127.0.0.1:7700"
)]
pub(crate) struct StoreEraseArgs {
    /// The customer's id.
    #[arg(long, value_name = "ID")]
    pub(crate) customer: String,
    /// Shows what would be removed, without removing it.
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

/// Backs up an embedded store: calls, records, tickets, releases, plugins and flows.
///
/// With --server, a running server does it while it serves calls, into the folder that it is
/// configured with; otherwise stop it first. Keep all backups of a store in one folder: you can
/// restore the store as of any commit since the oldest full backup.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph store backup /backup/dialgraph\n  dialgraph store backup --incremental --server http://127.0.0.1:7700"
)]
pub(crate) struct StoreBackupArgs {
    /// The folder; default: `store.backup` of the configuration.
    #[arg(value_name = "FOLDER", conflicts_with = "server")]
    pub(crate) folder: Option<PathBuf>,
    /// Backs up only what was committed since the last backup there, or everything if that is
    /// impossible.
    #[arg(long)]
    pub(crate) incremental: bool,
    /// How many full backups to keep there; default: all, or with --server as configured.
    #[arg(long, value_name = "COUNT", conflicts_with = "server", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) keep: Option<u32>,
    /// Prints the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// Verifies a store: reads every row, and checks that indexes, counts, checksums and the commit log
/// agree.
///
/// Exits with 1 if something is wrong. Changes nothing but what --repair-indexes asks for.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph store verify\n  dialgraph store verify --server http://127.0.0.1:7700"
)]
pub(crate) struct StoreVerifyArgs {
    /// Writes index rows of records that are missing and removes those that belong to none; calls
    /// go on.
    #[arg(long)]
    pub(crate) repair_indexes: bool,
    /// Prints what was found as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) remote: RemoteArgs,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// Recovers an embedded store from what is left of it: its database, its commit log, and backups.
///
/// Stop the server first. The command keeps the damaged files in a folder `damaged-…` within the
/// store's. If turns that callers were answered are in none of these places, it gives them up only
/// with --accept-loss, and the audit log says so.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph store recover --dry-run\n  dialgraph store recover --from /backup/dialgraph\n  dialgraph store recover --from /backup/dialgraph --to 2026-11-29T09:30:00+09:00"
)]
pub(crate) struct StoreRecoverArgs {
    /// A folder that `store backup` wrote; you can give several.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) from: Vec<PathBuf>,
    /// Restores the store as of a time, such as `2026-11-29T09:30:00+09:00`, or after a commit, by
    /// its number.
    #[arg(long, value_name = "TIME|COMMIT", value_parser = crate::commands::store::until)]
    pub(crate) to: Option<dialgraph_store::Until>,
    /// Gives up what is lost.
    #[arg(long)]
    pub(crate) accept_loss: bool,
    /// Shows what would be done, without doing it.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Prints the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}
