//! Reads a component without running any of it.

use serde::{Deserialize, Serialize};
use wasmparser::component_types::ComponentEntityType;
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

use crate::capability::{CONTRACT, EXPORT, EXPORTED, Import, Name, PACKAGE};
use crate::error::LoadError;
use crate::weigh::{Heavy, weigh};

/// What a component says it needs and offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Examined {
    pub(crate) imports: Vec<Import>,
    pub(crate) exports: Vec<Import>,
}

/// Validates every byte before anything else looks at them.
pub(crate) fn examine(plugin: &str, bytes: &[u8]) -> Result<Examined, LoadError> {
    let plugin = || plugin.to_owned();
    if Parser::is_core_wasm(bytes) {
        return Err(LoadError::CoreModule { plugin: plugin() });
    }
    if !Parser::is_component(bytes) {
        return Err(LoadError::NotWasm { plugin: plugin() });
    }
    let malformed = |error: wasmparser::BinaryReaderError| LoadError::Malformed {
        plugin: plugin(),
        offset: error.offset(),
        reason: error.message().to_owned(),
    };
    // What is malformed is told by the validator, which comes to the same place.
    match weigh(bytes) {
        Ok(()) | Err(Heavy::Malformed(_)) => {}
        Err(heavy) => {
            return Err(LoadError::Heavy { plugin: plugin(), reason: heavy.to_string() });
        }
    }
    let types = Validator::new_with_features(WasmFeatures::default())
        .validate_all(bytes)
        .map_err(malformed)?;
    let types = types.as_ref();
    let interface = |name: &str, ty: Option<ComponentEntityType>| Import {
        interface: name.to_owned(),
        functions: match ty {
            Some(ComponentEntityType::Instance(id)) => types[id]
                .exports
                .iter()
                .filter(|(_, item)| matches!(item.ty, ComponentEntityType::Func(_)))
                .map(|(name, _)| name.clone())
                .collect(),
            // A bare function or something stranger: named by itself, and unknown to every list of
            // ours.
            _ => vec![name.to_owned()],
        },
    };
    let mut examined = Examined { imports: Vec::new(), exports: Vec::new() };
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(malformed)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    let name = import.map_err(malformed)?.name.name;
                    let item = types.component_item_for_import(name).map(|item| item.ty);
                    examined.imports.push(interface(name, item));
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    let name = export.map_err(malformed)?.name.name;
                    let item = types.component_item_for_export(name).map(|item| item.ty);
                    examined.exports.push(interface(name, item));
                }
            }
            _ => {}
        }
    }
    Ok(examined)
}

impl Examined {
    /// The exported interface of this name, in a version that is served.
    pub(crate) fn exports_served(&self, interface: &str) -> Option<&str> {
        self.exported(interface).find(|name| Name::parse(name).served_by(CONTRACT))
    }

    /// The exported interface of this name, in a version that is not served.
    pub(crate) fn exports_unserved(&self, interface: &str) -> Option<&str> {
        self.exported(interface).find(|name| !Name::parse(name).served_by(CONTRACT))
    }

    fn exported(&self, interface: &str) -> impl Iterator<Item = &str> {
        let names = self.exports.iter().map(|export| export.interface.as_str());
        names.filter(move |name| {
            let name = Name::parse(name);
            name.package == PACKAGE && name.interface == Some(interface)
        })
    }

    /// Fails unless the component exports the plugin interface in a version that is served.
    pub(crate) fn check_exports(&self, plugin: &str) -> Result<(), LoadError> {
        let expected = format!("{PACKAGE}/{EXPORT}@{CONTRACT}");
        let mut others = Vec::new();
        for export in &self.exports {
            let name = Name::parse(&export.interface);
            if name.package != PACKAGE || name.interface != Some(EXPORT) {
                continue;
            }
            // The component's own name is looked up when it is instantiated, by the version that is
            // served.
            if !name.served_by(CONTRACT) {
                others.push(export.interface.clone());
                continue;
            }
            let missing = EXPORTED
                .iter()
                .find(|wanted| !export.functions.iter().any(|function| function == *wanted));
            return match missing {
                None => Ok(()),
                Some(function) => Err(LoadError::Export {
                    plugin: plugin.to_owned(),
                    expected,
                    found: format!("`{}` without `{function}`", export.interface),
                }),
            };
        }
        Err(LoadError::Export {
            plugin: plugin.to_owned(),
            expected,
            found: match &others[..] {
                [] => "none of that name".to_owned(),
                others => format!("`{}`", others.join("`, `")),
            },
        })
    }
}
