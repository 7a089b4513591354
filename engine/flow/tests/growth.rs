//! The work of a check grows with the size of the files and no faster, whatever is in them. Steps
//! are counted, not time.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use dialgraph_flow::check::{Given, check_within};
use dialgraph_flow::project::{Files, Project};
use dialgraph_flow::testing::{Plugins, plugins};
use dialgraph_flow::{CalledOff, Work};

const PROJECT: &str = "\
entry: main
fallback: {queue: general}
locales: [en-US]
";

fn all_plugins() -> Plugins {
    plugins(BTreeMap::from([("hours-check", &["open", "closed"][..])]))
}

fn files(more: Vec<(String, String)>) -> Files {
    let mut files = Files::from([
        ("dialgraph.yaml".to_owned(), PROJECT.into()),
        ("data/queues.yaml".to_owned(), "general: {title: {en-US: General}, priority: 1}\n".into()),
    ]);
    files.extend(more.into_iter().map(|(path, text)| (path, text.into_bytes())));
    files
}

fn run(files: Files, work: &Work<'_>) -> Result<usize, CalledOff> {
    let project = Project::from_files_within("", files, work)?;
    let report = check_within(&project, &Given::new(&all_plugins()), work)?.report;
    Ok(report.errors() + report.warnings())
}

fn one(head: &str, nodes: impl Fn(&mut String)) -> Vec<(String, String)> {
    let mut text = format!("flow: main\nlocales: [en-US]\n{head}nodes:\n");
    nodes(&mut text);
    text.push_str("  bye: {end: {disposition: resolved}}\n");
    vec![("main.flow.yaml".to_owned(), text)]
}

fn lines(head: &str, count: usize, line: impl Fn(usize) -> String) -> Vec<(String, String)> {
    one(head, |text| (0..count).for_each(|n| _ = writeln!(text, "  {}", line(n))))
}

fn listed(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(", ")
}

