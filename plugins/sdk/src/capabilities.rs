//! The capabilities' own words: requests and answers, one module each.

/// Lines for the operator's log.
pub mod log {
    pub use crate::bindings::dialgraph::plugin::log::Level;
}

/// Natural language understanding.
pub mod nlu {
    pub use crate::bindings::dialgraph::plugin::nlu::{
        Intent, Interpretation, Message, Recognition, Request, Sentiment, Session, Slot, SlotValue,
    };

    impl Request {
        /// Asks the default bot what `text` (at most 1,024 characters) means.
        pub fn new(text: impl Into<String>) -> Self {
            Self {
                text: text.into(),
                bot: None,
                session: None,
                request_attributes: Vec::new(),
                extra: Vec::new(),
            }
        }
    }
}

/// Answers of a language model.
pub mod genai {
    pub use crate::bindings::dialgraph::plugin::genai::{
        Citation, Inference, Message, Passage, Request, Response, Usage,
    };

    impl Message {
        /// What the caller said.
        pub fn user(text: impl Into<String>) -> Self {
            Self { role: "user".to_owned(), text: text.into() }
        }

        /// What the model said.
        pub fn assistant(text: impl Into<String>) -> Self {
            Self { role: "assistant".to_owned(), text: text.into() }
        }
    }

    impl Request {
        /// Asks the default model, without passages or system prompt.
        pub fn new(messages: Vec<Message>) -> Self {
            Self {
                model: None,
                system: Vec::new(),
                messages,
                passages: Vec::new(),
                inference: Inference {
                    max_tokens: None,
                    temperature: None,
                    top_p: None,
                    stop_sequences: Vec::new(),
                },
                guardrail: None,
                extra: Vec::new(),
            }
        }
    }
}

/// Search in the operator's articles.
pub mod knowledge {
    pub use crate::bindings::dialgraph::plugin::knowledge::{Passage, Query};

    impl Query {
        /// Asks the default knowledge base for at most five passages.
        pub fn new(text: impl Into<String>) -> Self {
            Self { text: text.into(), base: None, limit: 5, extra: Vec::new() }
        }
    }
}

/// The ticket desk.
pub mod tickets {
    pub use crate::bindings::dialgraph::plugin::tickets::{Receipt, Ticket};

    impl Ticket {
        /// A ticket of normal priority with nobody in charge.
        pub fn new(subject: impl Into<String>, body: impl Into<String>) -> Self {
            Self {
                subject: subject.into(),
                body: body.into(),
                priority: "normal".to_owned(),
                requester_name: None,
                requester_email: None,
                requester_phone: None,
                assignee: None,
                tags: Vec::new(),
                fields: Vec::new(),
                extra: Vec::new(),
            }
        }
    }
}

/// Business records.
pub mod records {
    pub use crate::bindings::dialgraph::plugin::records_read::Source;
    pub(crate) use crate::bindings::dialgraph::plugin::records_read::{
        Page as RawPage, Record as RawRecord,
    };
    pub(crate) use crate::bindings::dialgraph::plugin::records_search::Page as RawSearchPage;
    pub use crate::bindings::dialgraph::plugin::records_write::Expectation;

