//! What somebody outside tells a call reaches it once, whoever else tells it and whatever happens
//! to the process.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dialgraph_webhook::standard;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::server::{Reply, Server, Site};

const HOOKS: &str = "
hooks:
  payment: {expires: 1h, schema: data/payment.schema.yaml}
  standard: {signed: {standard_webhooks: {secret: signer}}}
  hmac: {signed: {hmac_sha256: {secret: sender, header: x-signature, prefix: 'sha256='}}}
  base64: {signed: {hmac_sha256: {secret: sender, header: x-signature, encoding: base64}}}
  shared: {signed: {header: {secret: sender, name: x-token}}}
  page: {page: {en-US: 'Thanks <b>& \"bye\"</b>'}}
  brief: {expires: 1s, schema: data/payment.schema.yaml}
";
const SCHEMA: &str = "
type: object
required: [amount]
properties: {amount: {type: integer}}
";
const SIGNER: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SENDER: &str = "an-old-secret-of-the-sender";
const NEWER: &str = "a-newer-secret-of-the-sender";

/// A flow that makes an address of a hook, asks something, and waits.
fn flow(hook: &str) -> String {
    format!(
        "flow: {hook}
locales: [en-US]
attributes: {{url: string, paid: any}}
start: address
nodes:
  address: {{hook: {hook}, save: {{url: output.url}}, next: ready}}
  ready:
    ask: {{prompt: {{en-US: '${{url}}'}}, menu: {{1: yes}}}}
    on: {{yes: wait, no_input: wait, no_match: wait}}
  wait:
    await: {{hook: {hook}, within: 1h, every: 2s}}
    save: {{paid: output.value}}
    on: {{arrived: thanks, timeout: late, error: late}}
  thanks: {{end: {{disposition: paid, say: {{en-US: Thank you.}}}}}}
  late: {{end: {{disposition: late}}}}
"
    )
}

fn site() -> Site {
    let site = Site::desk("http://127.0.0.1:9", "1s")
        .file("data/payment.schema.yaml", SCHEMA)
        .set("DIALGRAPH_SECRET_SIGNER", SIGNER)
        .set("DIALGRAPH_SECRET_SENDER", &format!("{SENDER}\n{NEWER}\n"))
        .set("DIALGRAPH_SERVER__URL", "https://desk.example/");
    site.add_to_project(HOOKS);
    ["payment", "standard", "hmac", "base64", "shared", "page", "brief"]
        .iter()
        .fold(site, |site, hook| site.file(&format!("{hook}.flow.yaml"), &flow(hook)))
}

/// Begins a call in the flow of a hook, and gives the path of the address that it made.
fn begin(server: &Server, call: &str, hook: &str) -> String {
    let answer = server.call(call, json!({"flow": hook}));
    let url = answer["say"][0]["text"].as_str().unwrap();
    let path = url.strip_prefix("https://desk.example").unwrap();
    assert!(path.starts_with(&format!("/v1/hooks/{hook}/")), "{answer}");
    path.to_owned()
}

/// The call comes to the node that waits, or goes past it.
fn go_on(server: &Server, call: &str) -> Value {
    server.event(call, 1, json!({"event": "pressed", "keys": "1"})).json()
}

/// How the call ends once it has come to the node that waits.
fn end(server: &Server, call: &str) -> Value {
    go_on(server, call);
    disposition(server, call)
}

fn disposition(server: &Server, call: &str) -> Value {
    server.get(&format!("/v1/calls/{call}")).json()["call"]["disposition"].clone()
}

fn paid(server: &Server, call: &str) -> Value {
    server.get(&format!("/v1/calls/{call}")).json()["call"]["attributes"]["paid"].clone()
}

fn told(server: &Server, outcome: &str) -> f64 {
    server.figure("dialgraph_hooks_total", &format!("outcome=\"{outcome}\""))
}

