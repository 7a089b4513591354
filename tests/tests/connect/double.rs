//! Executes a contact flow.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use dialgraph_base::Medium;
use dialgraph_contact_flow::lint::lint;
use dialgraph_flow::template::ssml_as_text;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_simulator::line::{Desk, Line};
use dialgraph_simulator::session::{Action, CallSetup, SessionError};
use serde_json::{Map, Value, json};

use super::contact::Contact;
use super::fixture::LAMBDA_ARN;
use super::lambda::{Lambda, disconnected, heard, told};

/// Actions between two waits for the caller; more is a flow that runs in a circle.
const ACTIONS_IN_A_ROW: usize = 1_000;

/// A synchronous Lambda is waited for this long, in milliseconds.
const LAMBDA_LIMIT_MS: u64 = 8_000;

/// Lambda blocks in a row may take this long, in milliseconds; a prompt begins anew.
const LAMBDA_CHAIN_MS: u64 = 20_000;

/// Lex keeps a session for five minutes after its last utterance, whichever block asks next.
const LEX_SESSION_MS: u64 = 300_000;

const ERROR: &str = "NoMatchingError";

/// Where a contact stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Stand {
    #[default]
    NotBegun,
    /// It is asked something by this action.
    Asked(String),
    /// In the queue with this ARN.
    Queued(String),
    /// To be called back on this number from the queue with this ARN.
    CallBack {
        queue: String,
        number: String,
    },
    /// Connected with this number.
    Transferred(String),
    /// This number rings, or whoever answered there has the caller: the flow goes on after it.
    Ringing(String),
    Disconnected,
    HungUp,
}

/// What happened on the caller's side of the line.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Everything that was played or written, without marks.
    pub heard: Vec<String>,
    pub stand: Stand,
    pub contact: Option<Contact>,
    /// Identifiers of the actions executed.
    pub actions: Vec<String>,
    /// What the engine did meanwhile.
    pub turns: Vec<TurnRecord>,
}

/// A contact flow, ready to be executed.
#[derive(Clone)]
struct Flow {
    actions: HashMap<String, Value>,
    start: String,
}

impl Flow {
    fn new(flow: &Value) -> Self {
        assert_eq!(lint(flow), [], "the service would refuse this flow");
        let actions = flow["Actions"].as_array().expect("checked above").iter();
        let id = |action: &Value| action["Identifier"].as_str().expect("checked above").to_owned();
        Self {
            actions: actions.map(|action| (id(action), action.clone())).collect(),
            start: flow["StartAction"].as_str().expect("checked above").to_owned(),
        }
    }
}

/// One contact in a contact flow.
pub struct Double {
    flow: Flow,
    /// Flows that it may be transferred to, by ARN.
    flows: HashMap<String, Flow>,
    lambda: Box<dyn Lambda>,
    contact: Contact,
    report: Arc<Mutex<Report>>,
    /// Keys pressed before they were asked for.
    typed: String,
    stand: Stand,
    /// The action that gave the contact away, or that waits; where it leads if it turns out to have
    /// failed.
    last: Option<String>,
    /// The template that the last question showed.
    buttons: Option<Value>,
    /// Until when Lex remembers its session; none before there is one.
    lex_until: Option<u64>,
    /// Time that Lambda blocks took since the last prompt, in milliseconds.
    chain: u64,
}

/// What the caller does at a question.
enum Input {
    Words { text: String, confidence: Option<f64> },
    Keys,
    Silence,
}

impl Double {
    /// A contact about to enter `flow`, and the report of it that is kept up to date.
    pub fn new(
        flow: &Value,
        setup: &CallSetup,
        lambda: Box<dyn Lambda>,
    ) -> (Self, Arc<Mutex<Report>>) {
        let report = Arc::new(Mutex::new(Report::default()));
        let double = Self {
            flow: Flow::new(flow),
            flows: HashMap::new(),
            lambda,
            contact: Contact::new(setup),
            report: report.clone(),
            typed: String::new(),
            stand: Stand::NotBegun,
            last: None,
            buttons: None,
            lex_until: None,
            chain: 0,
        };
        (double, report)
    }

