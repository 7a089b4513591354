//! The command line.

mod say;
mod store;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

pub(crate) use self::say::SayArgs;
#[cfg(feature = "aws")]
pub(crate) use self::say::SpeechFormat;
pub(crate) use self::store::*;

/// A self-hosted engine for phone and chat flows.
#[derive(Debug, Parser)]
#[command(name = "dialgraph", version, about, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Call(CallArgs),
    Test(TestArgs),
    Check(CheckArgs),
    Serve(ServeArgs),
    Say(Box<SayArgs>),
    Health(HealthArgs),
    /// Looks at the calls of a running server.
    #[command(subcommand)]
    Calls(CallsCommand),
    /// Prepares Amazon Connect.
    #[command(subcommand)]
    Connect(ConnectCommand),
    /// Looks after the store: backups, retention, erasing.
    #[command(
        subcommand,
        after_help = "Examples:\n  dialgraph store export -o backup.jsonl\n  dialgraph store purge --older-than 90d --dry-run"
    )]
    Store(StoreCommand),
    /// Looks at flows.
    #[command(
        subcommand,
        after_help = "Examples:\n  dialgraph flow graph main-entry\n  dialgraph flow push flows --dry-run"
    )]
    Flow(FlowCommand),
    /// Makes, looks at and tries plugins.
    #[command(
        subcommand,
        after_help = "Examples:\n  dialgraph plugin new loyalty-points\n  dialgraph plugin inspect hours-check\n  dialgraph plugin run loyalty_points.wasm --input '{\"name\": \"Hana\"}'"
    )]
    Plugin(PluginCommand),
}

/// Where the flows are.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct ProjectArgs {
    /// The folder that holds `dialgraph.yaml`; default: the nearest from here upwards, itself or its `flows`.
    #[arg(long, value_name = "FOLDER", env = "DIALGRAPH_PROJECT", global = true)]
    pub(crate) project: Option<PathBuf>,
}

/// Holds a call in the terminal.
///
/// Type what the caller says; digits, * and # are keys, such as `1#`; `:help` lists what else can happen.
/// Without a terminal the lines are read from standard input.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph call\n  dialgraph call --at 2026-11-20T21:30:00+09:00 --from +82-10-0000-0101\n  printf '1\\n' | dialgraph call --trace"
)]
pub(crate) struct CallArgs {
    /// The flow in which the call begins, by name or file; default: the project's entry.
    pub(crate) flow: Option<String>,
    /// When the call begins, RFC 3339 with offset; default: now.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// The caller's number; default: withheld.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) from: Option<String>,
    /// The language in which the call begins; default: the project's first.
    #[arg(long, value_name = "LOCALE")]
    pub(crate) locale: Option<String>,
    #[arg(long, value_enum, default_value_t = ChannelArg::Voice)]
    pub(crate) channel: ChannelArg,
    /// Shows every node: the port taken and why, host calls, instructions and memory.
    #[arg(long)]
    pub(crate) trace: bool,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ChannelArg {
    Voice,
    Chat,
}

/// Runs call scripts (`*.call.yaml`) in virtual time and compares their transcripts with the snapshots.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph test\n  dialgraph test tests/calls/fallback --filter silent\n  dialgraph test --accept\n  dialgraph test --junit results.xml"
)]
pub(crate) struct TestArgs {
    /// Scripts, or folders with scripts; default: `tests/calls`, here or beside the flows.
    pub(crate) paths: Vec<PathBuf>,
    /// Runs only scripts whose path or sentence contains this.
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Keeps the transcripts of this run as the snapshots (and with --costs the costs as the budget).
    #[arg(long)]
    pub(crate) accept: bool,
    /// Compares what each plugin cost at each node with the budget, too.
    #[arg(long)]
    pub(crate) costs: bool,
    /// Prints the results as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Writes the results as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Scripts run side by side; default: one for each processor.
    #[arg(long, value_name = "COUNT")]
    pub(crate) jobs: Option<usize>,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
}

