//! Ends a run that wants more memory or table elements than its limit, and says how much it wanted;
//! the abort of the plugin's own allocator would not.

use dialgraph_base::PluginLimits;
use wasmtime::ResourceLimiter;

use crate::stop::Stop;

/// Watches how much memory and how many table elements a run takes.
#[derive(Debug)]
pub(crate) struct Meter {
    memory_limit: u64,
    table_limit: u32,
    memory: u64,
    peak: u64,
}

impl Meter {
    pub(crate) fn new(limits: &PluginLimits) -> Self {
        Self {
            memory_limit: limits.memory_bytes,
            table_limit: limits.table_elements,
            memory: 0,
            peak: 0,
        }
    }

    /// Linear memory of all modules together at its largest, in bytes. Memory never shrinks.
    pub(crate) fn peak(&self) -> u64 {
        self.peak
    }
}

impl ResourceLimiter for Meter {
    // An error stops the run at once. Refusing with `false` would leave it to the plugin to notice,
    // and its allocator's abort says nothing of how much was wanted.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false); // the module's own bound: growth fails as WebAssembly says
        }
        let wanted = self.memory.saturating_add(desired.saturating_sub(current) as u64);
        if wanted > self.memory_limit {
            return Err(Stop::Memory { wanted, limit: self.memory_limit }.into());
        }
        self.memory = wanted;
        self.peak = self.peak.max(wanted);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        if desired > self.table_limit as usize {
            return Err(Stop::Limit(format!(
                "it wanted a table of {desired} elements, and its limit is {} (limits.table_elements in dialgraph.yaml)",
                self.table_limit
            ))
            .into());
        }
        Ok(true)
    }
}
