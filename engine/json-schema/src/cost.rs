//! Takes the way that a validator will take through schema and value, and counts its steps.

use serde_json::Value;

use super::graph::{Graph, Id, steps_of_telling_apart};
use super::{EVALUATED, STEPS, TooCostly};

impl Graph {
    pub(super) fn walk(&self, value: &Value) -> Result<(), TooCostly> {
        Walk { graph: self, left: STEPS }.hold(0, value, 1, 0)
    }
}

struct Walk<'g> {
    graph: &'g Graph,
    left: u64,
}

impl Walk<'_> {
    fn spend(&mut self, steps: u64) -> Result<(), TooCostly> {
        self.left = self.left.checked_sub(steps).ok_or(TooCostly::Steps)?;
        Ok(())
    }

    /// All branches are taken, though a validator leaves some out. `factor`: once to find out
    /// whether any of some branches fits, and once more, at each such level, to say why none does.
    fn hold(&mut self, id: Id, value: &Value, factor: u64, depth: usize) -> Result<(), TooCostly> {
        if depth == EVALUATED {
            return Err(TooCostly::Depth);
        }
        let depth = depth + 1;
        let graph = self.graph;
        let node = &graph.nodes[id];
        self.spend(node.weight.saturating_mul(factor))?;
        for next in &node.here {
            self.hold(*next, value, factor, depth)?;
        }
        for next in &node.branches {
            self.hold(*next, value, factor + 1, depth)?;
        }
        match value {
            Value::String(text) => {
                self.spend((text.len() as u64).saturating_mul(node.per_byte * factor))
            }
            Value::Array(items) => {
                self.spend(items.len() as u64 * factor)?;
                if node.unique {
                    let steps = steps_of_telling_apart(self.size(value)?);
                    self.spend(steps.saturating_mul(factor))?;
                }
                for (i, item) in items.iter().enumerate() {
                    let mine = node.items.get(i).or(node.more.as_ref());
                    for next in mine.into_iter().chain(&node.contains) {
                        self.hold(*next, item, factor, depth)?;
                    }
                }
                Ok(())
            }
            Value::Object(members) => {
                for (name, member) in members {
                    let name_steps = 1 + (name.len() as u64).saturating_mul(node.per_key_byte);
                    self.spend(name_steps.saturating_mul(factor))?;
                    let mine = node.properties.get(name).or(node.additional.as_ref());
                    for next in mine.into_iter().chain(&node.by_pattern) {
                        self.hold(*next, member, factor, depth)?;
                    }
                    if let Some(names) = node.names {
                        self.hold(names, &Value::String(name.clone()), factor, depth)?;
                    }
                }
                Ok(())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        }
    }

    /// About the bytes of a value, which are paid for as they are counted.
    fn size(&mut self, value: &Value) -> Result<u64, TooCostly> {
        self.spend(1)?;
        Ok(match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 2,
            Value::String(text) => 2 + text.len() as u64,
            Value::Array(items) => {
                let mut bytes = 2;
                for item in items {
                    bytes += self.size(item)?;
                }
                bytes
            }
            Value::Object(members) => {
                let mut bytes = 2;
                for (name, member) in members {
                    bytes += 2 + name.len() as u64 + self.size(member)?;
                }
                bytes
            }
        })
    }
}
