//! What the reference says beside the tables.

pub(super) const FLOW_HEAD: &str = "\
# The flow file

A flow is a graph of nodes in a file `NAME.flow.yaml`. A call begins at the node `start`, and each node says which comes next: by
`next`, or by its ports under `on`. `dialgraph check` proves that every port is wired, that every target is there and that every
prompt is written in every language.

```yaml
flow: visit
summary: Asks when somebody would like to come, and how many they are.
locales: [ko-KR, en-US]

attributes:
  day: {type: string, default: \"\"}
  people: {type: number, default: 1}

start: day
on_error: agent

nodes:
  day:
    ask:
      prompt:
        ko-KR: 어느 날에 오시겠어요?
        en-US: Which day would you like to come?
      expects: date
    save: {day: output.value}
    on: {value: people, no_input: agent, no_match: agent}

  people:
    ask:
      prompt:
        ko-KR: 몇 분이 오시나요?
        en-US: How many people are coming?
      expects: number
    save: {people: output.value}
    on: {value: confirm, no_input: agent, no_match: agent}

  confirm:
    ask:
      prompt:
        ko-KR: ${spoken_date(day, \"Asia/Seoul\")}, ${people}명, 맞으신가요?
        en-US: On ${spoken_date(day, \"Asia/Seoul\")}, for ${people}. Is that right?
      expects: yes_no
    on: {\"yes\": bye, \"no\": day, no_input: agent, no_match: agent}

  bye:
    end:
      disposition: booked
      say:
        ko-KR: 예약되었습니다. 감사합니다.
        en-US: You are booked. Thank you.

  agent: {queue: general, on: {error: sorry}}
  sorry: {end: {disposition: unreachable}}
```

Expressions, in `when`, `set`, `with`, `save` and `${…}`, are a small language of their own: [expressions.md](../expressions.md). Queues,
languages and what plugins may do stand in the [project file](project.md). `dialgraph init` makes a project to begin with.
";

pub(super) const EXPECTS_HEAD: &str = "\
#### What `expects` understands

The caller may say it or type it, in Korean or English, whatever the language of the call. What is denied does not count, hesitation
and a wish for time are neither an answer nor wrong, and a day that does not exist is not understood. `dialgraph listen` shows what
becomes of an answer, and why.

| `expects` | `output.value` | for example | where the caller said |
|---|---|---|---|
";

pub(super) const REASONS_HEAD: &str = "\
Two values at once (“네 명 아니면 다섯 명”, “Saturday or Sunday”) are asked about as two choices are, with `which`. A caller may always
choose from `menu` and `phrases` instead of answering; then there is no `output.value`, and what `save` reads of it stays as it was, unless the expression says what holds for null (`default(output.value, 0)`).
`output.text` has the caller's words beside `output.value`, and `output.digits` the keys.

#### Why nothing fits

On `no_match`, `output.reason` is one of these words. Save it to an attribute to tell the caller what was wrong:
`save: {why: output.reason}`.

| `output.reason` | when |
|---|---|
";

/// Kinds of answers: what `output.value` is, an example of it, and what a caller may have said.
pub(super) const EXPECTED: &[(&str, &str, &str, &str)] = &[
    ("yes_no", "true or false; the ports are `yes` and `no`", "no", "아니요, 됐어요"),
    ("number", "a number", "21", "스물한 개요"),
    ("digits", "a text, as long as `digits` says", "0101", "공일공일"),
    ("date", "a text, `YYYY-MM-DD`", "2026-11-24", "다음 주 화요일이요"),
    ("time", "a text, `HH:MM`", "14:30", "half past two in the afternoon"),
    ("phone", "a text, E.164", "+821000000101", "공일공 공공공공 공일공일"),
    ("money", "a map with `amount` and `currency` (ISO 4217)", "35000 KRW", "삼만 오천 원이요"),
    ("name", "a text", "홍예시", "홍예시라고 합니다"),
];

/// More examples of a kind, each with what it shows.
pub(super) const MORE: &[(&str, &str, &str)] = &[
    (
        "ask",
        "Keys and phrases lead to the same ports. A caller who says nothing is asked once more, one who is not understood twice.",
        "\
menu:
  ask:
    prompt:
      ko-KR: 장애 신고는 1번, 요금 문의는 2번입니다.
      en-US: For an outage, press 1. For a question on your bill, press 2.
    menu: {\"1\": outage, \"2\": bill}
    phrases:
      outage: {ko-KR: [장애, 접속이 안 돼요], en-US: [outage, not working]}
      bill: {ko-KR: [요금, 청구서], en-US: [bill, invoice]}
    tries: {no_input: 2, no_match: 3}
    which:
      ko-KR: ${output.first} 문의이신가요, ${output.second} 문의이신가요?
      en-US: Is it about ${output.first} or about ${output.second}?
  on: {outage: outage, bill: bill, no_input: to-agent, no_match: to-agent}
",
    ),
    (
        "ask",
        "Yes or no, by words and by keys. Phrases for it are not needed.",
        "\
sure:
  ask:
    prompt:
      ko-KR: 취소하시겠어요? 네 또는 1번, 아니요 또는 2번입니다.
      en-US: Shall we cancel it? Say yes or press 1, say no or press 2.
    expects: yes_no
    menu: {\"1\": \"yes\", \"2\": \"no\"}
  on: {\"yes\": cancel, \"no\": keep, no_input: keep, no_match: to-agent}
",
    ),
];

pub(super) const PROJECT_HEAD: &str = "\
# The project files

A project is a folder with `dialgraph.yaml`, the flows and the data beside them. `dialgraph init` makes one.

```yaml
entry: main
locales: [ko-KR, en-US]
country: KR
fallback:
  queue: general
  say:
    ko-KR: 상담원에게 연결해 드리겠습니다.
    en-US: We are connecting you to an agent.
plugins:
  hours-check: {grants: [clock]}
```

| file | what it holds |
|---|---|
| `dialgraph.yaml` | this page |
| `NAME.flow.yaml` | a flow: [flow.md](flow.md) |
| `data/queues.yaml` | the queues, see below |
| `data/calendars.yaml` | opening hours, as `hours-check` reads them: [plugins.md](../plugins.md#opening-hours) |
| `data/routing-profiles.yaml` | kinds of agents, see below |
| `data/collections/` | records to begin with, and their schemas |
| `intents/NAME.intents.yaml` | what callers may want: [intents.md](../intents.md) |
| `knowledge/NAME/LOCALE/` | articles that answers are drawn from |
| `plugins/*.wasm` | plugins of your own; those that come with dialgraph are listed in [plugins.md](../plugins.md) |
| `tests/calls/*.call.yaml` | beside the folder of the project: calls that must go as they say, [call-scripts.md](../call-scripts.md) |

What the server is told (addresses, keys, providers) is [configuration.md](configuration.md).
";