#[test]
fn what_arrives_is_heard_once_before_or_during_the_wait_and_survives_a_kill() {
    let site = site();
    let server = site.start();
    // During the wait.
    let during = begin(&server, "c-1", "payment");
    let waits = go_on(&server, "c-1");
    assert_eq!(waits["then"]["action"], "wait", "{waits}");
    assert_eq!(waits["then"]["ms"], 36_000, "a long wait looks less often");
    let heard = server.post(&during, &json!({"amount": 1}));
    assert_eq!((heard.status, heard.json()), (200, json!({"heard": true})));
    // Before it.
    let before = begin(&server, "c-2", "payment");
    assert_eq!(server.request("PUT", &before, &[], b"{\"amount\": 2}").status, 200);
    server.kill();

    let server = site.start();
    assert_eq!(server.event("c-1", 2, json!({"event": "resumed"})).status, 200);
    assert_eq!(disposition(&server, "c-1"), "paid");
    assert_eq!(end(&server, "c-2"), "paid");
    assert_eq!(
        (paid(&server, "c-1"), paid(&server, "c-2")),
        (json!({"amount": 1}), json!({"amount": 2}))
    );
    // Whoever has not heard the answer may ask again; anything else comes too late.
    assert_eq!(server.post(&during, &json!({"amount": 1})).status, 200);
    assert_eq!(server.post(&during, &json!({"amount": 7})).status, 410);
    assert_eq!(paid(&server, "c-1"), json!({"amount": 1}));
    assert_eq!((told(&server, "repeated"), told(&server, "used")), (1.0, 1.0));
    // Nobody waits any more.
    let hung_up = begin(&server, "c-3", "payment");
    assert_eq!(server.event("c-3", 1, json!({"event": "hung_up"})).status, 200);
    assert_eq!(server.post(&hung_up, &json!({"amount": 3})).status, 410);
    assert_eq!(told(&server, "closed"), 1.0);
}

#[test]
fn what_was_acknowledged_when_the_process_was_killed_is_there_and_nothing_is_there_twice() {
    let site = site();
    let mut server = site.start();
    for round in 0..6 {
        let call = format!("c-{round}");
        let path = begin(&server, &call, "payment");
        let address = server.address();
        let amount = json!({"amount": round});
        let body = amount.to_string();
        let sender = {
            let path = path.clone();
            std::thread::spawn(move || {
                let Ok(stream) = std::net::TcpStream::connect(address) else { return 0 };
                crate::server::send(stream, "POST", &path, &[], body.as_bytes()).status
            })
        };
        // At another moment in each round.
        if round % 2 == 0 {
            server.wait_until("it is heard", |server| told(server, "taken") > 0.0);
        }
        server.kill();
        let status = sender.join().unwrap();
        server = site.start();
        if status == 200 {
            // What was acknowledged is used up, for everybody.
            assert_eq!(server.post(&path, &json!({"amount": -1})).status, 410);
        }
        // A sender without an answer sends again, and never harms.
        assert_eq!(server.post(&path, &amount).status, 200);
        assert_eq!(end(&server, &call), "paid");
        assert_eq!(paid(&server, &call), amount);
    }
}

#[test]
fn of_64_who_tell_at_once_one_is_heard() {
    let server = site().start();
    let path = begin(&server, "c-1", "payment");
    let replies: Vec<(usize, Reply)> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..64)
            .map(|n| {
                let (server, path) = (&server, &path);
                scope.spawn(move || (n, server.post(path, &json!({"amount": n}))))
            })
            .collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).collect()
    });
    let heard: Vec<usize> =
        replies.iter().filter(|(_, reply)| reply.status == 200).map(|(n, _)| *n).collect();
    let all: BTreeSet<u16> = replies.iter().map(|(_, reply)| reply.status).collect();
    assert_eq!((heard.len(), all), (1, [200, 410].into()), "{replies:?}");
    assert_eq!(end(&server, "c-1"), "paid");
    assert_eq!(paid(&server, "c-1"), json!({"amount": heard[0]}));
    assert_eq!((told(&server, "taken"), told(&server, "used")), (1.0, 63.0));
}

#[test]
fn an_address_that_is_not_ours_says_nothing_and_a_value_must_be_what_the_hook_takes() {
    let server = site().start();
    let path = begin(&server, "c-1", "payment");
    let token = path.rsplit('/').next().unwrap();
    let nothing = server.post("/v1/nothing", &json!({})).text;
    for wrong in [
        format!("/v1/hooks/payment/{}", "A".repeat(token.len())),
        "/v1/hooks/payment/x".to_owned(),
        format!("/v1/hooks/shared/{token}"),
        format!("/v1/hooks/nothing/{token}"),
    ] {
        let reply = server.post(&wrong, &json!({"amount": 1}));
        assert_eq!((reply.status, &reply.text), (404, &nothing), "{wrong}");
        assert_eq!(server.get(&wrong).status, 404);
    }
    // It has no page, so no browser is sent there.
    assert_eq!(server.get(&path).text, nothing);
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let large = json!({"amount": 1, "note": "x".repeat(20_000)}).to_string();
    for (body, words) in [
        ("", "no JSON"),
        ("{", "no JSON"),
        (&*deep, "nested"),
        (&*large, "more than 16384 bytes"),
        ("{}", "schema"),
        ("{\"amount\": \"much\"}", "schema"),
    ] {
        let reply = server.request("POST", &path, &[], body.as_bytes());
        assert_eq!(reply.status, 400, "{reply:?}");
        assert!(reply.text.contains(words), "{words}: {reply:?}");
    }
    let huge = vec![b' '; 300 << 10];
    assert_eq!(server.request("POST", &path, &[], &huge).status, 413);
    // None of it used the address up.
    assert_eq!(server.post(&path, &json!({"amount": 1})).status, 200);
    // What a call is told is its own; the log has no token and no value.
    assert!(!server.log().contains(token));
}

