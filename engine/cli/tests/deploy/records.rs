//! Records of a running server are looked up, corrected, put in from other systems' files and taken
//! out again from the command line, by whoever may; and what is wrong with a file is told by line
//! and column.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::admin::guarded;
use crate::commands::{Said, run};
use crate::server::{Server, Site};

fn desk() -> Site {
    Site::shipped().set("DIALGRAPH_DEPLOY__WATCH", "false")
}

fn records(server: &Server, folder: &Path, args: &[&str]) -> Said {
    let words: Vec<&str> = ["records"].iter().chain(args).copied().collect();
    run(server, folder, "", &words)
}

fn good(said: Said) -> String {
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    said.out
}

/// As a company's own system writes them: other names of columns, other columns.
fn file(rows: usize, broken: impl Fn(usize) -> bool) -> String {
    let mut text =
        "\u{feff}No,Company,Other names,Account,Level,Contact,Phone,Sales region\n".to_owned();
    for n in 0..rows {
        let level = if broken(n) { "Gold" } else { "General" };
        writeln!(
            text,
            "x-{n:05},\"Import {n}, Inc.\",Imp{n}; 가져온{n},{:012},{level},Contact {n},+82-10-{:04}-{:04},east",
            n + 1_000, n / 10_000, n % 10_000,
        )
        .unwrap();
    }
    text
}

const MAPPED: [&str; 18] = [
    "--key",
    "No",
    "--map",
    "No=customer_id",
    "--map",
    "Company=company_name",
    "--map",
    "Other names=aliases",
    "--map",
    "Account=aws_account_id",
    "--map",
    "Level=support_level",
    "--map",
    "Contact=contact_info.name",
    "--map",
    "Phone=contact_info.phone",
    "--map",
    "Sales region=",
];

