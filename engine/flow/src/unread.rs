//! Files that look like parts of a project and are not read, for their names or places are wrong.
//!
//! What looks so is told by name, by folder and by content. Other people's files may lie in a
//! project's folder, and are left alone.

/// Why a file looks like a part, and what to do.
pub(crate) struct Unread {
    pub looks: String,
    pub help: String,
}

const PROJECT_FILES: [&str; 4] =
    ["dialgraph.yaml", "data/queues.yaml", "data/calendars.yaml", "data/routing-profiles.yaml"];

/// The ends of names by which files are found.
const KINDS: [(&str, &str); 3] =
    [(".flow.yaml", "a flow"), (".intents.yaml", "a bot"), (".guardrail.yaml", "a guardrail")];

/// Files that are read by whoever answers plugins: articles and guardrails.
pub(crate) fn is_of_providers(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["knowledge", _, _, file] => file.ends_with(".md"),
        ["guardrails", file] => file.ends_with(".guardrail.yaml"),
        // Utterances that a bot has not learnt from, to measure it by.
        ["intents", file] => file.ends_with(".heldout.yaml"),
        _ => false,
    }
}

/// Whether it is meant as the project file, but is called otherwise.
pub(crate) fn is_project_file(path: &str) -> bool {
    is_meant(path, "dialgraph.yaml")
}

/// What a file that nobody has read looks like, if it looks like a part of a project.
pub(crate) fn of(path: &str, bytes: &[u8]) -> Option<Unread> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let lower = name.to_ascii_lowercase();
    if is_of_providers(path) || name.ends_with(".call.yaml") || lower == "readme.md" {
        return None;
    }
    if let Some(meant) = PROJECT_FILES.iter().find(|meant| is_meant(path, meant)) {
        return Some(Unread {
            looks: format!("`{path}` looks like `{meant}`"),
            help: format!("rename it to `{meant}`"),
        });
    }
    let yaml = lower.strip_suffix(".yaml").or_else(|| lower.strip_suffix(".yml"));
    let of_knowledge = path.starts_with("knowledge/");
    if lower.ends_with(".md") {
        return of_knowledge.then(|| Unread {
            looks: format!("`{path}` looks like an article"),
            help: "articles are `knowledge/BASE/LOCALE/NAME.md`".to_owned(),
        });
    }
    for (end, what) in KINDS {
        let kind = end.trim_end_matches(".yaml");
        let Some(stem) = yaml.and_then(|stem| stem.strip_suffix(kind)) else { continue };
        let given = name.get(..stem.len()).unwrap_or(stem);
        let place = match kind {
            ".intents" => format!("intents/{given}{end}"),
            ".guardrail" => format!("guardrails/{given}{end}"),
            _ => format!("{}{given}{end}", path.strip_suffix(name).unwrap_or_default()),
        };
        return Some(Unread {
            looks: format!("`{path}` looks like {what}"),
            help: format!("rename it to `{place}`"),
        });
    }
    if yaml.is_some_and(|stem| stem.ends_with(".call")) {
        return Some(Unread {
            looks: format!("`{path}` looks like a call script"),
            help: "the names of call scripts end in `.call.yaml`".to_owned(),
        });
    }
    if let (Some(stem), Some((what, end, folder))) = (yaml, by_content(bytes)) {
        let given = name.get(..stem.len()).unwrap_or(stem);
        let before = match folder {
            "" => path.strip_suffix(name).unwrap_or_default(),
            folder => folder,
        };
        let place = if end.starts_with('.') { format!("{before}{given}{end}") } else { end.into() };
        return Some(Unread {
            looks: format!("`{path}` looks like {what}"),
            help: format!("rename it to `{place}`"),
        });
    }
    let folder = path.split_once('/').map(|(folder, _)| folder);
    let ours = matches!(folder, Some("data" | "intents" | "guardrails" | "knowledge"));
    (ours && (yaml.is_some() || lower.ends_with(".json"))).then(|| Unread {
        looks: format!("`{path}` lies among the files of the project"),
        help: "name it in `dialgraph.yaml` (as `seed` or `schema` of a collection), call it as the files of its folder are called, or take it out".to_owned(),
    })
}

