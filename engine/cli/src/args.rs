//! The command line.

mod engineers;
mod listen;
mod records;
mod say;
mod start;
mod store;
mod tickets;

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use dialgraph_base::Medium;

pub(crate) use self::engineers::*;
pub(crate) use self::listen::ListenArgs;
pub(crate) use self::records::*;
pub(crate) use self::say::SayArgs;
#[cfg(feature = "aws")]
pub(crate) use self::say::SpeechFormat;
pub(crate) use self::start::{CompletionsArgs, InitArgs, ManArgs, TemplateArg};
pub(crate) use self::store::*;
pub(crate) use self::tickets::*;

/// A self-hosted engine for phone and chat flows.
#[derive(Debug, Parser)]
#[command(
    name = "dialgraph",
    version,
    about,
    arg_required_else_help = true,
    after_help = "A project of your own: `dialgraph init my-desk`, then in that folder `dialgraph call`."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(InitArgs),
    Call(CallArgs),
    Test(TestArgs),
    Check(CheckArgs),
    Listen(Box<ListenArgs>),
    Serve(ServeArgs),
    Say(Box<SayArgs>),
    Health(HealthArgs),
    /// Lists and shows calls on a running server.
    #[command(subcommand)]
    Calls(CallsCommand),
    /// Reads, writes, imports and exports records on a running server: customers, engineers.
    #[command(
        subcommand,
        after_help = "Examples:\n  dialgraph records find customers phone +82-10-0000-0101\n  dialgraph records edit engineers e-1 is_available=false\n  dialgraph records import customers customers.csv --key customer_id --dry-run"
    )]
    Records(RecordsCommand),
    /// Shows and changes which engineers take calls and who is on duty, on a running server.
    #[command(
        subcommand,
        after_help = "Examples:\n  dialgraph engineers ls\n  dialgraph engineers away e-101\n  dialgraph engineers duty 2026-12-25 e-204"
    )]
    Engineers(EngineersCommand),
    /// Lists and changes tickets of the engine's own desk, on a running server.
    #[command(
        subcommand,
        after_help = "Examples:\n  dialgraph tickets ls\n  dialgraph tickets assign T-000001 e-101\n  dialgraph tickets close T-000001 --comment 'The disk was replaced.'"
    )]
    Tickets(TicketsCommand),
    /// Generates and checks what Amazon Connect needs.
    #[command(subcommand)]
    Connect(ConnectCommand),
    /// Maintains the store: backups, retention, erasure.
    #[command(
        subcommand,
        after_help = "Examples:\n  dialgraph store export -o backup.jsonl\n  dialgraph store purge --older-than 90d --dry-run"
    )]
    Store(StoreCommand),
    /// Lists, draws and rolls back flows.
    #[command(
        subcommand,
        after_help = "Examples:\n  dialgraph flow graph main-entry\n  dialgraph flow push flows/support-desk --dry-run"
    )]
    Flow(FlowCommand),
    /// Creates, inspects and tries plugins.
    #[command(
        subcommand,
        after_help = "Examples:\n  dialgraph plugin new loyalty-points\n  dialgraph plugin inspect hours-check\n  dialgraph plugin run loyalty_points.wasm --input '{\"name\": \"Hana\"}'"
    )]
    Plugin(PluginCommand),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// Where the flows are.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct ProjectArgs {
    /// The project folder: it, or its `flows` folder, holds `dialgraph.yaml`; default: the nearest
    /// folder, from here upwards.
    #[arg(long, value_name = "FOLDER", env = "DIALGRAPH_PROJECT", global = true)]
    pub(crate) project: Option<PathBuf>,
}

