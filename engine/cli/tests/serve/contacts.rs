//! What Connect says of a contact at its start, in Connect's own way: texts, and locales however
//! they are spelled.

use serde_json::{Value, json};

use crate::server::{Server, Site};
use crate::turns::event;

const CLASSES: &str = "flow: classes\nsummary: Gold customers first.\nlocales: [en-US]\nattributes:\n  vip: {type: boolean, default: false}\n  orders: {type: number, default: 0}\n  lines: {type: list, default: []}\nstart: which\nnodes:\n  which:\n    switch:\n      - {when: 'vip || orders > 10 || size(lines) > 1', next: gold}\n    next: plain\n  gold: {end: {disposition: gold}}\n  plain: {end: {disposition: plain}}\n";

fn site() -> Site {
    Site::desk("http://127.0.0.1:9", "1s").file("classes.flow.yaml", CLASSES)
}

/// How a contact that comes with these parameters is dealt with.
fn disposition(server: &Server, contact: &str, mut parameters: Value) -> Value {
    parameters["flow"] = "classes".into();
    let reply = server.post("/v1/connect/turn", &event(contact, parameters));
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json()["action"], "disconnect", "{}", reply.text);
    server.get(&format!("/v1/calls/{contact}")).json()["call"]["disposition"].clone()
}

#[test]
fn attributes_of_the_contact_become_what_the_flow_declares_and_the_rest_is_told() {
    let server = site().start();
    for (contact, parameters, wanted) in [
        ("true", json!({"attr_vip": "true"}), "gold"),
        ("spelled", json!({"attr_vip": " YES "}), "gold"),
        ("no", json!({"attr_vip": "0"}), "plain"),
        ("many", json!({"attr_orders": "1e3"}), "gold"),
        ("listed", json!({"attr_lines": "[\"a\", \"b\"]"}), "gold"),
        ("blank", json!({"attr_vip": "", "attr_orders": null}), "plain"),
        (
            "none",
            json!({"attr_vip": "perhaps", "attr_orders": "lots", "attr_VIP": "true"}),
            "plain",
        ),
        ("large", json!({"attr_lines": format!("[{}1]", "1,".repeat(20_000))}), "plain"),
    ] {
        assert_eq!(disposition(&server, contact, parameters), wanted, "{contact}");
    }
    // The same delivery again counts nothing again.
    disposition(
        &server,
        "none",
        json!({"attr_vip": "perhaps", "attr_orders": "lots", "attr_VIP": "true"}),
    );
    let refused = |name: &str, reason: &str| {
        let labels = format!("attribute=\"{name}\",reason=\"{reason}\"");
        server.figure("dialgraph_attributes_refused_total", &labels)
    };
    let counted = [refused("vip", "type"), refused("orders", "type"), refused("-", "undeclared")];
    assert_eq!(counted, [1.0, 1.0, 1.0]);
    assert_eq!(refused("lines", "bytes"), 1.0);
    let log = server.log();
    for words in ["attribute `vip`", "attribute `orders`", "did you mean `vip`?"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    assert!(!log.contains("perhaps"), "values stay out of the log");
}

#[test]
fn a_locale_in_any_spelling_finds_its_nearest_and_is_told_once() {
    let server = site().start();
    for (number, spelling) in
        ["en_US", "EN-us", "en-GB", "en-GB", "en-US", "de-DE"].iter().enumerate()
    {
        let contact = format!("contact-{number}");
        disposition(&server, &contact, json!({"locale": spelling}));
        let call = server.get(&format!("/v1/calls/{contact}")).json()["call"].clone();
        assert_eq!(call["locale"], "en-US", "{spelling}");
    }
    let log = server.log();
    let told = |spelling: &str| log.matches(&format!("\"{spelling}\"")).count();
    assert_eq!((told("en_US"), told("en-GB"), told("de-DE")), (1, 1, 1), "{log}");
}

#[test]
fn news_that_are_not_wanted_are_told_which_filter_to_change() {
    let server = site().start();
    let news = json!({
        "detail-type": "Amazon Connect Contact Event",
        "account": "111122223333",
        "region": "ap-northeast-2",
        "detail": {"eventType": "INITIATED", "contactId": "contact-1", "channel": "VOICE"}
    });
    let reply = server.post("/v1/connect/turn", &news);
    assert_eq!(reply.status, 400);
    for words in ["`INITIATED`", "DISCONNECTED", "111122223333"] {
        assert!(reply.text.contains(words), "{words}: {}", reply.text);
    }
}
