//! The dialogue: recognise the caller, collect the number, read it back, look it up.

use dialgraph_plugin::listen::{
    HOLD_MS, HOLDS, asks_for_time, digits, key, read_back, take_your_time, to_an_agent,
    wants_agent, yes_and_no, yes_or_no,
};
use dialgraph_plugin::log::Level;
use dialgraph_plugin::prelude::*;

use crate::config::{Config, Confirm};
use crate::customers::{Found, by_account, by_phone};
use crate::{AGENT, FAILED, Method, Output, UNCHECKED, UNVERIFIED, VERIFIED};

type Step = Result<Outcome<State, Output>, NodeError>;

/// What the dialogue remembers between two answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    phase: Phase,
    /// Vain tries in the present way of asking.
    failures: u32,
    /// Vain tries in all.
    total: u32,
    keys_only: bool,
    /// Numbers that no customer had.
    unknown: u32,
    /// How often the caller was given more time.
    #[serde(default)]
    holds: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Phase {
    /// "Is it the account ending in …?"
    Recognized { account: String, customer: String, cached: bool },
    /// "Please say or enter the number."
    Collect,
    /// "I have … Is that right?" `asked`: how often already without a clear answer.
    Confirm { account: String, method: Method, asked: u32 },
}

/// How often a question for yes or no is put before it counts as a vain try.
const CONFIRM_TRIES: u32 = 2;

pub(crate) struct Dialogue<'a> {
    host: &'a Host,
    config: &'a Config,
}

impl<'a> Dialogue<'a> {
    pub(crate) fn new(host: &'a Host, config: &'a Config) -> Self {
        Self { host, config }
    }

    pub(crate) fn enter(&self, caller: Option<&str>) -> Step {
        let mut state = State {
            phase: Phase::Collect,
            failures: 0,
            total: 0,
            keys_only: !self.config.speech,
            unknown: 0,
            holds: 0,
        };
        let caller = caller.or(self.host.call().caller.as_deref());
        if let (true, Some(caller)) = (self.config.recognize_caller, caller)
            && let Some(known) = by_phone(self.host, self.config, caller)?
        {
            state.phase = Phase::Recognized {
                account: known.account,
                customer: known.key,
                cached: known.cached,
            };
        }
        Ok(self.ask(state, Vec::new()))
    }

    pub(crate) fn answer(&self, state: State, answer: Answer) -> Step {
        if is_for_agent(&answer) {
            return Ok(self.leave(AGENT, &state));
        }
        if let Answer::Said { text, .. } = &answer
            && state.holds < HOLDS
            && asks_for_time(text)
        {
            return Ok(self.wait(state));
        }
        match state.phase.clone() {
            Phase::Collect => self.collected(state, answer),
            Phase::Recognized { account, customer, cached } => {
                self.recognized(state, answer, account, customer, cached)
            }
            Phase::Confirm { account, method, asked } => {
                self.confirmed(state, answer, account, method, asked)
            }
        }
    }

    fn recognized(
        &self,
        mut state: State,
        answer: Answer,
        account: String,
        customer: String,
        cached: bool,
    ) -> Step {
        match decided(&answer) {
            Some(true) => {
                let mut output = self.output(&state);
                output.account_id = Some(account);
                output.verified = true;
                output.checked = true;
                output.cached = cached;
                output.method = Some(Method::Caller);
                output.customer = Some(customer);
                self.log("account known by the caller's number");
                Ok(Done::new(VERIFIED, output).into())
            }
            _ => {
                state.phase = Phase::Collect;
                // Who answers with the number itself need not say it twice.
                match (self.number(&answer), decided(&answer)) {
                    (Some((number, _)), None) if self.complete(&number) => {
                        self.collected(state, answer)
                    }
                    _ => Ok(self.ask(state, Vec::new())),
                }
            }
        }
    }

