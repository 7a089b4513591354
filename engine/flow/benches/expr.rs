//! What an expression costs: compiled at load, evaluated at every turn.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot start should say so")]

use std::borrow::Cow;
use std::collections::BTreeMap;

use dialgraph_flow::expr::{Expr, Scope, TypeEnv, VarType};
use dialgraph_flow::model::Type;
use dialgraph_flow::template::Prompt;
use divan::{Bencher, black_box};
use serde_json::{Value, json};

fn main() {
    divan::main();
}

struct Attributes(BTreeMap<String, Value>);

impl Scope for Attributes {
    fn variable(&self, root: &str) -> Option<Cow<'_, Value>> {
        self.0.get(root).map(Cow::Borrowed)
    }

    fn locale(&self) -> &str {
        "ko-KR"
    }
}

fn types() -> impl TypeEnv {
    BTreeMap::from([
        ("customer_class".to_owned(), VarType::of(Type::String)),
        ("company".to_owned(), VarType::of(Type::String)),
        ("tries".to_owned(), VarType::of(Type::Number)),
        ("call".to_owned(), VarType::of(Type::Map)),
    ])
}

fn attributes() -> Attributes {
    let values = [
        ("customer_class", json!("msp")),
        ("company", json!("한빛")),
        ("tries", json!(2)),
        ("call", json!({"now": "2026-11-20T00:30:00Z"})),
    ];
    Attributes(values.map(|(name, value)| (name.to_owned(), value)).into())
}

const SOURCES: [&str; 6] = [
    r#"customer_class == "msp""#,
    "tries + 1",
    r#"tries < 3 && customer_class in ["msp", "basic"] || company == null"#,
    r#"company.matches(r"^[가-힣]+$")"#,
    r#"josa(company, "은/는")"#,
    r#"spoken_datetime(call.now, "Asia/Seoul")"#,
];

#[divan::bench(args = SOURCES)]
fn evaluate(bencher: Bencher, source: &str) {
    let (expr, _) = Expr::compile(source, &types()).unwrap();
    let scope = attributes();
    bencher.bench(|| black_box(&expr).eval(black_box(&scope)));
}

#[divan::bench(args = SOURCES)]
fn compile(bencher: Bencher, source: &str) {
    let types = types();
    bencher.bench(|| Expr::compile(black_box(source), &types));
}

#[divan::bench]
fn render_a_prompt(bencher: Bencher) {
    let text = "${josa(company, '은/는')} 지금까지 ${tries}번 전화하셨습니다.";
    let prompt = Prompt::compile(BTreeMap::from([("ko-KR".into(), text)]), &types()).unwrap();
    let scope = attributes();
    bencher.bench(|| black_box(&prompt).render(black_box(&scope)));
}