/// Proves what can be proved of flows before a call.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph check\n  dialgraph check main-entry --json\n  dialgraph check --explain DG0201"
)]
pub(crate) struct CheckArgs {
    /// Flows by name or file, or project folders; default: the project.
    pub(crate) paths: Vec<PathBuf>,
    /// Prints the diagnostics as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Warnings fail the check, too.
    #[arg(long)]
    pub(crate) deny_warnings: bool,
    /// Tells what a code means and how to put it right.
    #[arg(long, value_name = "CODE", conflicts_with = "paths")]
    pub(crate) explain: Option<String>,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
}

/// Takes live calls: Amazon Connect's turns and any other channel, over HTTP.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph serve\n  dialgraph serve --print-config > dialgraph.toml\n  DIALGRAPH_SERVER__LISTEN=127.0.0.1:7701 dialgraph serve --config dialgraph.toml"
)]
pub(crate) struct ServeArgs {
    /// The configuration; default: `dialgraph.toml` in this folder, if there is one.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Prints every key with its meaning and value, as a file for `--config`, and ends.
    #[arg(long)]
    pub(crate) print_config: bool,
    /// The folder that holds `dialgraph.yaml`; default: `project.folder` of the configuration.
    #[arg(long, value_name = "FOLDER", env = "DIALGRAPH_PROJECT")]
    pub(crate) project: Option<PathBuf>,
}

/// Asks a running server whether it is well; for containers, whose images hold nothing else to ask with.
///
/// Exit codes: 0 it is; 1 it is not, or does not answer; 2 it could not be asked.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph health\n  dialgraph health --ready --server https://engine.example.com"
)]
pub(crate) struct HealthArgs {
    /// Asks whether calls should be sent to it, not only whether it lives.
    #[arg(long)]
    pub(crate) ready: bool,
    /// Where it is.
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:7700",
        env = "DIALGRAPH_SERVER"
    )]
    pub(crate) server: String,
    /// PEM file of certificate authorities to trust beside the public ones.
    #[arg(long, value_name = "FILE", env = "DIALGRAPH_CA")]
    pub(crate) ca: Option<PathBuf>,
    /// Seconds to wait for an answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    pub(crate) timeout: u64,
    /// Prints what the server says of itself as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConnectCommand {
    BridgeFlow(Box<BridgeFlowArgs>),
    DeployTemplate(Box<DeployTemplateArgs>),
    Lint(LintArgs),
}

/// Prints the one contact flow that asks the engine for every decision, ready to be imported.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  dialgraph connect bridge-flow \\\n    --lambda-arn arn:aws:lambda:ap-northeast-2:111122223333:function:dialgraph \\\n    --queue general=arn:aws:connect:ap-northeast-2:111122223333:instance/…/queue/… \\\n    --lex-bot-alias-arn arn:aws:lex:ap-northeast-2:111122223333:bot-alias/…/… > bridge.json"
)]
pub(crate) struct BridgeFlowArgs {
    /// The Lambda function that bridges to the engine.
    #[arg(long, value_name = "ARN")]
    pub(crate) lambda_arn: String,
    /// Which queue of Connect a queue of the project is; each queue needs one.
    #[arg(long, value_name = "NAME=ARN")]
    pub(crate) queue: Vec<String>,
    #[command(flatten)]
    pub(crate) flow: ContactFlowArgs,
}

/// What the bridge flow is like, wherever its ARNs come from.
#[derive(Debug, ClapArgs)]
pub(crate) struct ContactFlowArgs {
    /// The Lex V2 bot alias that listens, for one language or for all.
    #[arg(long, value_name = "[LOCALE=]ARN")]
    pub(crate) lex_bot_alias_arn: Vec<String>,
    /// The queue of the project for callers whom the engine cannot serve; default: the project's.
    #[arg(long, value_name = "NAME")]
    pub(crate) fallback_queue: Option<String>,
    /// An attribute of the call that is set on the contact before it is given away.
    #[arg(long, value_name = "NAME")]
    pub(crate) attribute: Vec<String>,
    /// An attribute of the contact that the call begins with.
    #[arg(long, value_name = "NAME")]
    pub(crate) pass: Vec<String>,
    /// A contact flow that `transfer: connect-flow:NAME` leads to.
    #[arg(long, value_name = "NAME=ARN")]
    pub(crate) flow: Vec<String>,
    /// The voice of Amazon Polly for a language, such as `ko-KR=Seoyeon` or `en-US=Joanna:standard`.
    #[arg(long, value_name = "LOCALE=VOICE[:ENGINE]")]
    pub(crate) voice: Vec<String>,
    /// The flow in which calls begin; default: the project's entry.
    #[arg(long, value_name = "FLOW")]
    pub(crate) start_flow: Option<String>,
    /// The language in which calls begin, or a reference such as `$.Attributes.language`; default: the project's first.
    #[arg(long, value_name = "LOCALE")]
    pub(crate) start_locale: Option<String>,
    /// What the flow is called in Connect.
    #[arg(long, default_value = "Dialgraph")]
    pub(crate) name: String,
    /// Lets Connect log the flow, with what callers say and press.
    #[arg(long)]
    pub(crate) log: bool,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
}