    fn collected(&self, mut state: State, answer: Answer) -> Step {
        let prompts = &self.config.prompts;
        match self.number(&answer) {
            Some((number, method)) if self.complete(&number) => {
                let confirm = match self.config.confirm {
                    Confirm::Always => true,
                    Confirm::Speech => method == Method::Speech,
                    Confirm::Never => false,
                };
                if !confirm {
                    return self.look_up(state, number, method);
                }
                state.phase = Phase::Confirm { account: number, method, asked: 0 };
                Ok(self.ask(state, Vec::new()))
            }
            Some((number, _)) => {
                let heard = number.len().to_string();
                let say = self.fill(&prompts.wrong_length, &[("heard", &heard)]);
                self.vain(state, say)
            }
            None => {
                let list = match answer {
                    Answer::Silent => &prompts.no_input,
                    _ => &prompts.no_match,
                };
                // The schema lets no list be empty.
                let text = list.get(state.failures as usize).or(list.last());
                let say = text.map(|text| self.fill(text, &[])).unwrap_or_else(|| "".into());
                self.vain(state, say)
            }
        }
    }

    fn confirmed(
        &self,
        mut state: State,
        answer: Answer,
        account: String,
        method: Method,
        asked: u32,
    ) -> Step {
        match (decided(&answer), self.number(&answer)) {
            (Some(true), _) => self.look_up(state, account, method),
            // "No, it's 1111 …": the correction is the next number.
            (_, Some((number, method))) if self.complete(&number) => {
                state.phase = Phase::Confirm { account: number, method, asked: 0 };
                Ok(self.ask(state, Vec::new()))
            }
            (Some(false), _) => {
                state.phase = Phase::Collect;
                let say = self.fill(&self.config.prompts.denied, &[]);
                self.vain(state, say)
            }
            (None, _) if asked + 1 < CONFIRM_TRIES => {
                state.phase = Phase::Confirm { account, method, asked: asked + 1 };
                Ok(self.ask(state, Vec::new()))
            }
            (None, _) => {
                state.phase = Phase::Collect;
                let say = self.fill(&self.config.prompts.denied, &[]);
                self.vain(state, say)
            }
        }
    }

    fn look_up(&self, mut state: State, account: String, method: Method) -> Step {
        let found = by_account(self.host, self.config, &account)?;
        let mut output = self.output(&state);
        output.account_id = Some(account);
        output.method = Some(method);
        let port = match found {
            Found::Customer { key, cached } => {
                output.verified = true;
                output.checked = true;
                output.cached = cached;
                output.customer = Some(key);
                VERIFIED
            }
            Found::Nobody if state.unknown < self.config.retry_unknown => {
                state.unknown += 1;
                state.total += 1;
                state.phase = Phase::Collect;
                let say = self.fill(&self.config.prompts.unknown, &[]);
                return Ok(self.ask(state, vec![say]));
            }
            Found::Nobody => {
                output.checked = true;
                UNVERIFIED
            }
            Found::Unknown => {
                self.host.log(Level::Warn, "customer records cannot be reached", &[]);
                UNCHECKED
            }
        };
        self.log("account number given");
        Ok(Done::new(port, output).into())
    }

    /// One more vain try: again, by keys, or the end.
    fn vain(&self, mut state: State, say: Speech) -> Step {
        state.failures += 1;
        state.total += 1;
        if state.failures < self.config.tries {
            return Ok(self.ask(state, vec![say]));
        }
        if state.keys_only {
            self.log("no account number");
            return Ok(self.leave(FAILED, &state));
        }
        self.log("changing to keys");
        state.keys_only = true;
        state.failures = 0;
        let say = self.fill(&self.config.prompts.to_keys, &[]);
        Ok(self.ask(state, vec![say]))
    }

    /// Waits without asking again: who looks for a number needs no second question.
    fn wait(&self, mut state: State) -> Outcome<State, Output> {
        state.holds += 1;
        let (_, mut ask) = self.question(state);
        ask = ask.timeout_ms(self.config.timeout_ms.max(HOLD_MS));
        ask.say(take_your_time().fill(self.host.locale(), &[])).into()
    }

