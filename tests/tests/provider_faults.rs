//! What plugins get and callers hear when a service of Amazon fails: one call of a general customer
//! with the shipped flow and plugins, through the real SDK to a server that stands in for the
//! service, while that server is busy, broken, silent or refuses.
//!
//! Services that no caller talks to are asked in the same manner, without a call: Polly, Secrets
//! Manager and KMS.
//!
//! The tables of what came of it are in `docs/aws.md`; `DIALGRAPH_UPDATE_DOCS=1` writes them anew.
//! Every request, and every answer that is not garbled, is held against botocore's models of the
//! services.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod connect;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dialgraph_aws::bedrock::embed::{DIMENSIONS, Titan};
use dialgraph_aws::bedrock::{Bedrock, Limits, Names};
use dialgraph_aws::connection::stand_in;
use dialgraph_aws::kms::Kms;
use dialgraph_aws::knowledge::{Hybrid, Vectors};
use dialgraph_aws::lex::{self, Lex};
use dialgraph_aws::polly::{self, Polly, Speech, Voice};
use dialgraph_aws::secrets::{SecretsManager, SecretsManagerSettings};
use dialgraph_base::{CallId, Channel, Timestamp};
use dialgraph_config::Config;
use dialgraph_flow::Project;
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::ports::{HostAnswer, HostErrorKind};
use dialgraph_local::LocalConfig;
use dialgraph_local::secrets::RevealSecret as _;
use dialgraph_runtime::{
    Answer, Dispatch, Engine, Releases, Start, SystemClock, TurnRequest, WaitRules,
};
use dialgraph_server::world::guarded;
use dialgraph_simulator::session::Fixture;
use dialgraph_stand_ins::scripted::{Exchange, Part, Reply, Request, Scripted};
use dialgraph_stand_ins::{polly as stand_in_polly, shapes};
use dialgraph_store::{ManualClock, MemoryStore, Store};
use serde_json::{Value, json};

use connect::fixture::{fixture_of, folder};

const TABLE: &str = "../docs/aws.md";

/// What the caller says once; to whatever else is asked they are silent.
const WORDS: &str = "휴대폰을 바꿔서 MFA 인증이 안 됩니다";

/// What a guardrail finds in the model's answer, and nobody else says: it must not be told on.
const FOUND: &str = "jiho.han@dotori.example";

/// What no service answers, but what stands between.
const GARBAGE: &str = "<html>no JSON</html>";

/// What the shipped engine says when something takes long.
const COMFORT: &str = "확인하고 있습니다. 잠시만 기다려 주세요.";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Lex,
    /// With a guardrail: answers come in one piece.
    Converse,
    /// Without one: they are streamed.
    Stream,
    /// Embeds questions; articles are embedded before the call.
    Titan,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Lex => "Lex",
            Self::Converse => "Bedrock, with a guardrail",
            Self::Stream => "Bedrock, streamed",
            Self::Titan => "embeddings",
        }
    }

    fn of(request: &Request) -> Self {
        match request.path.as_str() {
            path if path.starts_with("/bots/") => Self::Lex,
            path if path.ends_with("/converse") => Self::Converse,
            path if path.ends_with("/converse-stream") => Self::Stream,
            _ => Self::Titan,
        }
    }

    /// As botocore calls it.
    fn model(self) -> &'static str {
        match self {
            Self::Lex => "lexv2-runtime",
            Self::Converse | Self::Stream | Self::Titan => "bedrock-runtime",
        }
    }

    fn function(self) -> &'static str {
        match self {
            Self::Lex => "nlu.recognize",
            Self::Converse | Self::Stream => "genai.converse",
            Self::Titan => "knowledge.search",
        }
    }

    /// When nothing is wrong.
    fn well(self, request: &Request) -> Reply {
        match self {
            Self::Lex => Reply::json(200, &recognised()),
            Self::Converse => {
                Reply::json(200, &answered("MFA 초기화를 신청하실 수 있습니다.[1]", "end_turn"))
            }
            Self::Stream => stream(&["MFA 초기화를 ", "신청하실 수 있습니다.[1]"], true),
            Self::Titan => {
                let text = request.json()["inputText"].as_str().unwrap().to_owned();
                let mut vector = vec![0.0_f32; DIMENSIONS];
                vector[usize::from(text.contains("MFA"))] = 1.0;
                Reply::json(200, &json!({"embedding": vector, "inputTextTokenCount": 9}))
            }
        }
    }
}

