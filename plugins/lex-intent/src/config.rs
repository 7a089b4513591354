//! What a designer can set.

use std::collections::BTreeMap;

use dialgraph_plugin::prelude::*;

/// How the caller is asked, and which answers count.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Name of the bot; left out: the default one.
    #[schemars(extend("x-dialgraph-ref" = "bot"))]
    pub bot: Option<String>,
    /// The question.
    pub prompt: Text,
    /// Confidence that is enough, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub threshold: f64,
    /// Confidence from which an intent that is not sure enough is confirmed with the caller, 0 to
    /// 1, if there is a label for it here or in the menu. 1: never.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub confirm_from: f64,
    /// The intents that count here, with rules of their own; empty: all of the bot's.
    #[schemars(extend("propertyNames" = {"x-dialgraph-ref": "intent"}))]
    pub intents: BTreeMap<String, IntentRule>,
    /// Intents that mean "a person, please": they leave by port `agent`.
    #[schemars(extend("items" = {"type": "string", "x-dialgraph-ref": "intent"}))]
    pub agent_intents: Vec<String>,
    /// Vain answers to the question before the menu, or port `failed` where there is none.
    #[schemars(range(min = 1, max = 10))]
    pub tries: u32,
    /// What each key (`1` to `9`) means when words did not help. The keys work during the question
    /// too.
    #[schemars(extend("propertyNames" = {"pattern": "^[1-9]$"}))]
    pub menu: BTreeMap<String, MenuItem>,
    /// Vain answers to the menu before port `failed`.
    #[schemars(range(min = 1, max = 10))]
    pub menu_tries: u32,
    /// Keep the caller's words out of transcripts and logs of the call.
    pub sensitive: bool,
    /// Silence that counts as no answer, in milliseconds.
    #[schemars(range(min = 1000, max = 60000))]
    pub timeout_ms: u32,
    /// Everything else that the caller hears.
    pub prompts: Prompts,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bot: None,
            prompt: Text::new(
                "무엇을 도와드릴까요? 편하게 말씀해 주세요. 상담원 연결은 0번입니다.",
                "How can I help you? Please tell me in your own words. For an agent, press 0.",
            )
            .written(
                "무엇을 도와드릴까요? 편하게 적어 주세요.",
                "How can I help you? Please tell me in your own words.",
            ),
            threshold: 0.5,
            confirm_from: 0.35,
            intents: BTreeMap::new(),
            agent_intents: Vec::new(),
            tries: 3,
            menu: BTreeMap::new(),
            menu_tries: 2,
            sensitive: false,
            timeout_ms: 7_000,
            prompts: Prompts::default(),
        }
    }
}

/// Characters of what a key is called; a caller remembers no more.
const LABEL_CHARS: usize = 200;

impl Config {
    /// Tells what is wrong beyond what the schema can say.
    pub(crate) fn look_over(&self, check: &mut Check<'_>) {
        if self.bot.as_ref().is_some_and(|bot| bot.trim().is_empty()) {
            check.error("/bot", "the bot has no name").hint("leave `bot` out for the default one");
        }
        let named = self.intents.keys().map(|name| (String::from("/intents"), name));
        let agents = self.agent_intents.iter().enumerate();
        let agents = agents.map(|(at, name)| (format!("/agent_intents/{at}"), name));
        let keys = self.menu.iter();
        let keys = keys.map(|(key, item)| (format!("/menu/{key}/intent"), &item.intent));
        for (at, name) in named.chain(agents).chain(keys) {
            if name.trim().is_empty() {
                check.error(at, "an intent has no name");
            }
        }
        for (at, name) in self.agent_intents.iter().enumerate() {
            if self.agent_intents[..at].contains(name) {
                check
                    .warning(format!("/agent_intents/{at}"), format!("`{name}` stands here twice"));
            }
        }
        let counts = |name: &String| {
            self.intents.is_empty()
                || self.intents.contains_key(name)
                || self.agent_intents.contains(name)
        };
        for (key, item) in &self.menu {
            if !item.intent.trim().is_empty() && !counts(&item.intent) {
                let message = format!(
                    "key {key} means `{}`, which is not among the intents that count here",
                    item.intent
                );
                check
                    .error(format!("/menu/{key}/intent"), message)
                    .hint(format!("add `{}: {{}}` under `intents`", item.intent));
            }
            let at = format!("/menu/{key}/label");
            check.text(&at, &item.label, &[]);
            if item.label.iter().any(|(_, label)| label.chars().count() > LABEL_CHARS) {
                check.error(
                    &at,
                    format!("what key {key} is called has more than {LABEL_CHARS} characters"),
                );
            }
            self.look_for_the_same(key, item, check);
        }

        check.text("/prompt", &self.prompt, &[]);
        let Prompts { no_input, no_match, confirm, to_menu, menu_item, menu_agent, menu_again } =
            &self.prompts;
        if self.intents.keys().any(|name| self.label(name).is_some()) || !self.menu.is_empty() {
            check.text("/prompts/confirm", confirm, &["label"]);
        }
        for (name, rule) in &self.intents {
            if let Some(label) = &rule.label {
                check.text(&format!("/intents/{name}/label"), label, &[]);
            }
        }
        check.texts("/prompts/no_input", no_input, &[]);
        check.texts("/prompts/no_match", no_match, &[]);
        // Said after a wrong key, which the question takes too.
        check.text("/prompts/menu_again", menu_again, &[]);
        if !self.menu.is_empty() {
            check.text("/prompts/to_menu", to_menu, &[]);
            check.text("/prompts/menu_item", menu_item, &["label", "key"]);
            check.text("/prompts/menu_agent", menu_agent, &[]);
        }
    }

