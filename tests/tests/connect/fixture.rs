//! The shipped project, its plugins loaded, and the bridge flow for it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use dialgraph_base::Grants;
use dialgraph_contact_flow::bridge::{Bridge, FlowTarget, QueueTarget, SpokenLanguage};
use dialgraph_flow::check::Plugins;
use dialgraph_flow::{Project, Release, check};
use dialgraph_host::{Host, HostConfig};
use dialgraph_kernel::call::Status;
use dialgraph_simulator::session::{CallSetup, Fixture};
use dialgraph_simulator::suite;

use super::double::Stand;

pub const LAMBDA_ARN: &str = "arn:aws:lambda:ap-northeast-2:111122223333:function:dialgraph";

/// The folder of this package.
pub fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All call scripts of the repository.
pub fn scripts() -> Vec<PathBuf> {
    suite::find(&[folder().join("calls")]).expect("the scripts are there")
}

/// A fixture for the shipped project, made once.
pub fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| fixture_of(&folder().join("../flows/support-desk")))
}

/// A fixture for the project in `flows`.
pub fn fixture_of(flows: &Path) -> Fixture {
    let project = Project::load(flows).expect("the project can be read");
    let cache = folder().join("../target/tmp/compiled");
    let config = HostConfig { cache_dir: Some(cache), counting: true, ..HostConfig::default() };
    let host = Host::new(config).expect("this machine runs WebAssembly");
    let grants = project.grants();
    let mut plugins = Plugins::new();
    for (name, bytes) in dialgraph_guests::shipped() {
        let granted = grants.get(*name).cloned().unwrap_or_else(Grants::default);
        // Those that the project grants nothing are not used by it.
        if let Ok(loaded) = host.load(name, bytes, &granted) {
            let descriptor = loaded.descriptor.as_ref().clone();
            plugins.insert(descriptor.name.clone(), (loaded.digest, descriptor));
        }
    }
    let release =
        check(&project, &plugins).into_release().unwrap_or_else(|report| panic!("{report}"));
    Fixture::new(flows, &project, Arc::new(release), Arc::new(host))
        .expect("the project's data is good")
}

/// The ARN of a queue of the project.
pub fn queue_arn(name: &str) -> String {
    format!("arn:aws:connect:ap-northeast-2:111122223333:instance/i/queue/{name}")
}

/// The ARN of a contact flow.
pub fn flow_arn(name: &str) -> String {
    format!("arn:aws:connect:ap-northeast-2:111122223333:instance/i/contact-flow/{name}")
}

/// The bridge of the shipped project, for calls that begin as `setup` says.
pub fn bridge(setup: &CallSetup) -> Bridge {
    bridge_of(&fixture().release, setup)
}

/// The bridge of a project.
pub fn bridge_of(release: &Release, setup: &CallSetup) -> Bridge {
    let alias =
        |locale: &str| format!("arn:aws:lex:ap-northeast-2:111122223333:bot-alias/BOT/{locale}");
    let languages = release.locales.iter().map(|locale| SpokenLanguage {
        lex_bot_alias_arn: Some(alias(locale)),
        ..SpokenLanguage::of(locale).expect("the shipped languages have voices")
    });
    let queues = release.queues.values().map(|queue| QueueTarget {
        name: queue.name.to_string(),
        arn: queue_arn(&queue.name),
        priority: queue.priority,
    });
    Bridge {
        name: "Dialgraph".to_owned(),
        lambda_arn: LAMBDA_ARN.to_owned(),
        queues: queues.collect(),
        fallback_queue: release.fallback.queue.name.to_string(),
        languages: languages.collect(),
        attributes: vec!["customer_class".to_owned(), "company".to_owned()],
        pass: setup.attributes.keys().map(ToString::to_string).collect(),
        flows: vec![FlowTarget { name: "survey".to_owned(), arn: flow_arn("survey") }],
        start_flow: setup.flow.as_ref().map(ToString::to_string),
        start_locale: setup.locale.as_ref().map(ToString::to_string),
        logging: false,
        plain_chat: false,
    }
}

/// Whether Connect left a contact where a call of this status is.
pub fn stands(status: &Status, stand: &Stand) -> bool {
    match (status, stand) {
        (Status::Handed { queue: Some(queue), .. }, Stand::Queued(arn)) => *arn == queue_arn(queue),
        (Status::Handed { queue: Some(wanted), .. }, Stand::CallBack { queue, .. }) => {
            *queue == queue_arn(wanted)
        }
        (Status::Handed { queue: None, .. }, Stand::Transferred(_)) => true,
        (
            Status::Ended { .. },
            Stand::Disconnected | Stand::HungUp | Stand::Queued(_) | Stand::CallBack { .. },
        ) => true,
        (Status::Active, Stand::Asked(_) | Stand::Ringing(_)) => true,
        _ => false,
    }
}
