//! The subschemas of a schema and what leads from one to another.

use std::collections::HashMap;

use serde_json::Value;

use super::{DEPTH, EXPANDED, NESTED, PATTERNS, SchemaError, pattern, shown};

/// Bytes of a program that are passed in one step for each byte of a text.
const PROGRAM_STEP: u64 = 128;
/// Steps of a format or a length for each byte of a text: they look at each a few times.
const TEXT: u64 = 1;
/// Steps of telling the items of a list apart, for each byte of it: small lists are compared pair
/// by pair.
const UNIQUE: u64 = 16;

pub(super) type Id = usize;

/// One subschema.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    /// Steps for each value, whatever it is: keywords, keys and choices.
    pub(super) weight: u64,
    /// Further steps for each byte of a text.
    pub(super) per_byte: u64,
    /// Its items must differ.
    pub(super) unique: bool,
    /// Held against the same value.
    pub(super) here: Vec<Id>,
    /// Held against the same value, and again to say why none of them fits.
    pub(super) branches: Vec<Id>,
    pub(super) properties: HashMap<String, Id>,
    /// Held against every member: which keys a pattern fits is not found out here.
    pub(super) by_pattern: Vec<Id>,
    /// Steps for each byte of a key.
    pub(super) per_key_byte: u64,
    pub(super) additional: Option<Id>,
    pub(super) names: Option<Id>,
    /// For the items one by one, then `more` for the rest.
    pub(super) items: Vec<Id>,
    pub(super) more: Option<Id>,
    pub(super) contains: Option<Id>,
}

/// All subschemas that the first one leads to.
#[derive(Debug, Clone)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    /// Steps for each value and each byte if every subschema were held against all of them; none
    /// where one leads back to itself, so that the depth of a value decides.
    flat: Option<(u64, u64)>,
}

impl Graph {
    pub(super) fn of(schema: &Value) -> Result<Self, SchemaError> {
        within_depth(schema, DEPTH)?;
        names_itself_alone(schema, true)?;
        let mut reader = Reader {
            root: schema,
            nodes: Vec::new(),
            known: HashMap::new(),
            todo: Vec::new(),
            programs: HashMap::new(),
        };
        reader.id(schema, "#".to_owned());
        while let Some((id, schema, at)) = reader.todo.pop() {
            reader.nodes[id] = reader.read(schema, &at)?;
        }
        let mut graph = Self { nodes: reader.nodes, flat: None };
        graph.flat = Expansion::of(&graph)?;
        Ok(graph)
    }

    /// Whether no value of so many bytes can ask for too much.
    pub(super) fn is_cheap(&self, bytes: usize) -> bool {
        let bytes = bytes as u64;
        // A value takes two bytes at least, with what separates it from the next.
        self.flat.is_some_and(|(weight, per_byte)| {
            let steps = (bytes / 2 + 1).saturating_mul(weight);
            steps.saturating_add(bytes.saturating_mul(per_byte)) <= super::STEPS
        })
    }
}

