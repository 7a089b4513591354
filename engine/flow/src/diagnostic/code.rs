//! The stable codes. A number is never used for anything else, even after its code is gone.
//!
//! To add one: a line below (the first two digits tell the field: 01 form, 02 names, 03 graph, 04
//! expressions, 05 prompts, 06 plugins), a page `explain/DG….md`, and a file or folder of its name
//! in `tests/broken_flows`. Tests tell what is missing.

use std::fmt;
use std::str::FromStr;

use dialgraph_base::Severity;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal $name:literal $severity:ident;)+) => {
        /// What kind of mistake a diagnostic tells of.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)+
        }

        impl Code {
            /// Every code, in the order of the numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// `DG0201`.
            pub fn number(self) -> &'static str {
                match self { $(Self::$variant => $number,)+ }
            }

            /// `dangling-target`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// How bad a finding of this code is.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }

            /// A Markdown page: what it means, a wrong example, how to put it right.
            pub fn explain(self) -> &'static str {
                match self {
                    $(Self::$variant => include_str!(concat!("../explain/", $number, ".md")),)+
                }
            }
        }
    };
}

codes! {
    /// Not YAML.
    Syntax = "DG0101" "syntax" Error;
    /// A key that means nothing here.
    UnknownKey = "DG0102" "unknown-key" Error;
    /// A key that must be here is not.
    MissingKey = "DG0103" "missing-key" Error;
    /// A value of the wrong form.
    WrongShape = "DG0104" "wrong-shape" Error;
    /// The same name given to two things.
    DuplicateId = "DG0105" "duplicate-id" Error;
    /// A node that does nothing known, or more than one thing.
    UnknownNodeKind = "DG0106" "unknown-node-kind" Error;
    /// `flow:` says another name than the file.
    NameMismatch = "DG0107" "name-mismatch" Error;
    /// A name that the engine keeps for itself.
    ReservedName = "DG0108" "reserved-name" Error;
    /// More than a project may have of something.
    TooLarge = "DG0109" "too-large" Error;
    /// Something in the folder that cannot be read: a pipe, a device, a link that leads nowhere.
    Unreadable = "DG0110" "unreadable" Error;

    /// A node that is not there.
    DanglingTarget = "DG0201" "dangling-target" Error;
    UnknownFlow = "DG0202" "unknown-flow" Error;
    UnknownQueue = "DG0203" "unknown-queue" Error;
    UnknownCalendar = "DG0204" "unknown-calendar" Error;
    UnknownCollection = "DG0205" "unknown-collection" Error;
    /// A file that the project names and does not have.
    UnknownFile = "DG0206" "unknown-file" Error;
    /// A record of a seed file that is not valid by its collection's schema.
    BadRecord = "DG0207" "bad-record" Error;
    UnknownBot = "DG0208" "unknown-bot" Error;
    UnknownIntent = "DG0209" "unknown-intent" Error;
    UnknownKnowledgeBase = "DG0210" "unknown-knowledge-base" Error;
    UnknownGuardrail = "DG0211" "unknown-guardrail" Error;
    /// A record names one of another collection that is not there.
    UnknownRecord = "DG0212" "unknown-record" Error;
    /// A file that looks like a part of the project and is not read.
    UnreadFile = "DG0213" "unread-file" Warning;
    /// A collection lives elsewhere in a way that cannot be, or asks for what cannot be done there.
    BadSource = "DG0214" "bad-source" Error;
    /// A plugin is to search an index that the collection does not have.
    UnknownIndex = "DG0215" "unknown-index" Error;
    UnknownHook = "DG0216" "unknown-hook" Error;
    /// A hook that cannot be: signed by a browser, or with a schema that cannot be used.
    BadHook = "DG0217" "bad-hook" Error;

    UnwiredPort = "DG0301" "unwired-port" Error;
    UnknownPort = "DG0302" "unknown-port" Error;
    UnreachableNode = "DG0303" "unreachable-node" Error;
    NoPathToEnd = "DG0304" "no-path-to-end" Error;
    /// A loop that never waits for the caller.
    BusyLoop = "DG0305" "busy-loop" Error;
    /// Flows that call each other and never come to an end.
    EndlessRecursion = "DG0306" "endless-recursion" Error;
    /// The flow that runs when a call ends wants to speak or wait.
    FinallyNotSilent = "DG0307" "finally-not-silent" Error;
    /// A flow returns what it does not declare.
    ReturnMismatch = "DG0308" "return-mismatch" Error;
    /// A flow is called with other inputs than it declares.
    InputMismatch = "DG0309" "input-mismatch" Error;
    /// A flow returns though nothing called it.
    ReturnWithoutCaller = "DG0310" "return-without-caller" Error;

    BadExpression = "DG0401" "bad-expression" Error;
    UnknownVariable = "DG0402" "unknown-variable" Error;
    TypeMismatch = "DG0403" "type-mismatch" Error;
    /// Two flows declare one attribute differently.
    AttributeConflict = "DG0404" "attribute-conflict" Error;
    UnusedAttribute = "DG0405" "unused-attribute" Warning;
    /// A `save` reads what the node does not give.
    NeverGiven = "DG0406" "never-given" Error;
    /// A text within a map or list that reads like the name of a value.
    NameAsText = "DG0407" "name-as-text" Warning;
    /// A link, picture or label of a button in a project whose channels show none.
    ShownNowhere = "DG0408" "shown-nowhere" Warning;

    MissingLocale = "DG0501" "missing-locale" Error;
    UnknownLocale = "DG0502" "unknown-locale" Error;
    /// A prompt that cannot be spoken: broken SSML, `${` without end.
    BadPrompt = "DG0503" "bad-prompt" Error;
    /// One phrase that means two ports.
    AmbiguousPhrase = "DG0504" "ambiguous-phrase" Warning;
    /// A value that cannot be put into words of the locale.
    NoWords = "DG0505" "no-words" Error;
    /// A phrase by which callers are hardly understood.
    DoubtfulPhrase = "DG0506" "doubtful-phrase" Warning;
    /// A key of a menu that is an answer to the same question.
    KeyAsAnswer = "DG0507" "key-as-answer" Warning;

    UnknownPlugin = "DG0601" "unknown-plugin" Error;
    BadConfig = "DG0602" "bad-config" Error;
    BadInput = "DG0603" "bad-input" Error;
    /// A grant of something that no plugin can be granted.
    UnknownGrant = "DG0604" "unknown-grant" Error;
    /// A plugin that is there and cannot be loaded.
    RefusedPlugin = "DG0605" "refused-plugin" Error;
    /// A secret or a host that the plugin is not granted.
    NotGranted = "DG0606" "not-granted" Error;
    /// What a plugin itself finds wrong in its configuration.
    ConfigProblem = "DG0607" "config-problem" Error;
    /// A plugin could not look at its configuration.
    ConfigUnchecked = "DG0608" "config-unchecked" Error;
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.number())
    }
}

/// A text that names no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no diagnostic `{given}`: give a number such as `DG0201` or a name such as `dangling-target`{hint}"
)]
pub struct UnknownCode {
    given: String,
    hint: String,
}

/// By number, in either case, or by name.
impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = |code: &&Self| {
            code.number().eq_ignore_ascii_case(text) || code.name().eq_ignore_ascii_case(text)
        };
        Self::ALL.iter().find(fits).copied().ok_or_else(|| {
            let near = dialgraph_base::nearest(text, Self::ALL.iter().map(|code| code.name()));
            UnknownCode {
                given: text.to_owned(),
                hint: near.map_or_else(String::new, |near| format!("; did you mean `{near}`?")),
            }
        })
    }
}