    /// The instance has the contact flow `flow` under this ARN, too.
    pub fn with_flow(mut self, arn: &str, flow: &Value) -> Self {
        self.flows.insert(arn.to_owned(), Flow::new(flow));
        self
    }

    fn action(&self, id: &str) -> &Value {
        self.flow.actions.get(id).unwrap_or_else(|| panic!("there is no action `{id}`"))
    }

    fn next(&self, id: &str) -> String {
        let next = self.action(id)["Transitions"]["NextAction"].as_str();
        next.unwrap_or_else(|| panic!("`{id}` leads nowhere")).to_owned()
    }

    fn error(&self, id: &str, error: &str) -> Option<String> {
        let errors = self.action(id)["Transitions"]["Errors"].as_array()?;
        let found = errors.iter().find(|entry| entry["ErrorType"] == error)?;
        found["NextAction"].as_str().map(str::to_owned)
    }

    /// Where a failure leads: its own branch, else the general one.
    fn failed(&self, id: &str, error: &str) -> String {
        self.error(id, error)
            .or_else(|| self.error(id, ERROR))
            .unwrap_or_else(|| panic!("`{id}` failed with {error}, and nothing is said of that"))
    }

    /// Where an outcome leads: the first condition that it meets, else `NoMatchingCondition`.
    fn outcome(&self, id: &str, value: Option<&str>) -> String {
        let conditions = self.action(id)["Transitions"]["Conditions"].as_array();
        let met = conditions.into_iter().flatten().find(|entry| {
            let condition = &entry["Condition"];
            assert_eq!(condition["Operator"], "Equals", "`{id}`: this operator is not known here");
            value.is_some_and(|value| condition["Operands"][0] == value)
        });
        match met {
            Some(entry) => entry["NextAction"].as_str().expect("checked above").to_owned(),
            None => self.error(id, "NoMatchingCondition").unwrap_or_else(|| self.next(id)),
        }
    }

    fn hear(&mut self, desk: &Desk, kind: &str, text: &str) {
        let chat = self.contact.channel == Medium::Chat;
        let words = match kind {
            "SSML" => {
                assert!(!chat, "SSML was sent to a chat: {text}");
                assert!(
                    text.starts_with("<speak>") && text.ends_with("</speak>"),
                    "this is no SSML: {text}"
                );
                assert!(text.chars().count() <= 3_000, "longer than Polly speaks at once");
                let language = desk
                    .call()
                    .map_or(self.contact.language.clone(), |call| call.locale.to_string());
                assert_eq!(
                    self.contact.language, language,
                    "spoken in another language than that of the call"
                );
                let voice = dialgraph_contact_flow::bridge::SpokenLanguage::of(&language)
                    .expect("a voice")
                    .voice;
                assert_eq!(self.contact.voice, voice, "spoken by a voice of another language");
                desk.clock().advance(pauses(text));
                ssml_as_text(text)
            }
            "Text" => {
                assert!(text.chars().count() <= 1_024, "longer than a message can be");
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            }
            other => panic!("prompts of kind {other} are not known here"),
        };
        if !words.is_empty() {
            self.report.lock().expect("no test panicked with it").heard.push(words);
        }
        self.chain = 0;
    }

    /// Plays the prompt of an action.
    fn prompt(&mut self, desk: &Desk, parameters: &Value) {
        for kind in ["SSML", "Text"] {
            if !parameters[kind].is_null() {
                let text = self.contact.text(kind, &parameters[kind]);
                self.hear(desk, kind, &text);
            }
        }
    }

