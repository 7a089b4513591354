//! The blocks of the bridge flow and how they lead to each other.

use serde_json::{Map, Value, json};

use dialgraph_base::Medium;
use dialgraph_connect::flat::BLANK;
use dialgraph_connect::protocol::{
    BUTTONS, CALLBACK_ATTEMPTS, CHANNELS, CHAT_TIMEOUTS, INTERDIGIT_SECONDS, KEY_TIMEOUTS,
    MAX_PIECES, NOTHING, RING_SECONDS, SAME_LANGUAGE, SHOW_BUTTONS, SHOWS, TERMINATORS, action,
    attribute_key, say_word,
};

use super::draw::{Block, Canvas, identifier};
use super::{Bridge, SpokenLanguage};
use crate::voices;

const LANGUAGE: &str = "Language";
const SAY: &str = "Say";
const ACT: &str = "Act";
const HAND_OVER: &str = "Hand over";
const MENU: &str = "Menu";
const DIGITS: &str = "Digits";
const LISTEN: &str = "Listen";
const READ: &str = "Read";
const CHOOSE: &str = "Choose";
const WAIT: &str = "Wait";
const HEARD: &str = "Heard";
const QUEUE: &str = "Queue";
const QUEUE_SET: &str = "Queue is set";
const TRANSFER_TO_QUEUE: &str = "Transfer to queue";
const CALLBACK: &str = "Callback number";
const RING: &str = "Ring or third party";
const THIRD_PARTY: &str = "Third party";
const FLOW: &str = "Contact flow";
const APOLOGY: &str = "Apology";
const SPOKEN: &str = "Words were said";
const WHY: &str = "Why apologise";
const WANTED_QUEUE: &str = "Wanted queue";
const TRANSFER_INSTEAD: &str = "Transfer instead";
const FALLBACK_QUEUE: &str = "Fallback queue";
const LAST_TRANSFER: &str = "Last transfer";
const DISCONNECT: &str = "Disconnect";

const ENTERED: &str = "Tell entered";
const RESUMED: &str = "Tell resumed";
const SILENT: &str = "Tell silent";
const UNANSWERED: &str = "Tell unanswered";
const SAID: &str = "Tell said";
const KEYS: &str = "Tell keys heard";
const STORED: &str = "Tell keys stored";

const ERROR: &str = "NoMatchingError";
const OTHERWISE: &str = "NoMatchingCondition";

/// What can go wrong on Connect's side, as the engine is told it.
const FAILURES: [(&str, &str); 13] = [
    ("Tell input failed", "input-error"),
    ("Tell speech failed", "lex-error"),
    ("Tell no speech", "no-speech-recognition"),
    ("Tell queue unknown", "unknown-queue"),
    ("Tell queue full", "queue-at-capacity"),
    ("Tell queue failed", "queue-error"),
    ("Tell callback number invalid", "invalid-callback-number"),
    ("Tell callback number not dialable", "callback-number-not-dialable"),
    ("Tell callback failed", "callback-error"),
    ("Tell call failed", "call-failed"),
    ("Tell call timed out", "connection-time-limit-exceeded"),
    ("Tell transfer failed", "transfer-error"),
    ("Tell flow failed", "flow-error"),
];

/// What Lex's session holds until the code hook has heard something. A session outlives its
/// question by five minutes: what was said to the question before must not stand for an answer to
/// this one.
const NOTHING_HEARD: [(&str, &str); 3] =
    [("did", "silent"), ("transcript", BLANK), ("confidence", BLANK)];

/// The block that tells the engine of a failure.
fn failure(reason: &str) -> &'static str {
    FAILURES.iter().find(|(_, known)| *known == reason).map_or(APOLOGY, |(id, _)| id)
}

