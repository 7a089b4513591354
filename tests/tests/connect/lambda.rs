//! The Lambda function, as Connect sees it.

use dialgraph_base::locale::nearest;
use dialgraph_base::{Medium, Timestamp};
use dialgraph_connect::answer::Answer;
use dialgraph_connect::event::{EventError, Incoming, What};
use dialgraph_connect::fallback::{FallbackAnswer, Listener, Reason};
use dialgraph_connect::protocol::medium;
use dialgraph_kernel::attributes;
use dialgraph_kernel::contact::{ContactEvent, ContactStage};
use dialgraph_runtime::{EngineError, Start};
use dialgraph_simulator::line::Desk;
use dialgraph_simulator::session::SessionError;
use serde_json::{Value, json};

use super::fixture::fixture;

/// What the bridge waits for the engine, in milliseconds, before it answers by itself.
pub const BUDGET_MS: u64 = 6_500;

/// A Lambda function.
pub trait Lambda: Send {
    /// Answers an event; what it gives is checked as Connect would. None: it failed or took too
    /// long.
    fn invoke(&mut self, desk: &mut Desk, event: &Value) -> Result<Option<Value>, SessionError>;

    /// Answers Lex, as the code hook of its bot.
    fn hook(&mut self, event: &Value) -> Value {
        dialgraph_lambda::lex::answer(event)
    }
}

/// The engine of the session itself, behind what the bridge and the server do with an event and an
/// answer.
#[derive(Debug, Default)]
pub struct InProcess {
    /// How often each event is delivered: Connect and the bridge repeat those whose answers get
    /// lost.
    pub deliveries: u32,
    /// The engine cannot be reached from this invocation on, counted from 0.
    pub dead_from: Option<u32>,
    /// The function itself fails from this invocation on.
    pub fails_from: Option<u32>,
    /// Invocations so far.
    pub invoked: u32,
}

impl InProcess {
    /// One delivery of an event to the engine.
    pub fn once(desk: &mut Desk, event: &Value) -> Result<Value, SessionError> {
        let body = event.to_string();
        let incoming = match Incoming::parse(body.as_bytes()) {
            Ok(incoming) => incoming,
            Err(error @ EventError::Channel { .. }) => {
                assert!(error.is_refusal());
                return Ok(fallback(None, Reason::Channel));
            }
            Err(error) => return Err(SessionError::Line(error.to_string())),
        };
        let answer = match incoming.what.clone() {
            What::Start(start) => {
                let release = &fixture().release;
                let known = || release.locales.iter().map(|locale| &**locale);
                let locale = start.locale.as_deref();
                let taken = attributes::read(release, start.flow.as_deref(), start.attributes);
                let start = Start {
                    id: incoming.call.clone(),
                    channel: incoming.channel,
                    locale: locale.and_then(|wanted| nearest(wanted, known())).map(Into::into),
                    from: start.from,
                    to: start.to,
                    flow: start.flow,
                    // Chance is the script's.
                    seed: desk.setup().seed,
                    attributes: taken.attributes,
                };
                desk.start(start, &incoming.token)
            }
            What::Event(event) => desk.turn(event, &incoming.token),
        };
        match answer {
            Ok(answer) => Ok(json!(Answer::of_turn(&incoming, &answer.record, &answer.call))),
            Err(SessionError::Engine(EngineError::Turn(_))) if desk.call().is_some() => {
                let call = desk.call().expect("there is one");
                Ok(json!(Answer::over(call)))
            }
            Err(error) => Err(error),
        }
    }
}

/// What the bridge answers by itself.
pub fn fallback(event: Option<&Value>, reason: Reason) -> Value {
    let contact = event.map(|event| &event["Details"]["ContactData"]);
    let medium =
        contact.and_then(|contact| medium(contact["Channel"].as_str()?)).unwrap_or_default();
    let language = contact.and_then(|contact| contact["LanguageCode"].as_str());
    let fallback = FallbackAnswer::new(None).expect("no queue is a good queue");
    json!(fallback.answer(Listener { medium, locale: None, language }, reason))
}

impl Lambda for InProcess {
    fn invoke(&mut self, desk: &mut Desk, event: &Value) -> Result<Option<Value>, SessionError> {
        let fails = self.fails_from.is_some_and(|first| self.invoked >= first);
        if fails {
            return Ok(None);
        }
        let dead = self.dead_from.is_some_and(|first| self.invoked >= first);
        self.invoked += 1;
        if dead {
            return Ok(Some(fallback(Some(event), Reason::Unreachable)));
        }
        let before = desk.clock().time().0;
        let answer = Self::once(desk, event)?;
        let took = desk.clock().time().0 - before;
        let turns = desk.turns().len();
        for _ in 1..self.deliveries {
            assert_eq!(Self::once(desk, event)?, answer, "a repeated event got another answer");
            assert_eq!(desk.turns().len(), turns, "a repeated event was executed again");
        }
        if took > BUDGET_MS {
            return Ok(Some(fallback(Some(event), Reason::Slow)));
        }
        Ok(Some(answer))
    }
}

