//! What a designer can set.

use std::collections::BTreeMap;

use dialgraph_plugin::prelude::*;

/// How the caller is asked, and which answers count.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Name of the bot; left out: the default one.
    pub bot: Option<String>,
    /// The question.
    pub prompt: Text,
    /// Confidence that is enough, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub threshold: f64,
    /// The intents that count here, with rules of their own; empty: all of the bot's.
    pub intents: BTreeMap<String, IntentRule>,
    /// Intents that mean "a person, please": they leave by port `agent`.
    pub agent_intents: Vec<String>,
    /// Vain answers to the question before the menu, or port `failed` where there is none.
    #[schemars(range(min = 1, max = 10))]
    pub tries: u32,
    /// What each key (`1` to `9`) means when words did not help. The keys work during the question too.
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
            ),
            threshold: 0.5,
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

/// A rule for one intent.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IntentRule {
    /// Confidence that is enough for it; left out: `threshold`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_confidence: Option<f64>,
}

/// A line of the menu.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MenuItem {
    /// The intent that the key stands for.
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
                Text::new("말씀이 들리지 않았습니다.", "I did not hear anything."),
                Text::new(
                    "여전히 들리지 않습니다. 조금 더 크게 말씀해 주세요.",
                    "I still hear nothing. Please speak a little louder.",
                ),
            ],
            no_match: vec![
                Text::new("죄송합니다. 이해하지 못했습니다.", "Sorry, I did not understand."),
                Text::new(
                    "죄송합니다. 장애, 요금처럼 짧게 말씀해 주세요.",
                    "Sorry. Please say it in a few words, such as outage or billing.",
                ),
            ],
            to_menu: Text::new(
                "말씀을 이해하지 못해 죄송합니다. 버튼으로 골라 주세요.",
                "Sorry that I could not understand you. Please choose by key.",
            ),
            menu_item: Text::new("{label}, {key}번.", "For {label}, press {key}."),
            menu_agent: Text::new("상담원 연결, 0번.", "For an agent, press 0."),
            menu_again: Text::new("없는 번호입니다.", "That is not in the menu."),
        }
    }
}