pub(super) fn flow(bridge: &Bridge) -> Value {
    let mut canvas = Canvas::default();
    let draw = &mut canvas;
    begin(draw, bridge);
    languages(draw, bridge);
    pieces(draw);
    actions(draw, bridge);
    keys(draw);
    speech(draw, bridge);
    reports(draw, bridge);
    hand_over(draw, bridge);
    fallback(draw, bridge);
    canvas.flow(&bridge.name)
}

fn block(id: &str, kind: &'static str, parameters: Value) -> Block {
    Block::new(id, kind, parameters)
}

fn compare(id: &str, reference: &str, otherwise: &str) -> Block {
    block(id, "Compare", json!({"ComparisonValue": reference}))
        .next(otherwise)
        .error(OTHERWISE, otherwise)
}

/// Tells the Lambda what happened and goes on with its answer.
fn tell(bridge: &Bridge, id: &str, did: &str, more: Value) -> Block {
    let mut attributes = Map::new();
    attributes.insert("did".to_owned(), did.into());
    if did != "entered" {
        attributes.insert("turn".to_owned(), "$.External.turn".into());
    }
    if !bridge.attributes.is_empty() {
        attributes.insert("attributes".to_owned(), bridge.attributes.join(",").into());
    }
    if bridge.has_bot() && !bridge.plain_chat {
        let (name, word) = SHOWS;
        attributes.insert(name.to_owned(), word.into());
    }
    if let Value::Object(more) = more {
        attributes.extend(more);
    }
    let function = bridge.lambda_arn.rsplit(':').next().unwrap_or_default();
    let parameters = json!({
        "LambdaFunctionARN": bridge.lambda_arn,
        "InvocationTimeLimitSeconds": "8",
        "InvocationType": "SYNCHRONOUS",
        "LambdaInvocationAttributes": attributes,
        "ResponseValidation": {"ResponseType": "STRING_MAP"},
    });
    block(id, "InvokeLambdaFunction", parameters)
        .next(LANGUAGE)
        .error(ERROR, APOLOGY)
        .shown_as("LambdaFunctionARN", function)
}

fn begin(draw: &mut Canvas, bridge: &Bridge) {
    draw.column();
    let logging = if bridge.logging { "Enabled" } else { "Disabled" };
    let parameters = json!({"FlowLoggingBehavior": logging});
    // Before the engine can be asked which language to speak: should it be down, the apology is in
    // the project's own.
    let first = bridge.start_locale.as_deref();
    let first = bridge.languages.iter().find(|language| first == Some(&language.locale));
    let first = first.or(bridge.languages.first());
    let after = if first.is_some() { "First voice" } else { ENTERED };
    draw.put(block("Logging", "UpdateFlowLoggingBehavior", parameters).next(after));
    if let Some(language) = first {
        speak(draw, language, ["First voice", "First language"], ENTERED);
    }
    let mut more = Map::new();
    if let Some(flow) = &bridge.start_flow {
        more.insert("flow".to_owned(), flow.as_str().into());
    }
    if let Some(locale) = &bridge.start_locale {
        more.insert("locale".to_owned(), locale.as_str().into());
    }
    for name in &bridge.pass {
        more.insert(attribute_key(name), format!("$.Attributes.{name}").into());
    }
    draw.put(tell(bridge, ENTERED, "entered", more.into()));
}

fn languages(draw: &mut Canvas, bridge: &Bridge) {
    draw.column();
    let mut which = compare(LANGUAGE, "$.External.language", SAY).equals(SAME_LANGUAGE, SAY);
    for language in &bridge.languages {
        which = which.equals(&language.locale, &format!("Voice {}", cut(&language.locale)));
    }
    draw.put(which);
    for language in &bridge.languages {
        let name = cut(&language.locale);
        speak(draw, language, [&format!("Voice {name}"), &format!("Language {name}")], SAY);
    }
}

