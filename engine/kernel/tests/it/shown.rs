//! What a channel shows beside words, and what becomes of it where it cannot.

use serde_json::json;

use dialgraph_base::Medium;
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::plugin::Speech;
use dialgraph_kernel::show::{Card, Choice, Link, Shown};
use dialgraph_kernel::turn::Finished;

use crate::support::{Bench, Closures, ask, attribute, path};

fn in_chat(mut bench: Bench) -> Bench {
    bench.call.medium = Medium::Chat;
    bench
}

/// The labels of what can be chosen.
fn labels(finished: &Finished) -> Vec<&str> {
    let Then::Ask(accept) = &finished.record.directives.then else {
        panic!("{:?}", finished.record.directives.then)
    };
    accept.choices.iter().map(|choice| choice.label.as_str()).collect()
}

fn said(finished: &Finished) -> &[Speech] {
    &finished.record.directives.say
}

const MENU: &str = "
flow: main
locales: [en-US]
attributes: {text: string, sure: boolean}
start: menu
nodes:
  menu:
    ask:
      prompt: {en-US: {voice: For an outage press 1., text: What is it about?}}
      menu: {1: outage, 2: billing, 9: people}
      phrases:
        outage: {en-US: [service outage, the network, it is broken]}
        people: {en-US: [a person, an agent]}
      choices:
        outage: {en-US: It does not work!}
    save: {text: output.text}
    on: {outage: sure, billing: sure, people: sure, no_input: end, no_match: end}
  sure:
    ask: {prompt: {en-US: Are you sure?}, expects: yes_no}
    save: {sure: output.value}
    on: {yes: end, no: menu, no_input: end, no_match: end}
  end: {end: {disposition: done}}
";

#[test]
fn a_question_shows_a_button_for_each_port_and_none_for_each_synonym() {
    let mut bench = in_chat(Bench::new(MENU));
    let asked = bench.enter();
    assert_eq!(said(&asked), [Speech::new("What is it about?", false)]);
    assert_eq!(labels(&asked), ["It does not work!", "2", "a person"]);
    // Pressed, or written by hand.
    let sure = bench.says("  it does not WORK! ");
    assert_eq!(path(&sure), ["menu:outage", "sure"]);
    assert_eq!(attribute(&sure, "text"), json!("  it does not WORK! "));
    assert_eq!(labels(&sure), ["Yes", "No"]);
    assert_eq!(path(&bench.says("No")), ["sure:no", "menu"]);
    assert_eq!(path(&bench.says("2")), ["menu:billing", "sure"]);
    let done = bench.says("Yes");
    assert_eq!(
        (path(&done), attribute(&done, "sure")),
        (vec!["sure:yes".into(), "end".into()], json!(true))
    );
}

#[test]
fn a_telephone_has_keys_and_no_buttons() {
    let mut bench = Bench::new(MENU);
    let asked = bench.enter();
    assert_eq!(said(&asked), [Speech::new("For an outage press 1.", false)]);
    assert_eq!(labels(&asked), [""; 0]);
    assert_eq!(path(&bench.presses("1")), ["menu:outage", "sure"]);
}

#[test]
fn two_meanings_are_two_buttons() {
    let mut bench = in_chat(Bench::new(MENU));
    bench.enter();
    let which = bench.says("the network, or an agent");
    assert_eq!(labels(&which), ["It does not work!", "a person"]);
    assert_eq!(said(&which)[0].text, "Do you mean “It does not work!” or “a person”?");
    assert_eq!(path(&bench.says("it does not work")), ["menu:outage", "sure"]);
    // Whoever hears it is asked for words that can be heard.
    let mut bench = Bench::new(MENU);
    bench.enter();
    let which = bench.says("the network, or an agent");
    assert_eq!(said(&which)[0].text, "Do you mean “service outage” or “a person”?");
}

#[test]
fn a_question_with_more_answers_than_a_record_holds_goes_to_people_and_says_why() {
    let phrases: Vec<String> = (0..40_000).map(|n| format!("the answer number {n:020}")).collect();
    let flow = MENU.replace("a person, an agent", &phrases.join(", "));
    let mut bench = Bench::new(&flow);
    let asked = bench.enter();
    assert_eq!(asked.record.directives.then.word(), "queue");
    let failure = asked.record.steps[0].failure.as_ref().unwrap();
    assert_eq!(failure.code, "turn-full");
    assert!(failure.message.contains("what can be answered"), "{}", failure.message);
}

