//! What a designer can set.

use dialgraph_plugin::prelude::*;

/// How the account number is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Collection of the customers.
    #[schemars(extend("x-dialgraph-ref" = "collection", "x-dialgraph-access" = "read"))]
    pub collection: String,
    /// Field of a customer that holds the account number, as a text of digits (or with `-` after
    /// each four).
    #[serde(default = "account_field")]
    pub account_field: String,
    /// Field of a customer that holds the telephone number.
    #[serde(default = "phone_field")]
    pub phone_field: String,
    /// Names of the collection's indexes. Without them, customers are found by these fields, as far
    /// as they spell the number in a usual way.
    #[serde(default)]
    pub indexes: Indexes,
    /// Digits of an account number.
    #[serde(default = "length")]
    #[schemars(range(min = 2, max = 32))]
    pub length: u32,
    /// Let the caller speak the number. Without, or after `tries` vain tries, keys only.
    #[serde(default = "yes")]
    pub speech: bool,
    /// Vain tries by speech before keys only, and again by keys before port `failed`.
    #[serde(default = "tries")]
    #[schemars(range(min = 1, max = 10))]
    pub tries: u32,
    /// Which numbers are read back for the caller to confirm.
    #[serde(default)]
    pub confirm: Confirm,
    /// When exactly one customer has the caller's telephone number, ask whether it is theirs,
    /// naming the last four digits of its account number.
    #[serde(default = "yes")]
    pub recognize_caller: bool,
    /// How often a caller may try again after a number that no customer has.
    #[serde(default)]
    #[schemars(range(max = 5))]
    pub retry_unknown: u32,
    /// Keep the digits out of transcripts and logs of the call.
    #[serde(default)]
    pub sensitive: bool,
    /// Silence that counts as no answer, in milliseconds.
    #[serde(default = "timeout_ms")]
    #[schemars(range(min = 1000, max = 60000))]
    pub timeout_ms: u32,
    /// What the caller hears.
    #[serde(default)]
    pub prompts: Prompts,
}

/// By which indexes of the collection customers are found.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Indexes {
    /// Of account numbers, of kind `exact`.
    #[schemars(extend("x-dialgraph-ref" = "index"))]
    pub account: String,
    /// Of telephone numbers, of kind `phone`.
    #[schemars(extend("x-dialgraph-ref" = "index"))]
    pub phone: String,
}

impl Default for Indexes {
    fn default() -> Self {
        Self { account: "account".to_owned(), phone: "phone".to_owned() }
    }
}

impl Config {
    /// Tells what is wrong beyond what the schema can say.
    pub(crate) fn look_over(&self, check: &mut Check<'_>) {
        for (at, field) in
            [("/account_field", &self.account_field), ("/phone_field", &self.phone_field)]
        {
            if field.is_empty() || field.split('.').any(|name| name.trim().is_empty()) {
                check
                    .error(at, format!("`{field}` names no field of a record"))
                    .hint("write a field's name, with `.` between a field and one within it, such as `contact_info.phone`");
            }
        }
        if self.recognize_caller && self.account_field == self.phone_field {
            check.error("/phone_field", "account number and telephone number are one field");
        }
        let Prompts {
            ask,
            ask_keys,
            to_keys,
            recognized,
            confirm,
            no_input,
            no_match,
            wrong_length,
            denied,
            unknown,
        } = &self.prompts;
        // Only what can be said at all has to be there in every language.
        if self.speech {
            check.text("/prompts/ask", ask, &["length"]);
            check.text("/prompts/to_keys", to_keys, &["length"]);
        }
        check.text("/prompts/ask_keys", ask_keys, &["length"]);
        if self.recognize_caller {
            check.text("/prompts/recognized", recognized, &["length", "last"]);
        }
        if self.confirm != Confirm::Never {
            check.text("/prompts/confirm", confirm, &["length", "number"]);
            check.text("/prompts/denied", denied, &["length"]);
        }
        check.texts("/prompts/no_input", no_input, &["length"]);
        check.texts("/prompts/no_match", no_match, &["length"]);
        check.text("/prompts/wrong_length", wrong_length, &["length", "heard"]);
        if self.retry_unknown > 0 {
            check.text("/prompts/unknown", unknown, &["length"]);
        }
    }
}

fn account_field() -> String {
    "aws_account_id".to_owned()
}

fn phone_field() -> String {
    "contact_info.phone".to_owned()
}

fn length() -> u32 {
    12
}

fn yes() -> bool {
    true
}

fn tries() -> u32 {
    3
}

fn timeout_ms() -> u32 {
    7_000
}

/// Which numbers are read back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confirm {
    /// All.
    #[default]
    Always,
    /// Spoken ones.
    Speech,
    /// None.
    Never,
}