/// Two blocks after which the contact has the voice and the language, and then `next`.
fn speak(draw: &mut Canvas, language: &SpokenLanguage, ids: [&str; 2], next: &str) {
    let SpokenLanguage { locale, voice, engine, .. } = language;
    // As the console writes them; unknown ones have been refused.
    let (voice, engine) = (
        voices::voice(voice).unwrap_or(voice.as_str()),
        voices::engine(engine).unwrap_or(engine.as_str()),
    );
    let parameters = json!({"TextToSpeechVoice": voice, "TextToSpeechEngine": engine, "TextToSpeechStyle": "None"});
    draw.put(
        block(ids[0], "UpdateContactTextToSpeechVoice", parameters)
            .next(ids[1])
            .error(ERROR, APOLOGY),
    );
    let parameters = json!({"LanguageCode": locale});
    draw.put(block(ids[1], "UpdateContactData", parameters).next(next).error(ERROR, APOLOGY));
}

/// Plays `say_6` … `say_1`, beginning where the answer says.
fn pieces(draw: &mut Canvas) {
    draw.column();
    let mut which = compare(SAY, "$.External.say", ACT).equals(NOTHING, ACT);
    for (_, medium) in CHANNELS {
        for number in 1..=MAX_PIECES {
            which = which.equals(&say_word(medium, number), &format!("Say {medium} {number}"));
        }
    }
    draw.put(which);
    for (_, medium) in CHANNELS {
        let parameter = if medium.speaks() { "SSML" } else { "Text" };
        for number in (1..=MAX_PIECES).rev() {
            let next =
                if number == 1 { ACT.to_owned() } else { format!("Say {medium} {}", number - 1) };
            let parameters = json!({ parameter: format!("$.External.say_{number}") });
            let id = format!("Say {medium} {number}");
            draw.put(
                block(&id, "MessageParticipant", parameters).next(&next).error(ERROR, APOLOGY),
            );
        }
    }
}

fn actions(draw: &mut Canvas, bridge: &Bridge) {
    draw.column();
    let handing = [
        (action::QUEUE, QUEUE),
        (action::CALLBACK, QUEUE),
        (action::TRANSFER, RING),
        (action::FLOW, FLOW),
    ];
    let attributes = "Contact attributes";
    let mut act = compare(ACT, "$.External.action", APOLOGY)
        .equals(action::SPEAK, RESUMED)
        .equals(action::WAIT, WAIT)
        .equals(action::MENU, MENU)
        .equals(action::DIGITS, DIGITS)
        .equals(action::LISTEN, LISTEN)
        .equals(action::READ, READ)
        .equals(action::CHOOSE, CHOOSE)
        .equals(action::DISCONNECT, DISCONNECT)
        .equals(action::FALLBACK, SPOKEN);
    for (word, target) in handing {
        act = act.equals(word, if bridge.attributes.is_empty() { target } else { attributes });
    }
    draw.put(act);
    if !bridge.attributes.is_empty() {
        let values: Map<String, Value> = bridge
            .attributes
            .iter()
            .map(|name| (name.clone(), format!("$.External.{}", attribute_key(name)).into()))
            .collect();
        let parameters = json!({"Attributes": values, "TargetContact": "Current"});
        // A contact whose attributes are full is given away without them.
        draw.put(
            block(attributes, "UpdateContactAttributes", parameters)
                .next(HAND_OVER)
                .error(ERROR, HAND_OVER),
        );
        let which = compare(HAND_OVER, "$.External.action", APOLOGY);
        draw.put(handing.iter().fold(which, |which, (word, target)| which.equals(word, target)));
    }
    let parameters = json!({"TimeLimitSeconds": "$.External.wait_seconds"});
    draw.put(
        block(WAIT, "Wait", parameters)
            .next(RESUMED)
            .equals("WaitCompleted", RESUMED)
            .error(ERROR, RESUMED),
    );
}

