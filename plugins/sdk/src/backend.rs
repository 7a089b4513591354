//! Where capability calls go: to the engine within a component, to the test's fakes natively.

#[cfg(not(target_family = "wasm"))]
pub(crate) use crate::testing::{Backend, SecretHandle};
#[cfg(target_family = "wasm")]
pub(crate) use engine::{Backend, SecretHandle};

#[cfg(target_family = "wasm")]
mod engine {
    use crate::bindings::dialgraph::plugin as wit;
    use crate::error::HostError;
    use crate::{genai, http, knowledge, log, nlu, records, tickets};

    pub(crate) type SecretHandle = wit::secrets::Secret;

    /// The imports of the component.
    #[derive(Debug)]
    pub(crate) struct Backend;

    impl Backend {
        pub(crate) fn now(&self) -> u64 {
            wit::clock::now()
        }

        pub(crate) fn random_number(&self) -> u64 {
            wit::random::number()
        }

        pub(crate) fn random_bytes(&self, count: u32) -> Result<Vec<u8>, HostError> {
            wit::random::bytes(count)
        }

        pub(crate) fn log(&self, level: log::Level, message: &str, fields: &[(String, String)]) {
            wit::log::log(level, message, fields);
        }

        pub(crate) fn log_level(&self) -> log::Level {
            wit::log::min_level()
        }

        pub(crate) fn records_get(
            &self,
            collection: &str,
            key: &str,
            source: records::Source,
        ) -> Result<Option<records::RawRecord>, HostError> {
            wit::records_read::get(collection, key, source)
        }

        pub(crate) fn records_find(
            &self,
            query: &records::Query,
        ) -> Result<records::RawPage, HostError> {
            let matches = query.matches.iter();
            wit::records_read::find(&wit::records_read::Query {
                collection: query.collection.clone(),
                matches: matches
                    .map(|(field, value)| wit::records_read::FieldMatch {
                        field: field.clone(),
                        value: value.to_string(),
                    })
                    .collect(),
                limit: query.limit,
                source: query.source,
                extra: Vec::new(),
            })
        }

        pub(crate) fn records_search(
            &self,
            search: &records::Search,
        ) -> Result<records::RawSearchPage, HostError> {
            wit::records_search::find(&wit::records_search::Query {
                collection: search.collection.clone(),
                index: search.index.clone(),
                values: search.values.iter().map(ToString::to_string).collect(),
                limit: search.limit,
                cursor: search.cursor.clone(),
                source: search.source,
                extra: Vec::new(),
            })
        }

        pub(crate) fn records_put(
            &self,
            collection: &str,
            key: &str,
            data: &str,
            expect: records::Expectation,
        ) -> Result<u64, HostError> {
            wit::records_write::put(collection, key, data, expect)
        }

        pub(crate) fn records_delete(
            &self,
            collection: &str,
            key: &str,
            expect: records::Expectation,
        ) -> Result<(), HostError> {
            wit::records_write::delete(collection, key, expect)
        }

        pub(crate) fn recognize(
            &self,
            request: &nlu::Request,
        ) -> Result<nlu::Recognition, HostError> {
            wit::nlu::recognize(request)
        }

        pub(crate) fn converse(
            &self,
            request: &genai::Request,
        ) -> Result<genai::Response, HostError> {
            wit::genai::converse(request)
        }

        pub(crate) fn search(
            &self,
            query: &knowledge::Query,
        ) -> Result<Vec<knowledge::Passage>, HostError> {
            wit::knowledge::search(query)
        }

        pub(crate) fn create_ticket(
            &self,
            ticket: &tickets::Ticket,
            idempotency_key: &str,
        ) -> Result<tickets::Receipt, HostError> {
            wit::tickets::create(ticket, idempotency_key)
        }

        pub(crate) fn secret(&self, name: &str) -> Result<http::Secret, HostError> {
            wit::secrets::open(name).map(|secret| http::Secret(secret.into()))
        }

        pub(crate) fn send(&self, request: &http::Request) -> Result<http::Response, HostError> {
            let credential = request.credential.as_ref().map(|credential| match credential {
                http::Credential::Bearer(secret) => wit::http::Credential::Bearer(&secret.0),
                http::Credential::Basic(user, secret) => {
                    wit::http::Credential::Basic((user.clone(), &secret.0))
                }
                http::Credential::Header(name, secret) => {
                    wit::http::Credential::Header((name.clone(), &secret.0))
                }
            });
            let response = wit::http::send(&wit::http::Request {
                method: request.method.clone(),
                url: request.url.clone(),
                headers: request.headers.clone(),
                credential,
                body: request.body.clone(),
                timeout_ms: request.timeout_ms,
                extra: Vec::new(),
            })?;
            Ok(http::Response {
                status: response.status,
                headers: response.headers,
                body: response.body,
            })
        }
    }
}
