//! Files of bots are read in short and long forms, each fault is told at its line, and a bot that
//! would take too much to learn is refused. Keeps the published schema current.

use super::*;

const GOOD: &str = "
bot: shop
time_zone: Asia/Seoul
locales:
  en-US:
    slot_types:
      Size: {values: [small, {value: large, synonyms: [big, huge]}, 42]}
    intents:
      Order:
        utterances: [\"I want a {Size} one\", \"{Count} please\"]
        slots: {Size: Size, Count: {type: number, required: true, prompt: How many?}}
    out_of_scope: [what is the weather like]
";

fn fault(text: &str) -> String {
    BotFile::parse("shop.intents.yaml", text).unwrap_err().to_string()
}

#[test]
fn a_good_file_is_read_with_short_and_long_forms() {
    let bot = BotFile::parse("shop.intents.yaml", GOOD).unwrap();
    let locale = &bot.locales["en-US"];
    let values = &locale.slot_types["Size"].value.values;
    assert_eq!(values[1].synonyms, ["big", "huge"]);
    assert_eq!(values[2].value, "42");
    let slots = &locale.intents["Order"].value.slots;
    assert!(slots["Count"].value.required && !slots["Size"].value.required);
}

#[test]
fn every_fault_names_its_line() {
    insta::assert_snapshot!(fault(&GOOD.replace("time_zone", "timezone")), @"shop.intents.yaml:3:1: unknown field `timezone`, expected one of bot, summary, none_threshold, time_zone, locales");
    insta::assert_snapshot!(fault(&GOOD.replace("synonyms", "synonym")), @"shop.intents.yaml:7:45: unknown field `synonym`, expected one of value, synonyms");
    insta::assert_snapshot!(fault(&GOOD.replace("required", "require")), @"shop.intents.yaml:11:51: unknown field `require`, expected one of type, required, multiple, prompt");
    insta::assert_snapshot!(fault(&GOOD.replace("Size: Size", "Size: Sise")), @"shop.intents.yaml:11:23: slot `Size` of intent `Order` has unknown type `Sise`; known here: date, digits, number, phone, Size");
    insta::assert_snapshot!(fault(&GOOD.replace("{Count}", "{Cuont}")), @"shop.intents.yaml:10:45: `{Cuont}` is no slot of intent `Order`; declare it under its `slots`");
    insta::assert_snapshot!(fault(&GOOD.replace("{Count}", "{Count")), @"shop.intents.yaml:10:45: unpaired `{` or `}`; a slot is written `{Name}` (and the sentence in quotes)");
    insta::assert_snapshot!(fault(&GOOD.replace("Order:", "FallbackIntent:")), @"shop.intents.yaml:10:9: `FallbackIntent` is the answer when no intent fits; put sentences that belong to none under `out_of_scope`");
    insta::assert_snapshot!(fault(&GOOD.replace("Seoul", "Soul")), @"shop.intents.yaml:3:12: `Asia/Soul` is no IANA time zone; write one such as `Asia/Seoul`");
    insta::assert_snapshot!(fault(&GOOD.replace("time_zone: Asia/Seoul", "none_threshold: 2")), @"shop.intents.yaml:3:17: `none_threshold` is 2; it goes from 0 to 1");
    insta::assert_snapshot!(fault(&GOOD.replace("bot: shop", "bot: shop\nbot: shop")), @"shop.intents.yaml:3:1: duplicate mapping key: bot");
}

#[test]
fn a_sentence_under_two_intents_is_refused() {
    let text = "
bot: b
locales:
  en-US:
    intents:
      A: {utterances: [hello]}
      B: {utterances: [good day, hello]}
";
    insta::assert_snapshot!(fault(text), @"shop.intents.yaml:7:34: this sentence is under intent `A` as well; keep it under one of them");
}

/// A bot of so many intents with so many sentences each, all of `length` characters or a few more.
fn large(intents: usize, sentences: usize, length: usize) -> String {
    let mut text = String::from("bot: b\nlocales:\n  en-US:\n    intents:\n");
    for intent in 0..intents {
        let said: Vec<String> = (0..sentences)
            .map(|sentence| format!("{} {intent} {sentence}", "x".repeat(length)))
            .collect();
        text.push_str(&format!("      I{intent}: {{utterances: [{}]}}\n", said.join(", ")));
    }
    text
}

#[test]
fn a_bot_that_would_take_too_much_to_learn_is_refused() {
    assert!(BotFile::parse("b.intents.yaml", &large(40, 100, 20)).is_ok());
    let sentences = fault(&large(1, 6_000, 5));
    assert!(
        sentences.ends_with("locale `en-US` has 6000 sentences; it may have 5000"),
        "{sentences}"
    );
    let intents = fault(&large(3_000, 1, 20));
    assert!(intents.contains("3000 intents") && intents.ends_with("make several bots of it"));
    let long = fault(&large(1, 1, 2_000));
    assert!(long.ends_with("the sentence has 2004 characters; it may have 1024"), "{long}");
}

#[test]
fn the_schema_checked_in_is_the_one_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/intents.schema.json");
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("DIALGRAPH_UPDATE_SCHEMAS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let checked_in = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        checked_in == text,
        "schemas/intents.schema.json is stale; run `DIALGRAPH_UPDATE_SCHEMAS=1 cargo test -p dialgraph-local`"
    );
}