/// Questions that are answered by keys. Their timeouts are constants, so there is a block for each.
fn keys(draw: &mut Canvas) {
    draw.column();
    let timeout = |id: &str, stem: &str| {
        let which = compare(id, "$.External.timeout", failure("input-error"));
        KEY_TIMEOUTS.iter().fold(which, |which, seconds| {
            which.equals(&seconds.to_string(), &format!("{stem} {seconds}s"))
        })
    };
    draw.put(timeout(MENU, "Menu"));
    for seconds in KEY_TIMEOUTS {
        let parameters = json!({
            "SSML": "$.External.prompt",
            "InputTimeLimitSeconds": seconds.to_string(),
            "StoreInput": "False",
        });
        let mut menu = block(&format!("Menu {seconds}s"), "GetParticipantInput", parameters)
            .next(SILENT)
            .error("InputTimeLimitExceeded", SILENT)
            .error(OTHERWISE, SILENT)
            .error(ERROR, failure("input-error"));
        for key in "0123456789*#".chars() {
            menu = menu.equals(&key.to_string(), &key_report(key));
        }
        draw.put(menu);
    }
    draw.column();
    let which = compare(DIGITS, "$.External.keys_end", failure("input-error"));
    let ends = TERMINATORS.iter();
    draw.put(ends.fold(which, |which, (_, word)| which.equals(word, &format!("Digits {word}"))));
    for (key, word) in TERMINATORS {
        draw.put(timeout(&format!("Digits {word}"), &format!("Digits {word}")));
        for seconds in KEY_TIMEOUTS {
            let parameters = json!({
                "SSML": "$.External.prompt",
                "InputTimeLimitSeconds": seconds.to_string(),
                "StoreInput": "True",
                "InputValidation": {"CustomValidation": {"MaximumLength": "$.External.keys_max"}},
                "DTMFConfiguration": {
                    "InputTerminationSequence": key.to_string(),
                    // `*` can be a key of a menu: the flow decides what it means.
                    "DisableCancelKey": "True",
                    "InterdigitTimeLimitSeconds": INTERDIGIT_SECONDS.to_string(),
                },
            });
            draw.put(
                block(&format!("Digits {word} {seconds}s"), "GetParticipantInput", parameters)
                    .next(STORED)
                    .error(ERROR, failure("input-error")),
            );
        }
    }
}

fn key_report(key: char) -> String {
    match key {
        '*' => "Tell key star".to_owned(),
        '#' => "Tell key hash".to_owned(),
        key => format!("Tell key {key}"),
    }
}

/// Questions that are answered in words: a Lex bot whose code hook gives back whatever was said.
fn speech(draw: &mut Canvas, bridge: &Bridge) {
    draw.column();
    // Languages may share a bot.
    let mut bots: Vec<(&str, Vec<&str>)> = Vec::new();
    for language in &bridge.languages {
        let Some(alias) = language.lex_bot_alias_arn.as_deref() else { continue };
        match bots.iter_mut().find(|(known, _)| *known == alias) {
            Some((_, locales)) => locales.push(&language.locale),
            None => bots.push((alias, vec![&language.locale])),
        }
    }
    let without = "Keys instead of speech";
    let mut listen = compare(LISTEN, "$.External.locale", without);
    let mut read = compare(READ, "$.External.locale", failure("no-speech-recognition"));
    let mut choose = compare(CHOOSE, "$.External.locale", failure("no-speech-recognition"));
    for (number, (_, locales)) in bots.iter().enumerate() {
        for locale in locales {
            listen = listen.equals(locale, &format!("Listen bot {}", number + 1));
            read = read.equals(locale, &format!("Read bot {}", number + 1));
            choose = choose.equals(locale, &format!("Choose bot {}", number + 1));
        }
    }
    draw.put(listen);
    draw.put(
        compare(without, "$.External.keys", failure("no-speech-recognition"))
            .equals("yes", "One key or more"),
    );
    draw.put(compare("One key or more", "$.External.keys_max", DIGITS).equals("1", MENU));
    let nothing: Map<String, Value> =
        NOTHING_HEARD.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    for (number, (alias, _)) in bots.iter().enumerate() {
        let mut attributes = nothing.clone();
        for (name, value) in [
            ("x-amz-lex:audio:start-timeout-ms:*:*", "$.External.speech_start_ms"),
            ("x-amz-lex:dtmf:max-length:*:*", "$.External.keys_max"),
            ("x-amz-lex:dtmf:end-character:*:*", "$.External.keys_end_char"),
            ("x-amz-lex:dtmf:end-timeout-ms:*:*", "$.External.keys_ms"),
            ("x-amz-lex:allow-interrupt:*:*", "true"),
        ] {
            attributes.insert(name.to_owned(), value.into());
        }
        let parameters = json!({
            "SSML": "$.External.prompt",
            "LexV2Bot": {"AliasArn": alias},
            "LexSessionAttributes": attributes,
        });
        draw.put(lex(&format!("Listen bot {}", number + 1), parameters));
    }
    draw.put(read);
    let question = json!({"Text": "$.External.prompt"});
    written(draw, &bots, "Read", &question, &nothing);
    draw.put(choose);
    // The code hook answers to these words with the buttons, and only then waits for an answer.
    let question = json!({"LexInitializationData": {"InitialMessage": SHOW_BUTTONS}});
    let mut shown = nothing.clone();
    shown.insert(BUTTONS.to_owned(), format!("$.External.{BUTTONS}").into());
    written(draw, &bots, "Choose", &question, &shown);
    if !bots.is_empty() {
        draw.put(
            compare(HEARD, "$.Lex.SessionAttributes.did", SILENT)
                .equals("said", SAID)
                .equals("pressed", KEYS),
        );
    }
}

