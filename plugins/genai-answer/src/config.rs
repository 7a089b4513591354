//! What a designer can set.

use dialgraph_plugin::prelude::*;

/// Where answers come from, and how the conversation goes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Knowledge base; left out: the default one.
    #[schemars(extend("x-dialgraph-ref" = "knowledge-base"))]
    pub base: Option<String>,
    /// Passages to answer from, at most.
    #[schemars(range(min = 1, max = 20))]
    pub passages: u32,
    /// How well a passage must fit the question to count, 0 to 1. Scores compare within one base
    /// only.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_score: f64,
    /// Model, as the operator configured it; left out: the default one.
    pub model: Option<String>,
    /// Guardrail, as the operator configured it; left out: none.
    #[schemars(extend("x-dialgraph-ref" = "guardrail"))]
    pub guardrail: Option<String>,
    /// Take only answers that name the passages they rest on.
    pub require_citations: bool,
    /// Length of an answer at most, in the model's tokens.
    #[schemars(range(min = 16, max = 4096))]
    pub max_tokens: u32,
    /// 0 to 1; 0 gives the same answer to the same question.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub temperature: f64,
    /// What the model is told beforehand, in the language of the call.
    pub system: Text,
    /// Questions that one visit answers at most.
    #[schemars(range(min = 1, max = 20))]
    pub max_questions: u32,
    /// How often a caller may put an unanswered question in other words before port `no_answer`.
    #[schemars(range(max = 5))]
    pub rephrase: u32,
    /// Silences when a question is asked for before port `no_answer`.
    #[schemars(range(min = 1, max = 10))]
    pub tries: u32,
    /// Keep the caller's words out of transcripts and logs of the call.
    pub sensitive: bool,
    /// Silence that counts as no answer, in milliseconds.
    #[schemars(range(min = 1000, max = 60000))]
    pub timeout_ms: u32,
    /// Asks for the question.
    pub prompt: Text,
    /// Everything else that the caller hears.
    pub prompts: Prompts,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            base: None,
            passages: 4,
            min_score: 0.2,
            model: None,
            guardrail: None,
            require_citations: false,
            max_tokens: 300,
            temperature: 0.0,
            system: Text::new(
                "당신은 고객지원 전화의 안내원입니다. 주어진 자료에 있는 내용만으로, 듣기 쉬운 한국어 존댓말로 세 문장 이내로 답하세요. 자료에 답이 없으면 지어내지 말고 모른다고 하세요. 목록, 기호, 주소는 쓰지 마세요.",
                "You answer callers of a support desk. Use nothing but the passages given, in at most three sentences that are easy to listen to. If they do not hold the answer, do not make one up: say that you do not know. No lists, no symbols, no addresses.",
            ),
            max_questions: 5,
            rephrase: 1,
            tries: 2,
            sensitive: false,
            timeout_ms: 8_000,
            prompt: Text::new(
                "궁금하신 점을 말씀해 주세요. 상담원 연결은 0번입니다.",
                "What would you like to know? For an agent, press 0.",
            )
            .written("궁금하신 점을 적어 주세요.", "What would you like to know?"),
            prompts: Prompts::default(),
        }
    }
}

impl Config {
    /// Tells what is wrong beyond what the schema can say.
    pub(crate) fn look_over(&self, check: &mut Check<'_>) {
        for (at, what, name) in [
            ("/base", "knowledge base", &self.base),
            ("/model", "model", &self.model),
            ("/guardrail", "guardrail", &self.guardrail),
        ] {
            if name.as_ref().is_some_and(|name| name.trim().is_empty()) {
                let key = at.trim_start_matches('/');
                check
                    .error(at, format!("the {what} has no name"))
                    .hint(format!("leave `{key}` out for none of its own"));
            }
        }
        check.text("/system", &self.system, &[]);
        check.text("/prompt", &self.prompt, &[]);
        // Only what can be said at all has to be there in every language.
        let Prompts { anything_else, no_input, not_found, give_up, refused } = &self.prompts;
        if self.max_questions > 1 {
            check.text("/prompts/anything_else", anything_else, &[]);
        }
        if self.tries > 1 {
            check.text("/prompts/no_input", no_input, &[]);
        }
        if self.rephrase > 0 {
            check.text("/prompts/not_found", not_found, &[]);
            check.text("/prompts/refused", refused, &[]);
        }
        check.text("/prompts/give_up", give_up, &[]);
    }
}

/// What the caller hears beside the question and the answers.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Prompts {
    /// After an answer: anything else, or a person?
    pub anything_else: Text,
    /// When a question was asked for and nothing was heard; then the question follows.
    pub no_input: Text,
    /// The articles do not hold the answer; the caller may try other words.
    pub not_found: Text,
    /// The articles do not hold the answer, for the last time.
    pub give_up: Text,
    /// A guardrail stepped in; the caller may try other words.
    pub refused: Text,
}

impl Default for Prompts {
    fn default() -> Self {
        Self {
            anything_else: Text::new(
                "더 궁금하신 점이 있으면 말씀해 주세요. 상담원 연결은 0번, 없으시면 없다고 말씀해 주세요.",
                "Is there anything else? For an agent, press 0. If not, just say no.",
            ).written("더 궁금하신 점이 있으신가요? 없으시면 없다고 적어 주세요.", "Is there anything else? If not, just say no."),
            no_input: Text::new("말씀이 들리지 않았습니다.", "I did not hear anything.").written("아직 계신가요?", "Are you still there?"),
            not_found: Text::new(
                "죄송합니다. 그 내용은 안내 자료에서 찾지 못했습니다. 다르게 말씀해 주시거나, 상담원 연결은 0번을 눌러 주세요.",
                "Sorry, I find nothing about that. Please put it in other words, or press 0 for an agent.",
            ).written("죄송합니다. 그 내용은 안내 자료에서 찾지 못했습니다. 다르게 적어 주시거나, 상담원을 찾아 주세요.", "Sorry, I find nothing about that. Please put it in other words, or ask for an agent."),
            give_up: Text::new(
                "죄송합니다. 그 내용은 제가 안내해 드릴 수 없습니다.",
                "Sorry, that is something I cannot answer.",
            ),
            refused: Text::new(
                "죄송합니다. 그 내용은 답변해 드릴 수 없습니다. 다른 질문을 말씀해 주시거나, 상담원 연결은 0번을 눌러 주세요.",
                "Sorry, I may not answer that. Please ask something else, or press 0 for an agent.",
            ).written("죄송합니다. 그 내용은 답변해 드릴 수 없습니다. 다른 질문을 적어 주시거나, 상담원을 찾아 주세요.", "Sorry, I may not answer that. Please ask something else, or ask for an agent."),
        }
    }
}
