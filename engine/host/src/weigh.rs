//! How much work a component would be to check and to compile, counted before any of that is done.
//!
//! A few kilobytes can stand for more than any machine holds: components that instantiate each
//! other twice at each of many levels, functions that declare fifty thousand locals in three bytes.
//! Everything that a compiler's time or memory grows with is counted here in one pass over the
//! bytes, with nothing expanded.

use wasmparser::{
    BinaryReaderError, CanonicalFunction, ComponentAlias, ComponentExternalKind, ComponentInstance,
    ComponentOuterAliasKind, ComponentType, ComponentTypeDeclaration, ComponentTypeRef,
    CompositeInnerType, Encoding, FunctionBody, Instance, InstanceTypeDeclaration, Operator,
    Parser, Payload,
};

/// Components and modules within one another.
const NESTING: u64 = 16;
/// Modules and components that are instantiated, each as often as whatever contains it.
const INSTANCES: u64 = 500;
/// Functions that are taken from other languages' types to WebAssembly's, as often as whatever
/// contains them.
const LOWERED: u64 = 2_000;
/// Definitions of components: types, imports, exports, aliases, arguments, as often as whatever
/// contains them.
const DEFINITIONS: u64 = 100_000;
/// Definitions of all modules: types, imports, exports, globals, tables, segments.
const MODULE_DEFINITIONS: u64 = 200_000;
const FUNCTIONS: u64 = 65_536;
/// Bytes of one function.
const FUNCTION_BYTES: u64 = 1 << 20;
/// Types of components and instances within one another, as far as the bytes of one section can
/// tell.
const NESTED_TYPES: u64 = 256;
const PARAMETERS: u64 = 256;
const RESULTS: u64 = 16;
/// Locals, parameters included, beyond one for each byte of code: each that is used takes two bytes
/// at least.
const LOCALS: u64 = 100_000;
/// Of all functions: locals times the places where ways of the code part or meet. A compiler may
/// have to know each local at each of these.
const LOCALS_AT_BRANCHES: u64 = 200_000_000;

/// Why a component is not looked at any further.
#[derive(Debug, Clone)]
pub(crate) enum Heavy {
    /// It has more of something than is accepted.
    Many { what: &'static str, count: u64, limit: u64, hint: &'static str },
    /// It does what keeps it from being counted.
    Uncountable(&'static str),
    /// It is no whole component; what checks it says more.
    Malformed(BinaryReaderError),
}

impl From<BinaryReaderError> for Heavy {
    fn from(error: BinaryReaderError) -> Self {
        Self::Malformed(error)
    }
}

impl std::fmt::Display for Heavy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Many { what, count, limit, hint } => {
                write!(f, "it has {count} {what}, and {limit} are accepted: {hint}")
            }
            Self::Uncountable(what) => f.write_str(what),
            Self::Malformed(error) => error.fmt(f),
        }
    }
}

const COMPOSE: &str = "compose it of fewer parts, or link them into one module";
const SPLIT: &str = "build it with optimisation, or split it into several plugins";

/// Counts all of a component.
pub(crate) fn weigh(bytes: &[u8]) -> Result<(), Heavy> {
    let mut scales = Scales::default();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        if let Payload::ComponentTypeSection(types) = &payload {
            shallow(bytes.get(types.range()).unwrap_or_default())?;
        }
        scales.add(payload)?;
    }
    Ok(())
}

/// Types within types are read by a function that calls itself, which must not take the whole
/// stack. Each begins with one of two bytes behind the byte that announces it.
fn shallow(section: &[u8]) -> Result<(), Heavy> {
    let begins = |pair: &&[u8]| matches!(pair, [0x01, 0x41 | 0x42]);
    let count = section.windows(2).filter(begins).count() as u64;
    within("types of components or instances within one", count, NESTED_TYPES, COMPOSE)
}

/// What one component becomes when it is instantiated.
#[derive(Debug, Clone, Copy, Default)]
struct Weight {
    instances: u64,
    lowered: u64,
    definitions: u64,
}

impl Weight {
    fn add(&mut self, other: Self) -> Result<(), Heavy> {
        self.instances = self.instances.saturating_add(other.instances);
        self.lowered = self.lowered.saturating_add(other.lowered);
        self.definitions = self.definitions.saturating_add(other.definitions);
        within("instances, counted as often as each is made", self.instances, INSTANCES, COMPOSE)?;
        within(
            "functions of its imports or its parts called, counted as often as each is made",
            self.lowered,
            LOWERED,
            COMPOSE,
        )?;
        within(
            "definitions, counted as often as each is made",
            self.definitions,
            DEFINITIONS,
            COMPOSE,
        )
    }