#[test]
fn what_a_plugin_expects_to_be_said_can_be_chosen() {
    let asks = |_: &dialgraph_kernel::plugin::Invocation<'_>,
                _: &mut dyn dialgraph_kernel::plugin::HostCalls| {
        let mut asked = ask("Which one?", json!({}));
        if let dialgraph_kernel::plugin::RunResult::Ask(ask) = &mut asked {
            ask.accept.hints = vec!["Hanbit".into(), "Duri".into()];
        }
        asked
    };
    let flow = "
flow: main
locales: [en-US]
start: which
nodes:
  which: {use: which, on: {found: end, error: end}}
  end: {end: {disposition: done}}
";
    let bench =
        || Bench::with(&[("main", flow)], Closures::default().with("which", &["found"], asks));
    assert_eq!(labels(&in_chat(bench()).enter()), ["Hanbit", "Duri"]);
    assert_eq!(labels(&bench().enter()), [""; 0]);
}

const SHOWS: &str = "
flow: main
locales: [en-US]
attributes: {order: {type: string, default: A-1}, site: {type: string, default: 'https://x.example'}}
start: shows
nodes:
  shows:
    say: {en-US: {voice: We send you the receipt., text: Here is your receipt.}}
    link: {url: 'https://shop.example.com/orders/${order}', label: {en-US: 'Order ${order}'}}
    card:
      title: {en-US: Americano}
      text: {en-US: 4500 won}
      image: https://shop.example.com/a.jpg
      buttons: [{url: '${site}/more', label: {en-US: More}}]
    next: end
  end: {end: {disposition: done}}
";

#[test]
fn links_and_cards_stand_beside_the_words_of_a_chat_and_cards_are_read_out_on_a_telephone() {
    let link = |url: &str, label: &str| Link { url: url.to_owned(), label: label.to_owned() };
    let card = |buttons| Card {
        title: "Americano".into(),
        text: Some("4500 won".into()),
        image: Some("https://shop.example.com/a.jpg".into()),
        buttons,
    };
    let receipt = |buttons| {
        let order = link("https://shop.example.com/orders/A-1", "Order A-1");
        let shown = vec![Shown::Link(order), Shown::Card(card(buttons))];
        [Speech { shown, ..Speech::new("Here is your receipt.", false) }]
    };
    let more = vec![link("https://x.example/more", "More")];
    let mut bench = in_chat(Bench::new(SHOWS));
    assert_eq!(said(&bench.enter()), receipt(more));

    let mut bench = Bench::new(SHOWS);
    let heard = ["We send you the receipt.", "Americano. 4500 won."];
    assert_eq!(said(&bench.enter()), heard.map(|text| Speech::new(text, false)));

    // What an expression gives is no way to a program, to nowhere or out of its path.
    for site in
        ["javascript:alert(1)//", "nowhere", "https://x.example/a b", "https://x\n", "https://x/.."]
    {
        let mut bench = in_chat(Bench::new(SHOWS));
        bench.call.attributes.insert("site".into(), json!(site));
        let entered = bench.enter();
        assert_eq!(said(&entered), receipt(vec![]), "{site}");
        assert_eq!(entered.record.steps[0].why.as_deref(), Some("left out what is no address"));
    }
    assert_eq!(
        Shown::Card(card(vec![link("https://x.example", "More")])).written(),
        "Americano\n4500 won\nMore: https://x.example"
    );
    assert_eq!(Choice::of("Yes"), Choice { label: "Yes".into(), value: "Yes".into() });
}

const SSML: &str = "
flow: main
locales: [en-US]
attributes: {items: {type: list, default: []}}
start: receipt
nodes:
  receipt:
    say: {en-US: '<speak>Here it <emphasis>is</emphasis>.</speak>'}
    link: {url: 'https://shop.example.com/a', label: {en-US: Show}}
    next: broken
  broken:
    say: {en-US: And this.}
    link: {url: 'https://shop.example.com/${items[0]}', label: {en-US: Show}}
    next: end
  end: {end: {disposition: done}}
";

#[test]
fn neither_markup_nor_an_address_without_a_value_costs_what_is_said_or_shown() {
    let show = Link { url: "https://shop.example.com/a".into(), label: "Show".into() };
    let mut bench = in_chat(Bench::new(SSML));
    let here = Speech { shown: vec![Shown::Link(show)], ..Speech::new("Here it is.", false) };
    assert_eq!(said(&bench.enter()), [here, Speech::new("And this.", false)]);
    let mut bench = Bench::new(SSML);
    let entered = bench.enter();
    let words: Vec<_> = said(&entered).iter().map(|speech| &*speech.text).collect();
    assert_eq!(words, ["<speak>Here it <emphasis>is</emphasis>.</speak>", "And this."]);
}