fn within_depth(value: &Value, left: usize) -> Result<(), SchemaError> {
    let Some(left) = left.checked_sub(1) else {
        return Err(SchemaError::Limit(format!(
            "it is nested more than {DEPTH} levels deep, which is the limit; move parts to `definitions`"
        )));
    };
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| within_depth(item, left)),
        Value::Object(members) => {
            members.values().try_for_each(|member| within_depth(member, left))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// A name within a schema would give its references another meaning.
fn names_itself_alone(value: &Value, is_root: bool) -> Result<(), SchemaError> {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| names_itself_alone(item, false)),
        Value::Object(members) => {
            if let (false, Some(Value::String(id))) = (is_root, members.get("$id")) {
                return Err(SchemaError::Invalid(format!(
                    "a part of it is named by `$id` (`{}`); leave that out and refer to parts as `#/definitions/name`",
                    shown(id).escape_debug()
                )));
            }
            members.values().try_for_each(|member| names_itself_alone(member, false))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// Makes nodes of subschemas, each once.
struct Reader<'s> {
    root: &'s Value,
    nodes: Vec<Node>,
    /// By where the subschema lies in memory, which is one place however it is referred to.
    known: HashMap<*const Value, Id>,
    todo: Vec<(Id, &'s Value, String)>,
    programs: HashMap<&'s str, u64>,
}

impl<'s> Reader<'s> {
    fn id(&mut self, schema: &'s Value, at: String) -> Id {
        let (nodes, todo) = (&mut self.nodes, &mut self.todo);
        *self.known.entry(std::ptr::from_ref(schema)).or_insert_with(|| {
            nodes.push(Node::default());
            todo.push((nodes.len() - 1, schema, at));
            nodes.len() - 1
        })
    }

    /// Steps of a pattern for each byte of a text.
    fn pattern(&mut self, pattern: &'s str, at: &str) -> Result<u64, SchemaError> {
        if let Some(known) = self.programs.get(pattern) {
            return Ok(*known);
        }
        if self.programs.len() == PATTERNS {
            return Err(SchemaError::Limit(format!(
                "it has more than {PATTERNS} different patterns, which is the limit"
            )));
        }
        let steps = pattern::program(pattern, &shown(at))? as u64 / PROGRAM_STEP;
        self.programs.insert(pattern, steps);
        Ok(steps)
    }

    fn read(&mut self, schema: &'s Value, at: &str) -> Result<Node, SchemaError> {
        // One for itself and one for each member or item, of which there are no more than values.
        let mut node = Node { weight: 2, ..Node::default() };
        let Value::Object(keywords) = schema else { return Ok(node) };
        // What stands beside a reference does not count.
        if let Some(Value::String(reference)) = keywords.get("$ref") {
            let target = self.target(reference, at)?;
            node.here.push(self.id(target, reference.clone()));
            return Ok(node);
        }
        for (keyword, value) in keywords {
            let place = format!("{at}/{keyword}");
            node.weight += 1;
            match (keyword.as_str(), value) {
                ("allOf", Value::Array(all)) => self.each(all, &place, &mut node.here),
                ("not" | "if" | "then" | "else", schema) => {
                    node.here.push(self.id(schema, place));
                }
                ("anyOf" | "oneOf", Value::Array(all)) => {
                    self.each(all, &place, &mut node.branches);
                }
                ("properties", Value::Object(members)) => {
                    for (name, schema) in members {
                        let id = self.id(schema, format!("{place}/{name}"));
                        node.properties.insert(name.clone(), id);
                    }
                    node.weight += members.len() as u64;
                }
                ("patternProperties", Value::Object(members)) => {
                    for (pattern, schema) in members {
                        let place = format!("{place}/{pattern}");
                        node.per_key_byte += self.pattern(pattern, &place)?;
                        node.by_pattern.push(self.id(schema, place));
                    }
                    node.weight += members.len() as u64;
                }
                ("additionalProperties", schema) => {
                    node.additional = Some(self.id(schema, place));
                }
                ("propertyNames", schema) => node.names = Some(self.id(schema, place)),
                ("items", Value::Array(all)) => self.each(all, &place, &mut node.items),
                ("items", schema) => node.more = Some(self.id(schema, place)),
                // Without a list of `items` it says nothing, and is counted all the same.
                ("additionalItems", schema) => {
                    let id = self.id(schema, place);
                    if keywords.get("items").is_none_or(Value::is_array) {
                        node.more = Some(id);
                    }
                }
                ("contains", schema) => node.contains = Some(self.id(schema, place)),
                ("dependencies", Value::Object(members)) => {
                    for (name, dependency) in members {
                        match dependency {
                            Value::Array(keys) => node.weight += keys.len() as u64,
                            schema => {
                                node.here.push(self.id(schema, format!("{place}/{name}")));
                            }
                        }
                    }
                    node.weight += members.len() as u64;
                }
                ("enum" | "const" | "required", value) => node.weight += size(value),
                ("pattern", Value::String(pattern)) => {
                    node.per_byte += self.pattern(pattern, &place)?;
                }
                ("uniqueItems", Value::Bool(true)) => node.unique = true,
                (
                    "format" | "minLength" | "maxLength" | "contentEncoding" | "contentMediaType",
                    _,
                ) => {
                    node.per_byte += TEXT;
                }
                // Whatever else there is costs no more than the step that it is counted with.
                _ => {}
            }
        }
        Ok(node)
    }

    fn each(&mut self, schemas: &'s [Value], place: &str, into: &mut Vec<Id>) {
        for (i, schema) in schemas.iter().enumerate() {
            into.push(self.id(schema, format!("{place}/{i}")));
        }
    }

    fn target(&self, reference: &str, at: &str) -> Result<&'s Value, SchemaError> {
        let pointer = reference.strip_prefix('#').filter(|p| p.is_empty() || p.starts_with('/'));
        let Some(pointer) = pointer.and_then(percent_decoded) else {
            return Err(SchemaError::Invalid(format!(
                "`$ref` at `{}` is `{}`; it must point into the same schema, such as `#/definitions/name`",
                shown(at),
                shown(reference).escape_debug()
            )));
        };
        self.root.pointer(&pointer).ok_or_else(|| {
            SchemaError::Invalid(format!(
                "`$ref` at `{}` is `{}`, and there is nothing",
                shown(at),
                shown(reference).escape_debug()
            ))
        })
    }
}

/// Steps of comparing something with a value.
fn size(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => 1 + text.len() as u64 / 16,
        Value::Array(items) => 1 + items.iter().map(size).sum::<u64>(),
        Value::Object(members) => {
            members
                .iter()
                .map(|(name, value)| 1 + name.len() as u64 / 16 + size(value))
                .sum::<u64>()
                + 1
        }
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, tail) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

/// Counts what a schema becomes with its references written out.
struct Expansion<'g> {
    graph: &'g Graph,
    /// For each subschema on the way from the first to the present one: how often the way went into
    /// the value before it.
    on_way: Vec<Option<usize>>,
    counted: usize,
    recursive: bool,
    weight: u64,
    per_byte: u64,
}

