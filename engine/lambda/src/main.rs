//! The function itself: settings, one client, and Lambda's loop.

use std::process::ExitCode;
use std::sync::Arc;

use dialgraph_lambda::bridge::Bridge;
use dialgraph_lambda::log::{self, Level};
use dialgraph_lambda::settings::Settings;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::value::RawValue;

/// What Lambda itself sets, and without which its runtime cannot begin.
const LAMBDA: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) => {
            for problem in problems {
                log::note(Level::Error, &problem);
            }
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Vec<String>> {
    let missing = LAMBDA.into_iter().find(|name| std::env::var(name).is_err());
    if let Some(missing) = missing {
        let problem = format!(
            "{missing} is not set: this is an AWS Lambda function; to run it on your own machine, use `cargo lambda watch`"
        );
        return Err(vec![problem]);
    }
    let variables = std::env::vars_os().map(|(name, value)| {
        (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
    });
    let settings = Settings::new(variables, |path| std::fs::read_to_string(path))
        .map_err(|problems| problems.0.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    for warning in &settings.warnings {
        log::note(Level::Warn, warning);
    }
    let bridge = Bridge::new(settings).map_err(|error| vec![error.to_string()])?;
    // Lambda gives an invocation at a time to a process, and seldom more than a part of one processor.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| vec![format!("the system refuses to start: {error}")])?;
    runtime.block_on(serve(Arc::new(bridge))).map_err(|error| vec![error.to_string()])
}

async fn serve(bridge: Arc<Bridge>) -> Result<(), lambda_runtime::Error> {
    let warm = Arc::clone(&bridge);
    tokio::spawn(async move { warm.warm_up().await });
    let handler = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let bridge = Arc::clone(&bridge);
        async move {
            let LambdaEvent { payload, context, .. } = event;
            let reply = bridge
                .answer(&payload, &context.request_id, context.deadline, |line| log::write(line))
                .await;
            Ok::<_, std::convert::Infallible>(reply)
        }
    });
    lambda_runtime::run(handler).await
}
