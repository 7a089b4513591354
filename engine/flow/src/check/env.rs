//! The variables that an expression may use at a place of a flow.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dialgraph_base::phone::Country;

use crate::expr::{TypeEnv, VarType};
use crate::limits::MAX_DECLARED;
use crate::model::Type;
use crate::project::{FlowFile, Project};

/// Names at the root of expressions that the engine keeps for itself.
pub(crate) const ROOTS: &[&str] = &["call", "input", "output"];

/// Names that are given in one flow to look for the nearest among them.
const MAX_NAMED: usize = 100_000;

/// Setting this attribute switches the language of the call.
pub(crate) const LOCALE: &str = "locale";

/// The zone and the country of the business.
#[derive(Debug, Clone, Default)]
pub(crate) struct Home {
    zone: Option<Arc<str>>,
    country: Option<&'static str>,
}

impl Home {
    pub(crate) fn of(project: &Project) -> Self {
        let country = project.country().map(Country::alpha2);
        // Of a zone that is none it is told where it stands.
        Self { zone: project.zone(), country }
    }
}

/// Variables and their types; remembers which were asked for.
#[derive(Debug)]
pub(crate) struct Env {
    variables: BTreeMap<String, VarType>,
    used: RefCell<BTreeSet<String>>,
    /// Where the business is.
    home: Home,
    /// Names that were given to look for the nearest among them.
    named: Cell<usize>,
}

impl Env {
    /// What every place in `flow` sees: its attributes, `call` and `input`.
    pub(crate) fn of_flow(flow: &FlowFile, home: Home) -> Self {
        let mut env = Self::outside_flows(home);
        for attribute in &flow.tree.attributes {
            let name = attribute.name.value.to_string();
            env.variables.insert(name, attribute.ty.into());
        }
        let inputs = flow.tree.inputs.iter().take(MAX_DECLARED);
        let inputs = inputs.map(|(name, ty)| (name.value.to_string(), VarType::of(*ty)));
        env.variables.insert("input".into(), VarType::map(inputs));
        env
    }

    /// What a prompt of the project file sees: `call` alone.
    pub(crate) fn outside_flows(home: Home) -> Self {
        let variables =
            [("call".to_owned(), call()), (LOCALE.to_owned(), VarType::of(Type::String))];
        Self { variables: variables.into(), used: RefCell::default(), home, named: Cell::new(0) }
    }

    /// The same with `output`, for `save`.
    pub(crate) fn with_output(&self, output: VarType) -> WithOutput<'_> {
        WithOutput { inner: self, output }
    }

    /// Notes that `name` is written.
    pub(crate) fn mark(&self, name: &str) {
        self.used.borrow_mut().insert(name.to_owned());
    }

    pub(crate) fn is_used(&self, name: &str) -> bool {
        self.used.borrow().contains(name)
    }

    pub(crate) fn type_of(&self, name: &str) -> Option<Type> {
        self.variables.get(name).map(|variable| variable.ty)
    }

    /// Whether `name` may be assigned to.
    pub(crate) fn is_assignable(&self, name: &str) -> bool {
        self.variables.contains_key(name) && !ROOTS.contains(&name)
    }

    /// Names that may be assigned to.
    pub(crate) fn assignable(&self) -> Vec<&str> {
        let names = self.variables.keys().map(String::as_str);
        names.filter(|name| !ROOTS.contains(name)).collect()
    }
}

impl TypeEnv for Env {
    fn root(&self, name: &str) -> Option<VarType> {
        let found = self.variables.get(name).cloned();
        if found.is_some() {
            self.mark(name);
        }
        found
    }

    /// None any more once many were given: nobody reads what is suggested for the thousandth
    /// mistake.
    fn names(&self) -> Vec<String> {
        self.named.set(self.named.get() + self.variables.len());
        if self.named.get() > MAX_NAMED {
            return Vec::new();
        }
        self.variables.keys().cloned().collect()
    }

    fn zone(&self) -> Option<&str> {
        self.home.zone.as_deref()
    }

    fn country(&self) -> Option<&str> {
        self.home.country
    }
}

/// An [`Env`] with `output`.
#[derive(Debug)]
pub(crate) struct WithOutput<'e> {
    inner: &'e Env,
    output: VarType,
}

impl TypeEnv for WithOutput<'_> {
    fn root(&self, name: &str) -> Option<VarType> {
        match name {
            "output" => Some(self.output.clone()),
            _ => self.inner.root(name),
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names = self.inner.names();
        names.push("output".into());
        names
    }

    fn zone(&self) -> Option<&str> {
        self.inner.zone()
    }

    fn country(&self) -> Option<&str> {
        self.inner.country()
    }
}

fn call() -> VarType {
    let string = |name: &str| (name.to_owned(), VarType::of(Type::String));
    let texts = [
        "id",
        "from",
        "to",
        "channel",
        "locale",
        "flow",
        "started_at",
        "now",
        "disposition",
        "queue",
        "agent",
        "ended_at",
        "ended_by",
        "transcript",
    ];
    let mut members: BTreeMap<String, VarType> = texts.into_iter().map(string).collect();
    members.insert("path".into(), VarType::of(Type::List));
    members.insert("turn".into(), VarType::of(Type::Number));
    members.insert("waited".into(), VarType::of(Type::Number));
    members.insert("answered".into(), VarType::of(Type::Boolean));
    VarType::map(members)
}
