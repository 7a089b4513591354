//! Whether a plugin's check of its configuration keeps its word: thousands of configurations, the
//! same ones each time.

use serde_json::{Map, Value, json};

use super::{Reply, TestCall, schemas};
use crate::check::Problem;
use crate::component;
use crate::error::NodeError;
use crate::node::Node;

/// Configurations that a call is held with.
const HELD: usize = 400;
/// Configurations that are made at most for that.
const MADE: usize = 40_000;
/// Answers of the caller in one call.
const ANSWERS: usize = 6;
const LOCALES: [&str; 2] = ["ko-KR", "en-US"];

/// Makes configurations out of `seeds` and the plugin's schema, and holds a call with each that
/// fits the schema and that [`Node::check`] lets pass: the plugin must not call it a bad
/// configuration, whatever the caller does, and must ask nothing that the engine would not take.
/// `prepare` gives the call its input and its capabilities.
///
/// ```no_run
/// # use dialgraph_plugin::prelude::*;
/// # use dialgraph_plugin::testing::check_holds;
/// # fn test<Greeter: Node>() {
/// check_holds::<Greeter>(&[serde_json::json!({})], |call| {
///     call.input(serde_json::json!({"name": "Dana"}))
/// });
/// # }
/// ```
///
/// # Panics
/// When the plugin breaks its word, with the configuration; and when hardly any configuration
/// passes, because then nothing is shown: the seeds must pass.
pub fn check_holds<N: Node>(seeds: &[Value], prepare: impl Fn(TestCall<N>) -> TestCall<N>) {
    let schema: Value = match serde_json::from_str(N::DESCRIPTOR.config_schema) {
        Ok(schema) => schema,
        Err(error) => panic!("the schema of the configuration is not JSON: {error}"),
    };
    for seed in seeds {
        schemas::must_fit("config", N::DESCRIPTOR.config_schema, seed);
        let errors = errors::<N>(seed);
        assert!(errors.is_empty(), "a seed must pass: {errors:#?}\n{seed:#}");
    }
    let fits = match jsonschema::draft7::new(&schema) {
        Ok(validator) => validator,
        Err(error) => panic!("the schema of the configuration is no JSON Schema: {error}"),
    };
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut held, mut refused) = (0, 0);
    for made in 0..MADE {
        if held == HELD {
            break;
        }
        let mut config = dice.one_of(seeds).clone();
        if made >= seeds.len() {
            for _ in 0..=dice.below(3) {
                change(&mut config, &schema, &mut dice);
            }
        } else {
            config.clone_from(&seeds[made]);
        }
        if !fits.is_valid(&config) {
            continue;
        }
        if !errors::<N>(&config).is_empty() {
            refused += 1;
            continue;
        }
        held += 1;
        hold(prepare(TestCall::new(config.clone())), &config, &mut dice);
    }
    assert!(held > seeds.len(), "hardly any configuration passes ({refused} were refused)");
}

fn errors<N: Node>(config: &Value) -> Vec<Problem> {
    let found = component::check::<N>(&config.to_string(), &LOCALES.map(str::to_owned));
    found.into_iter().filter(|problem| !problem.warning).collect()
}

/// Shows the configuration of a test that fails.
struct Shown<'v>(&'v Value);

impl Drop for Shown<'_> {
    #[allow(clippy::print_stderr, reason = "a test tells by it what it failed with")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("with this configuration, which the plugin's check let pass:\n{:#}", self.0);
        }
    }
}