    fn defines(&mut self, definitions: usize) -> Result<(), Heavy> {
        self.add(Self { definitions: definitions as u64, ..Self::default() })
    }
}

fn within(what: &'static str, count: u64, limit: u64, hint: &'static str) -> Result<(), Heavy> {
    if count > limit {
        return Err(Heavy::Many { what, count, limit, hint });
    }
    Ok(())
}

/// A component or module that is being read.
#[derive(Debug, Default)]
struct Frame {
    is_module: bool,
    weight: Weight,
    /// Of a component: the components that it can name, by their index.
    components: Vec<Weight>,
    /// Of a module: parameters of its types, and of its functions in their order.
    types: Vec<u64>,
    functions: Vec<u64>,
    /// Functions whose code was read.
    read: usize,
}

#[derive(Debug, Default)]
struct Scales {
    /// The outermost first.
    frames: Vec<Frame>,
    functions: u64,
    module_definitions: u64,
    code: u64,
    locals: u64,
    at_branches: u64,
    /// Of all components together, each once.
    written: u64,
}

impl Scales {
    fn add(&mut self, payload: Payload<'_>) -> Result<(), Heavy> {
        match payload {
            Payload::Version { encoding, .. } => {
                let is_module = encoding == Encoding::Module;
                self.frames.push(Frame { is_module, ..Frame::default() });
                let depth = self.frames.len() as u64;
                return within("components within one another", depth, NESTING, COMPOSE);
            }
            Payload::End(_) => {
                self.end();
                return Ok(());
            }
            _ => {}
        }
        // Only behind what is malformed there is no frame, and nothing to count.
        let Some(mut frame) = self.frames.pop() else { return Ok(()) };
        let added = self.section(&mut frame, payload);
        self.frames.push(frame);
        added
    }

    fn end(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        // Modules are numbered by themselves, and what they become is counted as it is read.
        if let (false, Some(parent)) = (frame.is_module, self.frames.last_mut()) {
            parent.components.push(frame.weight);
        }
    }