/// Simulates a call in the terminal.
///
/// Type what the caller says. Digits, * and # are keys, as in `1#`; `:help` lists everything else
/// that you can make happen. Without a terminal, the command reads the lines from standard input.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph call\n  dialgraph call --at 2026-11-20T21:30:00+09:00 --from +82-10-0000-0101\n  printf '1\\n' | dialgraph call --trace"
)]
pub(crate) struct CallArgs {
    /// The flow to start, by name or file; default: the project's entry.
    pub(crate) flow: Option<String>,
    /// The start time, as RFC 3339 with an offset; default: now.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// The caller's number; default: withheld.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) from: Option<String>,
    /// The language to start in; default: the project's first.
    #[arg(long, value_name = "LOCALE")]
    pub(crate) locale: Option<String>,
    #[arg(long, value_parser = medium(), default_value_t = Medium::Voice)]
    pub(crate) channel: Medium,
    /// Shows every node: which port it took and why, its host calls, instructions and memory.
    #[arg(long)]
    pub(crate) trace: bool,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
}

/// One of the media, with all of them in the help.
fn medium() -> impl TypedValueParser<Value = Medium> {
    PossibleValuesParser::new(Medium::WORDS).try_map(|word| word.parse::<Medium>())
}

/// Runs call scripts (`*.call.yaml`) in virtual time and compares their transcripts with the
/// snapshots.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph test\n  dialgraph test tests/calls/fallback --filter silent\n  dialgraph test --accept\n  dialgraph test --junit results.xml"
)]
pub(crate) struct TestArgs {
    /// Scripts, or folders with scripts; default: `tests/calls`, here or beside the flows.
    pub(crate) paths: Vec<PathBuf>,
    /// Runs only scripts whose path or title contains this text.
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Accepts this run: its transcripts become the snapshots, and with --costs its costs become
    /// the budget.
    #[arg(long)]
    pub(crate) accept: bool,
    /// Also compares the cost of each plugin at each node with the budget.
    #[arg(long)]
    pub(crate) costs: bool,
    /// Prints the results as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Writes the results as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// How many scripts run in parallel; default: one per processor.
    #[arg(long, value_name = "COUNT")]
    pub(crate) jobs: Option<usize>,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
}

/// Checks flows for every mistake that can be found before a call.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph check\n  dialgraph check main-entry --json\n  dialgraph check --explain DG0201"
)]
pub(crate) struct CheckArgs {
    /// Flows, by name or file, or project folders; default: the whole project.
    pub(crate) paths: Vec<PathBuf>,
    /// Prints the diagnostics as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Treats warnings as errors.
    #[arg(long)]
    pub(crate) deny_warnings: bool,
    /// Explains a diagnostic code and how to fix its cause.
    #[arg(long, value_name = "CODE", conflicts_with = "paths")]
    pub(crate) explain: Option<String>,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
}

/// Serves live calls over HTTP, from Amazon Connect and any other channel.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph serve\n  dialgraph serve --print-config > dialgraph.toml\n  DIALGRAPH_SERVER__LISTEN=127.0.0.1:7701 dialgraph serve --config dialgraph.toml"
)]
pub(crate) struct ServeArgs {
    /// The configuration file; default: `dialgraph.toml` in this folder, if it exists.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Prints every setting with its meaning and value, as a file for `--config`, and exits.
    #[arg(long)]
    pub(crate) print_config: bool,
    /// The project folder: it, or its `flows` folder, holds `dialgraph.yaml`; default:
    /// `project.folder` in the configuration.
    #[arg(long, value_name = "FOLDER", env = "DIALGRAPH_PROJECT")]
    pub(crate) project: Option<PathBuf>,
}

/// Checks the health of a running server, for containers that hold no other HTTP client.
///
/// Exit codes: 0 healthy; 1 unhealthy or no answer; 2 the check could not be made.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph health\n  dialgraph health --ready --server https://engine.example.com"
)]
pub(crate) struct HealthArgs {
    /// Checks readiness, whether it should get calls, instead of liveness.
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
    /// PEM file with certificate authorities to trust in addition to the public ones.
    #[arg(long, value_name = "FILE", env = "DIALGRAPH_CA")]
    pub(crate) ca: Option<PathBuf>,
    /// Seconds to wait for an answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    pub(crate) timeout: u64,
    /// Prints the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConnectCommand {
    BridgeFlow(Box<BridgeFlowArgs>),
    DeployTemplate(Box<DeployTemplateArgs>),
    Lint(LintArgs),
}