fn recognised() -> Value {
    let intent = json!({"name": "AccountAccess", "state": "ReadyForFulfillment", "confirmationState": "None",
        "slots": {"Service": null}});
    json!({
        "sessionId": "contact-1",
        "sessionState": {"dialogAction": {"type": "Close"}, "intent": intent},
        "interpretations": [
            {"nluConfidence": {"score": 0.93}, "interpretationSource": "Lex", "intent": intent},
            {"interpretationSource": "Lex", "intent": {"name": "FallbackIntent", "slots": {}}},
        ],
    })
}

fn answered(text: &str, stop: &str) -> Value {
    json!({
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": stop,
        "usage": {"inputTokens": 210, "outputTokens": 17, "totalTokens": 227},
        "metrics": {"latencyMs": 480},
    })
}

fn stream(texts: &[&str], ends: bool) -> Reply {
    let mut parts = vec![Part::event("messageStart", &json!({"role": "assistant"}))];
    for text in texts {
        let delta = json!({"contentBlockIndex": 0, "delta": {"text": text}});
        parts.push(Part::event("contentBlockDelta", &delta));
    }
    if ends {
        parts.push(Part::event("messageStop", &json!({"stopReason": "end_turn"})));
        let usage = json!({"inputTokens": 210, "outputTokens": 17, "totalTokens": 227});
        parts
            .push(Part::event("metadata", &json!({"usage": usage, "metrics": {"latencyMs": 480}})));
    }
    Reply::stream(parts)
}

/// Half an answer, and then this.
fn half(then: Part) -> Reply {
    let mut reply = stream(&["MFA 초기화를 신청하실 수 있습니다.[1] 먼저"], false);
    reply.parts.push(then);
    reply
}

fn steps_in() -> Reply {
    let mut answer = answered("그 내용은 말씀드릴 수 없습니다.", "guardrail_intervened");
    let entity = json!({"match": FOUND, "type": "EMAIL", "action": "BLOCKED", "detected": true});
    let word = json!({"match": FOUND, "action": "BLOCKED", "detected": true});
    let found = json!({
        "sensitiveInformationPolicy": {"piiEntities": [entity], "regexes": []},
        "wordPolicy": {"customWords": [word], "managedWordLists": []},
    });
    answer["trace"] = json!({"guardrail": {
        "modelOutput": [format!("{FOUND} 로 물어보세요.")],
        "outputAssessments": {"gr1a2b3c4d5e": [found]},
    }});
    Reply::json(200, &answer)
}

/// A service that does something else. `does` is given how often it was asked before; none: it
/// answers well.
struct Case {
    service: Service,
    fault: &'static str,
    does: fn(usize) -> Option<Reply>,
}

const fn case(service: Service, fault: &'static str, does: fn(usize) -> Option<Reply>) -> Case {
    Case { service, fault, does }
}

fn busy(_: usize) -> Option<Reply> {
    Some(Reply::error(429, "ThrottlingException", "Rate exceeded"))
}

fn busy_once(asked: usize) -> Option<Reply> {
    (asked == 0).then(|| busy(0)).flatten()
}

fn down(_: usize) -> Option<Reply> {
    Some(Reply::error(500, "InternalServerException", "try later"))
}

fn down_once(asked: usize) -> Option<Reply> {
    (asked == 0).then(|| down(0)).flatten()
}

fn silent(_: usize) -> Option<Reply> {
    Some(Reply::never())
}

fn garbled(_: usize) -> Option<Reply> {
    Some(Reply::text(200, GARBAGE))
}