#[test]
fn the_sender_proves_who_they_are_as_the_hook_says() {
    let server = site().start();
    let body = b"{\"ok\": true}";
    let mac = |secret: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(body);
        mac.finalize().into_bytes().to_vec()
    };
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let signed = |at: u64| {
        let key = standard::secret(SIGNER).unwrap();
        standard::sign(&[key], "msg_1", at, body).map(|(name, value)| (name, value)).to_vec()
    };
    let one = |name: &'static str, value: String| vec![(name, value)];
    let cases = [
        ("standard", signed(now), vec![signed(now - 3_600), Vec::new()]),
        (
            "hmac",
            one("x-signature", format!("sha256={}", hex(&mac(SENDER)))),
            vec![
                one("x-signature", format!("sha256={}", hex(&mac("somebody-elses-secret")))),
                one("x-signature", hex(&mac(SENDER))),
                Vec::new(),
            ],
        ),
        (
            "base64",
            one("x-signature", STANDARD.encode(mac(NEWER))),
            vec![one("x-signature", hex(&mac(NEWER)))],
        ),
        (
            "shared",
            one("x-token", NEWER.to_owned()),
            vec![one("x-token", format!("{NEWER}x")), one("x-token", String::new()), Vec::new()],
        ),
    ];
    let mut unproven = 0.0;
    for (hook, good, bad) in cases {
        let path = begin(&server, hook, hook);
        let send = |headers: &[(&'static str, String)]| {
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            server.request("POST", &path, &headers, body)
        };
        for headers in bad {
            assert_eq!(send(&headers).status, 401, "{hook} {headers:?}");
            unproven += 1.0;
        }
        assert_eq!(send(&good).status, 200, "{hook}");
        // What was signed is signed, and heard once.
        assert_eq!(send(&good).status, 200, "{hook}");
        assert_eq!(end(&server, hook), "paid");
        assert_eq!(paid(&server, hook), json!({"ok": true}));
    }
    assert_eq!(told(&server, "unproven"), unproven);
    assert!(!server.log().contains(SENDER) && !server.log().contains(NEWER));
}

#[test]
fn a_browser_that_is_sent_to_the_address_sees_the_page_of_the_project() {
    let server = site().start();
    let path = begin(&server, "c-1", "page");
    let with = format!("{path}?order=a%20b&amount=12000");
    // Whoever looks at links takes nothing.
    assert_eq!(server.request("HEAD", &with, &[], b"").status, 405);
    assert_eq!(server.post(&path, &json!({})).status, 404, "nobody signs here");
    assert_eq!(server.get(&format!("{path}?a=1&a=2")).status, 400);
    let page = server.get(&with);
    assert_eq!(page.status, 200);
    let words = "Thanks &lt;b&gt;&amp; &quot;bye&quot;&lt;/b&gt;";
    assert!(page.text.contains(&format!("<p>{words}</p>")), "{}", page.text);
    assert!(!page.text.contains("<b>") && !page.text.contains("<script"), "{}", page.text);
    for header in [
        "content-type: text/html; charset=utf-8",
        "content-security-policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "referrer-policy: no-referrer",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
    ] {
        assert!(page.head.contains(header), "{header}: {}", page.head);
    }
    // The same page, and nothing more is told.
    let again = server.get(&format!("{path}?order=other"));
    assert_eq!((again.status, again.text), (200, page.text));
    assert_eq!(end(&server, "c-1"), "paid");
    assert_eq!(paid(&server, "c-1"), json!({"order": "a b", "amount": "12000"}));
    assert_eq!(server.get(&path).status, 200, "also when the call is over");
}

#[test]
fn an_address_that_has_expired_takes_nothing_and_the_call_learns_that_nothing_came() {
    let server = site().start();
    let path = begin(&server, "c-1", "brief");
    // Until then, what is sent is looked at, and refused for what it is.
    server.wait_until("it expires", |server| {
        let status = server.post(&path, &json!({})).status;
        assert!(matches!(status, 400 | 410), "{status}");
        status == 410
    });
    assert_eq!(server.post(&path, &json!({"amount": 1})).status, 410);
    assert_eq!(end(&server, "c-1"), "late");
}