/// Prints a CloudFormation template of the whole: function, permissions, queues, flow, alarms, dashboard; and the table
/// (with its key, recovery and time to live) in the serverless form, or for engines that share one with `--table`.
///
/// What an account has of its own are the template's parameters. Queues, hours and routing profiles are the project's:
/// `data/queues.yaml`, `data/calendars.yaml`, `data/routing-profiles.yaml`.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph connect deploy-template > dialgraph.yaml\n  dialgraph connect deploy-template --form serverless --holidays 2026-12-01..2027-12-31 > dialgraph.yaml\n  aws cloudformation deploy --template-file dialgraph.yaml --stack-name dialgraph --s3-bucket BUCKET --capabilities CAPABILITY_IAM --parameter-overrides ConnectInstanceArn=… CodeBucket=… CodeKey=… EngineUrl=https://engine.example.com"
)]
pub(crate) struct DeployTemplateArgs {
    /// Whether the function asks an engine elsewhere, or has it within.
    #[arg(long, value_enum, default_value_t = FormArg::Bridge)]
    pub(crate) form: FormArg,
    #[arg(long, value_enum, default_value_t = TemplateFormat::Yaml)]
    pub(crate) format: TemplateFormat,
    /// Days for which Connect is told the days off: it knows dates only, no rules, and at most 50 of them.
    #[arg(long, value_name = "DATE..DATE")]
    pub(crate) holidays: Option<String>,
    /// With `--form bridge`: also makes the DynamoDB table for engines that share one, and a policy for their role.
    #[arg(long)]
    pub(crate) table: bool,
    /// A Lex V2 bot that understands callers for the engine (`aws.lex_bots`).
    #[arg(long, value_name = "NAME=BOT_ID/ALIAS_ID")]
    pub(crate) lex_bot: Vec<String>,
    /// A Bedrock model, or inference profile, for the engine: first that for requests that name none (`aws.model`), then
    /// others by name (`aws.models`).
    #[arg(long, value_name = "[NAME=]ID")]
    pub(crate) model: Vec<String>,
    /// A Bedrock guardrail for the engine (`aws.guardrails`).
    #[arg(long, value_name = "NAME=ID/VERSION")]
    pub(crate) guardrail: Vec<String>,
    /// The Bedrock model by whose embeddings the engine finds articles.
    #[arg(long, value_name = "ID")]
    pub(crate) embedding_model: Option<String>,
    /// Lets the engine's role have prompts spoken by Polly.
    #[arg(long)]
    pub(crate) polly: bool,
    #[command(flatten)]
    pub(crate) flow: ContactFlowArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormArg {
    Bridge,
    Serverless,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum TemplateFormat {
    Yaml,
    Json,
}

/// Checks contact flows (flow language 2019-10-30) as strictly as Amazon Connect does.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  dialgraph connect lint bridge.json")]
pub(crate) struct LintArgs {
    #[arg(required = true)]
    pub(crate) files: Vec<std::path::PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FlowCommand {
    Graph(GraphArgs),
    Push(FlowPushArgs),
    /// Lists the flows that are live on a server, or the versions of one.
    List(ListArgs),
    Diff(FlowDiffArgs),
    /// Takes a flow, or with --release everything, back to an earlier version.
    Rollback(RollbackArgs),
    /// Keeps a flow at the version that is live, whatever is pushed.
    Pin(PinArgs),
    Canary(CanaryArgs),
}

/// Prints the graph of a flow.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph flow graph main-entry\n  dialgraph flow graph main-entry --format dot | dot -Tsvg > main-entry.svg"
)]
pub(crate) struct GraphArgs {
    /// Name of the flow, or its file.
    pub(crate) flow: String,
    #[arg(long, value_enum, default_value_t = GraphFormat::Mermaid)]
    pub(crate) format: GraphFormat,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum GraphFormat {
    Mermaid,
    Dot,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    New(NewArgs),
    Inspect(InspectArgs),
    Run(Box<RunArgs>),
    Push(PluginPushArgs),
    /// Lists the plugins that are live on a server, or the versions of one.
    List(ListArgs),
    /// Takes a plugin, or with --release everything, back to an earlier version.
    Rollback(RollbackArgs),
    /// Keeps a plugin at the version that is live, whatever is pushed.
    Pin(PinArgs),
}

/// Makes a new plugin that builds, passes its tests and can be used in a flow at once.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  dialgraph plugin new loyalty-points")]
pub(crate) struct NewArgs {
    /// Lower-case words joined by `-`.
    pub(crate) name: String,
    /// Where to put it; default: a folder of that name.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
}

/// Shows what a plugin is and what it needs.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph plugin inspect loyalty_points.wasm\n  dialgraph plugin inspect hours-check --json"
)]
pub(crate) struct InspectArgs {
    /// A component file, or the name of a plugin of the project or of one that comes with dialgraph.
    pub(crate) plugin: String,
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
}