fn refuses(_: usize) -> Option<Reply> {
    Some(Reply::error(403, "AccessDeniedException", "not authorized"))
}

const CASES: [Case; 27] = [
    case(Service::Converse, "nothing is wrong", |_| None),
    case(Service::Lex, "slow, within its limit", |_| {
        Some(Reply::json(200, &recognised()).after(Duration::from_millis(1_500)))
    }),
    case(Service::Lex, "throttled once", busy_once),
    case(Service::Lex, "throttled", busy),
    case(Service::Lex, "fails (500)", down),
    case(Service::Lex, "never answers", silent),
    case(Service::Lex, "answers no JSON", garbled),
    case(Service::Lex, "refuses (403)", refuses),
    // Longer than the turn has.
    case(Service::Converse, "slow, within its limit", |_| {
        let answer = answered("MFA 초기화를 신청하실 수 있습니다.[1]", "end_turn");
        Some(Reply::json(200, &answer).after(Duration::from_secs(5)))
    }),
    case(Service::Converse, "throttled once", busy_once),
    case(Service::Converse, "throttled", busy),
    case(Service::Converse, "fails once (500)", down_once),
    case(Service::Converse, "fails (500)", down),
    case(Service::Converse, "never answers", silent),
    case(Service::Converse, "answers no JSON", garbled),
    case(Service::Converse, "refuses (403)", refuses),
    case(Service::Converse, "the guardrail steps in", |_| Some(steps_in())),
    case(Service::Stream, "nothing is wrong", |_| None),
    case(Service::Stream, "an exception in the middle, once", |asked| {
        let exception = json!({"message": "try later"});
        (asked == 0).then(|| half(Part::exception("serviceUnavailableException", &exception)))
    }),
    case(Service::Stream, "an exception in the middle", |_| {
        let exception = json!({"message": "too many tokens"});
        Some(half(Part::exception("throttlingException", &exception)))
    }),
    case(Service::Stream, "cut in the middle", |_| Some(half(Part::Cut))),
    case(Service::Stream, "stands still in the middle", |_| Some(half(Part::Silence))),
    case(Service::Titan, "throttled", busy),
    case(Service::Titan, "fails (500)", down),
    case(Service::Titan, "never answers", silent),
    case(Service::Titan, "answers no JSON", garbled),
    case(Service::Titan, "refuses (403)", refuses),
];

/// What came of a call.
struct Outcome {
    heard: Vec<String>,
    end: String,
    /// Of the service: what the plugin got the first time.
    got: String,
    asked: usize,
    waited: bool,
    journal: Vec<TurnRecord>,
    exchanges: Vec<Exchange>,
}

fn hold(fixture: &Fixture, project: &Project, case: &Case) -> Outcome {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let (service, does) = (case.service, case.does);
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let server = Scripted::start(move |request| {
        // Articles have a title, and are embedded before the call.
        let article = || request.json()["inputText"].as_str().unwrap().contains('\n');
        let of = Service::of(request);
        if of != service || (of == Service::Titan && article()) {
            return of.well(request);
        }
        let before = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        does(before).unwrap_or_else(|| of.well(request))
    });
    let mut outcome = runtime.unwrap().block_on(call(fixture, project, &server));
    outcome.exchanges = server.exchanges();
    let requests = outcome.exchanges.iter().map(|exchange| &exchange.request);
    let of_service = requests.filter(|request| {
        let said = || request.json()["inputText"].as_str().is_some_and(|text| text == WORDS);
        Service::of(request) == service && (service != Service::Titan || said())
    });
    outcome.asked = of_service.count();
    let entries = outcome.journal.iter().flat_map(|turn| &turn.entries);
    let first = entries.clone().find(|entry| entry.call.function() == service.function());
    outcome.got = match first.map(|entry| &entry.result) {
        None => "(not asked)".to_owned(),
        Some(Err(error)) => {
            format!("{} `{}`", format!("{:?}", error.kind).to_lowercase(), error.code)
        }
        Some(Ok(HostAnswer::NluRecognize(told))) => told.interpretations[0].intent.name.clone(),
        Some(Ok(HostAnswer::GenaiConverse(told))) => format!("`{}`", told.stop_reason),
        Some(Ok(HostAnswer::KnowledgeSearch(told))) if told.is_empty() => "nothing".to_owned(),
        Some(Ok(_)) => "passages found by their words".to_owned(),
    };
    outcome
}

