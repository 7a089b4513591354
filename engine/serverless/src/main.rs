//! The function itself; or, with `--precompile PROJECT FOLDER`, what puts plugins into its archive.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use dialgraph_lambda::bridge::Bridge;
use dialgraph_lambda::function;
use dialgraph_lambda::log::{Level, note};
use dialgraph_server::telemetry;
use dialgraph_serverless::chores::Scheduled;
use dialgraph_serverless::precompile::precompile;
use dialgraph_serverless::settings::FunctionSettings;
use dialgraph_serverless::within::EmbeddedEngine;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Plugins are compiled by this program too, in processes of their own.
    if let Some(code) = dialgraph_host::compiler::main() {
        return code;
    }
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    match &arguments[..] {
        [] => function::main(function),
        [option, project, folder] if option == Path::new("--precompile") => {
            match runtime().and_then(|runtime| runtime.block_on(precompile(project, folder))) {
                Ok(()) => ExitCode::SUCCESS,
                Err(problem) => {
                    note(Level::Error, &problem);
                    ExitCode::from(2)
                }
            }
        }
        _ => {
            note(
                Level::Error,
                "this is an AWS Lambda function and takes no arguments, but for `--precompile PROJECT FOLDER`",
            );
            ExitCode::from(2)
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| format!("the system refuses to start: {error}"))
}

fn function() -> Result<(), Vec<String>> {
    let root = std::env::var_os("LAMBDA_TASK_ROOT").map_or_else(|| ".".into(), PathBuf::from);
    let FunctionSettings { config, within } = FunctionSettings::new(&root, function::variables())?;
    let runtime = runtime().map_err(|problem| vec![problem])?;
    // What a collector has not been sent when Lambda freezes the process is sent when it thaws it.
    let _telemetry = runtime
        .block_on(async { telemetry::install(&config, false) })
        .map_err(|error| vec![error.to_string()])?;
    let bridge =
        Arc::new(Bridge::over(EmbeddedEngine::new(config), within.fallback, within.budget));
    runtime
        .block_on(function::serve(Arc::clone(&bridge), Scheduled(bridge)))
        .map_err(|error| vec![error.to_string()])
}
