//! From text to a release: what the kernel gets.

use dialgraph_flow::graph;
use dialgraph_flow::model::{Ending, NodeKind, Tries, Type};
use dialgraph_flow::testing::{compile_files, compile_source, plugins};

/// Every kind of node once.
const TOUR: &str = include_str!("tour.flow.yaml");

#[test]
fn a_flow_with_every_kind_of_node_compiles() {
    let plugins = plugins([("hours-check", &["open", "closed"][..])]);
    let release = compile_source(TOUR, &plugins).unwrap();
    let flow = &release.flows["tour"];
    assert_eq!(&*flow.node(flow.start).id, "welcome");
    assert_eq!(flow.node(flow.start).line, 10);
    assert_eq!(flow.attributes["tries"].ty, Type::Number);
    assert_eq!(flow.attributes["tries"].default, 0);
    let NodeKind::Use(hours) = &flow.node(flow.find("hours").unwrap()).kind else {
        panic!("hours is a use node")
    };
    assert_eq!(hours.timeout.as_millis(), 2500);
    assert_eq!(hours.ports["error"], flow.find("sorry").unwrap());
    assert_eq!(&*hours.config, r#"{"calendar":"seoul"}"#);
    let NodeKind::Ask(menu) = &flow.node(flow.find("menu").unwrap()).kind else {
        panic!("menu is an ask node")
    };
    let keys: Vec<(char, &str)> = menu.menu.iter().map(|(k, p)| (*k, &**p)).collect();
    assert_eq!(keys, [('1', "emergency"), ('2', "general"), ('#', "general")]);
    assert_eq!(menu.digits.as_ref().unwrap().terminator, Some('#'));
    assert_eq!(menu.tries, Tries::Together(2));
    assert!(menu.sensitive && menu.speech);
    let NodeKind::Queue(urgent) = &flow.node(flow.find("urgent").unwrap()).kind else {
        panic!("urgent is a queue node")
    };
    assert_eq!(urgent.queue.priority, 1);
    assert_eq!(release.plugins.len(), 1);
}

#[test]
fn a_sub_flow_returns_by_its_ports() {
    let main = "
flow: main
locales: [en-US]
attributes: {company: string}
start: who
nodes:
  who:
    call: auth
    with: {reason: '\"billing\"'}
    save: {company: 'default(output.company, \"\")'}
    on: {known: bye, unknown: bye}
  bye: {end: {disposition: done, say: {en-US: 'Bye ${company}'}}}
";
    let auth = "
flow: auth
locales: [en-US]
inputs: {reason: string}
returns: {known: {company: string}, unknown: {}}
start: check
nodes:
  check:
    switch: [{when: 'input.reason == \"billing\"', next: known}]
    next: unknown
  known: {end: {return: known, with: {company: '\"ACME\"'}}}
  unknown: {end: {return: unknown}}
";
    let release = compile_files(&[("main", main), ("auth", auth)], &plugins([])).unwrap();
    assert_eq!(&*release.entry, "main");
    let auth = &release.flows["auth"];
    assert_eq!(auth.returns["known"]["company"], Type::String);
    let NodeKind::End(end) = &auth.node(auth.find("known").unwrap()).kind else {
        panic!("known is an end")
    };
    assert!(matches!(&end.how, Ending::Return { port, .. } if &**port == "known"));
}

#[test]
fn the_digest_of_a_release_follows_its_content() {
    let flow = |word: &str| {
        format!("flow: a\nstart: bye\nnodes:\n  bye: {{end: {{disposition: {word}}}}}\n")
    };
    let digest = |text: &str| compile_source(text, &plugins([])).unwrap().digest;
    assert_eq!(digest(&flow("one")), digest(&flow("one")));
    assert_ne!(digest(&flow("one")), digest(&flow("two")));
}

#[test]
fn a_flow_is_drawn_for_mermaid_and_graphviz() {
    let plugins = plugins([("hours-check", &["open", "closed"][..])]);
    let release = compile_source(TOUR, &plugins).unwrap();
    let flow = &release.flows["tour"];
    insta::assert_snapshot!("tour.mermaid", graph::mermaid(flow));
    insta::assert_snapshot!("tour.dot", graph::dot(flow));
}