async fn call(fixture: &Fixture, project: &Project, server: &Scripted) -> Outcome {
    let connection = stand_in(&server.url());
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(ManualClock::default())));
    let mut local = LocalConfig::with_language(
        dialgraph_local::LanguageProviders::of_files(project.files()).unwrap(),
        store.clone(),
    );
    local.collections = project
        .collections()
        .iter()
        .map(|(name, collection)| (name.to_string(), collection.seed.clone()))
        .collect();
    local.indexes = Arc::new(project.indexes());
    local.now = Timestamp(SystemClock.millis());
    let mut providers = local.build().await.unwrap().providers;
    let second = Duration::from_secs(1);
    let bots = lex::bots(&["default=ABCDEFGHIJ/TSTALIASID".to_owned()]).unwrap();
    providers.nlu = Arc::new(Lex::new(&connection, bots, 4 * second));
    let guardrails = ["default=gr1a2b3c4d5e/1".to_owned()];
    let mut names = Names::read(Some("amazon.nova-lite-v1:0"), &[], &guardrails).unwrap();
    let guarded_flow = project.files().values().any(|text| {
        String::from_utf8_lossy(text).contains("config: {base: default, guardrail: default}")
    });
    if !guarded_flow {
        names.guardrails.clear();
    }
    let limits = Limits { first: 4 * second, idle: 3 * second, whole: 6 * second };
    providers.genai = Arc::new(Bedrock::new(&connection, names, limits, true));
    let titan = Titan::new(&connection, "amazon.titan-embed-text-v2:0").unwrap();
    let vectors = Arc::new(Vectors::new(titan, store.clone()).unwrap());
    let articles = Arc::new(dialgraph_local::knowledge_of(project.files()).unwrap());
    let hybrid = Arc::new(Hybrid::new(articles, &vectors, 2 * second));
    while !hybrid.is_ready() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    providers.knowledge = hybrid;

    let config = Config::default();
    let dispatch = Arc::new(Dispatch::new(providers, project.grants()));
    let (world, _) = guarded(dispatch, &config.providers, &Arc::default());
    let engine = Engine::new(
        store,
        Arc::new(Releases::new(fixture.release.clone())),
        fixture.plugins.clone(),
        world,
        Arc::new(SystemClock),
        WaitRules { turn_ms: 4_000, comfort_wait_ms: 100, ..WaitRules::default() },
    );
    let id = CallId("contact-1".into());
    let attributes = [("customer_class", "general"), ("company", "도토리소프트")];
    let start = Start {
        id: id.clone(),
        channel: Channel::default(),
        locale: Some("ko-KR".into()),
        from: Some("+821000000106".to_owned()),
        to: None,
        flow: Some("general-customer".into()),
        seed: 7,
        attributes: attributes
            .into_iter()
            .map(|(name, value)| (name.into(), Value::from(value)))
            .collect::<BTreeMap<_, _>>(),
    };
    let mut outcome = Outcome {
        heard: Vec::new(),
        end: String::new(),
        got: String::new(),
        asked: 0,
        waited: false,
        journal: Vec::new(),
        exchanges: Vec::new(),
    };
    let mut answer = engine.turn(TurnRequest::start(start, "t0")).await.unwrap();
    let mut said = false;
    for turn in 1..40 {
        let Answer { record, in_flight, .. } = answer;
        outcome.heard.extend(record.directives.say.iter().map(|speech| speech.text.clone()));
        let then = record.directives.then.clone();
        outcome.journal.push(record);
        let event = match then {
            Then::Ask(_) if !said => {
                said = true;
                Event::Said { text: WORDS.to_owned(), confidence: Some(0.9) }
            }
            Then::Ask(_) => Event::Silent,
            Then::Wait { .. } => {
                outcome.waited = true;
                let (key, reply) = in_flight.expect("something is waited for");
                engine.keep_reply(&id, &key, reply.await).await.unwrap();
                Event::Resumed
            }
            Then::Queue(queue) => {
                outcome.end = format!("queue `{}`", queue.name);
                break;
            }
            Then::HangUp => {
                outcome.end = "content, hangs up".to_owned();
                break;
            }
            other => panic!("{other:?}"),
        };
        answer =
            engine.turn(TurnRequest::event(id.clone(), event, format!("t{turn}"))).await.unwrap();
    }
    outcome
}

