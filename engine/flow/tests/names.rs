//! Names that come from elsewhere: of intents, followed to where they are held against words; of
//! what a node gives.

use std::collections::BTreeMap;

use dialgraph_base::Descriptor;
use dialgraph_flow::check::check;
use dialgraph_flow::diagnostic::Code;
use dialgraph_flow::testing::{Plugins, plugin, project, with_digests};
use serde_json::json;

const BOTS: [(&str, &str); 2] = [
    (
        "intents/default.intents.yaml",
        "bot: default\nlocales:\n  en-US:\n    intents: {Outage: {}, Billing: {}}\n  ko-KR:\n    intents: {Refund: {}}\n",
    ),
    ("intents/shop.intents.yaml", "bot: shop\nlocales: {en-US: {intents: {Order: {}}}}\n"),
];

fn plugins() -> Plugins {
    let name = |mark: &str| json!({"type": ["string", "null"], "x-dialgraph-ref": mark});
    let understand = Descriptor {
        config_schema: json!({
            "type": "object",
            "properties": {
                "bot": name("bot"),
                "menu": {"type": "object", "additionalProperties": {"properties": {"intent": name("intent")}}},
                "pairs": {"type": "array", "items": [name("intent"), name("queue")]},
                "by_key": {"type": "object", "patternProperties": {"^k": name("intent")}}
            }
        }),
        output_schema: json!({
            "type": "object",
            "properties": {
                "intent": {"anyOf": [{"$ref": "#/definitions/intent"}, {"type": "null"}]},
                "text": {"type": "string"}
            },
            "definitions": {"intent": {"type": "string", "x-dialgraph-ref": "intent"}}
        }),
        ..plugin("understand", &["ok"])
    };
    let ticket = Descriptor {
        config_schema: json!({
            "type": "object",
            "properties": {"rules": {"type": "array", "items": {"properties": {"intent": name("intent")}}}}
        }),
        input_schema: json!({"type": "object", "properties": {"intent": name("intent"), "flow": name("flow"), "language": name("locale"), "of": name("attribute")}}),
        ..plugin("ticket", &["ok"])
    };
    with_digests([understand, ticket])
}

/// Codes and messages of what is wrong with a flow `main` of these nodes.
fn wrong_with(files: &[(&str, &str)], plugins: &Plugins) -> Vec<(Code, String)> {
    let report = check(&project(files), plugins).report;
    let found = report.diagnostics().iter();
    found.map(|found| (found.code, found.message.clone())).collect()
}

fn wrong(nodes: &str) -> Vec<(Code, String)> {
    let main = format!(
        "flow: main\nlocales: [en-US]\nattributes: {{intent: string, other: string, text: string}}\nstart: a\nnodes:\n{nodes}\n  z: {{end: {{disposition: \"x\", say: {{en-US: '${{intent}} ${{other}} ${{text}}'}}}}}}\n"
    );
    let mut files = vec![("main", main.as_str())];
    files.extend(BOTS);
    wrong_with(&files, &plugins())
}

fn intent(name: &str) -> (Code, String) {
    (Code::UnknownIntent, format!("there is no intent `{name}`"))
}

const ASKS: &str = "  a: {use: understand, save: {intent: 'default(output.intent, \"\")', text: output.text}, on: {ok: b, error: b}}\n";

