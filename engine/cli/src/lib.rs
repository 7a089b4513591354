//! The `dialgraph` command: arguments in, words and exit codes out.
//!
//! Data goes to standard output, everything else to standard error. Exit codes: 0 all is well, 1
//! something was found (diagnostics, failed scripts, a failed run), 2 the command could not be
//! carried out.
//!
//! It is a library so that the binary has nothing in it, and so that the workspace's tests can have
//! it built with everything switched on. It must not know how anything is done: each command is one
//! file that asks the crate that does.

/// As the standard one, but a reader that went away ends the command instead of making it panic.
macro_rules! println {
    () => { $crate::output::write(format_args!("\n")) };
    ($($text:tt)*) => { $crate::output::write(format_args!("{}\n", format_args!($($text)*))) };
}

/// See `println`.
macro_rules! print {
    ($($text:tt)*) => { $crate::output::write(format_args!($($text)*)) };
}

/// JSON, for programs.
macro_rules! print_json {
    ($($text:tt)*) => { $crate::output::json(format_args!("{}\n", format_args!($($text)*))) };
}

/// Standard error, see `println`.
macro_rules! eprintln {
    ($($text:tt)*) => { $crate::output::error(format_args!("{}\n", format_args!($($text)*))) };
}

mod args;
mod client;
mod commands;
mod hours;
mod output;
mod repl;
mod workshop;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Args, Command, ConnectCommand, FlowCommand, PluginCommand};
use crate::commands::deploy::Kind;

/// Carries out what the process's arguments say.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(told) => return output::usage(&told),
    };
    let done = match args.command {
        Command::Init(args) => commands::init::run(&args),
        Command::Call(args) => commands::call::run(args),
        Command::Test(args) => commands::test::run(args),
        Command::Check(args) => commands::check::run(args),
        Command::Listen(args) => commands::listen::run(&args),
        Command::Calls(command) => commands::calls::run(&command),
        Command::Records(command) => commands::records::run(&command),
        Command::Engineers(command) => commands::engineers::run(&command),
        Command::Tickets(command) => commands::tickets::run(&command),
        Command::Serve(args) => commands::serve::run(args),
        Command::Say(args) => commands::say::run(&args),
        Command::Health(args) => commands::health::run(args),
        Command::Connect(ConnectCommand::BridgeFlow(args)) => commands::connect::bridge_flow(&args),
        Command::Connect(ConnectCommand::DeployTemplate(args)) => {
            commands::deploy_template::run(&args)
        }
        Command::Connect(ConnectCommand::Lint(args)) => commands::connect::lint_flows(&args),
        Command::Flow(FlowCommand::Graph(args)) => commands::flow::graph(&args),
        Command::Flow(FlowCommand::Push(args)) => commands::deploy::push_flows(&args),
        Command::Flow(FlowCommand::List(args)) => commands::deploy::list(Kind::Flow, &args),
        Command::Flow(FlowCommand::Diff(args)) => commands::deploy::diff(&args),
        Command::Flow(FlowCommand::Rollback(args)) => {
            commands::deploy::roll_back(Kind::Flow, &args)
        }
        Command::Flow(FlowCommand::Pin(args)) => commands::deploy::pin(Kind::Flow, &args),
        Command::Flow(FlowCommand::Canary(args)) => commands::deploy::canary(&args),
        Command::Plugin(PluginCommand::New(args)) => commands::plugin::new(&args),
        Command::Plugin(PluginCommand::Inspect(args)) => commands::plugin::inspect(&args),
        Command::Plugin(PluginCommand::Run(args)) => commands::plugin::run(&args),
        Command::Plugin(PluginCommand::Push(args)) => commands::deploy::push_plugins(&args),
        Command::Plugin(PluginCommand::List(args)) => commands::deploy::list(Kind::Plugin, &args),
        Command::Plugin(PluginCommand::Rollback(args)) => {
            commands::deploy::roll_back(Kind::Plugin, &args)
        }
        Command::Plugin(PluginCommand::Pin(args)) => commands::deploy::pin(Kind::Plugin, &args),
        Command::Store(command) => commands::store::run(&command),
        Command::Completions(args) => commands::completions::run(&args),
        Command::Man(args) => commands::man::run(&args),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