fn hold<N: Node>(call: TestCall<N>, config: &Value, dice: &mut Dice) {
    const SAID: [&str; 8] =
        ["네", "아니요", "상담원", "일이삼사", "장애가 났어요", "yes", "1111 2222 3333", "일 번"];
    const KEYS: [&str; 6] = ["0", "1", "2", "9", "111122223333", "12"];
    let _shown = Shown(config);
    let mut call = call.locale(dice.word(&LOCALES)).channel(dice.word(&["voice", "chat"]));
    let mut reply = call.enter();
    for _ in 0..ANSWERS {
        match &reply {
            Reply::Done(_) => return,
            Reply::Failed(error) => {
                assert!(
                    !matches!(error, NodeError::BadConfig(_)),
                    "what passed the check is a bad configuration in a call: {error:?}"
                );
                return;
            }
            Reply::Asked(asked) => {
                reply = match (dice.below(3), asked.digits) {
                    (0, _) => call.silence(),
                    (1, Some(_)) => call.press(dice.word(&KEYS)),
                    _ => call.say(dice.word(&SAID)),
                };
            }
        }
    }
}

/// Chance that is the same each time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// 0 to `end` - 1.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or(0) % end.max(1)
    }

    fn word<'w>(&mut self, words: &[&'w str]) -> &'w str {
        words[self.below(words.len())]
    }

    fn one_of<'v, T>(&mut self, list: &'v [T]) -> &'v T {
        &list[self.below(list.len())]
    }
}

const TEXTS: [&str; 34] = [
    "",
    " ",
    "a",
    "09:00",
    "9:00",
    "18:60",
    "24:00",
    "24:30",
    "00:00",
    "23:59",
    "2026-11-30",
    "2026-11-31",
    "2026-2-3",
    "+026-01-01",
    "Asia/Seoul",
    "asia/seoul",
    "KST",
    "UTC",
    "America/New_York",
    "kr",
    "customers",
    "duty",
    "general",
    "Outage",
    "a.b",
    ".",
    "{company}",
    "{nope}",
    "https://example.zendesk.com",
    "http://user@host/",
    "desk@example.com",
    "not an address",
    "<speak>안녕하세요</speak>",
    "가나다 {length} {key} {label}",
];

fn text(dice: &mut Dice) -> String {
    match dice.below(40) {
        0 => "가".repeat(6_000),
        1 => "x".repeat(300),
        _ => (*dice.one_of(&TEXTS)).to_owned(),
    }
}

fn number(dice: &mut Dice) -> Value {
    let numbers = [
        json!(0),
        json!(1),
        json!(-1),
        json!(2),
        json!(3),
        json!(10),
        json!(32),
        json!(1_000),
        json!(60_000),
        json!(4_294_967_295_u64),
        json!(4_294_967_296_u64),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(0.5),
        json!(1.0),
        json!(3.0),
        json!(1e300),
        json!(-0.0),
    ];
    dice.one_of(&numbers).clone()
}

/// Changes one thing.
fn change(config: &mut Value, schema: &Value, dice: &mut Dice) {
    let mut places = Vec::new();
    collect(config, String::new(), &mut places);
    let pointer = dice.one_of(&places).clone();
    let part = part_of(schema, &pointer, dice).cloned();
    let Some(value) = config.pointer_mut(&pointer) else { return };
    match (dice.below(6), &mut *value) {
        (0, _) => *value = anything(dice),
        (1 | 2, Value::Object(members)) => {
            let known = part.as_ref().and_then(|part| part.get("properties")?.as_object());
            let names: Vec<&String> = known.into_iter().flat_map(Map::keys).collect();
            if let (Some(known), false) = (known, names.is_empty()) {
                let name = *dice.one_of(&names);
                members.insert(name.clone(), made(&known[name], dice, 0));
            } else if let Some(made) = part.map(|part| made(&part, dice, 0)) {
                *value = made;
            }
        }
        (3, Value::Object(members)) => {
            let names: Vec<String> = members.keys().cloned().collect();
            if !names.is_empty() {
                members.remove(dice.one_of(&names));
            }
        }
        (1, Value::Array(items)) if !items.is_empty() => {
            let item = dice.one_of(items).clone();
            items.push(item);
        }
        (2, Value::Array(items)) if !items.is_empty() => {
            let at = dice.below(items.len());
            items.remove(at);
        }
        (3, Value::Array(items)) => items.reverse(),
        (_, Value::Number(_)) => *value = number(dice),
        _ => {
            if let Some(part) = part {
                *value = made(&part, dice, 0);
            }
        }
    }
}

