//! Bridges of every size pass the strict check, a caller reaches the fallback queue whatever fails
//! on the way, and names and ARNs that do not fit are told.

use super::*;

use std::collections::{BTreeMap, BTreeSet};

use dialgraph_connect::protocol::{CHAT_TIMEOUTS, KEY_TIMEOUTS, MAX_PIECES, RING_SECONDS};

fn queue(name: &str, priority: u32) -> QueueTarget {
    let arn = format!("arn:aws:connect:ap-northeast-2:111122223333:instance/i/queue/{name}");
    QueueTarget { name: name.to_owned(), arn, priority }
}

fn language(locale: &str, bot: Option<&str>) -> SpokenLanguage {
    let lex_bot_alias_arn =
        bot.map(|bot| format!("arn:aws:lex:ap-northeast-2:111122223333:bot-alias/{bot}/LIVE"));
    SpokenLanguage { lex_bot_alias_arn, ..SpokenLanguage::of(locale).unwrap() }
}

fn small() -> Bridge {
    Bridge {
        name: "Dialgraph".to_owned(),
        lambda_arn: "arn:aws:lambda:ap-northeast-2:111122223333:function:dialgraph".to_owned(),
        queues: vec![queue("general", 3)],
        fallback_queue: "general".to_owned(),
        languages: vec![language("ko-KR", None)],
        ..Bridge::default()
    }
}

fn large() -> Bridge {
    let mut bridge = small();
    bridge.queues.extend([queue("msp-emergency", 1), queue("callback", 3)]);
    bridge.languages = vec![language("ko-KR", Some("KO")), language("en-US", Some("EN"))];
    bridge.attributes = vec!["company".to_owned(), "customer_class".to_owned()];
    bridge.pass = vec!["promised".to_owned()];
    let arn =
        "arn:aws:connect:ap-northeast-2:111122223333:instance/i/contact-flow/survey".to_owned();
    bridge.flows = vec![FlowTarget { name: "survey".to_owned(), arn }];
    bridge
}

struct Flow(BTreeMap<String, Value>);

impl Flow {
    fn of(bridge: &Bridge) -> Self {
        let flow = bridge.flow().unwrap();
        let actions = flow["Actions"].as_array().unwrap().iter();
        Self(
            actions
                .map(|action| (action["Identifier"].as_str().unwrap().to_owned(), action.clone()))
                .collect(),
        )
    }

    fn kind(&self, id: &str) -> &str {
        self.0[id]["Type"].as_str().unwrap()
    }

