//! One loaded plugin version, and how it is run.

use std::sync::Arc;
use std::time::Duration;

use dialgraph_base::{Descriptor, Grants};
use dialgraph_json_schema::Schema;
use dialgraph_kernel::plugin::{
    Cost, Failure, FailureKind, HostCalls, Invocation, LogLevel, PluginEvent, RunReport, RunResult,
};
use wasmtime::{Store, UpdateDeadline};

use crate::bindings::exports::dialgraph::plugin::plugin as wit;
use crate::bindings::{NodeWithCapabilities, NodeWithCapabilitiesPre};
use crate::capability::Import;
use crate::configuration::CheckerPre;
use crate::engine::{Class, InstancePools};
use crate::run::{Run, with_driver};
use crate::{failure, outcome};

/// Handles to resources that a run may hold at a time. Each takes memory of the engine.
pub(crate) const HANDLES: usize = 1_024;

/// A plugin version ready to run.
pub(crate) struct Plugin {
    pub(crate) pre: NodeWithCapabilitiesPre<Run>,
    /// For a plugin that checks its own configuration.
    pub(crate) checker: Option<CheckerPre<Run>>,
    pub(crate) class: Class,
    pub(crate) descriptor: Arc<Descriptor>,
    pub(crate) output: Option<Schema>,
    pub(crate) grants: Grants,
    pub(crate) imports: Arc<[Import]>,
    pub(crate) warnings: Vec<String>,
}

/// How a call into an instance ended, and what it took.
pub(crate) struct Executed<R> {
    pub(crate) result: wasmtime::Result<R>,
    pub(crate) run: Run,
    instructions: Option<u64>,
}

/// A fresh instance, one call, and the instance is gone.
pub(crate) fn execute<R>(
    pools: &InstancePools,
    class: Class,
    pre: &NodeWithCapabilitiesPre<Run>,
    grants: &Grants,
    run: Run,
    call: impl FnOnce(&mut Store<Run>, &NodeWithCapabilities) -> wasmtime::Result<R>,
) -> Executed<R> {
    execute_in(pools, class, grants, run, |store| {
        let instance = pre.instantiate(&mut *store)?;
        call(store, &instance)
    })
}

/// A fresh store for what `call` instantiates and calls.
pub(crate) fn execute_in<R>(
    pools: &InstancePools,
    class: Class,
    grants: &Grants,
    mut run: Run,
    call: impl FnOnce(&mut Store<Run>) -> wasmtime::Result<R>,
) -> Executed<R> {
    let limits = &grants.limits;
    let deadline = pools.deadline(limits.wall_ms);
    run.deadline = Some(deadline.clone());
    let mut store = Store::new(&pools.of(class).engine, run);
    store.limiter(|run| &mut run.meter);
    store.set_hostcall_fuel(limits.host_call_bytes as usize);
    store.set_max_component_handles(HANDLES);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| {
        Ok(if deadline.is_over() { UpdateDeadline::Interrupt } else { UpdateDeadline::Continue(1) })
    });
    let fuel = pools.fuel(limits.wall_ms);
    let result = fuel.map_or(Ok(()), |fuel| store.set_fuel(fuel)).and_then(|()| call(&mut store));
    let instructions = fuel.map(|fuel| fuel - store.get_fuel().unwrap_or(0));
    Executed { result, run: store.into_data(), instructions }
}

impl Plugin {
    pub(crate) fn run(
        &self,
        pools: &InstancePools,
        wait: Duration,
        log_level: LogLevel,
        invocation: &Invocation<'_>,
        host: &mut dyn HostCalls,
    ) -> RunReport {
        let Some(_permit) = pools.of(self.class).permits.acquire(wait) else {
            return failed(Failure {
                kind: FailureKind::Engine,
                code: "busy".to_owned(),
                message: format!(
                    "plugin `{}` waited {} ms for room to run in and got none: too many plugins run at once; try again, or configure room for more",
                    self.descriptor.name,
                    wait.as_millis()
                ),
                backtrace: Vec::new(),
            });
        };
        let run = Run::new(invocation.now.0, invocation.seed, self.grants.limits, log_level);
        let executed = with_driver(host, || {
            execute(pools, self.class, &self.pre, &self.grants, run, |store, node| {
                node.dialgraph_plugin_plugin().call_run(store, invocation_out(invocation))
            })
        });
        let result = match executed.result {
            Ok(Ok(outcome)) => outcome::check(self, invocation.channel, outcome),
            Ok(Err(error)) => RunResult::Failed(failure::of_plugin(error)),
            Err(error) => failure::of_engine(
                &self.descriptor,
                &error,
                &executed.run,
                pools.fuel(self.grants.limits.wall_ms),
                &self.grants.limits,
            )
            .map_or(RunResult::Suspended, RunResult::Failed),
        };
        RunReport {
            result,
            cost: Cost {
                instructions: executed.instructions,
                memory_bytes: executed.run.meter.peak(),
            },
            logs: executed.run.lines.finish(),
        }
    }
}

/// A run that never began.
pub(crate) fn failed(failure: Failure) -> RunReport {
    RunReport { result: RunResult::Failed(failure), logs: Vec::new(), cost: Cost::default() }
}

fn invocation_out<'a>(invocation: &Invocation<'a>) -> wit::Invocation<'a> {
    wit::Invocation {
        call: wit::CallContext {
            call_id: invocation.call_id,
            channel: invocation.channel.medium.as_str(),
            locale: invocation.locale,
            caller: invocation.caller,
            dialed: invocation.dialed,
            started_at: invocation.started_at.0,
            flow: invocation.flow,
            node: invocation.node,
            invocation_id: invocation.invocation_id,
            turn: invocation.turn,
            extra: &[],
        },
        config: invocation.config,
        input: invocation.input,
        state: invocation.state,
        event: match invocation.event {
            PluginEvent::Entered => wit::Event::Entered,
            PluginEvent::Said { text, confidence } => {
                wit::Event::Said(wit::Utterance { text, confidence: *confidence, extra: &[] })
            }
            PluginEvent::Pressed(keys) => wit::Event::Pressed(keys),
            PluginEvent::Silent => wit::Event::Silent,
        },
        extra: &[],
    }
}