/// News of a hang-up, as EventBridge tells it.
pub fn disconnected(contact: &str, channel: Medium) -> Value {
    json!({
        "version": "0",
        "detail-type": "Amazon Connect Contact Event",
        "source": "aws.connect",
        "account": "111122223333",
        "region": "ap-northeast-2",
        "detail": {
            "eventType": "DISCONNECTED",
            "contactId": contact,
            "channel": if channel == Medium::Chat { "CHAT" } else { "VOICE" },
        },
    })
}

/// News of a contact beyond its flow, as EventBridge tells it.
pub fn told(contact: &str, channel: Medium, event: &ContactEvent, now: Timestamp) -> Value {
    let at = jiff::Timestamp::from_millisecond(now.0 as i64).expect("a script's clock").to_string();
    let mut news = disconnected(contact, channel);
    let detail = &mut news["detail"];
    let queue = "arn:aws:connect:ap-northeast-2:111122223333:instance/here/queue/general";
    let agent =
        |id: &str| format!("arn:aws:connect:ap-northeast-2:111122223333:instance/here/agent/{id}");
    match event.stage {
        ContactStage::Queued => {
            detail["eventType"] = "QUEUED".into();
            detail["queueInfo"] =
                json!({"queueArn": queue, "queueType": "STANDARD", "enqueueTimestamp": at});
        }
        ContactStage::Connected => {
            detail["eventType"] = "CONNECTED_TO_AGENT".into();
            let agent = agent(event.agent.as_deref().unwrap_or("somebody"));
            detail["agentInfo"] = json!({"agentArn": agent, "connectedToAgentTimestamp": at});
        }
        ContactStage::Ended | ContactStage::Lost => {
            detail["disconnectTimestamp"] = at.as_str().into();
        }
    }
    if event.callback {
        detail["previousContactId"] = contact.into();
        detail["initiationMethod"] = "CALLBACK".into();
        detail["contactId"] = format!("{contact}-callback").into();
        // Each attempt is a contact of its own: the agent takes it, and then the caller or nobody.
        if event.attempts.is_some() {
            detail["contactId"] = format!("{contact}-callback-{}", now.0).into();
            detail["agentInfo"] =
                json!({"agentArn": agent("somebody"), "connectedToAgentTimestamp": at});
        } else if event.stage == ContactStage::Ended {
            detail["connectedToSystemTimestamp"] = at.into();
        }
    }
    news
}

/// What Lex V2 asks its code hook.
pub fn heard(
    contact: &str,
    locale: &str,
    mode: &str,
    words: &str,
    confidence: Option<f64>,
    attributes: &Value,
) -> Value {
    let transcription = match confidence {
        Some(confidence) => {
            json!({"transcription": words, "transcriptionConfidence": confidence, "resolvedSlots": {}})
        }
        None => json!({"transcription": words, "resolvedSlots": {}}),
    };
    let mut request = json!({"x-amz-lex:channels:platform": if mode == "Text" { "Connect Chat" } else { "Connect" }});
    if mode == "DTMF" {
        request["x-amz-lex:dtmf-transcript"] = words.into();
    }
    json!({
        "messageVersion": "1.0",
        "invocationSource": "DialogCodeHook",
        "inputMode": mode,
        "responseContentType": if mode == "Text" { "text/plain" } else { "audio/pcm" },
        "sessionId": contact,
        "inputTranscript": words,
        "bot": {"id": "ABCDEFGHIJ", "name": "listen", "localeId": locale.replace('-', "_"), "version": "1", "aliasId": "LIVEALIAS1", "aliasName": "live"},
        "interpretations": [{"intent": {"name": "FallbackIntent", "slots": {}, "state": "InProgress"}, "interpretationSource": "Lex"}],
        "proposedNextState": {"dialogAction": {"type": "ElicitIntent"}, "intent": {"name": "FallbackIntent"}},
        "requestAttributes": request,
        "sessionState": {
            "sessionAttributes": attributes,
            "intent": {"name": "FallbackIntent", "slots": {}, "state": "InProgress", "confirmationState": "None"},
            "originatingRequestId": "11111111-2222-4333-8444-555555555555",
        },
        "transcriptions": [transcription],
    })
}
