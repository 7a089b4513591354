//! Help for tests, of this crate and of those that need a release to work on.
//!
//! ```
//! use dialgraph_flow::testing::{Plugins, compile_source, plugins};
//!
//! // One flow: a project is made up around it, with the queue `general` and the locales ko-KR and en-US.
//! let release = compile_source(
//!     "
//! flow: greet
//! start: check
//! nodes:
//!   check: {use: hours-check, on: {open: bye, closed: bye, error: bye}}
//!   bye: {end: {disposition: resolved}}
//! ",
//!     &plugins([("hours-check", &["open", "closed"][..])]),
//! )
//! .unwrap();
//! assert_eq!(&*release.entry, "greet");
//! assert_eq!(release.flows["greet"].nodes.len(), 2);
//! ```

use dialgraph_base::{Descriptor, Digest, Port};
use serde_json::json;

pub use crate::check::Plugins;
use crate::check::check;
use crate::diagnostic::Report;

use crate::model::Release;
use crate::project::{Files, PROJECT_FILE, Project};
use crate::syntax;

const QUEUES: &str = "\
general: {title: {ko-KR: 일반, en-US: General}, priority: 3, sla: 1h}
emergency: {title: {ko-KR: 긴급, en-US: Emergency}, priority: 1, sla: 15m}
callback: {title: {ko-KR: 콜백, en-US: Callback}, priority: 4}
";

/// Compiles one flow in a project that is made up around it: the flow is the entry, there are the
/// queues `general`, `emergency` and `callback`, the hook `payment`, and the locales are `ko-KR`
/// and `en-US`.
///
/// A test that does not care for languages gives its flow `locales: [en-US]` and writes one text
/// per prompt.
pub fn compile_source(flow: &str, plugins: &Plugins) -> Result<Release, Report> {
    compile_files(&[("flow", flow)], plugins)
}

/// Compiles files given by path and text. A path without an ending is that of a flow whose name is
/// read from the text; without a project file, one is made up as for [`compile_source`], with the
/// first flow as the entry.
pub fn compile_files(files: &[(&str, &str)], plugins: &Plugins) -> Result<Release, Report> {
    check(&project(files), plugins).into_release()
}

/// The project that [`compile_files`] compiles.
pub fn project(files: &[(&str, &str)]) -> Project {
    let mut all = Files::new();
    let mut entry = None;
    for (path, text) in files {
        let mut path = (*path).to_owned();
        if !path.contains('.') {
            path = format!("{}.flow.yaml", name_of(text).unwrap_or(path.clone()));
        }
        if let Some(stem) = path.strip_suffix(".flow.yaml") {
            entry.get_or_insert_with(|| stem.rsplit('/').next().unwrap_or(stem).to_owned());
        }
        all.insert(path, text.as_bytes().to_vec());
    }
    all.entry("data/queues.yaml".into()).or_insert_with(|| QUEUES.into());
    let entry = entry.unwrap_or_else(|| "main".into());
    all.entry(PROJECT_FILE.into()).or_insert_with(|| {
        format!(
            "entry: {entry}\nfallback: {{queue: general}}\nlocales: [ko-KR, en-US]\nhooks: {{payment: {{}}}}\n"
        )
            .into_bytes()
    });
    Project::from_files("", all)
}

fn name_of(text: &str) -> Option<String> {
    let mut sources = crate::source::Sources::default();
    let file = sources.add("flow", text);
    let root = syntax::yaml::parse(file, text).root?;
    root.get("flow")?.text().map(str::to_owned)
}

/// A made-up plugin with these ports that takes any configuration and input and gives any output.
pub fn plugin(name: &str, ports: &[&str]) -> Descriptor {
    let port =
        |port: &&str| Port { name: (*port).into(), summary: format!("The outcome is {port}.") };
    Descriptor {
        name: name.into(),
        version: "1.0.0".into(),
        summary: format!("Does {name}."),
        ports: ports.iter().map(port).collect(),
        config_schema: json!({"type": "object"}),
        input_schema: json!({"type": "object", "additionalProperties": true}),
        output_schema: json!({"type": "object"}),
    }
}

/// Made-up plugins by name and ports; the digest is that of the name.
pub fn plugins<'a>(list: impl IntoIterator<Item = (&'a str, &'a [&'a str])>) -> Plugins {
    with_digests(list.into_iter().map(|(name, ports)| plugin(name, ports)))
}

/// Plugins as the checker takes them; the digest is that of the name.
pub fn with_digests(list: impl IntoIterator<Item = Descriptor>) -> Plugins {
    list.into_iter()
        .map(|descriptor| {
            let digest = Digest::of(descriptor.name.as_bytes());
            (descriptor.name.clone(), (digest, descriptor))
        })
        .collect()
}