/// Prints the bridge flow, the one contact flow that asks the engine for every decision, ready to
/// import.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Example:\n  dialgraph connect bridge-flow \\\n    --lambda-arn arn:aws:lambda:ap-northeast-2:111122223333:function:dialgraph \\\n    --queue general=arn:aws:connect:ap-northeast-2:111122223333:instance/…/queue/… \\\n    --lex-bot-alias-arn arn:aws:lex:ap-northeast-2:111122223333:bot-alias/…/… > bridge.json"
)]
pub(crate) struct BridgeFlowArgs {
    /// The Lambda function that connects the flow to the engine.
    #[arg(long, value_name = "ARN")]
    pub(crate) lambda_arn: String,
    /// The Amazon Connect queue for a queue of the project; each queue needs one.
    #[arg(long, value_name = "NAME=ARN")]
    pub(crate) queue: Vec<String>,
    /// Formats it for people to read. It may then be too large to import.
    #[arg(long)]
    pub(crate) pretty: bool,
    #[command(flatten)]
    pub(crate) flow: ContactFlowArgs,
}

/// Options of the bridge flow, wherever its ARNs come from.
#[derive(Debug, ClapArgs)]
pub(crate) struct ContactFlowArgs {
    /// The Lex V2 bot alias that transcribes speech, for one language or for all.
    #[arg(long, value_name = "[LOCALE=]ARN")]
    pub(crate) lex_bot_alias_arn: Vec<String>,
    /// The project's queue for callers that the engine cannot serve; default: the project's
    /// fallback queue.
    #[arg(long, value_name = "NAME")]
    pub(crate) fallback_queue: Option<String>,
    /// A call attribute to set on the contact before it is handed over.
    #[arg(long, value_name = "NAME")]
    pub(crate) attribute: Vec<String>,
    /// A contact attribute that the call starts with. Connect sends texts; they become the type
    /// that the flows declare.
    #[arg(long, value_name = "NAME")]
    pub(crate) pass: Vec<String>,
    /// The contact flow for `transfer: connect-flow:NAME`.
    #[arg(long, value_name = "NAME=ARN")]
    pub(crate) flow: Vec<String>,
    /// The Amazon Polly voice for a language, such as `ko-KR=Seoyeon` or `en-US=Joanna:Standard`.
    #[arg(long, value_name = "LOCALE=VOICE[:ENGINE]")]
    pub(crate) voice: Vec<String>,
    /// The flow that calls start in; default: the project's entry.
    #[arg(long, value_name = "FLOW")]
    pub(crate) start_flow: Option<String>,
    /// The language that calls start in, or a reference such as `$.Attributes.language`; default:
    /// the project's first.
    #[arg(long, value_name = "LOCALE")]
    pub(crate) start_locale: Option<String>,
    /// The name of the flow in Amazon Connect.
    #[arg(long, default_value = "Dialgraph")]
    pub(crate) name: String,
    /// Turns on flow logs, which include what callers say and press.
    #[arg(long)]
    pub(crate) log: bool,
    /// The chats' client shows no interactive messages: what a question offers is listed in words.
    #[arg(long)]
    pub(crate) plain_chat: bool,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
}