    /// Executes actions from `id` until the caller is waited for or gone.
    fn run(&mut self, desk: &mut Desk, id: String) -> Result<(), SessionError> {
        let mut id = id;
        for _ in 0..ACTIONS_IN_A_ROW {
            self.report.lock().expect("no test panicked with it").actions.push(id.clone());
            let action = self.action(&id).clone();
            let parameters = &action["Parameters"];
            let kind = action["Type"].as_str().expect("checked above");
            id = match kind {
                "UpdateFlowLoggingBehavior" => self.next(&id),
                "InvokeLambdaFunction" => match self.invoke(desk, parameters)? {
                    true => self.next(&id),
                    false => self.failed(&id, ERROR),
                },
                "Compare" => {
                    let reference = parameters["ComparisonValue"].as_str().expect("checked above");
                    let value = self.contact.resolve(reference);
                    self.outcome(&id, value.as_deref())
                }
                "MessageParticipant" => {
                    self.prompt(desk, parameters);
                    self.next(&id)
                }
                "GetParticipantInput" | "ConnectParticipantWithLexBot" => {
                    if kind == "GetParticipantInput" && self.contact.channel != Medium::Voice {
                        self.failed(&id, ERROR)
                    } else {
                        self.prompt(desk, parameters);
                        self.show_buttons(desk, parameters);
                        self.stand = Stand::Asked(id.clone());
                        self.last = Some(id.clone());
                        if self.typed.is_empty() {
                            return Ok(());
                        }
                        self.input(&id, desk, Input::Keys)
                    }
                }
                "Wait" => {
                    assert_eq!(self.contact.channel, Medium::Chat, "a call cannot wait");
                    let seconds =
                        self.contact.text("TimeLimitSeconds", &parameters["TimeLimitSeconds"]);
                    desk.clock()
                        .advance(1_000 * seconds.parse::<u64>().expect("a number of seconds"));
                    self.chain = 0;
                    self.outcome(&id, Some("WaitCompleted"))
                }
                "UpdateContactTextToSpeechVoice" => {
                    self.contact.voice =
                        self.contact.text("TextToSpeechVoice", &parameters["TextToSpeechVoice"]);
                    self.next(&id)
                }
                "UpdateContactData" => {
                    self.contact.language =
                        self.contact.text("LanguageCode", &parameters["LanguageCode"]);
                    self.next(&id)
                }
                "UpdateContactAttributes" => {
                    let attributes = parameters["Attributes"].as_object().expect("checked above");
                    let attributes: BTreeMap<String, String> = attributes
                        .iter()
                        .map(|(name, value)| (name.clone(), self.contact.text(name, value)))
                        .collect();
                    if self.contact.set_attributes(attributes) {
                        self.next(&id)
                    } else {
                        self.failed(&id, ERROR)
                    }
                }
                "UpdateContactTargetQueue" => {
                    self.contact.queue = Some(self.contact.text("QueueId", &parameters["QueueId"]));
                    self.next(&id)
                }
                "UpdateContactRoutingBehavior" => {
                    self.contact.priority =
                        Some(self.contact.text("QueuePriority", &parameters["QueuePriority"]));
                    self.next(&id)
                }
                "TransferContactToQueue" => {
                    let queue =
                        self.contact.queue.clone().expect("a queue is set before the transfer");
                    self.stand = Stand::Queued(queue);
                    self.last = Some(id);
                    return Ok(());
                }
                "UpdateContactCallbackNumber" => {
                    let number = self.contact.text("CallbackNumber", &parameters["CallbackNumber"]);
                    let digits = number.strip_prefix('+').unwrap_or_default();
                    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
                        self.failed(&id, "InvalidCallbackNumber")
                    } else {
                        self.contact.callback_number = Some(number);
                        self.next(&id)
                    }
                }
                "CreateCallbackContact" => {
                    let queue =
                        self.contact.queue.clone().expect("a queue is set before the call back");
                    let number =
                        self.contact.callback_number.clone().expect("a number is set before");
                    self.stand = Stand::CallBack { queue, number };
                    self.last = Some(id.clone());
                    let next = self.next(&id);
                    assert_eq!(self.action(&next)["Type"], "DisconnectParticipant");
                    return Ok(());
                }
                "TransferParticipantToThirdParty" => {
                    let number = self
                        .contact
                        .text("ThirdPartyPhoneNumber", &parameters["ThirdPartyPhoneNumber"]);
                    assert_eq!(parameters["ContinueFlowExecution"], "True", "`{id}`");
                    let next = self.next(&id);
                    let ends = self.action(&next)["Type"] == "DisconnectParticipant";
                    self.stand =
                        if ends { Stand::Transferred(number) } else { Stand::Ringing(number) };
                    self.last = Some(id);
                    return Ok(());
                }
                "TransferToFlow" => {
                    let arn = self.contact.text("ContactFlowId", &parameters["ContactFlowId"]);
                    match self.flows.get(&arn) {
                        Some(flow) => {
                            self.flow = flow.clone();
                            self.flow.start.clone()
                        }
                        // A flow that was deleted, or never published.
                        None => self.failed(&id, ERROR),
                    }
                }
                "DisconnectParticipant" => {
                    self.stand = Stand::Disconnected;
                    self.last = None;
                    return Ok(());
                }
                other => panic!("`{id}`: action type {other} is not known here"),
            };
        }
        Err(SessionError::Line(format!("the flow runs in a circle at `{id}`")))
    }

    /// Invokes the Lambda; false when it failed.
    fn invoke(&mut self, desk: &mut Desk, parameters: &Value) -> Result<bool, SessionError> {
        assert_eq!(parameters["LambdaFunctionARN"], LAMBDA_ARN);
        assert_eq!(parameters["InvocationType"], "SYNCHRONOUS");
        assert_eq!(parameters["ResponseValidation"]["ResponseType"], "STRING_MAP");
        let given = parameters["LambdaInvocationAttributes"].as_object().expect("a map");
        let resolved: Map<String, Value> = given
            .iter()
            .map(|(name, value)| {
                let text = value.as_str().expect("checked above");
                let value = if text.starts_with("$.") {
                    json!(self.contact.resolve(text))
                } else {
                    json!(text)
                };
                (name.clone(), value)
            })
            .collect();
        let event = self.contact.event(&resolved);
        let before = desk.clock().time().0;
        let answer = self.lambda.invoke(desk, &event)?;
        let took = desk.clock().time().0 - before;
        self.chain += took;
        assert!(self.chain <= LAMBDA_CHAIN_MS, "Lambda blocks in a row took {} ms", self.chain);
        if took > LAMBDA_LIMIT_MS {
            return Ok(false);
        }
        let Some(answer) = answer else { return Ok(false) };
        // What Connect would refuse is a failure of ours.
        let text = answer.to_string();
        assert!(text.len() < 32 * 1024, "the answer has {} bytes", text.len());
        let Value::Object(map) = answer else { panic!("the answer is no map: {text}") };
        self.contact.external = map
            .into_iter()
            .map(|(key, value)| match value {
                Value::String(value) if !value.is_empty() => (key, value),
                other => panic!("the answer's `{key}` is {other}"),
            })
            .collect();
        Ok(true)
    }

    /// Where a question leads once it is answered.
    fn input(&mut self, id: &str, desk: &mut Desk, input: Input) -> String {
        let action = self.action(id).clone();
        let parameters = &action["Parameters"];
        if action["Type"] == "ConnectParticipantWithLexBot" {
            return self.lex(id, desk, parameters, input);
        }
        let seconds = |value: &Value| {
            1_000 * value.as_str().expect("a string").parse::<u64>().expect("a number of seconds")
        };
        let limit = seconds(&parameters["InputTimeLimitSeconds"]);
        if parameters["StoreInput"] == "False" {
            if matches!(input, Input::Keys) && !self.typed.is_empty() {
                let key = self.typed.remove(0).to_string();
                return self.outcome(id, Some(&key));
            }
            // Nobody listens for words here.
            desk.clock().advance(limit);
            return self.failed(id, "InputTimeLimitExceeded");
        }
        let dtmf = &parameters["DTMFConfiguration"];
        let most = &parameters["InputValidation"]["CustomValidation"]["MaximumLength"];
        let most: usize =
            self.contact.text("MaximumLength", most).parse().expect("a number of keys");
        if matches!(input, Input::Keys) && !self.typed.is_empty() {
            let end = dtmf["InputTerminationSequence"].as_str().and_then(|end| end.chars().next());
            let (keys, complete) = self.take_keys(most, end);
            if !complete {
                desk.clock().advance(seconds(&dtmf["InterdigitTimeLimitSeconds"]));
            }
            self.contact.stored_input = Some(keys);
        } else {
            desk.clock().advance(limit);
            self.contact.stored_input = Some("Timeout".to_owned());
        }
        self.next(id)
    }

    /// What Lex remembers when a block begins: the session of the question before is still there,
    /// but for what the block sets anew.
    fn session(&self, desk: &Desk, parameters: &Value) -> BTreeMap<String, String> {
        let mut session = match self.lex_until {
            Some(until) if desk.clock().time().0 <= until => self.contact.lex.clone(),
            _ => BTreeMap::new(),
        };
        let set = parameters["LexSessionAttributes"].as_object().into_iter().flatten();
        session.extend(set.map(|(name, value)| (name.clone(), self.contact.text(name, value))));
        session
    }

    /// A bot of a chat is told something before anybody writes: what it answers is shown.
    fn show_buttons(&mut self, desk: &Desk, parameters: &Value) {
        self.buttons = None;
        let Some(words) = parameters["LexInitializationData"]["InitialMessage"].as_str() else {
            return;
        };
        assert_eq!(self.contact.channel, Medium::Chat, "a voice is told nothing first");
        assert!(
            ["Text", "SSML", "PromptId"].iter().all(|kind| parameters[kind].is_null()),
            "a block has a prompt or a first message"
        );
        let session = self.session(desk, parameters);
        let attributes = session.into_iter().map(|(name, value)| (name, value.into()));
        let attributes: Map<String, Value> = attributes.collect();
        let locale = self.contact.language.clone();
        let event = heard(&self.contact.id, &locale, "Text", words, None, &attributes.into());
        let answer = self.lambda.hook(&event);
        let state = &answer["sessionState"];
        assert_eq!(state["dialogAction"]["type"], "ElicitIntent", "Lex must wait: {answer}");
        let [message] = answer["messages"].as_array().expect("messages").as_slice() else {
            panic!("one message is shown: {answer}")
        };
        assert_eq!(message["contentType"], "CustomPayload");
        let content = message["content"].as_str().expect("a text");
        assert!(content.chars().count() <= 1_024, "longer than Lex passes on");
        let template: Value = serde_json::from_str(content).expect("a template");
        let title = checked_template(&template);
        self.hear(desk, "Text", &title);
        self.buttons = Some(template);
        self.keep_session(desk, state);
    }

    /// What the hook leaves of the session.
    fn keep_session(&mut self, desk: &Desk, state: &Value) {
        let attributes = state["sessionAttributes"].as_object().expect("session attributes");
        let text = |value: &Value| value.as_str().expect("Lex takes strings only").to_owned();
        self.contact.lex =
            attributes.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        self.lex_until = Some(desk.clock().time().0 + LEX_SESSION_MS);
    }

    /// What a client sends when somebody presses the button: the words on it.
    fn pressed(&self, label: &str) -> Result<String, SessionError> {
        let elements =
            self.buttons.as_ref().map(|template| &template["data"]["content"]["elements"]);
        let labels: Vec<String> = elements
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|element| Some(element["title"].as_str()?.to_owned()))
            .collect();
        if labels.iter().any(|known| known == label) {
            return Ok(label.to_owned());
        }
        Err(SessionError::NoSuchChoice { label: label.to_owned(), choices: labels })
    }

    fn lex(&mut self, id: &str, desk: &mut Desk, parameters: &Value, input: Input) -> String {
        // An engine that is another process keeps its calls to itself.
        let locale =
            desk.call().map_or(self.contact.language.clone(), |call| call.locale.to_string());
        let alias = parameters["LexV2Bot"]["AliasArn"].as_str().expect("checked above");
        assert!(alias.ends_with(&locale), "a bot of another language listens: {alias}");
        assert_eq!(self.contact.language, locale, "Lex listens in the language of the contact");
        let chat = self.contact.channel == Medium::Chat;
        let attribute = |name: &str| {
            let name = format!("x-amz-lex:{name}:*:*");
            self.contact.text(&name, &parameters["LexSessionAttributes"][&name])
        };
        let silent = matches!(input, Input::Silence);
        let (mode, words, confidence) = match input {
            Input::Words { text, confidence } if chat => ("Text", text, confidence),
            Input::Words { text, confidence } => ("Speech", text, confidence),
            Input::Keys if chat => ("Text", std::mem::take(&mut self.typed), None),
            Input::Keys => {
                let most: usize = attribute("dtmf:max-length").parse().expect("a number of keys");
                let end = attribute("dtmf:end-character").chars().next();
                let pause: u64 = attribute("dtmf:end-timeout-ms").parse().expect("milliseconds");
                let (keys, complete) = self.take_keys(most, end);
                if !complete {
                    desk.clock().advance(pause);
                }
                ("DTMF", keys, None)
            }
            Input::Silence if chat => {
                let seconds = parameters["LexTimeoutSeconds"]["Text"].as_str().expect("a string");
                desk.clock().advance(1_000 * seconds.parse::<u64>().expect("a number of seconds"));
                return self.failed(id, "InputTimeLimitExceeded");
            }
            Input::Silence => {
                desk.clock()
                    .advance(attribute("audio:start-timeout-ms").parse().expect("milliseconds"));
                ("Speech", String::new(), None)
            }
        };
        // A bot that was told something first has begun the session of this block already.
        let session = match self.buttons {
            Some(_) => self.contact.lex.clone(),
            None => self.session(desk, parameters),
        };
        self.lex_until = Some(desk.clock().time().0 + LEX_SESSION_MS);
        if silent {
            // Lex need not ask its code hook about nothing.
            self.contact.lex = session;
            return self.outcome(id, Some("FallbackIntent"));
        }
        let attributes: Map<String, Value> =
            session.into_iter().map(|(name, value)| (name, value.into())).collect();
        let event = heard(&self.contact.id, &locale, mode, &words, confidence, &attributes.into());
        let closed = self.lambda.hook(&event);
        let state = &closed["sessionState"];
        assert_eq!(state["dialogAction"]["type"], "Close", "Lex would go on by itself: {closed}");
        self.keep_session(desk, state);
        self.outcome(id, Some("FallbackIntent"))
    }

    /// Keys from what was typed, and whether the input is complete with them.
    fn take_keys(&mut self, most: usize, end: Option<char>) -> (String, bool) {
        let mut keys = String::new();
        while let Some(key) = self.typed.chars().next() {
            if Some(key) == end {
                self.typed.remove(0);
                return (keys, true);
            }
            if keys.len() == most {
                return (keys, true);
            }
            keys.push(key);
            self.typed.remove(0);
        }
        let complete = keys.len() == most;
        (keys, complete)
    }

    fn perform(&mut self, desk: &mut Desk, action: &Action) -> Result<(), SessionError> {
        let asked = match &self.stand {
            Stand::Asked(id) => Some(id.clone()),
            _ => None,
        };
        let rung = match &self.stand {
            Stand::Ringing(_) => self.last.clone(),
            _ => None,
        };
        match action {
            Action::HangsUp => {
                if self.stand == Stand::HungUp {
                    return Err(SessionError::Over);
                }
                let event = disconnected(&self.contact.id, self.contact.channel);
                self.lambda.invoke(desk, &event)?;
                // A contact that was given away has left the flow; hanging up later changes nothing
                // of where it went.
                if asked.is_some() || rung.is_some() {
                    self.stand = Stand::HungUp;
                }
                Ok(())
            }
            Action::Outside { hook, after_ms, value, expect } => {
                desk.clock().advance(*after_ms);
                let found = desk.tell(hook, value)?;
                match expect.filter(|wanted| *wanted != found) {
                    // The caller says nothing, and the flow looks again.
                    None if asked.is_some()
                        && desk.awaits_outside()
                        && desk.setup().channel.speaks() =>
                    {
                        self.perform(desk, &Action::Silent)
                    }
                    None => Ok(()),
                    Some(wanted) => {
                        Err(SessionError::ToldOtherwise { hook: hook.to_string(), found, wanted })
                    }
                }
            }
            // Its bridge flow comes back by itself; whoever breaks in does so at the next question.
            Action::Meanwhile(_) => {
                Err(SessionError::Line("Connect lets nobody break in on a wait".to_owned()))
            }
            Action::Clock { ms } => {
                desk.clock().advance(*ms);
                Ok(())
            }
            Action::Rings { answered } => {
                let id = rung.ok_or(SessionError::NotRinging)?;
                let next = if *answered {
                    self.next(&id)
                } else {
                    let limit =
                        self.action(&id)["Parameters"]["ThirdPartyConnectionTimeLimitSeconds"]
                            .as_str()
                            .and_then(|seconds| seconds.parse::<u64>().ok());
                    desk.clock().advance(1_000 * limit.expect("a number of seconds"));
                    self.failed(&id, "ConnectionTimeLimitExceeded")
                };
                self.run(desk, next)
            }
            Action::Waits { ms } => {
                assert!(asked.is_none(), "waiting at a question is silence; say so in the script");
                assert!(rung.is_none(), "say in the script what comes of the ringing");
                desk.clock().advance(*ms);
                Ok(())
            }
            Action::Contact(event) => {
                let news = told(&self.contact.id, self.contact.channel, event, desk.clock().time());
                self.lambda.invoke(desk, &news)?;
                Ok(())
            }
            Action::DirectiveFails(_) => {
                let id = self.last.clone().ok_or(SessionError::Over)?;
                let kind = self.action(&id)["Type"].as_str().expect("checked above");
                let error = match kind {
                    "TransferContactToQueue" => "QueueAtCapacity",
                    "TransferParticipantToThirdParty" => "CallFailed",
                    _ => ERROR,
                };
                let next = self.failed(&id, error);
                self.run(desk, next)
            }
            Action::Says { text, confidence } => {
                let id = asked.ok_or(SessionError::NotAsked)?;
                let input = Input::Words { text: text.clone(), confidence: *confidence };
                let next = self.input(&id, desk, input);
                self.run(desk, next)
            }
            Action::Chooses(label) => {
                let id = asked.ok_or(SessionError::NotAsked)?;
                let text = self.pressed(label)?;
                let next = self.input(&id, desk, Input::Words { text, confidence: None });
                self.run(desk, next)
            }
            Action::Silent => {
                let id = asked.ok_or(SessionError::NotAsked)?;
                let next = self.input(&id, desk, Input::Silence);
                self.run(desk, next)
            }
            Action::Presses(keys) => {
                let id = asked.ok_or(SessionError::NotAsked)?;
                self.typed.push_str(keys);
                let next = self.input(&id, desk, Input::Keys);
                let done = self.run(desk, next);
                // What nobody asked for is lost, as on a telephone whose buffer was cleared.
                self.typed.clear();
                done
            }
        }
    }

    fn tell(&self, desk: &Desk) {
        let mut report = self.report.lock().expect("no test panicked with it");
        report.stand = self.stand.clone();
        report.contact = Some(self.contact.clone());
        report.turns = desk.turns().to_vec();
    }
}