/// Questions of a chat, which is waited for by one of a few lengths of time.
fn written(
    draw: &mut Canvas,
    bots: &[(&str, Vec<&str>)],
    does: &str,
    question: &Value,
    session: &Map<String, Value>,
) {
    for (number, (alias, _)) in bots.iter().enumerate() {
        let id = format!("{does} bot {}", number + 1);
        let which = compare(&id, "$.External.timeout", failure("input-error"));
        draw.put(CHAT_TIMEOUTS.iter().fold(which, |which, seconds| {
            which.equals(&seconds.to_string(), &format!("{id} {seconds}s"))
        }));
        for seconds in CHAT_TIMEOUTS {
            let mut parameters = question.clone();
            parameters["LexV2Bot"] = json!({"AliasArn": alias});
            parameters["LexSessionAttributes"] = session.clone().into();
            parameters["LexTimeoutSeconds"] = json!({"Text": seconds.to_string()});
            draw.put(
                lex(&format!("{id} {seconds}s"), parameters)
                    .error("InputTimeLimitExceeded", SILENT),
            );
        }
    }
}

fn lex(id: &str, parameters: Value) -> Block {
    // Whatever Lex took it for, the words are what counts.
    block(id, "ConnectParticipantWithLexBot", parameters)
        .next(HEARD)
        .equals("FallbackIntent", HEARD)
        .error(OTHERWISE, HEARD)
        .error(ERROR, failure("lex-error"))
}

fn reports(draw: &mut Canvas, bridge: &Bridge) {
    draw.column();
    for key in "0123456789*#".chars() {
        draw.put(tell(bridge, &key_report(key), "pressed", json!({"input": key.to_string()})));
    }
    draw.put(tell(bridge, STORED, "pressed", json!({"input": "$.StoredCustomerInput"})));
    draw.put(tell(bridge, SILENT, "silent", Value::Null));
    draw.put(tell(bridge, RESUMED, "resumed", Value::Null));
    draw.put(tell(bridge, UNANSWERED, "unanswered", Value::Null));
    if bridge.has_bot() {
        let transcript = "$.Lex.SessionAttributes.transcript";
        let confidence = "$.Lex.SessionAttributes.confidence";
        draw.put(tell(
            bridge,
            SAID,
            "said",
            json!({"input": transcript, "confidence": confidence}),
        ));
        draw.put(tell(bridge, KEYS, "pressed", json!({"input": transcript})));
    }
    for (id, reason) in FAILURES {
        let needs_bot = reason == "lex-error";
        if bridge.has_bot() || !needs_bot {
            draw.put(tell(bridge, id, "failed", json!({"input": reason})));
        }
    }
}

