//! Where spans are to go: our own key first, then the variables of the OpenTelemetry specification.
//!
//! Source: "OpenTelemetry Protocol Exporter" and "Environment Variable Specification" of the
//! OpenTelemetry specification, <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>.

use dialgraph_config::OtlpSection;

const OURS: &str = "otlp.endpoint";
const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const ALL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// A collector's URL for spans, with the key or variable that named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) url: String,
    pub(super) from: &'static str,
}

impl Endpoint {
    /// None: spans go nowhere. An empty variable is one that is not set.
    pub(super) fn find(
        otlp: &OtlpSection,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        if variable("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return None;
        }
        let below = |base: &str| format!("{}/v1/traces", base.trim().trim_end_matches('/'));
        if let Some(base) = &otlp.endpoint {
            return Some(Self { url: below(base), from: OURS });
        }
        if let Some(url) = variable(TRACES) {
            return Some(Self { url, from: TRACES });
        }
        variable(ALL).map(|base| Self { url: below(&base), from: ALL })
    }

    /// Whether our own key named it.
    pub(super) fn is_ours(&self) -> bool {
        self.from == OURS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(endpoint: Option<&str>, variables: &[(&str, &str)]) -> Option<String> {
        let otlp = OtlpSection { endpoint: endpoint.map(str::to_owned), service_name: None };
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name)?;
            Some(found.1.to_owned())
        };
        Endpoint::find(&otlp, variable).map(|endpoint| endpoint.url)
    }

    #[test]
    fn the_key_wins_over_the_variables_and_nothing_set_means_nowhere() {
        assert_eq!(find(None, &[]), None);
        assert_eq!(find(None, &[(ALL, "")]), None);
        let all = (ALL, "http://all:4318/");
        let traces = (TRACES, "http://traces/in");
        assert_eq!(find(None, &[all]).unwrap(), "http://all:4318/v1/traces");
        assert_eq!(find(None, &[all, traces]).unwrap(), "http://traces/in");
        assert_eq!(find(Some("http://key"), &[all, traces]).unwrap(), "http://key/v1/traces");
        assert_eq!(find(Some("http://key"), &[("OTEL_SDK_DISABLED", "true")]), None);
    }
}