/// A name that differs from `meant` in letter case, in `.yml`, in `_` for `-`, or in where it lies.
fn is_meant(path: &str, meant: &str) -> bool {
    let folded = |path: &str| {
        let lower = path.to_ascii_lowercase().replace('_', "-");
        lower.strip_suffix(".yml").map(|stem| format!("{stem}.yaml")).unwrap_or(lower)
    };
    let (path, meant) = (folded(path), meant.to_owned());
    let file = meant.rsplit('/').next().unwrap_or(&meant);
    path == meant || (file != meant && path == file)
}

/// What the keys of a file make of it: what it is, the end of its name (or the whole of it), and
/// its folder.
fn by_content(bytes: &[u8]) -> Option<(&'static str, &'static str, &'static str)> {
    let text = String::from_utf8_lossy(bytes);
    let has = |key: &str| {
        text.lines().any(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))
    };
    if has("nodes") && (has("flow") || has("start")) || has("flow") && has("start") {
        return Some(("a flow", ".flow.yaml", ""));
    }
    if has("call") && has("steps") && has("at") {
        return Some(("a call script", ".call.yaml", ""));
    }
    if has("entry") && has("fallback") {
        return Some(("a project file", "dialgraph.yaml", ""));
    }
    if has("bot") && has("intents") {
        return Some(("a bot", ".intents.yaml", "intents/"));
    }
    has("guardrail").then_some(("a guardrail", ".guardrail.yaml", "guardrails/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str, text: &str) -> Option<String> {
        of(path, text.as_bytes()).map(|unread| format!("{}: {}", unread.looks, unread.help))
    }

    #[test]
    fn what_looks_like_a_part_is_told_with_its_right_name() {
        let flow = "# a flow\nflow: order\nstart: a\nnodes:\n  a: {}\n";
        for (path, text, right) in [
            ("order.flow.yml", "", "order.flow.yaml"),
            ("Order.Flow.YAML", "", "Order.flow.yaml"),
            ("sub/order.flow.yml", "", "sub/order.flow.yaml"),
            ("order.yaml", flow, "order.flow.yaml"),
            ("order.yml", flow, "order.flow.yaml"),
            ("dialgraph.yml", "", "dialgraph.yaml"),
            ("data/queues.yml", "", "data/queues.yaml"),
            ("queues.yaml", "", "data/queues.yaml"),
            ("data/routing_profiles.yaml", "", "data/routing-profiles.yaml"),
            ("default.intents.yaml", "", "intents/default.intents.yaml"),
            ("intents/default.intents.yml", "", "intents/default.intents.yaml"),
            ("guardrails/strict.yaml", "guardrail: strict\n", "guardrails/strict.guardrail.yaml"),
            ("knowledge/faq/hours.md", "", "knowledge/BASE/LOCALE/NAME.md"),
            ("x.call.yml", "", ".call.yaml"),
            ("data/customrs.yaml", "", "dialgraph.yaml"),
        ] {
            let told = told(path, text);
            assert!(told.as_ref().is_some_and(|told| told.contains(right)), "{path}: {told:?}");
        }
    }

    #[test]
    fn other_people_s_files_are_left_alone() {
        for (path, text) in [
            ("README.md", ""),
            ("knowledge/README.md", ""),
            ("notes/today.md", ""),
            ("docker-compose.yml", "services:\n  web: {image: x}\n"),
            ("package.json", "{}"),
            ("tests/calls/a.call.yaml", "call: a\n"),
            ("knowledge/faq/ko-KR/hours.md", ""),
            ("guardrails/strict.guardrail.yaml", ""),
            (".github/workflows/ci.yaml", "on: push\n"),
        ] {
            assert_eq!(told(path, text), None, "{path}");
        }
    }
}