    fn ask(&self, state: State, before: Vec<Speech>) -> Outcome<State, Output> {
        let (say, mut ask) = self.question(state);
        ask.say = before;
        ask.say(say).into()
    }

    /// The words of the question, and what it takes for an answer.
    fn question(&self, state: State) -> (Speech, Ask<State>) {
        let prompts = &self.config.prompts;
        let spoken = self.host.call().channel == "voice";
        let read = |digits: &str| read_back(digits, self.host.locale(), spoken);
        let (say, keys, speech) = match &state.phase {
            Phase::Collect if state.keys_only => (self.fill(&prompts.ask_keys, &[]), None, false),
            Phase::Collect => (self.fill(&prompts.ask, &[]), None, true),
            Phase::Recognized { account, .. } => {
                let last = account.len().saturating_sub(4);
                let say = self.fill(&prompts.recognized, &[("last", &read(&account[last..]))]);
                (say, Some(1), self.config.speech)
            }
            Phase::Confirm { account, .. } => {
                let say = self.fill(&prompts.confirm, &[("number", &read(account))]);
                (say, Some(1), self.config.speech)
            }
        };
        let collecting = matches!(state.phase, Phase::Collect);
        let mut ask = Ask::new(state)
            // From one key: 0 and the terminator ask for a person.
            .digits(1, keys.unwrap_or(self.config.length))
            .timeout_ms(self.config.timeout_ms)
            .sensitive(self.config.sensitive);
        if collecting {
            ask = ask.terminator('#');
        }
        if !spoken {
            let locale = self.host.locale();
            if collecting {
                ask = ask.hints(to_an_agent(locale));
            } else {
                ask = ask.hints(yes_and_no(locale).iter().copied());
            }
        }
        // In a chat there are no keys to change to.
        if speech || !spoken {
            ask = ask.speech();
        }
        (say, ask)
    }

    /// The digits in an answer, however many.
    fn number(&self, answer: &Answer) -> Option<(String, Method)> {
        let length = self.config.length as usize;
        match answer {
            Answer::Pressed(keys) => {
                let keys: String = keys.chars().filter(char::is_ascii_digit).collect();
                (!keys.is_empty()).then_some((keys, Method::Keys))
            }
            Answer::Said { text, .. } => {
                digits(text, length..=length).map(|said| (said, Method::Speech))
            }
            Answer::Silent => None,
        }
    }

    fn complete(&self, number: &str) -> bool {
        number.len() == self.config.length as usize
    }

    fn leave(&self, port: Port, state: &State) -> Outcome<State, Output> {
        Done::new(port, self.output(state)).into()
    }

    fn output(&self, state: &State) -> Output {
        Output {
            account_id: None,
            verified: false,
            checked: false,
            cached: false,
            method: None,
            customer: None,
            failures: state.total,
        }
    }

    fn fill(&self, text: &Text, values: &[(&str, &str)]) -> Speech {
        let length = self.config.length.to_string();
        let mut all = vec![("length", length.as_str())];
        all.extend(values);
        text.fill(self.host.locale(), &all)
    }

    fn log(&self, message: &str) {
        self.host.log(Level::Info, message, &[]);
    }
}

fn is_for_agent(answer: &Answer) -> bool {
    match answer {
        Answer::Pressed(keys) => keys == "0",
        Answer::Said { text, .. } => wants_agent(text) || key(text, &['0']).is_some(),
        Answer::Silent => false,
    }
}

/// Yes or no, by word or key.
fn decided(answer: &Answer) -> Option<bool> {
    match answer {
        Answer::Pressed(keys) => by_key(keys.chars().next().filter(|_| keys.len() == 1)),
        Answer::Said { text, .. } => yes_or_no(text).or_else(|| by_key(key(text, &['1', '2']))),
        Answer::Silent => None,
    }
}

fn by_key(key: Option<char>) -> Option<bool> {
    match key? {
        '1' => Some(true),
        '2' => Some(false),
        _ => None,
    }
}