impl<'g> Expansion<'g> {
    fn of(graph: &'g Graph) -> Result<Option<(u64, u64)>, SchemaError> {
        let mut expansion = Self {
            graph,
            on_way: vec![None; graph.nodes.len()],
            counted: 0,
            recursive: false,
            weight: 0,
            per_byte: 0,
        };
        expansion.count(0, 0, 1, 0)?;
        Ok((!expansion.recursive).then_some((expansion.weight, expansion.per_byte)))
    }

    /// `into` counts how often the way led into the value, `factor` how often errors make a
    /// subschema be held against it.
    fn count(&mut self, id: Id, into: usize, factor: u64, depth: usize) -> Result<(), SchemaError> {
        if let Some(before) = self.on_way[id] {
            if before == into {
                return Err(SchemaError::Invalid(
                    "a `$ref` leads back to itself for the same value, so that nothing could ever be decided by it"
                        .to_owned(),
                ));
            }
            self.recursive = true;
            return Ok(());
        }
        self.counted += 1;
        if self.counted > EXPANDED {
            return Err(SchemaError::Limit(format!(
                "it has more than {EXPANDED} subschemas once each `$ref` is replaced by what it stands for, which is the limit: refer to the same parts less often"
            )));
        }
        if depth == NESTED {
            return Err(SchemaError::Limit(format!(
                "its subschemas and references lead more than {NESTED} levels deep, which is the limit"
            )));
        }
        self.on_way[id] = Some(into);
        let node = &self.graph.nodes[id];
        let text = node.per_byte + node.per_key_byte + if node.unique { UNIQUE } else { 0 };
        self.weight = self.weight.saturating_add(node.weight.saturating_mul(factor));
        self.per_byte = self.per_byte.saturating_add(text.saturating_mul(factor));
        let depth = depth + 1;
        for next in &node.here {
            self.count(*next, into, factor, depth)?;
        }
        for next in &node.branches {
            self.count(*next, into, factor + 1, depth)?;
        }
        let members = node.properties.values().chain(&node.by_pattern).chain(&node.additional);
        let items = node.items.iter().chain(&node.more).chain(&node.contains);
        for next in members.chain(&node.names).chain(items) {
            self.count(*next, into + 1, factor, depth)?;
        }
        self.on_way[id] = None;
        Ok(())
    }
}

pub(super) fn steps_of_telling_apart(bytes: u64) -> u64 {
    bytes.saturating_mul(UNIQUE)
}