/// The title of a template, if the service would send it.
fn checked_template(template: &Value) -> String {
    let kind = template["templateType"].as_str().expect("a type");
    let elements = template["data"]["content"]["elements"].as_array().expect("elements");
    let room = match kind {
        "QuickReply" => 2..=10,
        "Panel" => 1..=10,
        other => panic!("{other} is no template that a flow sends"),
    };
    assert!(room.contains(&elements.len()), "{kind} with {} elements", elements.len());
    assert_eq!(template["version"], "1.0");
    for element in elements {
        let title = element["title"].as_str().expect("a title");
        assert!((1..=200).contains(&title.chars().count()), "{title}");
    }
    let title = template["data"]["content"]["title"].as_str().expect("a title");
    assert!((1..=400).contains(&title.chars().count()), "{title}");
    title.to_owned()
}

impl Line for Double {
    fn start(&mut self, desk: &mut Desk) -> Result<(), SessionError> {
        let done = self.run(desk, self.flow.start.clone());
        self.tell(desk);
        done
    }

    fn act(&mut self, desk: &mut Desk, action: &Action) -> Result<(), SessionError> {
        let done = self.perform(desk, action);
        self.tell(desk);
        done
    }
}

/// Milliseconds of all breaks in an SSML document that is only words and a pause of the engine's.
fn pauses(ssml: &str) -> u64 {
    ssml.match_indices("<break time=\"")
        .filter_map(|(at, mark)| {
            let time = ssml[at + mark.len()..].split('"').next()?;
            time.strip_suffix("ms")?.parse::<u64>().ok()
        })
        .sum()
}
