//! What the checker knows of the variables of an expression before any call.

use std::collections::BTreeMap;

use crate::model::Type;

/// Type of a variable or member, with its members when they are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VarType {
    pub ty: Type,
    /// For a map: all the members that it can have, so that any other name is a mistake. None: not known,
    /// every name is allowed.
    pub members: Option<BTreeMap<String, VarType>>,
}

impl VarType {
    /// A variable of type `ty` of whose members nothing is known.
    pub fn of(ty: Type) -> Self {
        Self { ty, members: None }
    }

    /// A map with exactly these members.
    pub fn map<N: Into<String>>(members: impl IntoIterator<Item = (N, VarType)>) -> Self {
        Self {
            ty: Type::Map,
            members: Some(members.into_iter().map(|(name, ty)| (name.into(), ty)).collect()),
        }
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
}

impl TypeEnv for BTreeMap<String, VarType> {
    fn root(&self, name: &str) -> Option<VarType> {
        self.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.keys().cloned().collect()
    }
}
