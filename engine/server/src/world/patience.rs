//! A time limit for each try.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::time::timeout;

use dialgraph_kernel::ports::{HostCall, HostError, HostResult};
use dialgraph_kernel::provider::Caller;
use dialgraph_runtime::World;

pub(super) struct Patience {
    pub(super) inner: Arc<dyn World>,
}

impl Patience {
    /// Asks once, and waits for so long.
    pub(super) fn ask(
        &self,
        caller: Caller,
        call: HostCall,
        limit: Duration,
    ) -> BoxFuture<'static, HostResult> {
        let function = call.function();
        let reply = self.inner.call(caller, call);
        async move {
            match timeout(limit, reply).await {
                Ok(result) => result,
                Err(_) => Err(HostError::unavailable(
                    "timed-out",
                    format!("{function} did not answer within {} ms", limit.as_millis()),
                )),
            }
        }
        .boxed()
    }
}
