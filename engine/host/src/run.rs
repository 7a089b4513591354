//! The state of one run, as the functions that a plugin imports see it.

use dialgraph_base::PluginLimits;
use dialgraph_kernel::plugin::{HostCalls, LogLevel};
use dialgraph_kernel::ports::{HostAnswer, HostCall, HostResult};
use scoped_tls_hkt::{ReborrowMut, scoped_thread_local};
use wasmtime::Trap;

use crate::deadline::Deadline;
use crate::imports::secrets::Secrets;
use crate::lines::Lines;
use crate::meter::Meter;
use crate::rng::{Rng, Stream};
use crate::stop::Stop;

/// The driver's side of a run while it lasts.
///
/// wasmtime wants the data of a store to be `'static`, and the driver lends its journal only for
/// the run, so the loan is kept beside the store: in the thread that runs the plugin, which is the
/// one that calls its imports.
pub(crate) struct Driver<'a>(pub(crate) &'a mut dyn HostCalls);

impl<'short> ReborrowMut<'short> for Driver<'_> {
    type Result = Driver<'short>;

    fn reborrow_mut(&'short mut self) -> Driver<'short> {
        Driver(self.0)
    }
}

scoped_thread_local!(static mut DRIVER: for<'a> Driver<'a>);

/// Runs `body` with `host` answering the host calls of plugins run by this thread.
pub(crate) fn with_driver<R>(host: &mut dyn HostCalls, body: impl FnOnce() -> R) -> R {
    DRIVER.set(Driver(host), body)
}

/// Data of a run's store.
#[derive(Debug)]
pub(crate) struct Run {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub(crate) now: u64,
    seed: u64,
    streams: [Option<Rng>; 3],
    pub(crate) lines: Lines,
    pub(crate) meter: Meter,
    pub(crate) secrets: Secrets,
    /// The function that runs, if it is one that reaches no capability.
    alone: Option<&'static str>,
    /// Set when it begins.
    pub(crate) deadline: Option<Deadline>,
    limits: PluginLimits,
    host_calls: u32,
    bytes: u64,
}

impl Run {
    pub(crate) fn new(now: u64, seed: u64, limits: PluginLimits, log_level: LogLevel) -> Self {
        Self {
            now,
            seed,
            streams: [None, None, None],
            lines: Lines::new(log_level),
            meter: Meter::new(&limits),
            secrets: Secrets::default(),
            alone: None,
            deadline: None,
            limits,
            host_calls: 0,
            bytes: 0,
        }
    }

    /// A run of a function that reaches no capability, such as `describe`.
    pub(crate) fn alone(function: &'static str, limits: PluginLimits) -> Self {
        Self { alone: Some(function), ..Self::new(0, 0, limits, LogLevel::Info) }
    }

    /// Fails while a function runs that reaches no capability.
    pub(crate) fn capability(&self, called: &'static str) -> wasmtime::Result<()> {
        match self.alone {
            Some(function) => Err(Stop::Alone { function, called }.into()),
            None => Ok(()),
        }
    }

    pub(crate) fn rng(&mut self, stream: Stream) -> &mut Rng {
        let seed = self.seed;
        self.streams[stream as usize].get_or_insert_with(|| Rng::new(seed, stream))
    }

    /// Puts a request to the driver. Stops the run when there is no reply yet.
    pub(crate) fn ask(&mut self, call: HostCall) -> wasmtime::Result<HostResult> {
        let function = call.function();
        self.capability(function)?;
        if self.host_calls == self.limits.host_calls {
            return Err(Stop::Limit(format!(
                "it called {function} after {} host calls, and that is all it may make in one run (limits.host_calls in dialgraph.yaml)",
                self.host_calls
            ))
            .into());
        }
        self.host_calls += 1;
        self.in_time()?;
        self.pass(function, size(&call))?;
        if !DRIVER.is_set() {
            return Err(reply(function, "nobody answers host calls here"));
        }
        let Some(result) = DRIVER.with(|driver| driver.0.call(call)) else {
            return Err(Stop::Suspended.into());
        };
        self.in_time()?;
        self.pass(function, size(&result))?;
        Ok(result)
    }

    /// What the engine does for a run takes of the run's time.
    fn in_time(&self) -> wasmtime::Result<()> {
        match &self.deadline {
            Some(deadline) if deadline.is_over() => Err(Trap::Interrupt.into()),
            _ => Ok(()),
        }
    }

    /// Counts bytes passed to or from the plugin.
    fn pass(&mut self, function: &'static str, bytes: u64) -> wasmtime::Result<()> {
        self.bytes += bytes;
        if self.bytes > u64::from(self.limits.host_call_bytes) {
            return Err(Stop::Limit(format!(
                "with {function} it had passed {} bytes in host calls, and its limit is {} (limits.host_call_bytes in dialgraph.yaml)",
                self.bytes, self.limits.host_call_bytes
            ))
            .into());
        }
        Ok(())
    }
}

/// The reply of the driver cannot be used.
pub(crate) fn reply(function: &'static str, reason: impl Into<String>) -> wasmtime::Error {
    Stop::Reply { function, reason: reason.into() }.into()
}

/// The reply is one to another function.
pub(crate) fn mismatch(function: &'static str, answer: &HostAnswer) -> wasmtime::Error {
    let kind = serde_json::to_value(answer)
        .ok()
        .and_then(|value| Some(value.get("function")?.as_str()?.to_owned()))
        .unwrap_or_else(|| "something else".to_owned());
    reply(function, format!("it answers {kind}"))
}

/// Length of the JSON of `value`: one measure for all requests and replies, and the journal's.
fn size(value: &impl serde::Serialize) -> u64 {
    struct Count(u64);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => u64::MAX >> 1, // what has no JSON form cannot be journalled: let the limit stop it
    }
}
