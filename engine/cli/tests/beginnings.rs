//! The projects that `docs/plugins.md` and `docs/call-scripts.md` show: whoever pastes it must have
//! one that works.
#![allow(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::path::Path;
use std::process::Command;

/// The document's blocks that begin with the name of a file, and their files.
fn files(document: &str) -> Vec<(&str, &str)> {
    let blocks = document.split("```yaml\n").skip(1);
    blocks
        .map(|block| {
            let text = block.split_once("\n```").unwrap().0;
            let name = text.lines().next().unwrap();
            (name.strip_prefix("# ").unwrap_or_else(|| panic!("no file: {name}")), text)
        })
        .collect()
}

fn dialgraph(folder: &Path, args: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dialgraph"))
        .args(args)
        .current_dir(folder)
        .env("INSTA_UPDATE", "no")
        .env_remove("DIALGRAPH_PROJECT")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

fn document(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(name)).unwrap()
}

#[test]
fn the_projects_of_the_documents_hold() {
    for name in ["docs/plugins.md", "docs/call-scripts.md"] {
        let document = document(name);
        let folder = tempfile::tempdir().unwrap();
        let files = files(&document);
        assert!(files.iter().filter(|(name, _)| name.ends_with(".call.yaml")).count() >= 3);
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let (code, said) = dialgraph(folder.path(), &["check", "--deny-warnings"]);
        assert_eq!(code, 0, "{name}: {said}");
        let (code, said) = dialgraph(folder.path(), &["test", "calls", "--accept"]);
        assert_eq!(code, 0, "{name}: {said}");
        let (code, said) = dialgraph(folder.path(), &["test", "calls"]);
        assert_eq!(code, 0, "{name}: {said}");
    }
}

#[test]
fn the_page_on_scripts_names_every_key() {
    let page = document("docs/call-scripts.md");
    let schema: serde_json::Value =
        serde_json::from_str(&document("schemas/call.schema.json")).unwrap();
    let mut keys: Vec<String> = schema["properties"].as_object().unwrap().keys().cloned().collect();
    for (name, part) in schema["definitions"].as_object().unwrap() {
        match name.as_str() {
            "MockSpec" => keys.extend(part["properties"].as_object().unwrap().keys().cloned()),
            "Step" => {
                let steps = part["oneOf"].as_array().unwrap();
                let names = steps.iter().map(|step| step["required"][0].as_str().unwrap());
                keys.extend(names.map(str::to_owned));
            }
            _ => {}
        }
    }
    assert!(keys.len() > 35, "{keys:?}");
    for key in keys {
        let told = page.contains(&format!("| `{key}`")) || page.contains(&format!("| `{key}: "));
        assert!(told, "the page does not tell of `{key}`");
    }
}

#[test]
fn a_mistake_in_one_of_them_is_told_at_its_line() {
    let document = document("docs/plugins.md");
    let folder = tempfile::tempdir().unwrap();
    let mistakes = [
        ("do: get, collection: orders", "do: get, collection: orders, limit: 5"),
        ("path: /v1/orders/{order}\n", "path: /v1/orders/{order}?all=true\n"),
        (
            "/notes\n      headers:\n        authorization: {secret: orders-token}",
            "/notes\n      headers:\n        authorization: {secret: order-token}",
        ),
    ];
    for (name, text) in files(&document) {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = match name.ends_with(".flow.yaml") {
            true => {
                mistakes.iter().fold(text.to_owned(), |text, (good, bad)| text.replace(good, bad))
            }
            false => text.to_owned(),
        };
        std::fs::write(path, text).unwrap();
    }
    let (code, said) = dialgraph(folder.path(), &["check"]);
    assert_eq!(code, 1, "{said}");
    for told in [
        "`limit` means nothing to `get`; it is for `find`",
        "`?` may not stand in a path as it is",
        "plugin `http-request` is not granted the secret `order-token`",
    ] {
        assert!(said.contains(told), "{told}\n{said}");
    }
}

#[test]
fn the_page_on_plugins_lists_all_that_come_with_dialgraph() {
    let page = document("docs/plugins.md");
    for (name, _) in dialgraph_guests::shipped().iter() {
        let row = format!("| [`{name}`](../plugins/{name}/README.md) |");
        assert!(page.contains(&row), "{name} is not listed");
    }
}

#[test]
fn a_grant_that_a_plugin_lacks_is_told_where_its_collection_is_named() {
    let document = document("docs/plugins.md");
    let check = |collections: &str| {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files(&document) {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let granted = "collections: {read: [orders], write: [orders]}";
            std::fs::write(path, text.replace(granted, collections)).unwrap();
        }
        let (_, said) = dialgraph(folder.path(), &["check", "--json"]);
        let told = said.lines().filter(|line| line.contains("the collection `orders`"));
        let told = told.map(|line| line.trim().to_owned()).collect::<Vec<_>>();
        (told.len(), told.join("\n"))
    };
    // `get` and `find` only read; `delete` only writes; `increment` and `put` with `merge` do both.
    let (count, told) = check("collections: {read: [orders]}");
    assert!(count == 3 && told.matches("may not write").count() == 3, "{told}");
    let (count, told) = check("collections: {write: [orders]}");
    assert!(count == 4 && told.matches("may not read").count() == 4, "{told}");
    let (count, told) = check("collections: {}");
    assert!(count == 5 && told.matches("may neither read nor write").count() == 2, "{told}");
}