    fn section(&mut self, frame: &mut Frame, payload: Payload<'_>) -> Result<(), Heavy> {
        match payload {
            Payload::TypeSection(groups) => {
                for group in groups {
                    for ty in group?.types() {
                        self.module_defines(1)?;
                        frame.types.push(match &ty.composite_type.inner {
                            CompositeInnerType::Func(ty) => {
                                let (parameters, results) =
                                    (ty.params().len() as u64, ty.results().len() as u64);
                                within(
                                    "parameters of one function",
                                    parameters,
                                    PARAMETERS,
                                    SPLIT,
                                )?;
                                within("results of one function", results, RESULTS, SPLIT)?;
                                parameters
                            }
                            _ => 0,
                        });
                    }
                }
                Ok(())
            }
            Payload::FunctionSection(functions) => {
                self.functions += u64::from(functions.count());
                within("functions", self.functions, FUNCTIONS, SPLIT)?;
                for ty in functions {
                    // A type that there is not is found by whoever checks.
                    frame.functions.push(frame.types.get(ty? as usize).copied().unwrap_or(0));
                }
                Ok(())
            }
            Payload::CodeSectionEntry(body) => {
                let parameters = frame.functions.get(frame.read).copied().unwrap_or(0);
                frame.read += 1;
                match self.function(&body, parameters) {
                    // Others read on behind code that is malformed, so everything behind it must be
                    // counted, too.
                    Err(Heavy::Malformed(_)) => Ok(()),
                    counted => counted,
                }
            }
            Payload::ImportSection(imports) => self.module_defines(imports.count()),
            Payload::TableSection(tables) => self.module_defines(tables.count()),
            Payload::MemorySection(memories) => self.module_defines(memories.count()),
            Payload::TagSection(tags) => self.module_defines(tags.count()),
            Payload::GlobalSection(globals) => self.module_defines(globals.count()),
            Payload::ExportSection(exports) => self.module_defines(exports.count()),
            Payload::ElementSection(elements) => self.module_defines(elements.count()),
            Payload::DataSection(data) => self.module_defines(data.count()),
            Payload::InstanceSection(instances) => {
                for instance in instances {
                    let arguments = match instance? {
                        Instance::Instantiate { args, .. } => args.len(),
                        Instance::FromExports(exports) => exports.len(),
                    };
                    frame.weight.add(Weight { instances: 1, ..Weight::default() })?;
                    self.defines(frame, arguments)?;
                }
                Ok(())
            }
            Payload::ComponentInstanceSection(instances) => {
                for instance in instances {
                    let arguments = match instance? {
                        ComponentInstance::Instantiate { component_index, args } => {
                            frame.weight.add(Weight { instances: 1, ..Weight::default() })?;
                            let made = frame.components.get(component_index as usize).copied();
                            frame.weight.add(made.unwrap_or_default())?;
                            args.len()
                        }
                        ComponentInstance::FromExports(exports) => exports.len(),
                    };
                    self.defines(frame, arguments)?;
                }
                Ok(())
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases {
                    self.alias(frame, &alias?)?;
                    self.defines(frame, 1)?;
                }
                Ok(())
            }
            Payload::ComponentTypeSection(types) => {
                for ty in types {
                    self.defines(frame, declarations(&ty?))?;
                }
                Ok(())
            }
            Payload::CoreTypeSection(types) => self.defines(frame, types.count() as usize),
            Payload::ComponentCanonicalSection(functions) => {
                for function in functions {
                    if matches!(function?, CanonicalFunction::Lower { .. }) {
                        frame.weight.add(Weight { lowered: 1, ..Weight::default() })?;
                    }
                    self.defines(frame, 1)?;
                }
                Ok(())
            }
            Payload::ComponentImportSection(imports) => {
                for import in imports {
                    if let ComponentTypeRef::Component(_) = import?.ty {
                        return Err(HANDED);
                    }
                    self.defines(frame, 1)?;
                }
                Ok(())
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if export.kind == ComponentExternalKind::Component {
                        // What is exported can be named by another index, too.
                        let known = frame.components.get(export.index as usize).copied();
                        frame.components.push(known.unwrap_or_default());
                    }
                    self.defines(frame, 1)?;
                }
                Ok(())
            }
            // Nothing of these is compiled, or they only announce what follows.
            _ => Ok(()),
        }
    }

    fn alias(&self, frame: &mut Frame, alias: &ComponentAlias<'_>) -> Result<(), Heavy> {
        match alias {
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, .. } => {
                Err(HANDED)
            }
            ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, count, index } => {
                let index = *index as usize;
                // The frame itself is taken off while it is read.
                let known = match (*count as usize).checked_sub(1) {
                    None => frame.components.get(index),
                    Some(up) => {
                        self.frames.iter().nth_back(up).and_then(|f| f.components.get(index))
                    }
                };
                frame.components.push(known.copied().unwrap_or_default());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Counts what is written in a component both once and as often as that is made.
    fn defines(&mut self, frame: &mut Frame, definitions: usize) -> Result<(), Heavy> {
        self.written = self.written.saturating_add(definitions as u64);
        within("definitions", self.written, DEFINITIONS, COMPOSE)?;
        frame.weight.defines(definitions)
    }

    fn module_defines(&mut self, definitions: u32) -> Result<(), Heavy> {
        self.module_definitions += u64::from(definitions);
        within("definitions of modules", self.module_definitions, MODULE_DEFINITIONS, SPLIT)
    }

    fn function(&mut self, body: &FunctionBody<'_>, parameters: u64) -> Result<(), Heavy> {
        let bytes = body.range().len() as u64;
        within("bytes in one function", bytes, FUNCTION_BYTES, SPLIT)?;
        self.code += bytes;
        let mut locals = parameters;
        for group in body.get_locals_reader()? {
            locals += u64::from(group?.0);
        }
        self.locals += locals;
        within("locals", self.locals, LOCALS + self.code, SPLIT)?;
        let mut branches = 0_u64;
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            branches += match operators.read()? {
                Operator::Block { .. }
                | Operator::Loop { .. }
                | Operator::If { .. }
                | Operator::Else
                | Operator::BrIf { .. } => 1,
                Operator::BrTable { targets } => u64::from(targets.len()) + 1,
                _ => 0,
            };
        }
        self.at_branches = self.at_branches.saturating_add(locals.saturating_mul(branches));
        within("locals times branches", self.at_branches, LOCALS_AT_BRANCHES, SPLIT)
    }
}

const HANDED: Heavy = Heavy::Uncountable(
    "its parts hand components to each other, so that nobody can tell how much it becomes: compose it of components that are known where they are instantiated",
);

