//! Requests and answers held against a service's model as botocore has it, by `check_shapes.py`.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::install;
use crate::scripted::{Exchange, Part, Reply};

/// Holds `exchanges` against the model of `service` (botocore's name, such as `lexv2-runtime`).
///
/// # Panics
/// If something is not as the model has it, or botocore cannot be had.
pub fn check(service: &str, exchanges: &[Exchange]) {
    if let Err(told) = judge(service, exchanges) {
        panic!("{service}: not as botocore's model has it:\n{told}");
    }
}

/// The requests of `exchanges` alone: for answers that are none on purpose, or that only the
/// service's documents tell of.
///
/// # Panics
/// As [`check`].
pub fn check_requests(service: &str, exchanges: &[Exchange]) {
    let unanswered = |exchange: &Exchange| Exchange {
        // What never came is not judged.
        reply: Reply::never(),
        request: exchange.request.clone(),
    };
    check(service, &exchanges.iter().map(unanswered).collect::<Vec<_>>());
}

/// As [`check`], with what is wrong as words.
fn judge(service: &str, exchanges: &[Exchange]) -> Result<(), String> {
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
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stdout).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Request;

    fn exchange(session: &str, body: &serde_json::Value, reply: Reply) -> Exchange {
        let path = format!(
            "/bots/ABCDEFGHIJ/botAliases/TSTALIASID/botLocales/ko_KR/sessions/{session}/text"
        );
        let body = body.to_string().into_bytes();
        let request = Request { method: "POST".into(), path, headers: Vec::new(), body };
        Exchange { request, reply }
    }

    #[test]
    fn what_is_not_as_the_model_has_it_is_told() {
        let fine = || Reply::json(200, &json!({"sessionId": "contact-1"}));
        let text = || json!({"text": "네"});
        judge("lexv2-runtime", &[exchange("contact-1", &text(), fine())]).unwrap();

        let action = |action: &str| json!({"text": "네", "sessionState": {"dialogAction": {"type": action}}});
        let wrong = [
            exchange("통화", &text(), fine()),
            exchange("c", &text(), fine()),
            exchange("contact-1", &json!({}), fine()),
            exchange("contact-1", &json!({"text": "네", "txt": "x"}), fine()),
            exchange("contact-1", &json!({"text": "가".repeat(1025)}), fine()),
            exchange("contact-1", &action("Reopen"), fine()),
            exchange("contact-1", &text(), Reply::json(200, &json!({"session": "contact-1"}))),
            exchange(
                "contact-1",
                &text(),
                Reply::json(200, &json!({"messages": [{"content": "x"}]})),
            ),
            exchange("contact-1", &text(), Reply::error(429, "ValidationException", "x")),
            exchange("contact-1", &text(), Reply::error(400, "NoSuchException", "x")),
        ];
        for exchange in wrong {
            assert!(
                judge("lexv2-runtime", std::slice::from_ref(&exchange)).is_err(),
                "{exchange:?} passes"
            );
        }
    }

    #[test]
    fn requests_are_held_alone_where_answers_are_none() {
        let garbled = || Reply::json(200, &json!({"session": "contact-1"}));
        check_requests(
            "lexv2-runtime",
            &[exchange("contact-1", &json!({"text": "네"}), garbled())],
        );
        let wrong = exchange("contact-1", &json!({}), garbled());
        std::panic::catch_unwind(|| check_requests("lexv2-runtime", &[wrong])).unwrap_err();
    }
}
