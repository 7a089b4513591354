//! Passes searches for articles from plugin to driver, and the passages back.

use dialgraph_kernel::ports::knowledge::Query;
use dialgraph_kernel::ports::{HostAnswer, HostCall};

use crate::bindings::dialgraph::plugin::{knowledge, types};
use crate::imports::refusal;
use crate::run::{Run, mismatch};

impl knowledge::Host for Run {
    fn search(
        &mut self,
        query: knowledge::Query,
    ) -> wasmtime::Result<Result<Vec<knowledge::Passage>, types::HostError>> {
        let query = Query { text: query.text, base: query.base, limit: query.limit };
        match self.ask(HostCall::KnowledgeSearch(query))? {
            Ok(HostAnswer::KnowledgeSearch(passages)) => Ok(Ok(passages
                .into_iter()
                .map(|passage| knowledge::Passage {
                    id: passage.id,
                    title: passage.title,
                    text: passage.text,
                    source: passage.source,
                    score: passage.score,
                    extra: passage.extra,
                })
                .collect())),
            Ok(other) => Err(mismatch("knowledge.search", &other)),
            Err(error) => Ok(Err(refusal(error))),
        }
    }
}
