//! `dialgraph listen`: how answers are understood, by the real binary.
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn listen_in(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
        .arg("listen")
        .args(args)
        .current_dir(folder)
        .env("TZ", "Asia/Seoul")
        .env_remove("DIALGRAPH_PROJECT")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn listen(args: &[&str]) -> (i32, String, String) {
    listen_in(&root(), args)
}

/// A project with questions of several kinds.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "flows/dialgraph.yaml",
        "entry: desk\nfallback: {queue: general}\nlocales: [ko-KR, en-US]\n",
    );
    write(
        "flows/data/queues.yaml",
        "general: {title: {ko-KR: 일반, en-US: General}, priority: 1}\n",
    );
    write(
        "flows/desk.flow.yaml",
        r#"flow: desk
locales: [ko-KR, en-US]
attributes: {day: {type: string, default: ""}}
start: hello
nodes:
  hello: {say: {ko-KR: 안녕하세요., en-US: Hello.}, next: menu}
  menu:
    ask:
      prompt: {ko-KR: "장애는 1번, 요금은 2번입니다.", en-US: "For an outage press 1, for your bill 2."}
      menu: {"1": outage, "2": bill}
      phrases:
        outage: {ko-KR: [장애], en-US: [outage]}
        bill: {ko-KR: [요금], en-US: [bill]}
    on: {outage: day, bill: sure, no_input: bye, no_match: bye}
  day:
    ask: {prompt: {ko-KR: 언제부터인가요?, en-US: Since when?}, expects: date}
    save: {day: output.value}
    on: {value: sure, no_input: bye, no_match: bye}
  sure:
    ask: {prompt: {ko-KR: 맞으신가요?, en-US: Is that right?}, expects: yes_no}
    on: {"yes": bye, "no": menu, no_input: bye, no_match: bye}
  bye: {end: {disposition: done}}
"#,
    );
    folder
}