/// Runs a plugin alone and shows what it did and what it cost.
///
/// Its host calls are answered by the project's local providers, or by `--reply`.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph plugin run hours-check --config '{\"calendar\": {\"zone\": \"Asia/Seoul\", \"weekly\": {\"mon\": [[\"09:00\", \"18:00\"]]}}}'\n  dialgraph plugin run lookup.wasm --input @input.json --reply 'records.find={\"records\": [], \"more\": false}'"
)]
pub(crate) struct RunArgs {
    /// A component file, or the name of a plugin of the project or of one that comes with dialgraph.
    pub(crate) plugin: String,
    /// The node's configuration: JSON, or @FILE.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) config: String,
    /// The values of `with`: JSON, or @FILE.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) input: String,
    /// What the visit returned with its last ask: JSON, or @FILE.
    #[arg(long, value_name = "JSON")]
    pub(crate) state: Option<String>,
    /// The caller said this.
    #[arg(long, value_name = "TEXT", group = "event")]
    pub(crate) says: Option<String>,
    /// The caller pressed these keys.
    #[arg(long, value_name = "KEYS", group = "event")]
    pub(crate) presses: Option<String>,
    /// The caller was silent.
    #[arg(long, group = "event")]
    pub(crate) silent: bool,
    /// When the turn begins, RFC 3339 with offset; default: now.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    #[arg(long, default_value = "ko-KR")]
    pub(crate) locale: String,
    /// The caller's number.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) from: Option<String>,
    /// Answers a function's next call, such as `records.find=JSON`, or fails it: `nlu.recognize=!unavailable`.
    #[arg(long, value_name = "FUNCTION=JSON")]
    pub(crate) reply: Vec<String>,
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
}

/// A server that is running.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct ServerArgs {
    /// Where it is.
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:7700",
        env = "DIALGRAPH_SERVER"
    )]
    pub(crate) server: String,
    /// Who asks: a bearer token that the server knows.
    #[arg(long, value_name = "TOKEN", env = "DIALGRAPH_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// PEM file of certificate authorities to trust beside the public ones.
    #[arg(long, value_name = "FILE", env = "DIALGRAPH_CA")]
    pub(crate) ca: Option<PathBuf>,
    /// Seconds to wait for an answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub(crate) timeout: u64,
}

/// How something goes live.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct PushArgs {
    /// Lets plugins reach more than until now: `http`, `http=api.example.com`, or for one plugin `ticketing:http`.
    #[arg(long, value_name = "ACCESS")]
    pub(crate) allow: Vec<String>,
    /// For the history.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,
    /// Only so many of 100 new calls get it, until it is promoted or withdrawn.
    #[arg(long, value_name = "PERCENT")]
    pub(crate) canary: Option<u8>,
    /// Checks everything and changes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Prints what came of it as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Makes new versions of plugins live on a server, all or none.
