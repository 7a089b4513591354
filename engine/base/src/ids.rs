//! Names of things: cheap to clone, and of one kind each, so that a locale is never taken for a
//! flow.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Declares a text that names one kind of thing.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Arc<str>);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        // A map by such names can be asked with a plain text: both are hashed and ordered alike.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<&String> for $name {
            fn from(text: &String) -> Self {
                Self(text.as_str().into())
            }
        }

        impl From<Arc<str>> for $name {
            fn from(text: Arc<str>) -> Self {
                Self(text)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                *self.0 == *other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                *self.0 == **other
            }
        }
    };
}

id! {
    /// A name from a flow file: of a flow, node, port, attribute, plugin, queue …
    Name
}

id! {
    /// A language as flows name it: a BCP 47 tag such as `ko-KR`.
    Locale
}

id! {
    /// The unique name of a call; in Amazon Connect the contact id.
    CallId
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use super::*;

    #[test]
    fn a_map_by_names_is_asked_with_a_plain_text() {
        let flows = BTreeMap::from([(Name::from("main"), 1), (Name::from("hours"), 2)]);
        assert_eq!(flows.get("hours"), Some(&2));
        let flows: HashMap<Name, i32> = flows.into_iter().collect();
        assert_eq!(flows.get("main"), Some(&1));
    }

    #[test]
    fn a_name_is_written_as_its_text() {
        let name: Name = serde_json::from_str(r#""main""#).unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), r#""main""#);
        assert_eq!(format!("{name} {name:?} {name:>6}"), r#"main "main"   main"#);
    }
}