#[test]
fn an_answer_to_a_question_is_shown_with_its_way_and_why() {
    let project = project();
    let at = |node: &str, more: &[&str]| {
        let by = ["--flow", "desk", "--node", node];
        listen_in(project.path(), &[more, &by].concat())
    };
    let (code, said, told) = at("menu", &["아니 요금 말고 장애요", "일번이요", "2"]);
    assert_eq!(code, 0, "{told}");
    insta::assert_snapshot!("menu", said);
    let (code, said, _) = at("menu", &["요금이랑 장애요", "잠깐만요", "음…", "피자 한 판이요"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!("menu_in_vain", said);
    let (code, said, _) = at("menu", &["not the bill, the outage", "--locale", "en-US"]);
    assert!(code == 0 && said.contains("port   outage, to day"), "{said}");
    let (_, said, _) = at("day", &["다음 주 화요일이요", "--today", "2026-11-20"]);
    assert!(said.contains("  port   value, to sure\n  value  2026-11-24\n"), "{said}");
    let two = ["Saturday or Sunday", "--today", "2026-11-20"];
    let (code, said, _) = at("day", &two);
    assert!(code == 1 && said.contains("  either 2026-11-21 or 2026-11-22\n"), "{said}");
    let (_, said, _) = at("day", &["11월 31일이요", "--today", "2026-11-20", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["answers"][0]["reason"], "impossible");
    let (code, said, _) = at("sure", &["No, that's not right", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(code, 0);
    insta::assert_json_snapshot!("sure", said);
}

#[test]
fn the_question_of_a_project_that_is_not_there_is_told_with_those_that_are() {
    let project = project();
    let wrong = |args: &[&str]| {
        let (code, said, told) = listen_in(project.path(), args);
        assert_eq!((code, said.as_str()), (2, ""), "{args:?}: {told}");
        told
    };
    let all = [
        wrong(&["네", "--flow", "desk", "--node", "mneu"]),
        wrong(&["네", "--flow", "desk", "--node", "hello"]),
        wrong(&["네", "--flow", "desk", "--node", "menu", "--locale", "ja-JP"]),
        wrong(&["네"]),
        wrong(&["missing.yaml"]),
        wrong(&["네", "--expects", "phone", "--country", "Korea"]),
        wrong(&["네", "--flow", "desk"]),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn a_plugins_question_is_not_guessed_at() {
    let (code, _, told) = listen(&["장애요", "--flow", "general-customer", "--node", "ask-intent"]);
    assert!(code == 2 && told.contains("`dialgraph call general-customer`"), "{told}");
}

#[test]
fn a_kind_of_answer_is_understood_without_a_project() {
    let nowhere = tempfile::tempdir().unwrap();
    for (says, kind, value) in [
        ("네 맞아요", "yes_no", "yes"),
        ("스물한 개요", "number", "21"),
        ("31 February", "date", "not understood"),
        ("모레요", "date", "2026-11-22"),
        ("오후 세 시 반", "time", "15:30"),
        ("공일공 공공공공 공일공일", "phone", "+821000000101"),
        ("삼만 오천 원", "money", "35000 KRW"),
        ("hold on a second", "yes_no", "hold "),
    ] {
        let args = [says, "--expects", kind, "--today", "2026-11-20", "--country", "KR"];
        let (code, said, told) = listen_in(nowhere.path(), &args);
        assert!(said.contains(&format!("  {value}")), "{says}: {said}{told}");
        assert_eq!(code, i32::from(value == "not understood"), "{says}");
    }
}

#[test]
fn the_values_that_the_reference_shows_are_understood_so() {
    let page = std::fs::read_to_string(root().join("docs/reference/flow.md")).unwrap();
    let (_, table) = page.split_once("| `expects` | `output.value` |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut count = 0;
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let [_, kind, _, value, says, _] = cells[..] else { panic!("{row}") };
        let says = says.trim_matches(['“', '”']);
        let (code, said, told) =
            listen(&[says, "--expects", kind, "--today", "2026-11-20", "--country", "KR"]);
        assert!(code == 0 && said.contains(&format!("  value  {value}\n")), "{row}: {said}{told}");
        count += 1;
    }
    assert_eq!(count, 8);
}

#[test]
fn a_labelled_file_is_counted_by_kind_and_every_miss_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "yes_no.en.yaml",
        "expects: yes_no\nlanguage: en\ncases:\n  - {says: yes, means: \"yes\"}\n  - {says: that's incorrect, means: \"no\", kind: denial}\n  - {says: uh well, means: \"yes\", kind: hesitation}\n",
    );
    write(
        "choice.ko.yaml",
        "expects: choice\nlanguage: ko\noffers:\n  keys: {\"1\": outage}\n  phrases: {outage: [장애], bill: [요금]}\ncases:\n  - {says: 서버장애예요, means: outage}\n  - {says: 요금이랑 장애요, means: [outage, bill]}\n  - {says: 잠깐만요, means: hold, kind: hold}\n",
    );
    write("notes.txt", "no labels");
    let (code, said, told) = listen_in(folder.path(), &["."]);
    assert_eq!(code, 1);
    assert_eq!(told, "5 of 6 understood as labelled, 83.3 %\n");
    insta::assert_snapshot!("labelled", said);
    let (code, said, _) = listen_in(folder.path(), &["choice.ko.yaml", "yes_no.en.yaml", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &said["right"], &said["all"]), (1, &5.into(), &6.into()));
    assert_eq!(said["misses"][0]["place"], "yes_no.en.yaml:6");
    let (code, _, told) = listen_in(folder.path(), &["choice.ko.yaml"]);
    assert_eq!((code, told.as_str()), (0, "3 of 3 understood as labelled, 100.0 %\n"));
}

#[test]
fn what_is_wrong_with_a_labelled_file_is_told_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = String::new();
    for text in [
        "expects: yes_no\n",
        "expects: maybe\nlanguage: ko\ncases: []\n",
        "expects: choice\nlanguage: ko\ncases: []\n",
        "expects: date\nlanguage: ko\ncases: []\n",
        "expects: date\nlanguage: ko\ntoday: soon\ncases: []\n",
        "expects: phone\nlanguage: ko\ncountry: KOR\ncases: []\n",
        "expects: yes_no\nlanguage: ko\ncases:\n  - {says: 네, maens: \"yes\"}\n",
    ] {
        std::fs::write(folder.path().join("a.yaml"), text).unwrap();
        let (code, _, told) = listen_in(folder.path(), &["a.yaml"]);
        assert_eq!(code, 2, "{told}");
        all += &told;
    }
    insta::assert_snapshot!(all);
    std::fs::create_dir(folder.path().join("none")).unwrap();
    let (code, _, told) = listen_in(folder.path(), &["none"]);
    assert!(code == 2 && told.contains("no file with labelled answers"), "{told}");
}

#[test]
fn the_labelled_files_of_the_repository_can_be_tried() {
    // How many of them must be understood is the concern of the crate that understands them.
    let (code, said, told) = listen(&["tests/understanding/seen", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(code < 2 && told.is_empty(), "{told}");
    assert!(said["all"].as_u64().unwrap() > 2000, "{}", said["all"]);
    let misses = said["misses"].as_array().unwrap();
    assert_eq!(code == 0, misses.is_empty());
}
