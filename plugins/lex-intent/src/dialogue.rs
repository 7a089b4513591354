//! The dialogue: the question, the recogniser's verdict, and the menu when words do not help.

use std::collections::BTreeMap;

use dialgraph_plugin::listen::{
    HOLD_MS, HOLDS, Offers, asks_for_time, choose, key, take_your_time, to_an_agent, wants_agent,
    yes_and_no, yes_or_no,
};
use dialgraph_plugin::log::Level;
use dialgraph_plugin::nlu::{Interpretation, Recognition, Request, Session};
use dialgraph_plugin::prelude::*;

use crate::config::{Config, MenuItem};
use crate::{AGENT, FAILED, MATCHED, Method, Output};

type Step = Result<Outcome<State, Output>, NodeError>;

/// What the dialogue remembers between two answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// The menu is being asked, not the question.
    menu: bool,
    /// Vain tries in the present way of asking.
    failures: u32,
    /// Vain tries in all.
    total: u32,
    /// The recogniser's own memory.
    session: Option<Session>,
    /// The intent that the caller is asked to confirm.
    #[serde(default)]
    unsure: Option<Unsure>,
    /// Intents that the caller did not mean.
    #[serde(default)]
    denied: Vec<String>,
    /// How often the caller was given more time.
    #[serde(default)]
    holds: u32,
}

/// What was recognised, and not surely enough.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Unsure {
    intent: String,
    confidence: Option<f64>,
    slots: BTreeMap<String, String>,
    text: String,
    sentiment: Option<String>,
}

/// A session larger than this is forgotten, for the state of a visit is bounded.
const SESSION_BYTES: usize = 8 << 10;

/// Words that a recogniser takes at once.
const TEXT_CHARS: usize = 1_024;

pub(crate) struct Dialogue<'a> {
    host: &'a Host,
    config: &'a Config,
}

impl<'a> Dialogue<'a> {
    pub(crate) fn new(host: &'a Host, config: &'a Config) -> Self {
        Self { host, config }
    }

    pub(crate) fn enter(&self, text: &str) -> Step {
        let state = State {
            menu: false,
            failures: 0,
            total: 0,
            session: None,
            unsure: None,
            denied: Vec::new(),
            holds: 0,
        };
        if text.trim().is_empty() {
            return Ok(self.ask(state, Vec::new()));
        }
        // What was said before the question is no vain try when it tells nothing.
        match self.recognize(state, text, false)? {
            Verdict::Done(outcome) => Ok(outcome),
            Verdict::Unsure(state) => Ok(self.confirm(state)),
            Verdict::Nothing(state) => Ok(self.ask(state, Vec::new())),
            Verdict::Down(state, error) => self.without_recogniser(state, error),
        }
    }

    pub(crate) fn answer(&self, mut state: State, answer: Answer) -> Step {
        if let Answer::Said { text, .. } = &answer {
            if wants_agent(text) || key(text, &['0']).is_some() {
                return Ok(self.agent(&state));
            }
            if state.holds < HOLDS && asks_for_time(text) {
                return Ok(self.wait(state));
            }
            if let Some(unsure) = state.unsure.take() {
                return self.confirmed(state, unsure, text);
            }
        }
        state.unsure = None;
        match answer {
            Answer::Pressed(keys) if keys == "0" => Ok(self.agent(&state)),
            Answer::Pressed(keys) => match self.config.menu.get(&keys) {
                Some(item) => Ok(self.chosen(&state, item)),
                None => Ok(self.vain(state, &self.config.prompts.menu_again)),
            },
            Answer::Silent => {
                let say = self.nth(&self.config.prompts.no_input, state.failures);
                Ok(self.vain(state, say))
            }
            Answer::Said { text, .. } if state.menu => Ok(match self.named(&text) {
                Some(item) => self.chosen(&state, item),
                None => self.vain(state, &self.config.prompts.menu_again),
            }),
            Answer::Said { text, .. } => self.said(state, &text),
        }
    }