fn hand_over(draw: &mut Canvas, bridge: &Bridge) {
    draw.column();
    let set_queue = |number: usize| identifier("Set queue", number, &bridge.queues[number].name);
    let which = |id: &str, otherwise: &str| {
        let which = compare(id, "$.External.queue", otherwise);
        bridge
            .queues
            .iter()
            .enumerate()
            .fold(which, |which, (number, queue)| which.equals(&queue.name, &set_queue(number)))
    };
    draw.put(which(QUEUE, failure("unknown-queue")));
    draw.put(which(WANTED_QUEUE, FALLBACK_QUEUE));
    for (number, queue) in bridge.queues.iter().enumerate() {
        let priority = identifier("Priority", number, &queue.name);
        let parameters = json!({"QueueId": queue.arn});
        draw.put(
            block(&set_queue(number), "UpdateContactTargetQueue", parameters)
                .next(&priority)
                .error(ERROR, "Queue not set")
                .shown_as("QueueId", &queue.name),
        );
        let parameters = json!({"QueuePriority": queue.priority.max(1).to_string()});
        draw.put(block(&priority, "UpdateContactRoutingBehavior", parameters).next(QUEUE_SET));
    }
    draw.column();
    // A fallback that cannot have its queue must not ask the engine, which may be the one that
    // cannot be reached.
    draw.put(
        compare("Queue not set", "$.External.action", FALLBACK_QUEUE)
            .equals(action::QUEUE, failure("queue-error"))
            .equals(action::CALLBACK, failure("queue-error")),
    );
    draw.put(
        compare(QUEUE_SET, "$.External.action", TRANSFER_INSTEAD)
            .equals(action::QUEUE, TRANSFER_TO_QUEUE)
            .equals(action::CALLBACK, CALLBACK),
    );
    draw.put(
        block(TRANSFER_TO_QUEUE, "TransferContactToQueue", json!({}))
            .next(DISCONNECT)
            .error("QueueAtCapacity", failure("queue-at-capacity"))
            .error(ERROR, failure("queue-error")),
    );
    let parameters = json!({"CallbackNumber": "$.External.number"});
    draw.put(
        block(CALLBACK, "UpdateContactCallbackNumber", parameters)
            .next("Create callback")
            .error("InvalidCallbackNumber", failure("invalid-callback-number"))
            .error("CallbackNumberNotDialable", failure("callback-number-not-dialable")),
    );
    let parameters = json!({
        "InitialCallDelaySeconds": "5",
        "MaximumConnectionAttempts": CALLBACK_ATTEMPTS.to_string(),
        "RetryDelaySeconds": "600",
    });
    draw.put(
        block("Create callback", "CreateCallbackContact", parameters)
            .next(DISCONNECT)
            .error(ERROR, failure("callback-error")),
    );
    let parameters = json!({
        "ThirdPartyPhoneNumber": "$.External.number",
        "ThirdPartyConnectionTimeLimitSeconds": "30",
        "ContinueFlowExecution": "True",
    });
    draw.put(
        block(THIRD_PARTY, "TransferParticipantToThirdParty", parameters)
            .next(DISCONNECT)
            .error("CallFailed", failure("call-failed"))
            .error("ConnectionTimeLimitExceeded", failure("connection-time-limit-exceeded"))
            .error(ERROR, failure("transfer-error")),
    );
    rings(draw);
    let to_flow = |number: usize| identifier("Go to flow", number, &bridge.flows[number].name);
    let which = compare(FLOW, "$.External.flow", failure("flow-error"));
    draw.put(
        bridge
            .flows
            .iter()
            .enumerate()
            .fold(which, |which, (number, flow)| which.equals(&flow.name, &to_flow(number))),
    );
    for (number, flow) in bridge.flows.iter().enumerate() {
        let parameters = json!({"ContactFlowId": flow.arn});
        draw.put(
            block(&to_flow(number), "TransferToFlow", parameters)
                .next(failure("flow-error"))
                .error(ERROR, failure("flow-error"))
                .shown_as("ContactFlowId", &flow.name),
        );
    }
    draw.put(block(DISCONNECT, "DisconnectParticipant", json!({})));
}

