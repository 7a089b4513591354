//! Requests and answers held against a service's model as botocore has it, by `check_shapes.py`.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::install;
use crate::scripted::{Exchange, Part};

/// Says what in `exchanges` is not as `service` (botocore's name, such as `lexv2-runtime`) has it.
///
/// # Panics
/// If something is not, or botocore cannot be had.
pub fn check(service: &str, exchanges: &[Exchange]) {
    assert!(!exchanges.is_empty(), "nothing was exchanged with {service}");
    let python = install::python().unwrap_or_else(|why| panic!("{why}"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("check_shapes.py");
    let mut child = Command::new(python)
        .arg(script)
        .arg(service)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the interpreter was there a moment ago");
    let mut stdin = child.stdin.take().expect("it is piped");
    for exchange in exchanges {
        let bytes = exchange.reply.parts.iter().filter_map(|part| match part {
            Part::Bytes(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        let line = json!({
            "request": {
                "method": exchange.request.method,
                "path": exchange.request.path,
                "headers": exchange.request.headers,
                "body": STANDARD.encode(&exchange.request.body),
            },
            "response": {
                "status": exchange.reply.status,
                "headers": exchange.reply.headers,
                "body": STANDARD.encode(bytes.collect::<Vec<_>>().concat()),
            },
        });
        writeln!(stdin, "{line}").expect("the script reads");
    }
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{service}: not as botocore's model has it:\n{told}");
}