    fn said(&self, state: State, text: &str) -> Step {
        match self.recognize(state, text, true)? {
            Verdict::Done(outcome) => Ok(outcome),
            Verdict::Unsure(state) => Ok(self.confirm(state)),
            Verdict::Nothing(state) => {
                let say = self.nth(&self.config.prompts.no_match, state.failures);
                Ok(self.vain(state, say))
            }
            Verdict::Down(state, error) => self.without_recogniser(state, error),
        }
    }

    /// The caller says whether the uncertain intent is meant.
    fn confirmed(&self, mut state: State, unsure: Unsure, text: &str) -> Step {
        match yes_or_no(text) {
            Some(true) => {
                let mut output = self.output(&state);
                output.intent = Some(unsure.intent);
                output.confidence = unsure.confidence;
                output.slots = unsure.slots;
                output.text = Some(unsure.text);
                output.method = Some(Method::Speech);
                output.sentiment = unsure.sentiment;
                self.log("intent confirmed by the caller");
                Ok(Done::new(MATCHED, output).into())
            }
            // "No, it's the bill": what follows the no is the next answer.
            said => {
                if said == Some(false) {
                    state.denied.push(unsure.intent);
                }
                state.failures += 1;
                state.total += 1;
                let tries = self.config.tries;
                match self.recognize(state, text, true)? {
                    Verdict::Done(outcome) => Ok(outcome),
                    Verdict::Unsure(state) if state.failures < tries => Ok(self.confirm(state)),
                    Verdict::Unsure(mut state) | Verdict::Nothing(mut state) => {
                        // The try has been counted.
                        state.failures -= 1;
                        state.total -= 1;
                        state.unsure = None;
                        let say = self.nth(&self.config.prompts.no_match, state.failures);
                        Ok(self.vain(state, say))
                    }
                    Verdict::Down(state, error) => self.without_recogniser(state, error),
                }
            }
        }
    }

    fn confirm(&self, state: State) -> Outcome<State, Output> {
        let locale = self.host.locale();
        let intent = state.unsure.as_ref().map_or("", |unsure| unsure.intent.as_str());
        let label = self.config.label(intent).map(|label| label.fill(locale, &[]).text);
        let values = [("label", label.as_deref().unwrap_or(intent))];
        let say = self.config.prompts.confirm.fill(locale, &values);
        let (_, ask) = self.question(state);
        ask.say(say).into()
    }

    /// Waits without asking again.
    fn wait(&self, mut state: State) -> Outcome<State, Output> {
        state.holds += 1;
        let (_, ask) = self.question(state);
        let ask = ask.timeout_ms(self.config.timeout_ms.max(HOLD_MS));
        ask.say(take_your_time().fill(self.host.locale(), &[])).into()
    }

    /// `heard`: it is known already whether all of the text asks for a person.
    fn recognize(&self, mut state: State, all: &str, heard: bool) -> Result<Verdict, NodeError> {
        let text: String = all.trim().chars().take(TEXT_CHARS).collect();
        if text.is_empty() {
            return Ok(Verdict::Nothing(state));
        }
        // Known without a recogniser, and so even when that is down.
        if !(heard && text == all) && wants_agent(&text) {
            return Ok(Verdict::Done(self.agent(&state)));
        }
        let mut request = Request::new(text.clone());
        request.bot.clone_from(&self.config.bot);
        request.session = state.session.take();
        let recognition = match self.host.recognize(&request) {
            Ok(recognition) => recognition,
            Err(error) if error.is_unavailable() => return Ok(Verdict::Down(state, error)),
            Err(error) => return Err(error.into()),
        };
        let Some(best) = self.best(&recognition, &state) else {
            if let Some(unsure) = self.unsure(&recognition, &state, &text) {
                self.log("uncertain intent");
                state.unsure = Some(unsure);
                state.session = bounded(recognition.session);
                return Ok(Verdict::Unsure(state));
            }
            self.log("no intent");
            state.session = bounded(recognition.session);
            return Ok(Verdict::Nothing(state));
        };
        if self.config.agent_intents.contains(&best.intent.name) {
            return Ok(Verdict::Done(self.agent(&state)));
        }
        let mut output = self.output(&state);
        output.intent = Some(best.intent.name.clone());
        output.confidence = best.confidence;
        output.slots = slots(best);
        output.text = Some(text);
        output.method = Some(Method::Speech);
        output.sentiment = best.sentiment.as_ref().map(|sentiment| sentiment.label.clone());
        self.host.log(Level::Info, "intent recognised", &[("intent", &best.intent.name)]);
        Ok(Verdict::Done(Done::new(MATCHED, output).into()))
    }

