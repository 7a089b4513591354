//! `docs/reference/configuration.md`, written from the declarations of the keys;
//! `DIALGRAPH_UPDATE_DOCS=1 cargo test -p dialgraph-config reference` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use crate::{Config, all};

const HEAD: &str = "\
# Configuration

`dialgraph serve` and the commands that open a store read these keys from `dialgraph.toml` in the working folder, or from the file that
`--config FILE` names. In that file a key stands in the section of its name:

```toml
[server]
listen = \"0.0.0.0:7700\"
```

Every key can be set in the environment, too, which wins over the file: `DIALGRAPH_SERVER__LISTEN=0.0.0.0:7700`. There a list is
written with commas. A key that does not exist is refused, with the nearest that does. `dialgraph serve --print-config` prints all
keys with the values that hold and where each came from; what it prints is a file for `--config`.

An editor completes and checks the file with [its JSON Schema](../../schemas/dialgraph.schema.json). With Taplo or Even Better TOML, let the
file begin with the schema's path or URL: `#:schema ./schemas/dialgraph.schema.json`.

Times are written `250ms`, `5s`, `10m`, `1h30m` or `7d`, sizes `64 KiB` or `1 MiB`.
";

fn page() -> String {
    let config = Config::default();
    let mut out = HEAD.to_owned();
    for section in all() {
        let about = match section.page {
            Some(page) => format!("{}: [{page}](../{page}).", section.about.trim_end_matches('.')),
            None => section.about,
        };
        write!(out, "\n## {}\n\n{about}\n\n", section.section).unwrap();
        out += "| key | environment variable | default | meaning |\n|---|---|---|---|\n";
        for key in section.keys {
            let default = match (key.secret, (key.show)(&config)) {
                (true, _) => "none, and never shown".to_owned(),
                (_, value) if value == "\"\"" => "empty".to_owned(),
                (_, value) => format!("`{value}`"),
            };
            let (path, variable) = (&key.path, key.variable());
            let meaning = key.meaning.replace('|', "\\|");
            writeln!(out, "| `{path}` | `{variable}` | {default} | {meaning} |").unwrap();
        }
    }
    out
}

#[test]
fn the_reference_has_every_key_as_it_is() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/configuration.md");
    let page = page();
    if std::env::var_os("DIALGRAPH_UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == kept,
        "docs/reference/configuration.md is out of date: run with DIALGRAPH_UPDATE_DOCS=1 and review the difference"
    );
}