#[test]
fn a_word_that_a_recogniser_never_gives_is_told_of() {
    let compared = |when: &str| {
        wrong(&format!("{ASKS}  b: {{switch: [{{when: '{when}', next: z}}], next: z}}"))
    };
    for good in [
        r#"intent == "Outage""#,
        r#"intent == "Refund" || intent == "FallbackIntent" || intent == """#,
        r#"text == "Outrage""#,
        r#"other == "Outrage""#,
        r#"intent == other"#,
        r#"intent.matches("^(Out|Bill)")"#,
        r#"lower(intent) == "outage""#,
        r#"intent in [other, "Billing"]"#,
    ] {
        assert_eq!(compared(good), [], "{good}");
    }
    for wrong in [
        r#"intent == "Outgae""#,
        r#""Outgae" != intent"#,
        r#"call.turn == 1 || default(intent, "") == "Outgae""#,
        r#"intent in ["Billing", "Outgae"]"#,
        r#"{"Outgae": true}[intent]"#,
        r#"(other == "" ? intent : "Mine") == "Outgae""#,
        r#"try(intent, "Mine") == "Outgae""#,
    ] {
        let found = compared(wrong);
        assert!(found.contains(&intent("Outgae")), "{wrong}: {found:?}");
    }
    assert_eq!(compared(r#"intent.endsWith("age2")"#)[0].0, Code::UnknownIntent);
}

#[test]
fn what_else_gives_the_value_counts_too() {
    let compared = "  b: {switch: [{when: 'intent == \"Mine\"', next: z}], next: z}";
    let nodes = |set: &str| {
        format!("{ASKS}  c: {{set: {{intent: '{set}'}}, next: b}}\n{compared}")
            .replace("error: b", "error: c")
    };
    assert_eq!(wrong(&nodes("\"Mine\"")), []);
    assert_eq!(wrong(&nodes("upper(text)")), []);
    assert_eq!(wrong(&nodes("\"Yours\"")), [intent("Mine")]);
    // From one attribute to another and back.
    let chain = "  c: {set: {other: intent, intent: other}, next: d}\n  d: {switch: [{when: 'other == \"Mine\"', next: z}], next: z}";
    let chain = format!("{ASKS}{chain}").replace("b, error: b", "c, error: c");
    assert_eq!(wrong(&chain), [intent("Mine")]);
}

#[test]
fn each_configuration_has_the_intents_of_its_own_bot() {
    let nodes = |config: &str, word: &str| {
        format!(
            "  a: {{use: understand, config: {config}, save: {{intent: output.intent}}, on: {{ok: b, error: b}}}}\n  b: {{switch: [{{when: 'intent == \"{word}\"', next: z}}], next: z}}"
        )
    };
    assert_eq!(wrong(&nodes("{bot: shop}", "Order")), []);
    assert_eq!(wrong(&nodes("{bot: shop}", "Outage")), [intent("Outage")]);
    assert_eq!(
        wrong(&nodes("{bot: shop, menu: {one: {intent: Outage}}}", "Order")),
        [intent("Outage")]
    );
    let marked = "{pairs: [Outtage, general], by_key: {k1: Billling, x: Billling}}";
    assert_eq!(wrong(&nodes(marked, "Outage")), [intent("Outtage"), intent("Billling")]);
    let unknown = wrong(&nodes("{bot: shopp}", "Ordr"));
    assert_eq!(unknown, [(Code::UnknownBot, "there is no bot `shopp`".into()), intent("Ordr")]);
}

#[test]
fn names_cross_from_flow_to_flow() {
    let main = "flow: main\nlocales: [en-US]\nattributes: {intent: string, said: string}\nstart: a\nnodes:\n  a: {use: understand, save: {intent: output.intent}, on: {ok: b, error: b}}\n  b: {call: sub, with: {what: intent}, save: {said: output.what}, on: {back: c}}\n  c: {switch: [{when: 'said == \"Outagge\"', next: z}], next: z}\n  z: {end: {disposition: x}}\n";
    let sub = "flow: sub\nlocales: [en-US]\ninputs: {what: string}\nreturns: {back: {what: string}}\nstart: a\nnodes:\n  a: {switch: [{when: 'input[\"what\"] == \"Biling\"', next: b}], next: b}\n  b: {end: {return: back, with: {what: input.what}}}\n";
    let mut files = vec![("main", main), ("sub", sub)];
    files.extend(BOTS);
    assert_eq!(wrong_with(&files, &plugins()), [intent("Outagge"), intent("Biling")]);
}

#[test]
fn rules_of_a_plugin_that_asks_no_bot_are_held_against_what_it_is_given() {
    let nodes = |with: &str, rule: &str| {
        format!(
            "{ASKS}  b: {{use: ticket, config: {{rules: [{{intent: {rule}}}]}}, with: {{intent: '{with}'}}, on: {{ok: z, error: z}}}}"
        )
    };
    assert_eq!(wrong(&nodes("intent", "Outage")), []);
    assert_eq!(wrong(&nodes("intent", "Outrage")), [intent("Outrage")]);
    assert_eq!(wrong(&nodes("\"Complaint\"", "Complaint")), []);
    assert_eq!(wrong(&nodes("intent + \"!\"", "Complaint")), []);
}

#[test]
fn a_flow_a_locale_and_an_attribute_can_be_named() {
    let nodes = |with: &str| {
        format!("{ASKS}  b: {{use: ticket, with: {{{with}}}, on: {{ok: z, error: z}}}}")
    };
    assert_eq!(wrong(&nodes("flow: '\"main\"', language: '\"en-US\"', of: '\"intent\"'")), []);
    let codes: Vec<Code> =
        wrong(&nodes("flow: '\"mian\"', language: '\"en-UK\"', of: '\"intnt\"'"))
            .into_iter()
            .map(|(code, _)| code)
            .collect();
    assert_eq!(codes, [Code::UnknownFlow, Code::UnknownLocale, Code::UnknownVariable]);
}

#[test]
fn what_is_left_out_must_be_there_under_the_name_default() {
    let main = "flow: main\nlocales: [en-US]\nstart: a\nnodes:\n  a: {use: understand, on: {ok: z, error: z}}\n  z: {end: {disposition: x}}\n";
    let codes = |files: &[(&str, &str)]| -> Vec<Code> {
        wrong_with(files, &plugins()).into_iter().map(|(code, _)| code).collect()
    };
    assert_eq!(codes(&[("main", main), BOTS[0]]), []);
    assert_eq!(codes(&[("main", main), BOTS[1]]), [Code::UnknownBot]);
    // Without any bot the provider alone knows.
    assert_eq!(codes(&[("main", main)]), []);
    // What cannot be read may have any intent.
    let torn = ("intents/default.intents.yaml", "bot: default\nlocales: [\n");
    let named =
        main.replace("use: understand", "use: understand, config: {menu: {a: {intent: X}}}");
    assert_eq!(codes(&[("main", &named), torn]), [Code::Syntax]);
}

#[test]
fn a_hundred_intents_and_a_thousand_comparisons_are_looked_through() {
    let intents: BTreeMap<String, serde_json::Value> =
        (0..100).map(|n| (format!("Intent{n}"), json!({}))).collect();
    let bot = json!({"bot": "default", "locales": {"en-US": {"intents": intents}}}).to_string();
    let cases: Vec<String> = (0..1000)
        .map(|n| {
            format!(
                "{{when: 'intent == \"Intent{}\"', next: z}}",
                if n == 777 { 100 } else { n % 100 }
            )
        })
        .collect();
    let main = format!(
        "flow: main\nlocales: [en-US]\nattributes: {{intent: string}}\nstart: a\nnodes:\n  a: {{use: understand, save: {{intent: output.intent}}, on: {{ok: b, error: b}}}}\n  b: {{switch: [{}], next: z}}\n  z: {{end: {{disposition: x}}}}\n",
        cases.join(", ")
    );
    let files = [("main", main.as_str()), ("intents/default.intents.yaml", bot.as_str())];
    assert_eq!(wrong_with(&files, &plugins()), [intent("Intent100")]);
}

#[test]
fn a_return_that_does_not_give_what_is_saved_is_told_of() {
    let sub = "flow: sub\nlocales: [en-US]\nreturns: {known: {company: string}, unknown: {}}\nstart: a\nnodes:\n  a: {switch: [{when: call.turn == 1, next: b}], next: c}\n  b: {end: {return: known, with: {company: '\"ACME\"'}}}\n  c: {end: {return: unknown}}\n";
    let found = |save: &str| {
        let main = format!(
            "flow: main\nlocales: [en-US]\nattributes: {{text: string}}\nstart: a\nnodes:\n  a: {{call: sub, save: {{text: '{save}'}}, on: {{known: z, unknown: z}}}}\n  z: {{end: {{disposition: x, say: {{en-US: '${{text}}'}}}}}}\n"
        );
        wrong_with(&[("main", &main), ("sub", sub)], &plugins())
    };
    assert_eq!(found("default(output.company, \"\")"), []);
    assert_eq!(found("has(output.company) ? \"yes\" : \"no\""), []);
    assert_eq!(found("output.company")[0].0, Code::NeverGiven);
    assert_eq!(found("\"x\" + output[\"company\"]")[0].0, Code::NeverGiven);
}

#[test]
fn a_flow_in_a_language_without_words_for_it_is_refused() {
    let found = |locales: &str, nodes: &str| {
        let project = format!("entry: main\nlocales: [{locales}]\nfallback: {{queue: q}}\n");
        let titles: Vec<String> = locales.split(", ").map(|l| format!("{l}: Q")).collect();
        let queues = format!("q: {{title: {{{}}}, priority: 1}}\n", titles.join(", "));
        let main = format!(
            "flow: main\nattributes: {{open: boolean, text: string}}\nstart: a\nnodes:\n{nodes}\n  z: {{end: {{disposition: x}}}}\n"
        );
        let files =
            [("dialgraph.yaml", &*project), ("data/queues.yaml", &*queues), ("main", &main)];
        let codes = wrong_with(&files, &plugins()).into_iter().map(|(code, _)| code);
        codes.filter(|code| *code != Code::UnusedAttribute).collect::<Vec<_>>()
    };
    let say = |text: &str| format!("  a: {{say: {{ja-JP: '{text}', en-US: '{text}'}}, next: z}}");
    let both = "ja-JP, en-US";
    for (text, wrong) in [
        (r#"${spoken_date("2026-11-20", "Asia/Tokyo")}"#, true),
        (r#"${spoken_money(12, "JPY")}"#, true),
        (r#"${"a" + spoken_time(call.now, "Asia/Tokyo")}"#, true),
        ("${open}", true),
        ("${open && call.turn > 1}", true),
        (r#"${digits("12")} ${3} ${[1, 2]} ${open ? "はい" : "いいえ"}"#, false),
        (r#"${format_date(today("Asia/Tokyo"), "%m/%d")}"#, false),
    ] {
        let wanted = if wrong { vec![Code::NoWords] } else { vec![] };
        assert_eq!(found(both, &say(text)), wanted, "{text}");
    }
    let set = r#"  a: {set: {text: 'spoken_date("2026-11-20", "Asia/Seoul")'}, next: z}"#;
    assert_eq!(found(both, set), [Code::NoWords]);
    assert_eq!(found("ko-KR, en-US", set), []);
}