/// Prints a CloudFormation template of the whole deployment: function, permissions, queues, flow,
/// alarms and dashboard. In the serverless form, or with `--table`, it also holds the DynamoDB
/// table.
///
/// Whatever differs from account to account is a parameter of the template. Queues, hours and
/// routing profiles come from the project: `data/queues.yaml`, `data/calendars.yaml`,
/// `data/routing-profiles.yaml`.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph connect deploy-template > dialgraph.yaml\n  dialgraph connect deploy-template --form serverless --holidays 2026-12-01..2027-12-31 > dialgraph.yaml\n  aws cloudformation deploy --template-file dialgraph.yaml --stack-name dialgraph --s3-bucket BUCKET --capabilities CAPABILITY_IAM --parameter-overrides ConnectInstanceArn=… CodeBucket=… CodeKey=… EngineUrl=https://engine.example.com"
)]
pub(crate) struct DeployTemplateArgs {
    /// Whether the function calls an engine elsewhere, or contains it.
    #[arg(long, value_enum, default_value_t = FormArg::Bridge)]
    pub(crate) form: FormArg,
    #[arg(long, value_enum, default_value_t = TemplateFormat::Yaml)]
    pub(crate) format: TemplateFormat,
    /// The period whose days off to list. Amazon Connect knows dates only, no rules, and at most 50
    /// of them.
    #[arg(long, value_name = "DATE..DATE")]
    pub(crate) holidays: Option<String>,
    /// With `--form bridge`: also creates the DynamoDB table that engines share, and a policy for
    /// their role.
    #[arg(long)]
    pub(crate) table: bool,
    /// A Lex V2 bot that recognises intents for the engine (`aws.lex_bots`).
    #[arg(long, value_name = "NAME=BOT_ID/ALIAS_ID")]
    pub(crate) lex_bot: Vec<String>,
    /// A Bedrock model or inference profile for the engine: first the default (`aws.model`), then
    /// others by name (`aws.models`).
    #[arg(long, value_name = "[NAME=]ID")]
    pub(crate) model: Vec<String>,
    /// A Bedrock guardrail for the engine (`aws.guardrails`).
    #[arg(long, value_name = "NAME=ID/VERSION")]
    pub(crate) guardrail: Vec<String>,
    /// The Bedrock model whose embeddings the engine uses to find articles.
    #[arg(long, value_name = "ID")]
    pub(crate) embedding_model: Option<String>,
    /// Lets the engine's role use Polly for prompts.
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
    /// Rolls back a flow, or with --release the whole release.
    Rollback(RollbackArgs),
    /// Pins a flow to its live version, whatever you push.
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
    /// Lists the plugins that are live on a server, or the versions of one; `inspect` shows those
    /// that come with dialgraph.
    List(ListArgs),
    /// Rolls back a plugin, or with --release the whole release.
    Rollback(RollbackArgs),
    /// Pins a plugin to its live version, whatever you push.
    Pin(PinArgs),
}

/// Creates a plugin that builds, passes its tests and works in a flow at once.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  dialgraph plugin new loyalty-points")]
pub(crate) struct NewArgs {
    /// The name: lower-case words joined by `-`.
    pub(crate) name: String,
    /// The folder to create; default: one of that name.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
}

/// Shows what a plugin is and what it needs.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph plugin inspect loyalty_points.wasm\n  dialgraph plugin inspect hours-check --json"
)]
pub(crate) struct InspectArgs {
    /// A component file, or the name of a plugin of the project or of one that comes with
    /// dialgraph.
    pub(crate) plugin: String,
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
}

/// Runs a plugin by itself and shows what it did and what it cost.
///
/// The project's local providers answer its host calls; a `--reply` answers a single call instead.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph plugin run hours-check --config '{\"calendar\": {\"zone\": \"Asia/Seoul\", \"weekly\": {\"mon\": [[\"09:00\", \"18:00\"]]}}}'\n  dialgraph plugin run lookup.wasm --input @input.json --reply 'records.find={\"records\": [], \"more\": false}'"
)]
pub(crate) struct RunArgs {
    /// A component file, or the name of a plugin of the project or of one that comes with
    /// dialgraph.
    pub(crate) plugin: String,
    /// The node's configuration: JSON, or @FILE.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) config: String,
    /// The values of `with`: JSON, or @FILE.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub(crate) input: String,
    /// The state that the plugin returned with its last ask: JSON, or @FILE.
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
    /// The time of the turn, as RFC 3339 with an offset; default: now.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    #[arg(long, default_value = "ko-KR")]
    pub(crate) locale: String,
    /// The caller's number.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) from: Option<String>,
    /// Answers the next call of a function, as in `records.find=JSON`, or fails it, as in
    /// `nlu.recognize=!unavailable`.
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
    /// Your bearer token.
    #[arg(long, value_name = "TOKEN", env = "DIALGRAPH_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// PEM file with certificate authorities to trust in addition to the public ones.
    #[arg(long, value_name = "FILE", env = "DIALGRAPH_CA")]
    pub(crate) ca: Option<PathBuf>,
    /// Seconds to wait for an answer; default: 120, and 660 for changes of flows and plugins, which
    /// the server compiles and checks first.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<u64>,
}

