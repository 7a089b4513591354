//! Tickets that callers opened are listed, taken over, commented and closed from the command line,
//! and their history outlives the server.

use serde_json::{Value, json};

use crate::admin::{ask, guarded};
use crate::commands::run;
use crate::server::{Server, Site};

const HELP: &str = "flow: help
summary: Opens a ticket.
locales: [en-US]
attributes:
  ticket_id: {type: string, default: \"\"}
start: ticket
nodes:
  ticket:
    use: ticketing
    with: {request: '\"The disk is full.\"', requester_name: '\"Hana Example\"', customer_id: '\"c-001\"'}
    save: {ticket_id: 'default(output.ticket_id, \"\")'}
    on: {created: done, error: done}
  done:
    end: {disposition: opened}
";

fn desk() -> Site {
    let site = guarded(crate::commands::site()).file("help.flow.yaml", HELP);
    site.add_to_project("  ticketing: {grants: [tickets]}\n");
    site
}

/// Makes a call that opens a ticket.
fn ticket(server: &Server, call: &str) -> String {
    let start = json!({"id": call, "flow": "help", "from": "+82-10-0000-0101"});
    let reply = ask(server, "operator", "POST", "/v1/calls", &start);
    assert_eq!(reply.status, 201, "{}", reply.text);
    let listed = ask(server, "agent", "GET", "/v1/tickets?limit=1", &Value::Null).json();
    listed["tickets"][0]["id"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_ticket_is_taken_over_commented_and_closed_and_outlives_the_server() {
    let site = desk();
    let server = site.start();
    let id = ticket(&server, "c-1");
    assert_eq!(id, "T-000001");
    let said = |server: &Server, token: &str, args: &[&str]| {
        let words: Vec<&str> = ["tickets"].iter().chain(args).copied().collect();
        let said = run(server, site.path(), &format!("token-of-a-{token}"), &words);
        let text = format!("exit {}\n{}{}", said.code.unwrap(), said.err, said.out);
        // Times are those of the run.
        let time = |word: &str| word.len() > 18 && word.starts_with("20") && word.contains('T');
        let words = |line: &str| {
            line.split(' ')
                .map(|word| if time(word) { "[time]" } else { word })
                .collect::<Vec<_>>()
                .join(" ")
        };
        text.lines()
            .map(words)
            .map(|line| line.trim_end().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    };
    let mut all = vec![
        said(&server, "viewer", &["ls"]),
        said(&server, "agent", &["ls"]),
        said(&server, "agent", &["assign", &id, "e-102"]),
        said(&server, "agent", &["comment", &id, "I called back.\nThe disk is full."]),
        said(&server, "agent", &["close", &id, "--comment", "Space was made."]),
        said(&server, "agent", &["close", &id]),
        said(&server, "agent", &["ls"]),
        said(&server, "agent", &["assign", "T-000777", "e-102"]),
        said(&server, "agent", &["comment", &id, " "]),
    ];
    server.terminate();
    assert_eq!(server.ended().0, Some(0));
    let server = site.start();
    all.push(said(&server, "agent", &["show", &id]));
    all.push(said(&server, "agent", &["reopen", &id]));
    all.push(said(&server, "agent", &["ls", "--assignee", "e-102"]));
    all.push(said(&server, "agent", &["ls", "--status", "closed"]));
    insta::assert_snapshot!(all.join("\n\n"));
    // The next process takes numbers of its own.
    assert_eq!(ticket(&server, "c-2"), "T-000033");
}

#[test]
fn a_ticket_is_changed_on_a_condition_over_http() {
    let site = desk();
    let server = site.start();
    let path = format!("/v1/tickets/{}", ticket(&server, "c-1"));
    let change = |version: &str, change: Value| {
        let headers = [
            ("authorization", "Bearer token-of-a-agent"),
            ("content-type", "application/json"),
            ("if-match", version),
        ];
        server.request("POST", &path, &headers, change.to_string().as_bytes()).status
    };
    let comment = json!({"do": "comment", "text": "x"});
    assert_eq!(change("\"1\"", comment.clone()), 200);
    assert_eq!(change("\"1\"", comment.clone()), 412);
    assert_eq!(change("\"2\"", json!({"do": "close"})), 200);
    assert_eq!(change("\"3\"", json!({"do": "close"})), 409);
    for wrong in
        [json!({}), json!({"do": "sing"}), json!({"do": "comment"}), json!({"do": "close", "x": 1})]
    {
        assert_eq!(change("\"3\"", wrong.clone()), 400, "{wrong}");
    }
    assert_eq!(change("3", comment), 400);
    for query in ["limit=0", "limit=501", "after=nowhere!", "status=lost", "colour=blue"] {
        let status =
            ask(&server, "agent", "GET", &format!("/v1/tickets?{query}"), &Value::Null).status;
        assert_eq!(status, 400, "{query}");
    }
}