fn collect(value: &Value, pointer: String, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                collect(inner, format!("{pointer}/{}", crate::check::escaped(name)), out);
            }
        }
        Value::Array(items) => {
            for (at, inner) in items.iter().enumerate() {
                collect(inner, format!("{pointer}/{at}"), out);
            }
        }
        _ => {}
    }
    out.push(pointer);
}

/// The schema of what stands at `pointer`, one of its branches where it has several.
fn part_of<'s>(schema: &'s Value, pointer: &str, dice: &mut Dice) -> Option<&'s Value> {
    let mut part = branch(schema, dice);
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let next = part
            .get("properties")
            .and_then(|properties| properties.get(&step))
            .or_else(|| match part.get("items") {
                Some(Value::Array(tuple)) => tuple.get(step.parse::<usize>().ok()?),
                items => items,
            })
            .or_else(|| part.get("additionalProperties"))?;
        part = branch(next, dice);
    }
    Some(part)
}

fn branch<'s>(schema: &'s Value, dice: &mut Dice) -> &'s Value {
    for key in ["oneOf", "anyOf"] {
        if let Some(Value::Array(branches)) = schema.get(key) {
            return branch(dice.one_of(branches), dice);
        }
    }
    schema
}

fn anything(dice: &mut Dice) -> Value {
    match dice.below(7) {
        0 => Value::Null,
        1 => Value::Bool(dice.below(2) == 0),
        2 => number(dice),
        3 => json!([]),
        4 => json!({}),
        _ => text(dice).into(),
    }
}

/// A value that more or less fits `schema`.
fn made(schema: &Value, dice: &mut Dice, depth: usize) -> Value {
    let schema = branch(schema, dice);
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(Value::Array(choices)) = schema.get("enum")
        && !choices.is_empty()
    {
        return dice.one_of(choices).clone();
    }
    if schema.get("x-dialgraph-ref") == Some(&json!("prompt")) {
        return json!({"ko-KR": text(dice), "en-US": text(dice)});
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) if !kinds.is_empty() => dice.one_of(kinds).as_str(),
        Some(Value::String(kind)) => Some(kind.as_str()),
        _ => None,
    };
    match kind {
        Some("string") => text(dice).into(),
        Some("boolean") => Value::Bool(dice.below(2) == 0),
        Some("integer" | "number") => {
            let edge = |key: &str| schema.get(key).cloned();
            match (dice.below(3), edge("minimum"), edge("maximum")) {
                (0, Some(edge), _) | (1, _, Some(edge)) => edge,
                _ => number(dice),
            }
        }
        Some("array") if depth < 8 => match schema.get("items") {
            Some(Value::Array(tuple)) => {
                tuple.iter().map(|item| made(item, dice, depth + 1)).collect()
            }
            Some(item) => (0..dice.below(4)).map(|_| made(item, dice, depth + 1)).collect(),
            None => json!([]),
        },
        Some("object") if depth < 8 => {
            let mut members = Map::new();
            let required = schema.get("required").and_then(Value::as_array);
            let properties = schema.get("properties").and_then(Value::as_object);
            for (name, inner) in properties.into_iter().flatten() {
                let needed = required.is_some_and(|names| names.contains(&json!(name)));
                if needed || dice.below(3) == 0 {
                    members.insert(name.clone(), made(inner, dice, depth + 1));
                }
            }
            if let Some(inner @ Value::Object(_)) = schema.get("additionalProperties") {
                const NAMES: [&str; 9] =
                    ["ko-KR", "en-US", "1", "2", "9", "Outage", "outage", "", "customer_id"];
                for _ in 0..dice.below(4) {
                    let name = (*dice.one_of(&NAMES)).to_owned();
                    members.insert(name, made(inner, dice, depth + 1));
                }
            }
            Value::Object(members)
        }
        _ => Value::Null,
    }
}