/// What the caller hears. In all of them `{length}` is the number of digits of an account number.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Prompts {
    /// Asks for the number by speech or keys.
    pub ask: Text,
    /// Asks for the number by keys only.
    pub ask_keys: Text,
    /// Before `ask_keys` when speech did not work.
    pub to_keys: Text,
    /// Asks whether the account known by the caller's telephone is meant; `{last}` are its last
    /// digits.
    pub recognized: Text,
    /// Reads the number back; `{number}` are its digits.
    pub confirm: Text,
    /// After the first, second … silence; the last repeats. Then `ask` or `ask_keys` follows.
    #[schemars(length(min = 1))]
    pub no_input: Vec<Text>,
    /// The same after an answer without digits.
    #[schemars(length(min = 1))]
    pub no_match: Vec<Text>,
    /// After digits that are too few or too many; `{heard}` says how many.
    pub wrong_length: Text,
    /// After the caller denied the number that was read back.
    pub denied: Text,
    /// After a number that no customer has, when the caller may try again.
    pub unknown: Text,
}

impl Default for Prompts {
    fn default() -> Self {
        Self {
            ask: Text::new(
                "AWS 계정 번호 {length}자리를 한 자리씩 말씀해 주시거나, 버튼으로 누르신 뒤 우물 정자를 눌러 주세요. 상담원 연결은 0번과 우물 정자입니다.",
                "Please say the {length} digits of your AWS account number one by one, or enter them followed by the pound key. For an agent, press 0 and pound.",
            ).written("AWS 계정 번호 {length}자리를 적어 주세요.", "What is your AWS account number? It has {length} digits."),
            ask_keys: Text::new(
                "AWS 계정 번호 {length}자리를 버튼으로 누르신 뒤 우물 정자를 눌러 주세요. 상담원 연결은 0번과 우물 정자입니다.",
                "Please enter the {length} digits of your AWS account number, followed by the pound key. For an agent, press 0 and pound.",
            ).written("AWS 계정 번호 {length}자리를 적어 주세요.", "What is your AWS account number? It has {length} digits."),
            to_keys: Text::new(
                "음성을 알아듣지 못해 죄송합니다. 전화기 버튼을 이용해 주세요.",
                "Sorry that I could not understand you. Let us use the keys of your telephone.",
            ),
            recognized: Text::new(
                "전화 주신 번호로 등록된 AWS 계정이 있습니다. 끝자리가 {last}인 계정이 맞으시면 네 또는 1번, 아니면 아니요 또는 2번을 눌러 주세요.",
                "There is an AWS account registered for the number you call from. If it is the one ending in {last}, say yes or press 1. Otherwise say no or press 2.",
            ).written("등록된 AWS 계정이 있습니다. 끝자리가 {last}인 계정이 맞으신가요?", "There is an AWS account registered for you. Is it the one ending in {last}?"),
            confirm: Text::new(
                "입력하신 번호는 {number}입니다. 맞으시면 네 또는 1번, 아니면 아니요 또는 2번을 눌러 주세요.",
                "I have {number}. If that is right, say yes or press 1. Otherwise say no or press 2.",
            ).written("입력하신 번호는 {number}입니다. 맞으신가요?", "I have {number}. Is that right?"),
            no_input: vec![
                Text::new("말씀이 들리지 않았습니다.", "I did not hear anything.").written("아직 계신가요?", "Are you still there?"),
                Text::new(
                    "여전히 들리지 않습니다. AWS 콘솔 오른쪽 위에서 계정 번호를 확인하실 수 있습니다.",
                    "I still hear nothing. You find the account number at the top right of the AWS console.",
                ).written("AWS 콘솔 오른쪽 위에서 계정 번호를 확인하실 수 있습니다.", "You find the account number at the top right of the AWS console."),
            ],
            no_match: vec![
                Text::new("죄송합니다. 알아듣지 못했습니다.", "Sorry, I did not get that.").written("죄송합니다. 이해하지 못했습니다.", "Sorry, I did not get that."),
                Text::new(
                    "죄송합니다. 일, 이, 삼처럼 숫자를 한 자리씩 천천히 말씀해 주세요.",
                    "Sorry. Please say the digits slowly, one at a time, like one, two, three.",
                ).written("죄송합니다. 계정 번호를 숫자만 적어 주세요.", "Sorry. Please write the account number in digits alone."),
            ],
            wrong_length: Text::new(
                "{heard}자리로 들렸습니다. 계정 번호는 {length}자리입니다.",
                "I got {heard} digits. An account number has {length}.",
            ).written("{heard}자리를 적으셨습니다. 계정 번호는 {length}자리입니다.", "That has {heard} digits. An account number has {length}."),
            denied: Text::new("네, 다시 확인하겠습니다.", "All right, let us try again."),
            unknown: Text::new(
                "등록된 고객 중에 그 번호를 찾지 못했습니다. 번호를 다시 확인해 주세요.",
                "No customer is registered with that number. Please check it and try again.",
            ),
        }
    }
}
