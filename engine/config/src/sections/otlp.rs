//! Where spans go, beside the log.

section! {
    /// Where spans go, where the build has it.
    pub struct OtlpSection {
        /// OpenTelemetry collector to which spans of turns and nodes go, by OTLP over HTTP, such as
        /// "http://127.0.0.1:4318"; empty: OTEL_EXPORTER_OTLP_ENDPOINT, and if that is not set,
        /// none.
        endpoint: Option<String> = None;

        /// What this service is called there; empty: OTEL_SERVICE_NAME, or "dialgraph".
        service_name: Option<String> = None;
    }
}