    /// What a caller hears an intent called.
    pub(crate) fn label(&self, intent: &str) -> Option<&Text> {
        let own = self.intents.get(intent).and_then(|rule| rule.label.as_ref());
        own.or_else(|| {
            self.menu.values().find(|item| item.intent == intent).map(|item| &item.label)
        })
    }

    /// Keys before `key` that a caller could not tell from it.
    fn look_for_the_same(&self, key: &str, item: &MenuItem, check: &mut Check<'_>) {
        for (other, earlier) in self.menu.iter().take_while(|(other, _)| other.as_str() < key) {
            if earlier.intent == item.intent {
                check.warning(
                    format!("/menu/{key}/intent"),
                    format!("keys {other} and {key} both mean `{}`", item.intent),
                );
            }
            let same = item.label.iter().find(|(locale, label)| {
                let label = plain(label);
                let theirs = earlier.label.iter().find(|(tag, _)| tag == locale);
                !label.is_empty() && theirs.is_some_and(|(_, theirs)| plain(theirs) == label)
            });
            if let Some((locale, label)) = same {
                check
                    .error(
                        format!("/menu/{key}/label"),
                        format!("keys {other} and {key} are both called “{label}” in {locale}"),
                    )
                    .hint("call them by different words: a caller may answer by the words");
            }
        }
    }
}

/// Letters and digits alone, for words to be compared by.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A rule for one intent.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IntentRule {
    /// Confidence that is enough for it; left out: `threshold`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_confidence: Option<f64>,
    /// What the caller hears it called where it has to be confirmed; left out: what the menu calls
    /// it.
    pub label: Option<Text>,
}

/// A line of the menu.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MenuItem {
    /// The intent that the key stands for.
    #[schemars(extend("x-dialgraph-ref" = "intent"))]
    pub intent: String,
    /// What the caller hears it called.
    pub label: Text,
}

/// What the caller hears beside the question.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Prompts {
    /// After the first, second … silence; the last repeats. Then the question follows.
    #[schemars(length(min = 1))]
    pub no_input: Vec<Text>,
    /// The same after words that tell no intent.
    #[schemars(length(min = 1))]
    pub no_match: Vec<Text>,
    /// Whether an uncertain intent is meant; `{label}`.
    pub confirm: Text,
    /// Before the menu, when words did not help.
    pub to_menu: Text,
    /// A line of the menu; `{label}` and `{key}`.
    pub menu_item: Text,
    /// After the menu.
    pub menu_agent: Text,
    /// After a key that the menu does not have.
    pub menu_again: Text,
}

impl Default for Prompts {
    fn default() -> Self {
        Self {
            no_input: vec![
                Text::new("말씀이 들리지 않았습니다.", "I did not hear anything.")
                    .written("아직 계신가요?", "Are you still there?"),
                Text::new(
                    "여전히 들리지 않습니다. 조금 더 크게 말씀해 주세요.",
                    "I still hear nothing. Please speak a little louder.",
                )
                .written("무엇을 도와드릴지 적어 주세요.", "Please tell me how I can help you."),
            ],
            no_match: vec![
                Text::new("죄송합니다. 이해하지 못했습니다.", "Sorry, I did not understand."),
                Text::new(
                    "죄송합니다. 장애, 요금처럼 짧게 말씀해 주세요.",
                    "Sorry. Please say it in a few words, such as outage or billing.",
                )
                .written(
                    "죄송합니다. 장애, 요금처럼 짧게 적어 주세요.",
                    "Sorry. Please put it in a few words, such as outage or billing.",
                ),
            ],
            confirm: Text::new("{label}, 맞으실까요?", "Is it {label}?"),
            to_menu: Text::new(
                "말씀을 이해하지 못해 죄송합니다. 버튼으로 골라 주세요.",
                "Sorry that I could not understand you. Please choose by key.",
            )
            .written(
                "이해하지 못해 죄송합니다. 다음 가운데 골라 주세요.",
                "Sorry that I could not understand you. Please choose one of these.",
            ),
            menu_item: Text::new("{label}, {key}번.", "For {label}, press {key}.")
                .written("{label}.", "{label}."),
            menu_agent: Text::new("상담원 연결, 0번.", "For an agent, press 0.")
                .written("상담원 연결.", "An agent."),
            menu_again: Text::new("없는 번호입니다.", "That is not in the menu."),
        }
    }
}
