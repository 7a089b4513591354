//! What the checker knows of the variables of an expression before any call.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::Type;

/// Type of a variable or member, with its members when they are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VarType {
    pub ty: Type,
    /// For a map: all the members that it can have, so that any other name is a mistake. None: not
    /// known, every name is allowed. Shared, since every expression that names the variable gets
    /// it.
    pub members: Option<Arc<BTreeMap<String, VarType>>>,
}

impl VarType {
    /// A variable of type `ty` of whose members nothing is known.
    pub fn of(ty: Type) -> Self {
        Self { ty, members: None }
    }

    /// A map with exactly these members.
    pub fn map<N: Into<String>>(members: impl IntoIterator<Item = (N, VarType)>) -> Self {
        let members = members.into_iter().map(|(name, ty)| (name.into(), ty)).collect();
        Self { ty: Type::Map, members: Some(Arc::new(members)) }
    }
}

impl From<Type> for VarType {
    fn from(ty: Type) -> Self {
        Self::of(ty)
    }
}

/// The variables that an expression may use at some place of a flow.
pub trait TypeEnv {
    /// The variable called `name`; none when there is no such variable here.
    fn root(&self, name: &str) -> Option<VarType>;
    /// The names of all variables here, to suggest the nearest one for a name that is none of them.
    fn names(&self) -> Vec<String>;
    /// The time zone of the business, for a function that is given none.
    fn zone(&self) -> Option<&str> {
        None
    }
    /// The country of the business (ISO 3166-1 alpha-2), for a function that is given none.
    fn country(&self) -> Option<&str> {
        None
    }
}

impl TypeEnv for BTreeMap<String, VarType> {
    fn root(&self, name: &str) -> Option<VarType> {
        self.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }
}
