//! Machine code made of a component, and what it needs to run.

use dialgraph_base::PluginLimits;
use serde::{Deserialize, Serialize};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::engine::{Class, InstancePools, Shape};
use crate::error::LoadError;

const PAGE: u64 = 64 << 10;

/// Machine code as wasmtime's compiler wrote it, and nothing else.
#[derive(Debug)]
pub(crate) struct Code(Vec<u8>);

impl Code {
    /// Code that a compiler gave, or that the cache wrote earlier and whose checksum still holds.
    pub(crate) fn made(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    fn component(&self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: the bytes come from `Engine::precompile_component`, either in this process, or in
        // one of this program that this one began for it, or in one that put them into the cache, a
        // directory that only this user can write, under a checksum that was verified.
        #[expect(unsafe_code, reason = "the one way to load compiled code")]
        unsafe {
            Component::deserialize(engine, &self.0)
        }
    }

    /// The component, in the room that suits it under `limits`.
    pub(crate) fn place(
        &self,
        plugin: &str,
        pools: &InstancePools,
        limits: &PluginLimits,
        known: Option<Needs>,
    ) -> Result<(Component, Class, Needs), LoadError> {
        if limits.memory_bytes > pools.large.shape.memory_bytes {
            return Err(LoadError::Pool {
                plugin: plugin.to_owned(),
                wanted: limits.memory_bytes,
                room: pools.large.shape.memory_bytes,
            });
        }
        let failed = |error: wasmtime::Error| LoadError::Compile {
            plugin: plugin.to_owned(),
            reason: format!("{error:#}"),
        };
        if known.is_none_or(|needs| needs.fit(&pools.small.shape))
            && limits.memory_bytes <= pools.small.shape.memory_bytes
            // The pool itself refuses a component that it cannot hold.
            && let Ok(component) = self.component(&pools.small.engine)
        {
            let needs = Needs::of(&component);
            if needs.fit(&pools.small.shape) {
                needs.check(plugin, limits)?;
                return Ok((component, Class::Small, needs));
            }
        }
        let component = self.component(&pools.large.engine).map_err(failed)?;
        let needs = Needs::of(&component);
        needs.check(plugin, limits)?;
        Ok((component, Class::Large, needs))
    }
}

/// What a component takes as soon as it is instantiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Needs {
    memories: u32,
    /// Of the largest linear memory.
    memory_bytes: u64,
    tables: u32,
    /// Of the largest table.
    table_elements: u64,
}

impl Needs {
    fn of(component: &Component) -> Self {
        match component.resources_required() {
            Some(required) => Self {
                memories: required.num_memories,
                memory_bytes: required.max_initial_memory_size.unwrap_or(0) * PAGE,
                tables: required.num_tables,
                table_elements: required.max_initial_table_size.unwrap_or(0),
            },
            // It imports modules. Linking refuses that, so nothing needs room for it.
            None => Self { memories: 0, memory_bytes: 0, tables: 0, table_elements: 0 },
        }
    }

    fn fit(&self, shape: &Shape) -> bool {
        self.memories <= shape.memories
            && self.memory_bytes <= shape.initial_bytes
            && self.tables <= shape.tables
            && self.table_elements <= u64::from(shape.table_elements)
    }

    fn check(&self, plugin: &str, limits: &PluginLimits) -> Result<(), LoadError> {
        if self.memory_bytes > limits.memory_bytes {
            return Err(LoadError::Resources {
                plugin: plugin.to_owned(),
                needs: format!("{} bytes of memory", self.memory_bytes),
                limit: limits.memory_bytes.to_string(),
                // Twice, so that it can do something with it.
                setting: format!("memory_bytes: {}", self.memory_bytes * 2),
            });
        }
        if self.table_elements > u64::from(limits.table_elements) {
            return Err(LoadError::Resources {
                plugin: plugin.to_owned(),
                needs: format!("a table of {} elements", self.table_elements),
                limit: limits.table_elements.to_string(),
                setting: format!("table_elements: {}", self.table_elements),
            });
        }
        Ok(())
    }
}