    /// One record as it was stored.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Record<T = serde_json::Value> {
        /// Its key in the collection.
        pub key: String,
        /// Grows with every write, from 1.
        pub version: u64,
        /// Milliseconds since 1970-01-01T00:00:00Z.
        pub updated_at: u64,
        /// What is stored.
        pub data: T,
    }

    /// Records that match a query.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Page<T = serde_json::Value> {
        /// In the order of their keys.
        pub records: Vec<Record<T>>,
        /// More match than the limit let through.
        pub more: bool,
        /// For [`Source::LastKnown`]: when the oldest was last read from the system of record.
        pub as_of: Option<u64>,
    }

    /// A record that was searched for.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Hit<T = serde_json::Value> {
        /// The record.
        pub record: Record<T>,
        /// How well it fits, above 0 to 1; 1: it is what was looked for.
        pub score: f64,
    }

    /// Records that a search found.
    #[derive(Debug, Clone, PartialEq)]
    pub struct SearchPage<T = serde_json::Value> {
        /// The best first, then in the order of keys.
        pub hits: Vec<Hit<T>>,
        /// Where the next page begins; none when there is none.
        pub next: Option<String>,
        /// No record that fits is missing from the pages.
        pub complete: bool,
        /// For [`Source::LastKnown`]: when the oldest was last read from the system of record.
        pub as_of: Option<u64>,
    }

    /// What to search for in an index of a collection.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Search {
        /// Where to look.
        pub collection: String,
        /// Name of the index.
        pub index: String,
        /// For an index of telephone numbers or names any of these, for others one for each of its
        /// fields.
        pub values: Vec<serde_json::Value>,
        /// 1 to 100.
        pub limit: u32,
        /// [`SearchPage::next`] of the page before.
        pub cursor: Option<String>,
        /// Where the answer may come from.
        pub source: Source,
    }

    impl Search {
        /// At most 100 records, from the system of record.
        pub fn new<V: Into<serde_json::Value>>(
            collection: impl Into<String>,
            index: impl Into<String>,
            values: impl IntoIterator<Item = V>,
        ) -> Self {
            Self {
                collection: collection.into(),
                index: index.into(),
                values: values.into_iter().map(Into::into).collect(),
                limit: 100,
                cursor: None,
                source: Source::Current,
            }
        }

        /// From elsewhere.
        #[must_use]
        pub fn source(mut self, source: Source) -> Self {
            self.source = source;
            self
        }
    }

    /// Which records to find.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Query {
        /// Where to look.
        pub collection: String,
        /// Field (`a.b` for nested ones) and value; all must match, as they are.
        pub matches: Vec<(String, serde_json::Value)>,
        /// 1 to 100.
        pub limit: u32,
        /// Where the answer may come from.
        pub source: Source,
    }

    impl Query {
        /// All records of a collection, at most 100, from the system of record.
        pub fn new(collection: impl Into<String>) -> Self {
            Self {
                collection: collection.into(),
                matches: Vec::new(),
                limit: 100,
                source: Source::Current,
            }
        }

        /// Only those whose field has this value.
        #[must_use]
        pub fn matching(
            mut self,
            field: impl Into<String>,
            value: impl Into<serde_json::Value>,
        ) -> Self {
            self.matches.push((field.into(), value.into()));
            self
        }

        /// At most so many, 1 to 100.
        #[must_use]
        pub fn limit(mut self, limit: u32) -> Self {
            self.limit = limit;
            self
        }

        /// Where the answer may come from.
        #[must_use]
        pub fn source(mut self, source: Source) -> Self {
            self.source = source;
            self
        }
    }
}

/// Outbound HTTP and the secrets that go with it.
pub mod http {
    use std::rc::Rc;

    use crate::backend;

    /// A secret that can be used but not read.
    #[derive(Debug, Clone)]
    pub struct Secret(pub(crate) Rc<backend::SecretHandle>);

    /// A header whose value the plugin may not read.
    #[derive(Debug, Clone)]
    pub enum Credential {
        /// `Authorization: Bearer SECRET`.
        Bearer(Secret),
        /// `Authorization: Basic …` of this user name and the secret.
        Basic(String, Secret),
        /// The header of this name.
        Header(String, Secret),
    }

    /// A request to a host that the operator granted.
    #[derive(Debug, Clone)]
    pub struct Request {
        /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE` or `HEAD`.
        pub method: String,
        /// Absolute, `https` unless the grant says otherwise.
        pub url: String,
        /// At most 64, 16 KiB together.
        pub headers: Vec<(String, String)>,
        /// Who asks.
        pub credential: Option<Credential>,
        /// At most 48 KiB.
        pub body: Option<Vec<u8>>,
        /// For the whole exchange, 100 to 60,000.
        pub timeout_ms: u32,
    }

    impl Request {
        /// A request without body that may take ten seconds.
        pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
            Self {
                method: method.into(),
                url: url.into(),
                headers: Vec::new(),
                credential: None,
                body: None,
                timeout_ms: 10_000,
            }
        }

        /// Adds a header.
        #[must_use]
        pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.headers.push((name.into(), value.into()));
            self
        }

        /// Says who asks.
        #[must_use]
        pub fn credential(mut self, credential: Credential) -> Self {
            self.credential = Some(credential);
            self
        }

        /// Gives a JSON body and its content type.
        #[must_use]
        pub fn json(mut self, body: &serde_json::Value) -> Self {
            self.body = Some(body.to_string().into_bytes());
            self.header("content-type", "application/json")
        }

        /// For the whole exchange, in milliseconds.
        #[must_use]
        pub fn timeout_ms(mut self, timeout_ms: u32) -> Self {
            self.timeout_ms = timeout_ms;
            self
        }
    }

    /// What came back, whatever the status.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Response {
        /// HTTP status.
        pub status: u16,
        /// Names in lower case.
        pub headers: Vec<(String, String)>,
        /// At most 48 KiB.
        pub body: Vec<u8>,
    }

    impl Response {
        /// The first header of this lower-case name.
        pub fn header(&self, name: &str) -> Option<&str> {
            self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
        }

        /// The body as JSON.
        ///
        /// # Errors
        /// When it is not JSON of this shape.
        pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
            serde_json::from_slice(&self.body)
        }
    }
}