/// What is declared in a type, types within it included.
fn declarations(ty: &ComponentType<'_>) -> usize {
    match ty {
        ComponentType::Defined(_) | ComponentType::Func(_) | ComponentType::Resource { .. } => 1,
        ComponentType::Component(all) => {
            1 + all
                .iter()
                .map(|declaration| match declaration {
                    ComponentTypeDeclaration::Type(ty) => declarations(ty),
                    _ => 1,
                })
                .sum::<usize>()
        }
        ComponentType::Instance(all) => {
            1 + all
                .iter()
                .map(|declaration| match declaration {
                    InstanceTypeDeclaration::Type(ty) => declarations(ty),
                    _ => 1,
                })
                .sum::<usize>()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A section: its kind, its length, its bytes.
    fn section(kind: u8, bytes: &[u8]) -> Vec<u8> {
        let mut section = vec![kind];
        leb(&mut section, bytes.len() as u64);
        section.extend_from_slice(bytes);
        section
    }

    fn leb(out: &mut Vec<u8>, mut number: u64) {
        while number > 0x7f {
            out.push(number as u8 | 0x80);
            number >>= 7;
        }
        out.push(number as u8);
    }

    fn component(sections: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
        bytes.extend(sections.concat());
        bytes
    }

    /// A component of a module of such sections.
    fn module(sections: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        bytes.extend(sections.concat());
        component(&[section(1, &bytes)])
    }

    /// So many functions, each with this body.
    fn functions(count: u64, body: &[u8]) -> Vec<u8> {
        let (mut types, mut codes) = (Vec::new(), Vec::new());
        leb(&mut types, count);
        types.extend((0..count).map(|_| 0));
        leb(&mut codes, count);
        for _ in 0..count {
            leb(&mut codes, body.len() as u64);
            codes.extend_from_slice(body);
        }
        module(&[section(1, &[1, 0x60, 0, 0]), section(3, &types), section(10, &codes)])
    }

    fn refusal(bytes: &[u8]) -> String {
        weigh(bytes).unwrap_err().to_string()
    }

    /// `levels` components, each of which instantiates the one before it twice.
    fn doubled(levels: usize) -> Vec<u8> {
        let mut sections = vec![section(4, &component(&[]))];
        for level in 0..levels {
            // An alias of the component before it, one level out, which is its own first one; made
            // twice.
            let outer = section(6, &[1, 0x04, 0x02, 1, level as u8]);
            let twice = section(5, &[2, 0x00, 0, 0, 0x00, 0, 0]);
            sections.push(section(4, &component(&[outer, twice])));
        }
        sections.push(section(5, &[1, 0x00, levels as u8, 0]));
        component(&sections)
    }

    #[test]
    fn instances_that_double_at_each_level_are_counted_and_not_made() {
        assert!(weigh(&doubled(6)).is_ok());
        for levels in [9, 22, 25, 60, 100] {
            let bytes = doubled(levels);
            assert!(bytes.len() < 6_000);
            assert!(refusal(&bytes).contains("instances, counted as often as each is made"));
        }
    }

    #[test]
    fn locals_that_no_code_could_use_are_refused() {
        // One group of 49,900 locals of type i32.
        let body = [1, 0xec, 0x85, 0x03, 0x7f, 0x0b];
        assert!(weigh(&functions(2, &body)).is_ok());
        for count in [3, 1_000, 4_000, 60_000] {
            let told = refusal(&functions(count, &body));
            assert!(told.contains("locals, and 100"), "{told}");
        }
        assert!(refusal(&functions(65_537, &[0, 0x0b])).contains("65537 functions, and 65536"));
    }

    #[test]
    fn locals_at_many_branches_are_refused() {
        // 33,768 locals, and a hundred thousand blocks.
        let mut body = vec![1, 0xe8, 0x87, 0x02, 0x7f];
        for _ in 0..100_000 {
            body.extend([0x02, 0x40, 0x0b]);
        }
        body.push(0x0b);
        assert!(refusal(&functions(1, &body)).contains("locals times branches"));
    }

    #[test]
    fn types_within_types_are_refused_before_they_take_the_stack() {
        for depth in [300, 100_000] {
            // Types of instances, each of which declares one type: the next.
            let mut types = vec![1];
            for _ in 0..depth {
                types.extend([0x42, 1, 0x01]);
            }
            types.extend([0x42, 0]);
            let told = refusal(&component(&[section(7, &types)]));
            assert!(told.contains("types of components or instances within one"), "{told}");
        }
    }

    #[test]
    fn code_that_is_malformed_hides_nothing_behind_it() {
        let mut bytes = functions(1, &[0xff, 0xff, 0xff]);
        let mut types = vec![1];
        types.extend([0x42, 1, 0x01].repeat(300));
        bytes.extend(section(7, &types));
        assert!(refusal(&bytes).contains("types of components or instances within one"));
    }

    #[test]
    fn components_within_components_have_a_limit() {
        let mut bytes = component(&[]);
        for _ in 0..20 {
            bytes = component(&[section(4, &bytes)]);
        }
        assert!(refusal(&bytes).contains("components within one another"));
    }

    #[test]
    fn a_component_that_is_handed_to_another_is_refused() {
        // Imports `a`, a component of an empty type.
        let types = section(7, &[1, 0x41, 0]);
        let import = section(10, &[1, 0x00, 1, b'a', 0x04, 0]);
        assert!(refusal(&component(&[types, import])).contains("hand components to each other"));
    }
}