    /// Where an action leads when whatever can go wrong does.
    fn at_worst(&self, id: &str) -> Vec<&str> {
        let transitions = &self.0[id]["Transitions"];
        let errors: Vec<&str> = transitions["Errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|error| error["NextAction"].as_str().unwrap())
            .collect();
        if errors.is_empty() {
            transitions["NextAction"].as_str().into_iter().collect()
        } else {
            errors
        }
    }
}

#[test]
fn bridges_of_all_sizes_pass_the_strict_check() {
    for bridge in [small(), large()] {
        assert_eq!(lint::lint(&bridge.flow().unwrap()), []);
    }
}

#[test]
fn when_everything_fails_the_caller_is_put_into_the_fallback_queue() {
    fn walk(flow: &Flow, id: &str, tried: &mut Vec<String>) {
        assert!(!tried.iter().any(|known| known == id), "turns in a circle: {tried:?} {id}");
        tried.push(id.to_owned());
        if flow.kind(id) == "DisconnectParticipant" {
            let last = tried.len() - 2;
            assert_eq!(tried[last], "Last transfer", "gave up too early: {tried:?}");
            assert_eq!(tried[last - 1], "Fallback queue", "{tried:?}");
        }
        for next in flow.at_worst(id) {
            walk(flow, next, tried);
        }
        tried.pop();
    }
    for bridge in [small(), large()] {
        let flow = Flow::of(&bridge);
        for (id, action) in &flow.0 {
            let errors = action["Transitions"]["Errors"].as_array().into_iter().flatten();
            for error in errors.map(|error| error["NextAction"].as_str().unwrap()) {
                if !["Last transfer", "Fallback queue"].contains(&id.as_str()) {
                    walk(&flow, error, &mut vec![id.clone()]);
                }
            }
        }
    }
}

#[test]
fn a_number_that_rings_for_a_time_leads_back_to_the_engine_whatever_comes_of_it() {
    let flow = Flow::of(&large());
    let leads = |id: &str, error: &str| {
        let errors = flow.0[id]["Transitions"]["Errors"].as_array().unwrap().iter();
        let found = errors.clone().find(|entry| entry["ErrorType"] == error).unwrap();
        found["NextAction"].as_str().unwrap()
    };
    let did = |id: &str| flow.0[id]["Parameters"]["LambdaInvocationAttributes"]["did"].clone();
    for seconds in RING_SECONDS {
        let id = format!("Ring {seconds}s");
        let limit = &flow.0[&id]["Parameters"]["ThirdPartyConnectionTimeLimitSeconds"];
        assert_eq!(*limit, seconds.to_string());
        // Whoever answered has hung up.
        assert_eq!(did(flow.0[&id]["Transitions"]["NextAction"].as_str().unwrap()), "resumed");
        assert_eq!(did(leads(&id, "ConnectionTimeLimitExceeded")), "unanswered");
        assert_eq!(did(leads(&id, "CallFailed")), "failed");
        assert_eq!(did(leads(&id, "NoMatchingError")), "failed");
    }
    // An answer without a time, also one of an engine that knows of none, gives the caller away.
    assert_eq!(leads("Ring or third party", "NoMatchingCondition"), "Third party");
    let ends = flow.0["Third party"]["Transitions"]["NextAction"].as_str().unwrap();
    assert_eq!(flow.kind(ends), "DisconnectParticipant");
}

#[test]
fn an_answer_of_the_lambda_itself_never_leads_back_to_the_lambda() {
    let flow = Flow::of(&large());
    // What a fallback answer can lead to, with the comparisons of `$.External.action` decided.
    let mut next = vec!["Words were said".to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(id) = next.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        assert_ne!(flow.kind(&id), "InvokeLambdaFunction", "{id}");
        let transitions = &flow.0[&id]["Transitions"];
        let on_action = flow.0[&id]["Parameters"]["ComparisonValue"] == "$.External.action";
        let conditions = transitions["Conditions"].as_array().into_iter().flatten();
        let taken: Vec<&Value> = conditions
            .filter(|entry| !on_action || entry["Condition"]["Operands"][0] == "fallback")
            .collect();
        if !on_action || taken.is_empty() {
            let errors = transitions["Errors"].as_array().into_iter().flatten();
            next.extend(errors.filter_map(|error| error["NextAction"].as_str()).map(str::to_owned));
            next.extend(transitions["NextAction"].as_str().map(str::to_owned));
        }
        next.extend(taken.iter().map(|entry| entry["NextAction"].as_str().unwrap().to_owned()));
    }
    assert!(seen.contains("Last transfer") && seen.contains("Wanted queue"));
}

#[test]
fn a_small_bridge_is_what_it_was() {
    let flow = small().flow().unwrap();
    let text = serde_json::to_string_pretty(&flow).unwrap();
    insta::assert_snapshot!(text);
}

#[test]
fn a_bridge_with_everything_has_these_blocks() {
    let flow = Flow::of(&large());
    let lines: Vec<String> = flow
        .0
        .iter()
        .map(|(id, action)| {
            let mut targets = BTreeMap::new();
            let transitions = &action["Transitions"];
            for entry in transitions["Conditions"].as_array().into_iter().flatten() {
                targets.insert(
                    entry["Condition"]["Operands"][0].to_string(),
                    entry["NextAction"].clone(),
                );
            }
            for entry in transitions["Errors"].as_array().into_iter().flatten() {
                targets.insert(
                    format!("!{}", entry["ErrorType"].as_str().unwrap()),
                    entry["NextAction"].clone(),
                );
            }
            let targets: Vec<String> =
                targets.iter().map(|(on, to)| format!("{on} → {}", to.as_str().unwrap())).collect();
            let next = transitions["NextAction"].as_str().unwrap_or("-");
            format!("{id} [{}] → {next}; {}", action["Type"].as_str().unwrap(), targets.join(", "))
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn blocks_do_not_lie_on_each_other() {
    let flow = large().flow().unwrap();
    let mut places = BTreeSet::new();
    for (name, metadata) in flow["Metadata"]["ActionMetadata"].as_object().unwrap() {
        let (x, y) = (
            metadata["position"]["x"].as_u64().unwrap(),
            metadata["position"]["y"].as_u64().unwrap(),
        );
        assert!(places.insert((x, y)), "{name} lies on another block");
    }
}

#[test]
fn there_is_a_block_for_every_timeout_and_piece_that_an_answer_can_name() {
    let flow = Flow::of(&large());
    for seconds in KEY_TIMEOUTS {
        for id in [
            format!("Menu {seconds}s"),
            format!("Digits hash {seconds}s"),
            format!("Digits star {seconds}s"),
        ] {
            assert_eq!(flow.0[&id]["Parameters"]["InputTimeLimitSeconds"], seconds.to_string());
        }
    }
    for number in 1..=MAX_PIECES {
        assert!(flow.0.contains_key(&format!("Say voice {number}")));
        assert!(flow.0.contains_key(&format!("Say chat {number}")));
    }
}

#[test]
fn long_names_still_make_identifiers() {
    let mut bridge = small();
    bridge.queues = vec![queue(&"a".repeat(64), 1), queue(&format!("{}b", "a".repeat(63)), 1)];
    bridge.fallback_queue = "a".repeat(64);
    assert!(bridge.flow().is_ok());
}

#[test]
fn too_many_queues_are_told() {
    let mut bridge = large();
    bridge.queues.extend((0..90).map(|number| queue(&format!("q{number}"), 1)));
    let told = bridge.flow().unwrap_err();
    assert!(matches!(told, BridgeError::TooManyActions { count } if count > 250), "{told}");
}

#[test]
fn voices_and_engines_are_written_as_the_console_writes_them() {
    for (voice, engine, wanted) in [
        ("seoyeon", "neural", ("Seoyeon", "Neural")),
        ("Seoyeon", "Neural", ("Seoyeon", "Neural")),
        ("JIHYE", "long-form", ("Jihye", "Long-form")),
    ] {
        let mut bridge = small();
        bridge.languages[0].voice = voice.to_owned();
        bridge.languages[0].engine = engine.to_owned();
        let flow = Flow::of(&bridge);
        let parameters = &flow.0["First voice"]["Parameters"];
        let told = (&parameters["TextToSpeechVoice"], &parameters["TextToSpeechEngine"]);
        assert_eq!(told, (&wanted.0.into(), &wanted.1.into()));
    }
}

#[test]
fn what_was_heard_before_never_stands_for_an_answer() {
    let flow = Flow::of(&large());
    let bots = flow.0.values().filter(|action| action["Type"] == "ConnectParticipantWithLexBot");
    let mut seen = 0;
    for bot in bots {
        let attributes = &bot["Parameters"]["LexSessionAttributes"];
        assert_eq!(
            (&attributes["did"], &attributes["transcript"], &attributes["confidence"]),
            (&"silent".into(), &" ".into(), &" ".into()),
            "{bot}"
        );
        seen += 1;
    }
    assert_eq!(seen, 2 + 2 * 2 * CHAT_TIMEOUTS.len());
    let heard = &flow.0["Heard"]["Transitions"]["Conditions"];
    let known: Vec<&Value> =
        heard.as_array().unwrap().iter().map(|entry| &entry["Condition"]["Operands"][0]).collect();
    assert_eq!(known, ["said", "pressed"], "`silent` is no answer");
}

#[test]
fn a_flow_says_that_it_can_show_buttons_unless_its_client_cannot() {
    let shows = |bridge: &Bridge| {
        let flow = Flow::of(bridge);
        let told = flow.0.values().filter(|action| action["Type"] == "InvokeLambdaFunction");
        let told = told.map(|tell| &tell["Parameters"]["LambdaInvocationAttributes"]["shows"]);
        let mut told: Vec<Value> = told.cloned().collect();
        told.dedup();
        told
    };
    assert_eq!(shows(&large()), ["choices"], "at each turn");
    assert_eq!(shows(&Bridge { plain_chat: true, ..large() }), [Value::Null]);
    assert_eq!(shows(&small()), [Value::Null], "without a bot a chat is given away");
    let flow = Flow::of(&large());
    let asked = &flow.0["Choose bot 1 120s"]["Parameters"];
    assert_eq!(asked["LexInitializationData"]["InitialMessage"], "show-buttons");
    assert_eq!(asked["LexSessionAttributes"]["buttons"], "$.External.buttons");
    assert_eq!(asked["Text"], Value::Null, "a block has one prompt");
}

#[test]
fn a_wait_declares_the_one_error_that_there_is() {
    let flow = Flow::of(&large());
    let errors: Vec<&Value> = flow.0["Wait"]["Transitions"]["Errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| &error["ErrorType"])
        .collect();
    assert_eq!(errors, ["NoMatchingError"]);
}

#[test]
fn names_and_arns_are_checked() {
    let told = |spoil: fn(&mut Bridge)| {
        let mut bridge = large();
        spoil(&mut bridge);
        bridge.flow().unwrap_err().to_string()
    };
    insta::assert_yaml_snapshot!([
        told(|bridge| bridge.languages.clear()),
        told(|bridge| bridge.fallback_queue = "nobody".to_owned()),
        told(|bridge| bridge.lambda_arn = "dialgraph".to_owned()),
        told(|bridge| bridge.queues[0].arn =
            "arn:aws:connect:ap-northeast-2:1:instance/i".to_owned()),
        told(|bridge| bridge.queues[0].arn =
            "arn:aws:connect:ap-northeast-2:111122223333:instance/i/queue/agent/a".to_owned()),
        told(|bridge| bridge.queues[0].arn =
            "arn:aws:connect:ap-northeast-2:111122223333:instance/i/contact-flow/f".to_owned()),
        told(|bridge| bridge.queues[0].arn =
            "arn:aws:connect:ap-northeast-2:111122223333:instance/i".to_owned()),
        told(|bridge| bridge.flows[0].arn =
            "arn:aws:connect:ap-northeast-2:111122223333:instance/i/flow-module/f".to_owned()),
        told(|bridge| bridge.lambda_arn =
            "arn:aws:lambda:ap-northeast-2:111122223333:layer:x:1".to_owned()),
        told(|bridge| bridge.lambda_arn =
            r#"arn:aws:lambda:ap-northeast-2:111122223333:function:d"},{"x"#.to_owned()),
        told(|bridge| bridge.languages[0].lex_bot_alias_arn = Some("arn:aws:s3:::x".to_owned())),
        told(|bridge| bridge.languages[0].lex_bot_alias_arn =
            Some("arn:aws:lex:ap-northeast-2:111122223333:bot/ABCDEFGHIJ".to_owned())),
        told(|bridge| bridge.languages[0].lex_bot_alias_arn =
            Some("arn:aws:lex:ap-northeast-2:111122223333:bot-alias/ABCDEFGHIJ".to_owned())),
        told(|bridge| bridge.languages[0].voice = "Seoyeonn".to_owned()),
        told(|bridge| bridge.languages[0].voice = "Someone".to_owned()),
        told(|bridge| bridge.languages[0].engine = "neutral".to_owned()),
        told(|bridge| bridge.attributes = (0..65).map(|number| format!("a{number}")).collect()),
        told(|bridge| bridge.queues.push(queue("general", 1))),
        told(|bridge| bridge.attributes.push("a b".to_owned())),
        told(|bridge| bridge.start_locale = Some("$.Extrenal.x".to_owned())),
    ]);
}