/// Sentence by sentence, without requests to wait and marks of speech.
fn sentences(heard: &[String]) -> Vec<String> {
    let mut text = heard.join(" ").replace(COMFORT, " ");
    while let (Some(from), Some(to)) = (text.find('<'), text.find('>')) {
        text.replace_range(from..=to, "");
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentences = dialgraph_local::genai::sentences(&text).into_iter().map(|one| one.text);
    sentences.filter(|sentence| !sentence.is_empty()).map(str::to_owned).collect()
}

/// The shipped project, but that its answers have no guardrail.
fn unguarded() -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
            match path.is_dir() {
                true => copy(&path, &to.join(name)),
                false => {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let text = text.replace(
                        "config: {base: default, guardrail: default}",
                        "config: {base: default}",
                    );
                    std::fs::write(to.join(name), text).unwrap();
                }
            }
        }
    }
    let to = tempfile::tempdir().unwrap();
    copy(&folder().join("../flows/support-desk"), to.path());
    to
}

#[test]
fn whatever_a_service_does_the_caller_is_answered_or_reaches_a_person() {
    let flows = folder().join("../flows/support-desk");
    let plain = unguarded();
    let labs = [fixture_of(&flows), fixture_of(plain.path())];
    let projects = [Project::load(&flows).unwrap(), Project::load(plain.path()).unwrap()];
    let mut rows = String::new();
    let mut usual: Vec<String> = Vec::new();
    let mut seen: BTreeMap<&str, Vec<Exchange>> = BTreeMap::new();
    let mut found = 0;
    for case in &CASES {
        let which = usize::from(case.service == Service::Stream);
        let outcome = hold(&labs[which], &projects[which], case);
        assert!(
            !outcome.end.is_empty(),
            "{case}: it never ends: {:?}",
            outcome.heard,
            case = case.fault
        );
        let journal = serde_json::to_string(&outcome.journal).unwrap();
        assert!(!journal.contains(FOUND), "{}: {FOUND} is in the journal", case.fault);
        assert!(!outcome.heard.concat().contains(FOUND), "{}: it is spoken", case.fault);
        if outcome.exchanges.iter().any(finds) {
            // Its kind is there, so its words could be.
            assert!(journal.contains("sensitive-information") && journal.contains("EMAIL"));
            found += 1;
        }
        for exchange in outcome.exchanges {
            seen.entry(Service::of(&exchange.request).model()).or_default().push(exchange);
        }
        let heard = sentences(&outcome.heard);
        // Half an answer is never spoken, and no mark of a source.
        assert!(
            !heard.iter().any(|words| words.contains("먼저") || words.contains('[')),
            "{heard:?}"
        );
        let row = sentences_of(&mut usual, heard, outcome.waited);
        let again = again(outcome.asked);
        writeln!(
            rows,
            "| {} | {} | {} | {again} | {} | {row} |",
            case.service.name(),
            case.fault,
            outcome.got,
            outcome.end
        )
        .unwrap();
    }
    assert_eq!(found, 1, "a guardrail finds something in one of the calls");
    for (service, exchanges) in &seen {
        shapes::check(service, exchanges);
    }
    compare("language", &rows);
}