#[test]
fn customers_of_another_system_are_imported_with_calls_up_and_found() {
    let server = desk().start();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("crm.csv"), file(3_000, |n| n % 60 == 7)).unwrap();
    let mut import = vec!["import", "customers", "crm.csv"];
    import.extend(MAPPED);
    server.call("c-1", json!({}));

    let mut dry = import.clone();
    dry.push("--dry-run");
    let said = records(&server, folder.path(), &dry);
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!(said.out, @"3000 rows: 2950 new, 0 replaced, 0 unchanged, 50 rejected; nothing was written");
    assert_eq!(said.err.lines().count(), 50);
    insta::assert_snapshot!(said.err.lines().next().unwrap(), @r#"crm.csv:9: column `Level`: value is not one of "MSP", "VIP" or "General""#);

    let said = records(&server, folder.path(), &import);
    assert_eq!((said.code, said.err.lines().count()), (Some(1), 50));
    insta::assert_snapshot!(said.out, @"3000 rows: 2950 new, 0 replaced, 0 unchanged, 50 rejected");
    std::fs::write(folder.path().join("crm.csv"), file(3_000, |_| false)).unwrap();
    insta::assert_snapshot!(good(records(&server, folder.path(), &import)), @"3000 rows: 50 new, 0 replaced, 2950 unchanged, 0 rejected");

    let found = |args: &[&str]| good(records(&server, folder.path(), args));
    let phone = found(&["find", "customers", "phone", "010-0000-2999"]);
    assert!(phone.starts_with("1.00  x-02999  {") && phone.lines().count() == 1, "{phone}");
    assert!(found(&["find", "customers", "account", "000000001777"]).contains("x-00777"));
    assert!(found(&["find", "customers", "company", "가져온1234"]).contains("x-01234"));
    assert_eq!(server.event("c-1", 1, json!({"event": "hung_up"})).status, 200);

    let out = good(records(&server, folder.path(), &["export", "customers", "-o", "all.jsonl"]));
    assert!(out.ends_with("records in all.jsonl\n"), "{out}");
    let again = good(records(&server, folder.path(), &["import", "customers", "all.jsonl"]));
    assert!(again.contains(" 0 new, 0 replaced, "), "what was exported is what is there: {again}");
    let verified = run(
        &server,
        folder.path(),
        "",
        &["store", "verify", "--server", &format!("http://{}", server.address())],
    );
    assert!(good(verified).ends_with("nothing is wrong\n"));
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_place() {
    let server = desk().start();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write(
        "engineers.csv",
        b"engineer_id,name,phone,email,part,role,is_available,current_load\n\
          e-901,A,+82-10-0000-0901,a@desk.example,Leaf,Member,yes,0\n\
          e-902,B,+82-10-0000-0902,b@desk.example,Leaf,Member,perhaps,many\n\
          \"e-903\",\"two\nlines\",+82-10-0000-0903,c@desk.example,Leaf,Boss,no,1\n\
          e-904,D\n\
          e-901,E,+82-10-0000-0905,e@desk.example,Leaf,Member,no,1\n\
          ,F,+82-10-0000-0906,f@desk.example,Leaf,Member,no,1\n",
    );
    // As spreadsheets write it: the faults are on the lines that an editor shows.
    write("crlf.csv", b"engineer_id,name\r\n\"e-931\",\"two\r\nlines\"\r\ne-932,B,C\r\n");
    write("tabs.csv", b"engineer_id\tname\ne-941\tA\n");
    write("others.csv", b"engineer_id,name,Shoe size,Hair\ne-951,A,42,grey\n");
    write("damaged.csv", b"engineer_id,name\ne-961,\xb1\xe8\xff\n");
    write(
        "lines.jsonl",
        "{\"engineer_id\": \"e-911\"}\n\nnot json\n{\"engineer_id\": [1]}\n".as_bytes(),
    );
    let (korean, _, _) = encoding_rs::EUC_KR.encode(
        "번호,이름,휴대폰,메일,파트,직책,근무,업무\ne-921,김보기,+82-10-0000-0921,k@desk.example,Tiger,Leader,y,2\n",
    );
    write("korean.csv", &korean);
    let said = |args: &[&str]| {
        let said = records(&server, folder.path(), args);
        format!("exit {}\n{}{}", said.code.unwrap(), said.err, said.out)
    };
    let mapped: Vec<String> = [
        "번호=engineer_id",
        "이름=name",
        "휴대폰=phone",
        "메일=email",
        "파트=part",
        "직책=role",
        "근무=is_available",
        "업무=current_load",
    ]
    .iter()
    .flat_map(|map| ["--map".to_owned(), (*map).to_owned()])
    .collect();
    let mut with_map =
        vec!["import", "engineers", "korean.csv", "--key", "번호", "--encoding", "euc-kr"];
    with_map.extend(mapped.iter().map(String::as_str));
    let all = [
        said(&["import", "engineers", "engineers.csv", "--key", "engineer_id"]),
        said(&["import", "engineers", "lines.jsonl", "--key", "engineer_id"]),
        said(&["import", "engineers", "korean.csv", "--key", "engineer_id"]),
        said(&with_map),
        said(&["get", "engineers", "e-921", "--json"]),
        said(&["import", "engineers", "engineers.csv", "--key", "id"]),
        said(&["import", "engineers", "engineers.csv"]),
        said(&["import", "engineers", "engineers.csv", "--key", "name", "--map", "nmae=name"]),
        said(&["import", "engineers", "engineers.csv", "--key", "name", "--encoding", "klingon"]),
        said(&["import", "engineers", "crlf.csv", "--key", "engineer_id"]),
        said(&["import", "engineers", "tabs.csv", "--key", "engineer_id"]),
        said(&["import", "engineers", "tabs.csv", "--key", "engineer_id", "--separator", "\\t"]),
        said(&["import", "engineers", "others.csv", "--key", "engineer_id"]),
        said(&[
            "import",
            "engineers",
            "damaged.csv",
            "--key",
            "engineer_id",
            "--encoding",
            "CP949",
        ]),
        said(&["export", "engineers", "-o", "engineers.csv"]),
        said(&["import", "engineers", "nothing.csv", "--key", "name"]),
        said(&["import", "engineers", ".", "--key", "name"]),
        said(&["import", "engineer", "engineers.csv", "--key", "name"]),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn a_merge_leaves_what_a_file_does_not_have() {
    let server = desk().start();
    let folder = tempfile::tempdir().unwrap();
    let path = "/v1/collections/engineers/records/e-101";
    let before = server.get(path).json()["data"].clone();
    let rows = "engineer_id,max_load,name_en\ne-101,7,\ne-102,,\ne-999,3,Somebody\n";
    std::fs::write(folder.path().join("loads.csv"), rows).unwrap();
    let import = ["import", "engineers", "loads.csv", "--key", "engineer_id", "--merge"];
    let said = records(&server, folder.path(), &import);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.out.contains("3 rows: 0 new, 1 changed, 1 unchanged, 1 rejected"), "{}", said.out);
    assert!(said.err.contains("loads.csv:4:"), "{}", said.err);
    let mut wanted = before;
    wanted["max_load"] = json!(7);
    assert_eq!(server.get(path).json()["data"], wanted);
    assert_eq!(server.get("/v1/collections/engineers/records/e-999").status, 404);
    let both = [&import[..], &["--only-new"]].concat();
    assert_eq!(records(&server, folder.path(), &both).code, Some(2));
    let both = json!({"records": [], "merge": true, "only_new": true});
    let refused = server.post("/v1/collections/engineers/import", &both);
    assert_eq!(refused.status, 400, "{refused:?}");
}

#[test]
fn an_engineer_is_marked_away_and_nobody_overwrites_what_another_wrote() {
    let server = desk().start();
    let folder = tempfile::tempdir().unwrap();
    let said = |args: &[&str]| {
        let said = records(&server, folder.path(), args);
        format!("exit {}\n{}{}", said.code.unwrap(), said.err, said.out)
    };
    std::fs::write(folder.path().join("e.json"), "{\"name\": 7}").unwrap();
    let all = [
        said(&["edit", "engineers", "e-101", "is_available=false", "max_load=3"]),
        said(&["edit", "engineers", "e-101", "is_available=no"]),
        said(&["edit", "customers", "c-001", "aliases=푸른별; 블루스타"]),
        said(&["edit", "engineers", "e-101", "role=Boss", "colour=blue"]),
        said(&["edit", "customers", "c-001", "assigned_engineer=e-999"]),
        said(&["put", "engineers", "e-101", "e.json"]),
        said(&["put", "engineers", "e-101", "e.json", "--create"]),
        said(&["rm", "engineers", "e-101", "--if-version", "1"]),
        said(&["rm", "engineers", "e-102"]),
        said(&["rm", "engineers", "e-102"]),
        said(&["get", "engineers", "e-102"]),
        said(&["find", "engineers", "party", "Leaf"]),
        said(&["find", "customers", "phone", "+82-10-0000-9999"]),
        said(&["ls"]),
    ];
    insta::assert_snapshot!(all.join("\n"));
    let seen = good(records(&server, folder.path(), &["accesses", "customers", "c-001"]));
    assert_eq!(seen.lines().count(), 4, "read and written for each of two changes: {seen}");
    assert!(seen.lines().all(|line| line.ends_with(" c-001")), "{seen}");
    // What the next call meets is what was written.
    let shown = server.get("/v1/collections/engineers/records/e-101").json();
    assert_eq!(shown["data"]["is_available"], Value::Bool(false));
    assert_eq!(shown["version"], 2);
    // The log has who asked for what, and no key of a record: it stays when the record is erased.
    let log = server.get("/v1/access-log").text;
    assert!(log.contains("write-record") && log.contains("remove-record"), "{log}");
    assert!(!log.contains("e-101"), "{log}");
}

#[test]
fn a_record_is_written_on_a_condition_over_http() {
    let server = desk().start();
    let path = "/v1/collections/duty/records/x%2Fy%20%EA%B0%80";
    let ask = |method: &str, headers: &[(&str, &str)], body: &str| {
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers);
        let reply = server.request(method, path, &all, body.as_bytes());
        (reply.status, reply.text)
    };
    let data = "{\"engineer_id\": \"e-101\"}";
    assert_eq!(ask("GET", &[], "").0, 404);
    assert_eq!(ask("PUT", &[("if-match", "\"1\"")], data).0, 412);
    assert_eq!(ask("PUT", &[("if-none-match", "*")], data).0, 200);
    assert_eq!(ask("PUT", &[("if-none-match", "*")], data).0, 412);
    assert_eq!(ask("PUT", &[("if-match", "\"1\"")], data).0, 200);
    let shown: Value = serde_json::from_str(&ask("GET", &[], "").1).unwrap();
    assert_eq!((shown["key"].as_str(), &shown["version"]), (Some("x/y 가"), &json!(2)));
    for (headers, body, status) in [
        (&[("if-match", "2")][..], data, 400),
        (&[("if-match", "\"2\""), ("if-none-match", "*")], data, 400),
        (&[], "", 400),
        (&[], "{", 400),
        (&[], "[1]", 400),
        (&[], "{\"engineer_id\": \"e-999\"}", 400),
        (&[], "{\"engineer_id\": \"e-101\", \"colour\": 1}", 400),
    ] {
        let (found, text) = ask("PUT", headers, body);
        assert_eq!(found, status, "{headers:?} {body}: {text}");
    }
    assert_eq!(ask("DELETE", &[("if-match", "\"1\"")], "").0, 412);
    assert_eq!(ask("DELETE", &[], "").0, 200);
    assert_eq!(ask("DELETE", &[], "").0, 404);
}

#[test]
fn records_are_read_by_agents_and_written_by_designers() {
    let server = guarded(desk()).start();
    let data = json!({"engineer_id": "e-101"});
    let ask = |role: &str, method: &str, path: &str, body: &Value| {
        crate::admin::ask(&server, role, method, path, body).status
    };
    let one = "/v1/collections/duty/records/someday";
    for (method, path, body, least) in [
        ("GET", "/v1/collections", Value::Null, 0),
        ("GET", "/v1/collections/customers/records?limit=1", Value::Null, 1),
        ("GET", "/v1/collections/customers/records/c-001", Value::Null, 1),
        ("POST", "/v1/collections/customers/find", json!({"index": "account", "values": ["1"]}), 1),
        ("PUT", one, data, 2),
        ("DELETE", one, Value::Null, 2),
        ("POST", "/v1/collections/duty/import", json!({"records": []}), 2),
    ] {
        let roles = ["viewer", "agent", "designer", "operator"];
        for role in &roles[..least] {
            assert_eq!(ask(role, method, path, &body), 403, "{role}: {method} {path}");
        }
        for role in &roles[least..=least] {
            assert_eq!(ask(role, method, path, &body), 200, "{role}: {method} {path}");
        }
    }
    // However a page is asked for, it is written down.
    let cursor = json!({"index": "account", "values": ["111122223333"], "cursor": "k"});
    assert_eq!(ask("agent", "GET", "/v1/collections/customers/records?after=", &Value::Null), 200);
    assert_eq!(ask("agent", "POST", "/v1/collections/customers/find", &cursor), 200);
    let ask_log = |query: &str| {
        let path = format!("/v1/access-log{query}");
        crate::admin::ask(&server, "viewer", "GET", &path, &Value::Null).json()
    };
    let first = ask_log("?limit=2");
    let after = format!("?limit=500&after={}", first["next"].as_str().unwrap());
    let rest = ask_log(&after);
    let mut all = first["accesses"].as_array().unwrap().clone();
    all.extend(rest["accesses"].as_array().unwrap().clone());
    assert!(rest["next"].is_null());
    let lines: Vec<String> = all
        .iter()
        .map(|line| {
            let why = line["what"].as_str().unwrap_or_default();
            let why = why.split("hmac-sha256:").next().unwrap_or_default();
            let text = |field: &Value| field.as_str().unwrap_or_default().to_owned();
            let told = format!("{} {} {why}", text(&line["who"]["name"]), text(&line["action"]));
            told.trim_end().to_owned()
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_is_sensitive_is_for_those_who_may_write_it() {
    let people = "collections:
  people:
    seed: data/people.yaml
    sensitive: [contact.phone, notes]
    retention: 400d
    indexes: {phone: {kind: phone, fields: [contact.phone]}}
";
    let site = guarded(Site::desk("http://127.0.0.1:1", "5s"))
        .set("DIALGRAPH_DEPLOY__WATCH", "false")
        .file(
            "data/people.yaml",
            "p-1: {name: Hana, contact: {phone: \"+82-10-0000-0101\", mail: a@example.com}}
p-2: {name: Avery, notes: Calls at night.}
",
        );
    let file = site.path().join("project/dialgraph.yaml");
    let text = std::fs::read_to_string(&file).unwrap().replacen("collections:\n", people, 1);
    std::fs::write(&file, text).unwrap();
    let server = site.start();
    let ask = |role: &str, method: &str, path: &str, body: &Value| {
        crate::admin::ask(&server, role, method, path, body).json()
    };
    let one = "/v1/collections/people/records/p-1";
    let whole = ask("designer", "GET", one, &Value::Null);
    let phone = "+82-10-0000-0101";
    let data = json!({"name": "Hana", "contact": {"phone": phone, "mail": "a@example.com"}});
    assert_eq!((&whole["data"], &whole["hidden"]), (&data, &Value::Null));
    let listed = ask("agent", "GET", "/v1/collections/people/records?limit=1", &Value::Null);
    let find = json!({"index": "phone", "values": [phone]});
    let found = ask("agent", "POST", "/v1/collections/people/find", &find);
    let wanted = json!({"name": "Hana", "contact": {"mail": "a@example.com"}});
    for shown in [&ask("agent", "GET", one, &Value::Null), &listed["records"][0], &found["hits"][0]]
    {
        assert_eq!((&shown["data"], &shown["hidden"]), (&wanted, &json!(["contact.phone"])));
    }
    let other = ask("agent", "GET", "/v1/collections/people/records/p-2", &Value::Null);
    assert_eq!((&other["data"], &other["hidden"]), (&json!({"name": "Avery"}), &json!(["notes"])));
    let all = ask("viewer", "GET", "/v1/collections", &Value::Null);
    let people = all["collections"].as_array().unwrap().iter().find(|one| one["name"] == "people");
    let people = people.unwrap();
    assert_eq!(people["sensitive"], json!(["contact.phone", "notes"]));
    assert_eq!(people["retention_ms"], json!(400_u64 * 24 * 60 * 60 * 1000));
}
