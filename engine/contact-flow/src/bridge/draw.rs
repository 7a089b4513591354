//! Blocks on the designer's canvas.

use serde_json::{Map, Value, json};

use crate::lint::MAX_IDENTIFIER;

/// Distance of columns, in the designer's pixels.
const COLUMN: usize = 300;

/// Height of a block without branches, and of each branch.
const BLOCK: usize = 150;
const BRANCH: usize = 26;

/// Height at which a column goes on beside itself.
const BOTTOM: usize = 2_600;

/// One block.
#[derive(Debug, Clone)]
pub(super) struct Block {
    id: String,
    kind: &'static str,
    parameters: Value,
    metadata: Map<String, Value>,
    next: Option<String>,
    errors: Vec<(&'static str, String)>,
    conditions: Vec<(String, String)>,
}

impl Block {
    /// A block called `id` in the designer, too.
    pub(super) fn new(id: &str, kind: &'static str, parameters: Value) -> Self {
        Self {
            id: id.to_owned(),
            kind,
            parameters,
            metadata: Map::new(),
            next: None,
            errors: Vec::new(),
            conditions: Vec::new(),
        }
    }

    pub(super) fn next(mut self, next: &str) -> Self {
        self.next = Some(next.to_owned());
        self
    }

    pub(super) fn error(mut self, error: &'static str, next: &str) -> Self {
        self.errors.push((error, next.to_owned()));
        self
    }

    pub(super) fn equals(mut self, operand: &str, next: &str) -> Self {
        self.conditions.push((operand.to_owned(), next.to_owned()));
        self
    }

    /// What the designer shows in place of an ARN.
    pub(super) fn shown_as(mut self, parameter: &str, name: &str) -> Self {
        self.metadata
            .insert("parameters".to_owned(), json!({ parameter: { "displayName": name } }));
        self
    }

    fn height(&self) -> usize {
        BLOCK + BRANCH * (self.errors.len() + self.conditions.len())
    }

    fn action(&self) -> Value {
        let mut transitions = Map::new();
        if let Some(next) = &self.next {
            let errors: Vec<Value> = self
                .errors
                .iter()
                .map(|(error, next)| json!({"NextAction": next, "ErrorType": error}))
                .collect();
            let conditions: Vec<Value> = self
                .conditions
                .iter()
                .map(|(operand, next)| {
                    json!({"NextAction": next, "Condition": {"Operator": "Equals", "Operands": [operand]}})
                })
                .collect();
            transitions.insert("NextAction".to_owned(), next.as_str().into());
            transitions.insert("Errors".to_owned(), errors.into());
            transitions.insert("Conditions".to_owned(), conditions.into());
        }
        json!({
            "Parameters": self.parameters,
            "Identifier": self.id,
            "Type": self.kind,
            "Transitions": transitions,
        })
    }

    fn metadata(&self, number: usize, x: usize, y: usize) -> Value {
        let mut metadata = self.metadata.clone();
        metadata.insert("position".to_owned(), json!({"x": x, "y": y}));
        metadata.insert("isFriendlyName".to_owned(), true.into());
        if !self.conditions.is_empty() {
            let compares = self.kind == "Compare";
            let conditions: Vec<Value> = self
                .conditions
                .iter()
                .enumerate()
                .map(|(index, (operand, _))| {
                    let id = format!("{number:08x}-0000-4000-8000-{index:012x}");
                    if compares {
                        let operator =
                            json!({"name": "Equals", "value": "Equals", "shortDisplay": "="});
                        json!({"id": id, "operator": operator, "value": operand})
                    } else {
                        json!({"id": id, "value": operand})
                    }
                })
                .collect();
            metadata.insert("conditionMetadata".to_owned(), conditions.into());
        }
        let dynamic = dynamic(&self.parameters);
        if let Value::Object(dynamic) = dynamic {
            let shown = metadata.entry("parameters").or_insert_with(|| json!({}));
            if let Value::Object(shown) = shown {
                shown.extend(dynamic);
            }
        }
        metadata.into()
    }
}

/// Which parameters are references, as the designer wants to know it.
fn dynamic(parameters: &Value) -> Value {
    match parameters {
        Value::Object(fields) => {
            let marked: Map<String, Value> = fields
                .iter()
                .map(|(name, value)| (name.clone(), dynamic(value)))
                .filter(|(_, value)| !value.is_null())
                .collect();
            if marked.is_empty() { Value::Null } else { marked.into() }
        }
        Value::String(text) if text.starts_with("$.") => json!({"useDynamic": true}),
        _ => Value::Null,
    }
}

/// Blocks in columns, from left to right.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    columns: Vec<Vec<Block>>,
}

impl Canvas {
    /// Begins a column to the right of all others.
    pub(super) fn column(&mut self) {
        self.columns.push(Vec::new());
    }

    /// Puts a block below those of the column.
    pub(super) fn put(&mut self, block: Block) {
        if self.columns.is_empty() {
            self.column();
        }
        if let Some(column) = self.columns.last_mut() {
            column.push(block);
        }
    }

    /// The flow; it begins with the first block.
    pub(super) fn flow(&self, name: &str) -> Value {
        let mut actions = Vec::new();
        let mut places = Map::new();
        let mut x = COLUMN;
        for column in &self.columns {
            let mut y = 40;
            for block in column {
                if y > 40 && y + block.height() > BOTTOM {
                    y = 40;
                    x += COLUMN;
                }
                places.insert(block.id.clone(), block.metadata(actions.len(), x, y));
                actions.push(block.action());
                y += block.height();
            }
            x += COLUMN;
        }
        let start = self.columns.iter().flatten().next().map(|block| block.id.clone());
        json!({
            "Version": crate::lint::VERSION,
            "StartAction": start,
            "Metadata": {
                "entryPointPosition": {"x": 40, "y": 40},
                "ActionMetadata": places,
                "Annotations": [],
                "name": name,
                "description": "Asks Dialgraph what to do and does it. Made by `dialgraph connect bridge-flow`.",
                "type": "contactFlow",
                "status": "published",
                "hash": {},
            },
            "Actions": actions,
        })
    }
}

/// An identifier for one of several blocks of a kind: the kind's words and as much of `name` as
/// fits.
pub(super) fn identifier(words: &str, number: usize, name: &str) -> String {
    // The number keeps apart what is cut.
    let stem = format!("{words} {}", number + 1);
    let room = MAX_IDENTIFIER.saturating_sub(stem.len() + 1);
    let name: String = name.chars().take(room).collect();
    format!("{stem} {name}")
}