/// Whether a guardrail's find is in the service's answer.
fn finds(exchange: &Exchange) -> bool {
    exchange.reply.parts.iter().any(|part| match part {
        Part::Bytes(bytes) => String::from_utf8_lossy(bytes).contains(FOUND),
        _ => false,
    })
}

/// How often a service was asked again that was asked so many times.
fn again(asked: usize) -> String {
    match asked {
        0 | 1 => "no".to_owned(),
        2 => "once".to_owned(),
        times => format!("{} times", times - 1),
    }
}

/// The first call in full, of others what the first did not say.
fn sentences_of(usual: &mut Vec<String>, mut heard: Vec<String>, waited: bool) -> String {
    if usual.is_empty() {
        usual.clone_from(&heard);
    } else {
        heard.retain(|sentence| !usual.contains(sentence));
    }
    let words = if heard.is_empty() { "the same".to_owned() } else { heard.join(" ") };
    if waited { format!("(“{COMFORT}”) {words}") } else { words }
}

/// The rows between `<!-- faults: NAME -->` and `<!-- end -->`, behind the table's head.
fn compare(name: &str, rows: &str) {
    // Several tables in one file, and a test for each.
    static FILE: Mutex<()> = Mutex::new(());
    let _one_at_a_time = FILE.lock().unwrap_or_else(PoisonError::into_inner);
    let path = folder().join(TABLE);
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(&format!("<!-- faults: {name} -->\n")).expect("its mark");
    let (table, after) = rest.split_once("<!-- end -->").expect("its end");
    let head: String = table.split_inclusive('\n').take(2).collect();
    let old = &table[head.len()..];
    if std::env::var_os("DIALGRAPH_UPDATE_DOCS").is_some() {
        let text = format!("{before}<!-- faults: {name} -->\n{head}{rows}<!-- end -->{after}");
        std::fs::write(&path, text).unwrap();
    } else {
        assert_eq!(rows, old, "run with DIALGRAPH_UPDATE_DOCS=1 and review the difference");
    }
}

/// A service that works before and between calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Other {
    Polly,
    Secrets,
    /// Of a secret that was read a moment ago.
    KnownSecret,
    Kms,
}

impl Other {
    const ALL: [Self; 4] = [Self::Polly, Self::Secrets, Self::KnownSecret, Self::Kms];