/// How something goes live.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct PushArgs {
    /// Grants plugins more than before: `http`, `http=api.example.com`, or for one plugin
    /// `ticketing:http`.
    #[arg(long, value_name = "ACCESS")]
    pub(crate) allow: Vec<String>,
    /// For the history.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,
    /// Starts a canary: this percentage of new calls gets it until you promote or withdraw it.
    #[arg(long, value_name = "PERCENT")]
    pub(crate) canary: Option<u8>,
    /// Checks the change without making it.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Prints the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Pushes new versions of plugins to a server, all or none.
///
/// The server checks everything before it changes anything: signatures, imports against grants, and
/// flows against plugins. Calls in progress keep the versions that they started with.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph plugin push target/wasm32-wasip2/release/loyalty_points.wasm\n  dialgraph plugin push ticketing.wasm --with flows/support-desk/dialgraph.yaml --allow ticketing:http=api.example.com\n  dialgraph plugin push auth.wasm --canary 10 --why \"asks for the postcode first\""
)]
pub(crate) struct PluginPushArgs {
    /// Component files; a `.minisig` file next to one is its signature.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The plugin's name; default: the name of its file.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Flows and other project files that go live together with the plugins.
    #[arg(long, value_name = "FILE")]
    pub(crate) with: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) push: PushArgs,
}

/// Pushes flows and other files of a project to a server, all or none.
#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  dialgraph flow push flows/support-desk/main-entry.flow.yaml\n  dialgraph flow push flows/support-desk/vip-customer.flow.yaml flows/support-desk/data/queues.yaml --dry-run\n  dialgraph flow push flows/support-desk"
)]
pub(crate) struct FlowPushArgs {
    /// Flow files, other project files, or a whole project folder.
    pub(crate) paths: Vec<PathBuf>,
    /// Removes this flow.
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
    /// The flow or plugin to roll back.
    pub(crate) name: Option<String>,
    /// Rolls back the whole release.
    #[arg(long, conflicts_with = "name")]
    pub(crate) release: bool,
    /// The version to return to, by digest (or its first digits), or the release, by number;
    /// default: the one before.
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<String>,
    /// As for `push`: what the earlier version may use that the present one does not.
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
    /// Removes the pin.
    #[arg(long)]
    pub(crate) off: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Shows how the canary does, and promotes or withdraws it.
#[derive(Debug, ClapArgs)]
#[command(group = clap::ArgGroup::new("what").multiple(false))]
pub(crate) struct CanaryArgs {
    /// Changes the percentage of new calls that get it.
    #[arg(long, value_name = "PERCENT", group = "what")]
    pub(crate) share: Option<u8>,
    /// Promotes it: all new calls get it.
    #[arg(long, group = "what")]
    pub(crate) promote: bool,
    /// Withdraws it: no new call gets it.
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
    /// How many calls to list at most.
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    pub(crate) limit: usize,
    /// Lists all of them.
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
    /// Which: those that their flows have in hand; those that their flows gave away and whose
    /// contacts go on; or those whose `after` flow is to run.
    #[arg(long, value_enum, default_value_t = StageArg::Flow)]
    pub(crate) stage: StageArg,
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// How far a call in progress has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StageArg {
    Flow,
    Contact,
    After,
}

/// Shows one call: what was said, its path, and its host calls.
///
/// Values that flows mark as sensitive are left out.
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

/// Exports calls as JSON, one per line.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  dialgraph calls export c-1 c-2 > calls.jsonl")]
pub(crate) struct ExportArgs {
    /// Their ids; default: all in progress.
    pub(crate) calls: Vec<String>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