/// Telephones outside that may not be answered: the flow goes on with the caller. How long they
/// ring is a constant, so there is a block for each.
fn rings(draw: &mut Canvas) {
    let ring = |seconds: u32| format!("Ring {seconds}s");
    // Without a time, the caller is given away.
    let which = compare(RING, "$.External.ring_seconds", THIRD_PARTY);
    draw.put(
        RING_SECONDS
            .iter()
            .fold(which, |which, seconds| which.equals(&seconds.to_string(), &ring(*seconds))),
    );
    for seconds in RING_SECONDS {
        let parameters = json!({
            "ThirdPartyPhoneNumber": "$.External.number",
            "ThirdPartyConnectionTimeLimitSeconds": seconds.to_string(),
            "ContinueFlowExecution": "True",
        });
        // Whoever answered has hung up when the flow goes on; a caller who hangs up ends it.
        draw.put(
            block(&ring(seconds), "TransferParticipantToThirdParty", parameters)
                .next(RESUMED)
                .error("CallFailed", failure("call-failed"))
                .error("ConnectionTimeLimitExceeded", UNANSWERED)
                .error(ERROR, failure("transfer-error")),
        );
    }
}

/// The way out that needs no engine.
fn fallback(draw: &mut Canvas, bridge: &Bridge) {
    draw.column();
    let apology = |locale: &str| format!("Apology {}", cut(locale));
    let first =
        bridge.languages.first().map_or(WHY.to_owned(), |language| apology(&language.locale));
    let which = compare(APOLOGY, "$.LanguageCode", &first);
    draw.put(
        bridge.languages.iter().fold(which, |which, language| {
            which.equals(&language.locale, &apology(&language.locale))
        }),
    );
    for language in &bridge.languages {
        let parameters = json!({"Text": language.apology});
        let id = apology(&language.locale);
        draw.put(block(&id, "MessageParticipant", parameters).next(WHY).error(ERROR, WHY));
    }
    // The Lambda's own answer brings its own words.
    draw.put(
        compare(SPOKEN, "$.External.say", APOLOGY)
            .equals(&say_word(Medium::Voice, 1), WANTED_QUEUE)
            .equals(&say_word(Medium::Chat, 1), WANTED_QUEUE),
    );
    draw.put(
        compare(WHY, "$.External.action", FALLBACK_QUEUE).equals(action::FALLBACK, WANTED_QUEUE),
    );
    draw.put(
        block(TRANSFER_INSTEAD, "TransferContactToQueue", json!({}))
            .next(DISCONNECT)
            .error("QueueAtCapacity", FALLBACK_QUEUE)
            .error(ERROR, FALLBACK_QUEUE),
    );
    let queue = bridge.queues.iter().find(|queue| queue.name == bridge.fallback_queue);
    let arn = queue.map(|queue| queue.arn.as_str());
    draw.put(
        block(FALLBACK_QUEUE, "UpdateContactTargetQueue", json!({"QueueId": arn}))
            .next(LAST_TRANSFER)
            .error(ERROR, LAST_TRANSFER)
            .shown_as("QueueId", &bridge.fallback_queue),
    );
    draw.put(
        block(LAST_TRANSFER, "TransferContactToQueue", json!({}))
            .next(DISCONNECT)
            .error("QueueAtCapacity", DISCONNECT)
            .error(ERROR, DISCONNECT),
    );
}

/// A language tag as part of an identifier.
fn cut(locale: &str) -> String {
    locale.chars().take(32).collect()
}