    fn name(self) -> &'static str {
        match self {
            Self::Polly => "Polly",
            Self::Secrets => "Secrets Manager",
            Self::KnownSecret => "Secrets Manager, of a secret read before",
            Self::Kms => "KMS",
        }
    }

    /// As botocore calls it.
    fn model(self) -> &'static str {
        match self {
            Self::Polly => "polly",
            Self::Secrets | Self::KnownSecret => "secretsmanager",
            Self::Kms => "kms",
        }
    }

    /// When nothing is wrong.
    fn well(self) -> Reply {
        match self {
            Self::Polly => stand_in_polly::audio("audio/mpeg", WORDS, WORDS.chars().count()),
            Self::Secrets | Self::KnownSecret => {
                Reply::json(200, &json!({"Name": "dialgraph/desk-token", "SecretString": "t0p"}))
            }
            Self::Kms => {
                let key = "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo=";
                Reply::json(200, &json!({"Plaintext": key, "KeyId": "KEY"}))
            }
        }
    }

    /// An error by its name; Polly has it in a header.
    fn error(self, status: u16, name: &str) -> Reply {
        match self {
            Self::Polly => Reply::error(status, name, "the service's words"),
            Self::Secrets | Self::KnownSecret | Self::Kms => {
                Reply::fault(status, name, "the service's words")
            }
        }
    }

    /// What it does, with what it answers to a first and to a second request.
    fn faults(self) -> [(&'static str, Reply, Reply); 7] {
        let always = |what, reply: Reply| (what, reply.clone(), reply);
        let busy = self.error(400, "ThrottlingException");
        let (down, refuses, unknown) = match self {
            // The model has no error for a voice that is gone, but accounts have voices of their
            // own.
            Self::Polly => ("ServiceFailureException", 403, (404, "ResourceNotFoundException")),
            Self::Secrets | Self::KnownSecret => {
                ("InternalServiceError", 400, (400, "ResourceNotFoundException"))
            }
            Self::Kms => ("KMSInternalException", 400, (400, "NotFoundException")),
        };
        [
            ("throttled once", busy.clone(), self.well()),
            always("throttled", busy),
            always("fails (500)", self.error(500, down)),
            always("never answers", Reply::never()),
            always("answers garbage", Reply::text(200, GARBAGE)),
            always("refuses", self.error(refuses, "AccessDeniedException")),
            always("says that it is not there", self.error(unknown.0, unknown.1)),
        ]
    }

    /// Asks the service at `url`, with `attempt` for a request; gives what whoever asked is told.
    async fn ask(self, url: &str, attempt: Duration) -> Result<(), String> {
        let connection = stand_in(url);
        let operation = Duration::from_secs(60);
        match self {
            Self::Polly => {
                let voice =
                    Voice::new("Seoyeon", polly::VoiceEngine::Neural, Some("ko-KR")).unwrap();
                let format = polly::Format::Mp3;
                let speech = Speech { text: WORDS.to_owned(), ssml: false, voice, format };
                let said = Polly::patient(&connection, attempt, operation).say(&speech).await;
                said.map(drop).map_err(|error| {
                    let (kind, code) = error.failure().expect("it was asked").cause.port();
                    told(kind, code)
                })
            }
            Self::Secrets | Self::KnownSecret => {
                let settings = SecretsManagerSettings {
                    keep: Duration::ZERO,
                    limit: attempt,
                    ..SecretsManagerSettings::default()
                };
                let secrets = SecretsManager::over(&connection, settings);
                if self == Self::KnownSecret {
                    secrets.reveal("desk-token").await.unwrap();
                }
                let text = secrets.reveal("desk-token").await;
                text.map(drop).map_err(|error| told(error.kind, &error.code))
            }
            Self::Kms => {
                let opened = Kms::patient(&connection, attempt, operation).open(&[1]).await;
                opened.map(drop).map_err(|error| {
                    let (kind, code) = error.failure().cause.port();
                    told(kind, code)
                })
            }
        }
    }
}

fn told(kind: HostErrorKind, code: &str) -> String {
    format!("{} `{code}`", format!("{kind:?}").to_lowercase())
}

#[tokio::test]
async fn services_that_no_caller_talks_to_fail_with_a_kind_and_a_code_or_not_at_all() {
    let mut rows = String::new();
    for service in Other::ALL {
        let mut seen = Vec::new();
        for (what, first, then) in service.faults() {
            let before = usize::from(service == Other::KnownSecret);
            let mut replies = vec![service.well(); before];
            replies.extend([first, then]);
            let server = Scripted::replies(replies);
            // Only silence is to be cut off.
            let attempt = Duration::from_secs(if what == "never answers" { 1 } else { 20 });
            let told = match service.ask(&server.url(), attempt).await {
                Ok(()) => "as if nothing was wrong".to_owned(),
                Err(told) => told,
            };
            let again = again(server.requests().len() - before);
            writeln!(rows, "| {} | {what} | {told} | {again} |", service.name()).unwrap();
            seen.extend(server.exchanges());
        }
        // Answers are judged, but for what is none and for the error that Polly's model does not
        // have.
        let sound = |exchange: &&Exchange| {
            let garbled = exchange.reply.parts.first() == Reply::text(200, GARBAGE).parts.first();
            let unknown = service == Other::Polly && exchange.reply.status == 404;
            !(garbled || unknown)
        };
        shapes::check_requests(service.model(), &seen);
        let sound: Vec<Exchange> = seen.iter().filter(sound).cloned().collect();
        shapes::check(service.model(), &sound);
    }
    compare("others", &rows);
}
