//! `dialgraph plugin`.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use dialgraph_base::{Channel, Grants};
use dialgraph_flow::Project;
use dialgraph_kernel::journal::Entry;
use dialgraph_kernel::plugin::{
    HostCalls, Invocation, PluginEvent, Plugins as _, RunReport, RunResult,
};
use dialgraph_kernel::ports::{HostCall, HostError, HostErrorKind, HostResult};
use dialgraph_kernel::provider::Caller;
use dialgraph_runtime::World;
use dialgraph_simulator::clock::{SharedClock, VirtualClock};
use dialgraph_simulator::script::{parse_number, parse_time};
use dialgraph_simulator::transcript::{accepts, failed, grouped, host_call};
use dialgraph_simulator::world::{Mock, is_known};

use super::which;
use crate::args::{InspectArgs, NewArgs, RunArgs};
use crate::workshop::{self, Workshop};

pub(crate) fn new(args: &NewArgs) -> Result<ExitCode> {
    let dir = args.dir.clone().unwrap_or_else(|| PathBuf::from(&args.name));
    let files = dialgraph_guests::scaffold(&args.name, &dir)?;
    let dir = dir.display();
    for file in ["src/lib.rs", "schema/", "README.md"] {
        println!("{dir}/{file}");
    }
    if dialgraph_guests::shipped().iter().any(|(name, _)| *name == args.name) {
        eprintln!(
            "warning: dialgraph comes with a plugin `{}`; in a project that has this one, this one is taken instead",
            args.name
        );
    }
    eprintln!(
        "\nMade `{}` ({} files with the SDK and the contract). Next:\n  cd {dir}\n  cargo test\n  rustup target add wasm32-wasip2   # once\n  cargo build --release --target wasm32-wasip2\nREADME.md there tells how to use it in a flow.",
        args.name,
        files.len()
    );
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn inspect(args: &InspectArgs) -> Result<ExitCode> {
    let (name, bytes) = which::component(&args.plugin, &args.project)?;
    let found = workshop::host()?.inspect(&name, &bytes)?;
    if args.json {
        let shown = json!({
            "digest": found.digest,
            "size": found.size,
            "descriptor": found.descriptor.as_ref().ok(),
            "error": found.descriptor.as_ref().err().map(ToString::to_string),
            "imports": found.imports,
            "needs": found.needs,
            "checks_configuration": found.checks_configuration,
        });
        print_json!("{shown:#}");
    } else {
        match &found.descriptor {
            Ok(descriptor) => {
                println!("{} {}: {}", descriptor.name, descriptor.version, descriptor.summary);
                println!("digest   {}", found.digest);
                println!("size     {} bytes", grouped(found.size as u64));
                println!("ports");
                for port in &descriptor.ports {
                    println!("  {:<14} {}", port.name, port.summary);
                }
                println!("  {:<14} the run failed", "error");
                for (title, schema) in [
                    ("config", &descriptor.config_schema),
                    ("input", &descriptor.input_schema),
                    ("output", &descriptor.output_schema),
                ] {
                    println!("{title} schema\n{}", indented(&format!("{schema:#}")));
                }
            }
            Err(_) => {
                println!("{name}");
                println!("digest   {}", found.digest);
                println!("size     {} bytes", grouped(found.size as u64));
            }
        }
        println!("configuration");
        println!(
            "  {}",
            if found.checks_configuration {
                "checked by the plugin itself wherever a project is checked, pushed or loaded"
            } else {
                "held against the schema alone: the plugin does not export `dialgraph:plugin/configuration`"
            }
        );
        println!("imports");
        for import in &found.imports {
            println!("  {} ({})", import.interface, import.functions.join(", "));
        }
        let name = found.descriptor.as_ref().map_or(name.as_str(), |descriptor| &*descriptor.name);
        println!("grants needed, under `plugins:` in dialgraph.yaml");
        println!("  {name}: {{grants: [{}]}}", found.needs.join(", "));
    }
    match found.descriptor {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("error: {error}");
            Ok(ExitCode::from(1))
        }
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// Answers the host calls of a run that stands alone.
struct Bench {
    world: Arc<dyn World>,
    clock: SharedClock,
    caller: Caller,
    /// Replies given on the command line, by function.
    replies: VecDeque<(String, HostResult)>,
    made: Vec<Entry>,
}

impl HostCalls for Bench {
    fn call(&mut self, call: HostCall) -> Option<HostResult> {
        if let Err(error) = call.check() {
            return Some(Err(error));
        }
        let given = self.replies.iter().position(|(on, _)| on == call.function());
        let result = match given.and_then(|index| self.replies.remove(index)) {
            Some((_, result)) => result,
            None => self.clock.0.run(self.world.call(self.caller.clone(), call.clone())),
        };
        let n = u32::try_from(self.made.len()).unwrap_or(u32::MAX);
        self.made.push(Entry { visit: 1, n, call, result: result.clone() });
        Some(result)
    }
}

pub(crate) fn run(args: &RunArgs) -> Result<ExitCode> {
    let (name, bytes) = which::component(&args.plugin, &args.project)?;
    let host = workshop::host()?;
    let needs = host.inspect(&name, &bytes)?.needs;
    let granted = args
        .project
        .folder_if_any()?
        .and_then(|folder| Project::load(&folder).ok())
        .and_then(|project| project.grants().remove(name.as_str()));
    // Alone on a bench it gets what it asks for; what it may name is still what the project says.
    let mut grants: Grants = granted.unwrap_or_default();
    grants.grants.extend(needs);
    let loaded = host.load(&name, &bytes, &grants)?;
    let at = match &args.at {
        Some(at) => parse_time(at).map_err(anyhow::Error::msg)?.0,
        None => super::now(),
    };
    let clock = SharedClock(Arc::new(VirtualClock::new(at)));
    let mut bench = Bench {
        world: world(args, &clock)?,
        clock,
        caller: Caller {
            call_id: "bench".into(),
            release: dialgraph_base::Digest::of(b"no release"),
            locale: args.locale.as_str().into(),
            plugin: loaded.descriptor.name.clone(),
            now: at,
            idempotency_key: "bench/1/0".into(),
        },
        replies: args.reply.iter().map(|reply| parse_reply(reply)).collect::<Result<_>>()?,
        made: Vec::new(),
    };
    let config = super::json_argument("--config", &args.config)?.to_string();
    let input = super::json_argument("--input", &args.input)?.to_string();
    let state =
        args.state.as_deref().map(|state| super::json_argument("--state", state)).transpose()?;
    let state = state.map(|state| state.to_string());
    let event = match (&args.says, &args.presses, args.silent) {
        (Some(text), ..) => PluginEvent::Said { text: text.clone(), confidence: None },
        (_, Some(keys), _) => PluginEvent::Pressed(keys.clone()),
        (_, _, true) => PluginEvent::Silent,
        _ => PluginEvent::Entered,
    };
    let from = args.from.as_deref().map(parse_number).transpose();
    let from = from.map_err(|error| anyhow::anyhow!("--from: {error}"))?;
    let invocation = Invocation {
        call_id: "bench",
        channel: Channel::default(),
        locale: &args.locale,
        caller: from.as_deref(),
        dialed: None,
        started_at: at,
        now: at,
        flow: "bench",
        node: "bench",
        invocation_id: "bench/1",
        turn: u32::from(state.is_some()),
        seed: 1,
        config: &config,
        input: &input,
        state: state.as_deref(),
        event: &event,
        limits: None,
    };
    let started = Instant::now();
    let report = host.run(&loaded.digest, &invocation, &mut bench);
    let micros = started.elapsed().as_micros();
    let failed = matches!(report.result, RunResult::Failed(_) | RunResult::Suspended);
    if args.json {
        print_json!("{:#}", as_json(&report, &bench.made, micros));
    } else {
        show(&report, &bench.made, micros);
    }
    Ok(if failed { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// The project's providers; where there is no project, every host call needs a `--reply`.
fn world(args: &RunArgs, clock: &SharedClock) -> Result<Arc<dyn World>> {
    match args.project.folder_if_any()? {
        Some(folder) => Workshop::open(&folder)?.world(clock),
        None => Ok(Arc::new(NoProject)),
    }
}

struct NoProject;

impl World for NoProject {
    fn call(&self, _: Caller, call: HostCall) -> BoxFuture<'static, HostResult> {
        let message =
            format!("there is no project; answer it with --reply '{}=JSON'", call.function());
        std::future::ready(Err(HostError::unavailable("no-project", message))).boxed()
    }
}

fn parse_reply(text: &str) -> Result<(String, HostResult)> {
    let (on, reply) = text.split_once('=').with_context(|| {
        format!("--reply {text}: write FUNCTION=JSON, or FUNCTION=!unavailable")
    })?;
    let result = match reply.strip_prefix('!') {
        Some(kind) => {
            let kind = match kind {
                "invalid" => HostErrorKind::Invalid,
                "unavailable" => HostErrorKind::Unavailable,
                "denied" => HostErrorKind::Denied,
                "other" => HostErrorKind::Other,
                _ => bail!("--reply {text}: a call fails as invalid, unavailable, denied or other"),
            };
            Err(HostError::new(kind, "given", "made to fail on the command line"))
        }
        None => {
            is_known(on).map_err(|error| anyhow::anyhow!("--reply {on}: {error}"))?;
            let answer = super::json_argument("--reply", reply)?;
            Ok(Mock::answer(on, answer)
                .with_context(|| format!("--reply {on}: not what it answers"))?)
        }
    };
    Ok((on.to_owned(), result))
}

fn show(report: &RunReport, made: &[Entry], micros: u128) {
    match &report.result {
        RunResult::Done(done) => {
            println!("done     port {}", done.port);
            for speech in &done.say {
                println!("says     {}", speech.text);
            }
            println!("output   {:#}", done.output);
        }
        RunResult::Ask(ask) => {
            println!("asks     {}", accepts(&ask.accept));
            for speech in &ask.say {
                println!("says     {}", speech.text);
            }
            println!("state    {}", ask.state);
        }
        RunResult::Failed(failure) => {
            println!("failed   {}", failed(failure));
            for frame in &failure.backtrace {
                println!("         at {frame}");
            }
        }
        RunResult::Suspended => println!("stopped  at a host call without a reply"),
    }
    for line in &report.logs {
        let fields: Vec<String> =
            line.fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        println!("log      {:?}: {}{}", line.level, line.message, fields.concat());
    }
    for entry in made {
        println!("calls    {}", host_call(entry));
    }
    if let Some(instructions) = report.cost.instructions {
        println!("cost     {} instructions", grouped(instructions));
    }
    println!("memory   {} KiB", report.cost.memory_bytes / 1024);
    println!("time     {micros} µs on this machine");
}

fn as_json(report: &RunReport, made: &[Entry], micros: u128) -> Value {
    let result = match &report.result {
        RunResult::Done(done) => {
            json!({"done": {"port": done.port, "output": done.output, "say": done.say}})
        }
        RunResult::Ask(ask) => {
            json!({"ask": {"say": ask.say, "accept": ask.accept, "state": ask.state}})
        }
        RunResult::Failed(failure) => json!({"failed": failure}),
        RunResult::Suspended => json!("suspended"),
    };
    json!({
        "version": 1,
        "result": result,
        "logs": report.logs,
        "host_calls": made,
        "cost": report.cost,
        "microseconds": u64::try_from(micros).unwrap_or(u64::MAX),
    })
}
