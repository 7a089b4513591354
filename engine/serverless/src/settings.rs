//! What the function is told: the engine's configuration, with the defaults that suit Lambda, and
//! the fallback.

use std::path::{Path, PathBuf};

use dialgraph_config::{Backend, Config, Import, LogFormat};
use dialgraph_lambda::settings::Within;

/// The file with the engine's configuration, if there is one in the archive.
const FILE: &str = "dialgraph.toml";

/// The checked settings.
#[derive(Debug, Clone)]
pub struct FunctionSettings {
    pub config: Config,
    pub within: Within,
}

impl FunctionSettings {
    /// From an environment, and `dialgraph.toml` in `root`, the folder that the archive was
    /// unpacked to.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn new(
        root: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Vec<String>> {
        let variables: Vec<(String, String)> = variables.into_iter().collect();
        let file = Some(root.join(FILE)).filter(|file| file.is_file());
        let config = Config::load(file.as_deref(), variables.iter().cloned());
        let within = Within::new(variables);
        match (config, within) {
            (Ok((mut config, sources)), Ok(within)) => {
                let unset = |key: &str| !sources.0.contains_key(key);
                if unset("store.backend") {
                    config.store.backend = Backend::Dynamodb;
                }
                if unset("store.folder") {
                    // The only place that can be written to; what is lost with it is fetched again.
                    config.store.folder = PathBuf::from("/tmp/dialgraph");
                }
                if unset("project.folder") {
                    config.project.folder = root.join("flows");
                }
                if unset("plugins.cache") {
                    config.plugins.cache = Some(root.join("plugins-cache"));
                }
                if unset("plugins.portable") {
                    config.plugins.portable = true;
                }
                if unset("plugins.runs") {
                    // Lambda gives a process one invocation at a time.
                    config.plugins.runs = 8;
                }
                if unset("deploy.take_in") {
                    // A new archive is how flows come here; all environments have the same one.
                    config.deploy.take_in = Import::Always;
                }
                if unset("log.format") {
                    config.log.format = LogFormat::Json;
                }
                if let Err(why) = config.outlasts_questions() {
                    return Err(vec![format!("calls.idle_limit: {why}")]);
                }
                Ok(Self { config, within })
            }
            (config, within) => {
                let mut problems: Vec<String> =
                    config.err().map(|error| error.to_string()).into_iter().collect();
                problems.extend(within.err().iter().flat_map(|problems| problems.messages()));
                Err(problems)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(variables: &[(&str, &str)]) -> Result<FunctionSettings, Vec<String>> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        FunctionSettings::new(Path::new("/var/task"), variables.iter().map(owned))
    }

    #[test]
    fn a_queue_for_the_fallback_is_all_that_must_be_said() {
        let FunctionSettings { config, .. } =
            new(&[("DIALGRAPH_FALLBACK_QUEUE", "general")]).unwrap();
        assert_eq!(config.store.backend, Backend::Dynamodb);
        assert_eq!(config.project.folder, Path::new("/var/task/flows"));
        assert_eq!(config.plugins.cache.as_deref(), Some(Path::new("/var/task/plugins-cache")));
        assert!(config.plugins.portable);
        assert!(config.takes_in_changes(), "a new archive brings new flows");
    }

    #[test]
    fn what_is_set_stays_as_it_is_set() {
        let set = [
            ("DIALGRAPH_FALLBACK_QUEUE", "general"),
            ("DIALGRAPH_STORE__BACKEND", "sled"),
            ("DIALGRAPH_STORE__TABLE", "desk"),
            ("DIALGRAPH_PLUGINS__PORTABLE", "false"),
        ];
        let FunctionSettings { config, .. } = new(&set).unwrap();
        assert_eq!((config.store.backend, &*config.store.table), (Backend::Sled, "desk"));
        assert!(!config.plugins.portable);
    }

    #[test]
    fn a_customer_who_has_time_to_answer_is_not_taken_for_gone() {
        let set = [("DIALGRAPH_FALLBACK_QUEUE", "general"), ("DIALGRAPH_CALLS__IDLE_LIMIT", "20m")];
        let problems = new(&set).unwrap_err().join("\n");
        assert!(problems.contains("calls.idle_limit"), "{problems}");
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let set = [("DIALGRAPH_STORE__TABEL", "desk"), ("DIALGRAPH_URL", "http://127.0.0.1:1")];
        let problems = new(&set).unwrap_err().join("\n");
        for wrong in ["DIALGRAPH_STORE__TABEL", "DIALGRAPH_URL", "DIALGRAPH_FALLBACK_QUEUE"] {
            assert!(problems.contains(wrong), "{problems}");
        }
    }
}