type Kind = (&'static str, fn(usize) -> Vec<(String, String)>);

const START: &str = "start: bye\n";

/// What a project can have many of. Each is a project with that many.
const KINDS: &[Kind] = &[
    ("nodes in a chain", |n| {
        let next = move |at: usize| if at + 1 < n { format!("n{}", at + 1) } else { "bye".into() };
        lines("start: n0\n", n, |at| format!("n{at}: {{say: {{en-US: a}}, next: {}}}", next(at)))
    }),
    ("unknown targets", |n| {
        lines("start: n0\n", n, |at| format!("n{at}: {{say: {{en-US: a}}, next: gone{at}}}"))
    }),
    ("nodes that are never reached", |n| {
        lines(START, n, |at| {
            format!("n{at}: {{say: {{en-US: a}}, next: n{}}}", (at + 1).min(n - 1))
        })
    }),
    ("heads of one unreachable chain", |n| {
        lines(START, n, |at| match at % 2 {
            0 => format!("h{at}: {{say: {{en-US: a}}, next: c{}}}", (at + 1).min(n - 1)),
            _ => format!("c{at}: {{say: {{en-US: a}}, next: c{}}}", (at + 2).min(n - 1)),
        })
    }),
    ("doubled names of nodes", |n| {
        lines(START, n, |_| "a: {say: {en-US: a}, next: bye}".to_owned())
    }),
    ("unknown keys", |n| {
        lines(START, n, |at| format!("n{at}: {{say: {{en-US: a}}, next: bye, nxt: bye}}"))
    }),
    ("small loops", |n| {
        lines("start: n0\n", n, |at| {
            format!(
                "n{at}: {{switch: [{{when: 'true', next: n{}}}], next: n{}}}",
                at ^ 1,
                (at + 2) % n
            )
        })
    }),
    ("counting switches in one loop", |n| {
        lines("start: n0\nattributes: {a: number}\n", n, |at| match at % 2 {
            0 => format!("n{at}: {{set: {{a: a + 1}}, next: n{}}}", at + 1),
            _ => {
                format!("n{at}: {{switch: [{{when: a > 1, next: bye}}], next: n{}}}", (at + 1) % n)
            }
        })
    }),
    ("cases of a switch", |n| {
        let cases = listed(n, |_| "{when: 'true', next: bye}".to_owned());
        lines("start: s\n", 1, |_| format!("s: {{switch: [{cases}], next: bye}}"))
    }),
    ("attributes, all used", |n| {
        let attributes = listed(n, |at| format!("a{at}: string"));
        lines(&format!("start: n0\nattributes: {{{attributes}}}\n"), n, |at| {
            format!("n{at}: {{set: {{a{at}: '\"x\"'}}, next: bye}}")
        })
    }),
    ("attributes that nothing uses", |n| {
        let attributes = listed(n, |at| format!("a{at}: string"));
        lines(&format!("{START}attributes: {{{attributes}}}\n"), 1, |_| {
            "n: {say: {en-US: a}, next: bye}".to_owned()
        })
    }),
    ("unknown attributes that are set", |n| {
        let attributes = listed(n, |at| format!("a{at}: string"));
        lines(&format!("start: n0\nattributes: {{{attributes}}}\n"), n, |at| {
            format!("n{at}: {{set: {{b{at}: '\"x\"'}}, next: bye}}")
        })
    }),
    ("unknown variables", |n| {
        let attributes = listed(n, |at| format!("a{at}: string"));
        lines(&format!("start: n0\nattributes: {{{attributes}}}\n"), n, |at| {
            format!("n{at}: {{say: {{en-US: '${{b{at}}}'}}, next: bye}}")
        })
    }),
    ("ports of a question", |n| {
        let phrases = listed(n, |at| format!("p{at}: {{en-US: [yes {at}]}}"));
        let on = listed(n, |at| format!("p{at}: bye"));
        lines("start: q\n", 1, |_| {
            format!("q: {{ask: {{prompt: {{en-US: a}}, phrases: {{{phrases}}}}}, on: {{{on}}}}}")
        })
    }),
    ("phrases of a port", |n| {
        let phrases = listed(n, |at| format!("yes {at}"));
        lines("start: q\n", 1, |_| {
            format!(
                "q: {{ask: {{prompt: {{en-US: a}}, phrases: {{yes: {{en-US: [{phrases}]}}}}}}, on: {{yes: bye, no_input: bye, no_match: bye}}}}"
            )
        })
    }),
    ("texts in locales that are none", |n| {
        let texts = listed(n, |at| format!("x{at}: a"));
        lines("start: s\n", 1, |_| format!("s: {{say: {{en-US: a, {texts}}}, next: bye}}"))
    }),
    ("locales", |n| {
        let locales = listed(n, |at| format!("aa-{at:03}"));
        let mut files = lines(START, n, |at| format!("n{at}: {{say: {{en-US: a}}, next: bye}}"));
        let project = PROJECT.replace("[en-US]", &format!("[en-US, {locales}]"));
        files.push(("dialgraph.yaml".to_owned(), project));
        files
    }),
    ("calls of a flow with many returns", |n| {
        let mut files = lines("start: n0\n", n, |at| format!("n{at}: {{call: other}}"));
        let returns = listed(n, |at| format!("r{at}: {{a{at}: string}}"));
        let other = format!(
            "flow: other\nreturns: {{{returns}}}\nstart: e\nnodes: {{e: {{end: {{return: r0, with: {{a0: '\"x\"'}}}}}}}}\n"
        );
        files.push(("other.flow.yaml".to_owned(), other));
        files
    }),
    ("flows that go to one that returns at its end", |n| {
        let mut files = lines("start: n0\n", n, |at| format!("n{at}: {{goto: other}}"));
        let mut other = String::from("flow: other\nreturns: {done: {}}\nstart: n0\nnodes:\n");
        for at in 0..n {
            let _ = writeln!(other, "  n{at}: {{set: {{}}, next: n{}}}", at + 1);
        }
        let _ = writeln!(other, "  n{n}: {{end: {{return: done}}}}");
        files.push(("other.flow.yaml".to_owned(), other));
        files
    }),
    ("flows that call each other in a chain", |n| {
        let mut files = Vec::new();
        for at in 0..n {
            let name = if at == 0 { "main".to_owned() } else { format!("f{at:06}") };
            let head = if at == 0 { "" } else { "returns: {done: {}}\n" };
            let end = if at == 0 { "{disposition: resolved}" } else { "{return: done}" };
            let node = if at + 1 < n {
                format!("{{call: f{:06}, on: {{done: b}}}}", at + 1)
            } else {
                "{set: {}, next: b}".to_owned()
            };
            let text =
                format!("flow: {name}\n{head}start: a\nnodes:\n  a: {node}\n  b: {{end: {end}}}\n");
            files.push((format!("{name}.flow.yaml"), text));
        }
        files
    }),
    ("flows that are not there", |n| {
        lines("start: n0\n", n, |at| format!("n{at}: {{goto: gone{at}}}"))
    }),
    ("queues that are not there", |n| {
        let mut files = lines("start: n0\n", n, |at| {
            format!("n{at}: {{queue: {{to: gone{at}}}, on: {{error: bye}}}}")
        });
        let queues: String =
            (0..n).map(|at| format!("q{at}: {{title: {{en-US: Q}}, priority: 1}}\n")).collect();
        files.push(("data/queues.yaml".to_owned(), queues));
        files
    }),
    ("nodes on one line", |n| {
        let nodes = listed(n, |at| format!("n{at}: {{say: {{en-US: a}}, next: bye}}"));
        let text = format!(
            "{{flow: main, locales: [en-US], start: n0, nodes: {{bye: {{end: {{disposition: x}}}}, {nodes}}}}}"
        );
        vec![("main.flow.yaml".to_owned(), text)]
    }),
    ("nested anchors", |n| {
        let nested = "&a [".repeat(30);
        let text: String = (0..n).map(|_| format!("- {nested}{}\n", "]".repeat(30))).collect();
        vec![("main.flow.yaml".to_owned(), text)]
    }),
    ("broken lines", |n| vec![("main.flow.yaml".to_owned(), "  a: }\n".repeat(n))]),
];

#[test]
fn work_grows_with_the_size_of_the_files_and_no_faster() {
    let small = 260;
    let mut wrong = Vec::new();
    for (what, make) in KINDS {
        let steps = |count: usize| {
            let files = files(make(count));
            let bytes: usize = files.values().map(Vec::len).sum();
            let work = Work::default();
            run(files, &work).unwrap();
            (work.steps(), bytes as u64)
        };
        let ((few, few_bytes), (many, many_bytes)) = (steps(small), steps(small * 4));
        // Twice as fast would be allowed to be n·log n; four times as fast is n².
        let grown = many as f64 / few as f64;
        let larger = many_bytes as f64 / few_bytes as f64;
        if grown > larger * 1.5 {
            wrong.push(format!(
                "{what}: {few} steps become {many}, the files grow {larger:.1} times"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn findings_that_nobody_reads_cost_next_to_nothing() {
    let (_, unknown_targets) = KINDS[1];
    let work = Work::default();
    assert_eq!(run(files(unknown_targets(20_000)), &work).unwrap(), 20_000 + 1);
    // The nearest names of a few are looked for, not of each.
    assert!(work.steps() < 1_000_000, "{} steps", work.steps());
}

#[test]
fn a_check_ends_soon_after_it_is_called_off() {
    for (what, make) in KINDS {
        let all = Work::default();
        run(files(make(80)), &all).unwrap();
        for part in [0, 1, 10, 100] {
            let asked = Cell::new(0_u64);
            let stop = || {
                asked.set(asked.get() + 1);
                asked.get() > part
            };
            let work = Work::until(&stop);
            let ended = run(files(make(80)), &work);
            assert_eq!(ended, Err(CalledOff), "{what}, asked {part} times");
            assert!(work.steps() <= all.steps(), "{what}");
        }
    }
}