    /// The best intent that counts here and is sure enough.
    fn best<'r>(&self, recognition: &'r Recognition, state: &State) -> Option<&'r Interpretation> {
        let enough = |interpretation: &&Interpretation| {
            let name = &interpretation.intent.name;
            let rule = self.config.intents.get(name);
            let counts = self.counts(name) && !state.denied.contains(name);
            let least = rule.and_then(|rule| rule.min_confidence).unwrap_or(self.config.threshold);
            // Without a confidence it is the intent that means "none of them".
            counts && interpretation.confidence.is_some_and(|confidence| confidence >= least)
        };
        if self.config.intents.is_empty() {
            recognition.interpretations.first().filter(enough)
        } else {
            recognition.interpretations.iter().find(enough)
        }
    }

    fn counts(&self, intent: &String) -> bool {
        self.config.intents.is_empty()
            || self.config.intents.contains_key(intent)
            || self.config.agent_intents.contains(intent)
    }

    /// The best intent that counts here, is not sure enough, and can be asked about.
    fn unsure(&self, recognition: &Recognition, state: &State, text: &str) -> Option<Unsure> {
        let best = recognition.interpretations.iter().find(|interpretation| {
            let name = &interpretation.intent.name;
            self.counts(name) && !state.denied.contains(name)
        })?;
        let confidence = best.confidence.filter(|sure| *sure >= self.config.confirm_from)?;
        let name = &best.intent.name;
        self.config.label(name)?;
        if self.config.agent_intents.contains(name) {
            return None;
        }
        Some(Unsure {
            intent: name.clone(),
            confidence: Some(confidence),
            slots: slots(best),
            text: text.to_owned(),
            sentiment: best.sentiment.as_ref().map(|sentiment| sentiment.label.clone()),
        })
    }

    fn without_recogniser(&self, state: State, error: HostError) -> Step {
        if self.config.menu.is_empty() {
            return Err(error.into());
        }
        self.host.log(
            Level::Warn,
            "the recogniser is unavailable, changing to the menu",
            &[("code", &error.info().code)],
        );
        Ok(self.to_menu(state))
    }

    /// One more vain try: again, by the menu, or the end.
    fn vain(&self, mut state: State, say: &Text) -> Outcome<State, Output> {
        state.failures += 1;
        state.total += 1;
        let tries = if state.menu { self.config.menu_tries } else { self.config.tries };
        if state.failures < tries {
            let say = say.fill(self.host.locale(), &[]);
            return self.ask(state, vec![say]);
        }
        if state.menu || self.config.menu.is_empty() {
            self.log("no intent after all tries");
            return Done::new(FAILED, self.output(&state)).into();
        }
        self.log("changing to the menu");
        self.to_menu(state)
    }

    fn to_menu(&self, mut state: State) -> Outcome<State, Output> {
        state.menu = true;
        state.failures = 0;
        state.session = None;
        let say = self.config.prompts.to_menu.fill(self.host.locale(), &[]);
        self.ask(state, vec![say])
    }

    fn ask(&self, state: State, before: Vec<Speech>) -> Outcome<State, Output> {
        let (say, mut ask) = self.question(state);
        ask.say = before;
        ask.say.extend(say);
        ask.into()
    }

    /// The words of the question or the menu, and what it takes for an answer.
    fn question(&self, state: State) -> (Vec<Speech>, Ask<State>) {
        let locale = self.host.locale();
        let spoken = self.host.call().channel == "voice";
        let hints: Vec<String> = if state.unsure.is_some() && !spoken {
            yes_and_no(locale).iter().map(|&word| word.to_owned()).collect()
        } else {
            let labels = self.config.menu.values().map(|item| item.label.fill(locale, &[]).text);
            let agent = to_an_agent(locale).filter(|_| !spoken).map(str::to_owned);
            labels.chain(agent).collect()
        };
        let (say, speech) = if state.menu {
            // Words are what did not work on the phone; in a chat there are no keys.
            (self.menu(), !spoken)
        } else {
            (vec![self.config.prompt.fill(locale, &[])], true)
        };
        let mut ask = Ask::new(state)
            .digits(1, 1)
            .timeout_ms(self.config.timeout_ms)
            .sensitive(self.config.sensitive)
            .hints(hints);
        if speech {
            ask = ask.speech();
        }
        (say, ask)
    }

    fn menu(&self) -> Vec<Speech> {
        let locale = self.host.locale();
        let prompts = &self.config.prompts;
        let lines = self.config.menu.iter().map(|(key, item)| {
            let label = item.label.fill(locale, &[]).text;
            prompts.menu_item.fill(locale, &[("label", &label), ("key", key)])
        });
        lines.chain([prompts.menu_agent.fill(locale, &[])]).collect()
    }

    /// The line of the menu that typed words name, by its key or its label.
    fn named(&self, text: &str) -> Option<&MenuItem> {
        let mut offers = Offers::new();
        for (name, item) in &self.config.menu {
            offers = name.chars().fold(offers, |offers, key| offers.key(key, name.as_str()));
            offers = offers.phrases(name.as_str(), item.label.get(self.host.locale()));
        }
        self.config.menu.get(choose(text, &offers).value()?)
    }

    fn chosen(&self, state: &State, item: &MenuItem) -> Outcome<State, Output> {
        if self.config.agent_intents.contains(&item.intent) {
            return self.agent(state);
        }
        let mut output = self.output(state);
        output.intent = Some(item.intent.clone());
        output.confidence = Some(1.0);
        output.method = Some(Method::Menu);
        self.host.log(Level::Info, "intent chosen by key", &[("intent", &item.intent)]);
        Done::new(MATCHED, output).into()
    }

    fn agent(&self, state: &State) -> Outcome<State, Output> {
        Done::new(AGENT, self.output(state)).into()
    }

    fn output(&self, state: &State) -> Output {
        Output {
            intent: None,
            confidence: None,
            slots: BTreeMap::new(),
            text: None,
            method: None,
            sentiment: None,
            failures: state.total,
        }
    }

    /// The text for the so-manieth failure; the last repeats.
    fn nth<'t>(&self, texts: &'t [Text], failures: u32) -> &'t Text {
        static NOTHING: Text = Text::empty();
        // The schema lets no list be empty.
        texts.get(failures as usize).or(texts.last()).unwrap_or(&NOTHING)
    }

    fn log(&self, message: &str) {
        self.host.log(Level::Info, message, &[]);
    }
}

enum Verdict {
    Done(Outcome<State, Output>),
    /// `State::unsure` has what is to be confirmed.
    Unsure(State),
    Nothing(State),
    Down(State, HostError),
}

fn slots(interpretation: &Interpretation) -> BTreeMap<String, String> {
    let slots = interpretation.intent.slots.iter();
    slots
        .filter_map(|slot| Some((slot.path.clone(), slot.value.as_ref()?.interpreted.clone())))
        .collect()
}

fn bounded(session: Session) -> Option<Session> {
    let size = serde_json::to_vec(&session).map_or(usize::MAX, |json| json.len());
    (size <= SESSION_BYTES).then_some(session)
}