///
/// Everything is checked before anything changes: signatures, imports against grants, and the flows against the
/// plugins. Calls in progress keep the versions that they began with.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph plugin push target/wasm32-wasip2/release/loyalty_points.wasm\n  dialgraph plugin push ticketing.wasm --with flows/dialgraph.yaml --allow ticketing:http=api.example.com\n  dialgraph plugin push auth.wasm --canary 10 --why \"asks for the postcode first\""
)]
pub(crate) struct PluginPushArgs {
    /// Component files; a `.minisig` beside one goes with it.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// What the plugin is called; default: as its file.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Flows and other files of the project that go live in the same moment.
    #[arg(long, value_name = "FILE")]
    pub(crate) with: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) push: PushArgs,
}

/// Makes flows and other files of a project live on a server, all or none.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph flow push flows/main-entry.flow.yaml\n  dialgraph flow push flows/vip-customer.flow.yaml flows/data/queues.yaml --dry-run\n  dialgraph flow push flows"
)]
pub(crate) struct FlowPushArgs {
    /// Flow files, other files of the project, or a project folder for all that it holds.
    pub(crate) paths: Vec<PathBuf>,
    /// Takes this flow out.
    #[arg(long, value_name = "FLOW")]
    pub(crate) remove: Option<String>,
    #[command(flatten)]
    pub(crate) push: PushArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ListArgs {
    /// Lists the versions of this one.
    pub(crate) name: Option<String>,
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Compares the flows of the project with those that are live.
#[derive(Debug, ClapArgs)]
pub(crate) struct FlowDiffArgs {
    /// Only this flow.
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph flow rollback main-entry\n  dialgraph plugin rollback auth --to 3fa9c2\n  dialgraph flow rollback --release --to 12"
)]
pub(crate) struct RollbackArgs {
    /// What goes back.
    pub(crate) name: Option<String>,
    /// Everything goes back: the whole release.
    #[arg(long, conflicts_with = "name")]
    pub(crate) release: bool,
    /// To the version with this digest (or its first digits), or the release with this number; default: one step.
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<String>,
    /// As with `push`: what the earlier version may reach that the present one does not.
    #[arg(long, value_name = "ACCESS")]
    pub(crate) allow: Vec<String>,
    /// For the history.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct PinArgs {
    pub(crate) name: String,
    /// Takes the pin off.
    #[arg(long)]
    pub(crate) off: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Shows how the release does that a share of new calls tries, and ends the trial one way or the other.
#[derive(Debug, ClapArgs)]
#[command(group = clap::ArgGroup::new("what").multiple(false))]
pub(crate) struct CanaryArgs {
    /// So many of 100 new calls get it.
    #[arg(long, value_name = "PERCENT", group = "what")]
    pub(crate) share: Option<u8>,
    /// All new calls get it.
    #[arg(long, group = "what")]
    pub(crate) promote: bool,
    /// None gets it any more.
    #[arg(long, group = "what")]
    pub(crate) withdraw: bool,
    /// For the history.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CallsCommand {
    Ls(LsArgs),
    Show(ShowArgs),
    Tail(TailArgs),
    Export(ExportArgs),
}

/// Lists the calls in progress.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph calls ls --server https://engine.example.com\n  dialgraph calls ls --all --json"
)]
pub(crate) struct LsArgs {
    /// Lists so many at most.
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub(crate) limit: usize,
    /// Lists all of them.
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Shows one call: what was said, which way it went, what was asked of the world.
///
/// What its flows mark as sensitive is not shown.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  dialgraph calls show 3f0c1c4e-6f5e-4c3b-9b0a-2f1d5c7e8a90")]
pub(crate) struct ShowArgs {
    /// The call's id; for Amazon Connect the contact id.
    pub(crate) call: String,
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Follows a call to its end, or all calls until interrupted.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  dialgraph calls tail")]
pub(crate) struct TailArgs {
    /// The call's id; default: all.
    pub(crate) call: Option<String>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Writes calls as JSON, one a line.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  dialgraph calls export c-1 c-2 > calls.jsonl")]
pub(crate) struct ExportArgs {
    /// Their ids; default: all in progress.
    pub(crate) calls: Vec<String>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
