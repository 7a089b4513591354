//! A call held line by line: from a person at a terminal, or from a pipe.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};
use jiff::tz::TimeZone;
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;

use dialgraph_base::Name;
use dialgraph_flow::Release;
use dialgraph_kernel::contact::{ContactEvent, ContactStage};
use dialgraph_kernel::ports::HostError;
use dialgraph_simulator::record::{self, Performed};
use dialgraph_simulator::run::closing;
use dialgraph_simulator::script::{duration, parse_duration, parse_time};
use dialgraph_simulator::session::{Action, Meanwhile, Session};
use dialgraph_simulator::suite::EXTENSION;
use dialgraph_simulator::transcript::{self, Detail};
use dialgraph_simulator::world::{Mock, MockReply};

const HELP: &str = "\
What you type is what the caller says. Digits, * and # are keys: `1`, `111122223333#`.
In a chat, write what is on a button to press it.
  :silence             the caller says and presses nothing until the question times out
  :hangup              the caller hangs up
  :wait 15m            time passes; questions time out meanwhile
  :clock [TIME|15m]    shows the time, sets it, or moves it on without anything timing out
  :resume              while the flow waits for a provider that is slow: the caller waits, too
  :slow PROVIDER 15s   from now on this provider (or function) takes so long; `never`: does not answer at all
  :fail PROVIDER       from now on this provider (or function, such as records.find) fails:
                       records, nlu, genai, knowledge, tickets, secrets, http
  :heal PROVIDER       it works again
  :transfer-fails      the channel cannot put the caller through
  :rings WORD          while somebody is rung: `answered`, and has hung up again, or `no_answer`
  :outside HOOK JSON   somebody outside tells the call this, at its last address of the hook:
                       `:outside payment 12000`
  :contact STAGE       after the flow: `queued`, `connected [AGENT]`, `ended`; `callback` before it: of
                       the call back
  :undo                takes back the last thing the caller did
  :attributes          what the call knows
  :path                the nodes visited
  :journal             every host call with its reply
  :trace on|off        shows every node
  :save FILE           writes the call as a script for `dialgraph test`; `:save! FILE` over one that is there
  :quit                leaves";

/// Bytes of a line of input: far more than anybody says at once.
const MAX_LINE: u64 = 64 << 10;

pub(crate) struct Repl {
    session: Session,
    entry: String,
    /// Attributes whose values are not shown.
    sensitive: BTreeSet<Name>,
    zone: TimeZone,
    detail: Detail,
    actions: Vec<Performed>,
    /// Addresses that were shown.
    addresses: BTreeSet<String>,
}

/// Whether to go on reading.
enum After {
    More,
    Quit,
}

impl Repl {
    pub(crate) fn new(session: Session, release: &Release, zone: TimeZone, trace: bool) -> Self {
        let detail = if trace { Detail::Costs } else { Detail::Words };
        let entry = release.entry.to_string();
        let sensitive = release.sensitive.clone();
        let mut session = session;
        // What a person types while the flow waits happens meanwhile.
        session.stop_at_waits(true);
        Self {
            session,
            entry,
            sensitive,
            zone,
            detail,
            actions: Vec::new(),
            addresses: BTreeSet::new(),
        }
    }

    /// Holds the call until it is over and the input ends.
    pub(crate) fn hold(mut self, terminal: bool) -> Result<ExitCode> {
        print!("{}", transcript::opening(self.session.setup(), &self.entry, &self.zone));
        self.session.start()?;
        self.show(0);
        if terminal {
            self.hold_at_terminal()?;
        } else {
            self.hold_from_pipe()?;
        }
        print!("{}", closing(&self.session));
        Ok(ExitCode::SUCCESS)
    }

    fn hold_at_terminal(&mut self) -> Result<()> {
        println!("(type what the caller says, keys such as 1#, or :help)");
        let mut editor = DefaultEditor::new().context("cannot use this terminal")?;
        while !self.session.is_over() {
            match editor.readline("> ") {
                Ok(line) => {
                    // A history that cannot grow is no reason to end a call.
                    let _ = editor.add_history_entry(&line);
                    if let After::Quit = self.line(&line) {
                        break;
                    }
                }
                Err(ReadlineError::Interrupted | ReadlineError::Eof) => break,
                Err(error) => return Err(error).context("cannot read from this terminal"),
            }
        }
        Ok(())
    }

    fn hold_from_pipe(&mut self) -> Result<()> {
        let mut input = std::io::stdin().lock();
        while let Some(line) =
            dialgraph_files::line(&mut input, MAX_LINE).context("cannot read standard input")?
        {
            if let After::Quit = self.line(&line) {
                break;
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &str) -> After {
        let line = line.trim();
        if line.is_empty() {
            return After::More;
        }
        if let Some(command) = line.strip_prefix(':') {
            let (word, rest) = command.split_once(' ').unwrap_or((command, ""));
            return self.command(word, rest.trim());
        }
        let keys: String = line.chars().map(half_width).collect();
        let is_keys = keys.chars().all(|key| key.is_ascii_digit() || key == '*' || key == '#');
        let text = line.to_owned();
        self.act(match (self.session.is_waiting(), is_keys) {
            (false, true) => Action::Presses(keys),
            (false, false) => Action::Says { text, confidence: None },
            (true, true) => Action::Meanwhile(Meanwhile::Presses(keys)),
            (true, false) => Action::Meanwhile(Meanwhile::Says { text, confidence: None }),
        });
        After::More
    }

    fn act(&mut self, action: Action) {
        let first = self.session.turns().len();
        let told = self.session.told().len();
        match self.session.act(&action) {
            Ok(_) => {
                for telling in &self.session.told()[told..] {
                    println!();
                    print!("{}", transcript::telling(telling));
                }
                self.actions.push((action, first));
                self.show(first);
            }
            Err(error) => println!("({error})"),
        }
    }

    fn show(&mut self, first: usize) {
        for record in &self.session.turns()[first..] {
            println!();
            print!("{}", transcript::turn(record, self.detail));
        }
        self.show_addresses();
        if self.session.awaits_outside() {
            println!("(the flow waits for somebody outside; :outside HOOK JSON, or :wait 10s)");
        } else if self.session.is_waiting() {
            println!(
                "(the flow waits for a provider; say or press something meanwhile, :hangup, or :resume)"
            );
        }
    }

    /// Addresses that the call has made since they were last shown.
    fn show_addresses(&mut self) {
        match self.session.addresses() {
            Ok(all) => {
                for (hook, url) in all {
                    if self.addresses.insert(url.clone()) {
                        println!("(hook {hook} is told at {url})");
                    }
                }
            }
            Err(error) => println!("({error})"),
        }
    }

    fn outside(&mut self, rest: &str) {
        let (hook, json) = rest.split_once(char::is_whitespace).unwrap_or((rest, "null"));
        match serde_json::from_str(json.trim()) {
            Ok(value) => {
                // Whatever becomes of it is shown.
                let hook = Name::from(hook);
                self.act(Action::Outside { hook, after_ms: 0, value, expect: None });
            }
            Err(error) => println!("(`:outside HOOK JSON`: {error})"),
        }
    }

    fn command(&mut self, word: &str, rest: &str) -> After {
        match word {
            "silence" | "silent" => self.act(Action::Silent),
            "hangup" if self.session.is_waiting() => {
                self.act(Action::Meanwhile(Meanwhile::HangsUp));
            }
            "hangup" => self.act(Action::HangsUp),
            "resume" => match self.session.wait_left() {
                Some(ms) => self.act(Action::Waits { ms }),
                None => println!("(the flow waits for no provider)"),
            },
            "wait" => match parse_duration(rest) {
                Ok(ms) => {
                    self.act(Action::Waits { ms });
                    self.clock();
                }
                Err(error) => println!("({error})"),
            },
            "clock" => self.set_clock(rest),
            "fail" => self.mock(rest, "fails", |name| {
                let message = format!("{name} is made to fail by hand");
                (0, MockReply::Error(HostError::unavailable("unavailable", message)))
            }),
            "slow" => self.slow(rest),
            "heal" => self.heal(rest),
            "transfer-fails" => {
                self.act(Action::DirectiveFails("made to fail by hand".to_owned()));
            }
            "rings" => match rest.trim() {
                "answered" => self.act(Action::Rings { answered: true }),
                "no_answer" => self.act(Action::Rings { answered: false }),
                _ => println!("(`:rings answered` or `:rings no_answer`)"),
            },
            "outside" => self.outside(rest),
            "contact" => match contact(rest) {
                Ok(event) => self.act(Action::Contact(event)),
                Err(error) => println!("({error})"),
            },
            "undo" => match self.session.undo() {
                Ok(()) => {
                    self.actions.pop();
                    println!("(taken back; the caller was last told:)");
                    self.show(self.session.turns().len().saturating_sub(1));
                }
                Err(error) => println!("({error})"),
            },
            "attributes" => self.attributes(),
            "path" => {
                for step in self.session.turns().iter().flat_map(|turn| &turn.steps) {
                    match &step.port {
                        Some(port) => println!("  {} → {port}", step.at),
                        None => println!("  {}", step.at),
                    }
                }
            }
            "journal" => {
                if self.session.turns().iter().all(|turn| turn.entries.is_empty()) {
                    println!("(no host call yet)");
                }
                for turn in self.session.turns() {
                    for entry in &turn.entries {
                        println!("  turn {}: {}", turn.turn, transcript::shown(entry, turn));
                    }
                }
            }
            "trace" => match rest {
                "on" => self.detail = Detail::Costs,
                "off" => self.detail = Detail::Words,
                _ => println!("(write `:trace on` or `:trace off`)"),
            },
            "save" | "save!" => {
                if let Err(error) = self.save(rest, word == "save!") {
                    println!("({error:#})");
                }
            }
            "help" => println!("{HELP}"),
            "quit" | "q" => return After::Quit,
            _ => println!("(there is no `:{word}`; `:help` lists what there is)"),
        }
        After::More
    }

    fn clock(&self) {
        println!("(it is {})", transcript::time(self.session.clock().time(), &self.zone));
    }

    fn set_clock(&mut self, to: &str) {
        let now = self.session.clock().time();
        let by = match (parse_duration(to), parse_time(to)) {
            _ if to.is_empty() => None,
            (Ok(ms), _) => Some(ms),
            (_, Ok((at, _))) if at < now => {
                println!("(time does not go back; `:undo` does)");
                None
            }
            (_, Ok((at, _))) => Some(at.0 - now.0),
            (_, Err(error)) => {
                println!("({error})");
                None
            }
        };
        if let Some(ms) = by {
            self.act(Action::Clock { ms });
        }
        self.clock();
    }

    /// Puts a mock before a provider or function; says so with `does`.
    fn mock(&self, on: &str, does: &str, reply: impl FnOnce(&str) -> (u64, MockReply)) {
        if let Err(error) = dialgraph_simulator::world::is_known(on) {
            println!("({error})");
            return;
        }
        let (delay_ms, reply) = reply(on);
        let on_name = on.to_owned();
        let mock = Mock { on: on_name, when: None, calls: (1, u64::MAX), delay_ms, reply };
        self.session.world().add(mock);
        println!("({on} {does} from now on)");
    }

    fn slow(&self, rest: &str) {
        let (name, time) = rest.split_once(' ').unwrap_or((rest, ""));
        if time.trim() == "never" {
            return self.mock(name, "does not answer", |_| (0, MockReply::Never));
        }
        match parse_duration(time) {
            Ok(ms) => {
                let does = format!("takes {}", duration(ms));
                self.mock(name, &does, |_| (ms, MockReply::Provider));
            }
            Err(error) => println!("(`:slow PROVIDER TIME`: {error})"),
        }
    }

    fn heal(&self, name: &str) {
        if let Err(error) = dialgraph_simulator::world::is_known(name) {
            println!("({error})");
        } else if self.session.world().remove(name) > 0 {
            println!("({name} works again)");
        } else {
            println!("({name} was neither failing nor slow)");
        }
    }

    fn attributes(&self) {
        let Some(call) = self.session.call() else { return };
        println!("  locale = {}", call.locale);
        for (name, value) in &call.attributes {
            if self.sensitive.contains(name) && !value.is_null() {
                println!("  {name} = (not shown)");
            } else {
                println!("  {name} = {value}");
            }
        }
    }

    fn save(&self, file: &str, over: bool) -> Result<()> {
        ensure!(!file.is_empty(), "name a file: `:save tests/calls/my_topic/my_call.call.yaml`");
        let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
        let Some(stem) = name.strip_suffix(EXTENSION) else {
            let better = file.trim_end_matches(".yaml");
            bail!(
                "the name of a script ends in `{EXTENSION}`, such as `:save {better}{EXTENSION}`"
            );
        };
        let sentence = stem.replace(['_', '-'], " ");
        let script = record::script(&self.session, &self.actions, &sentence, &self.zone);
        let failed = || format!("cannot write {file}");
        if let Some(folder) = Path::new(file).parent() {
            std::fs::create_dir_all(folder).with_context(failed)?;
        }
        // A script that is there already is somebody's work.
        let opened = if over { File::create(file) } else { File::create_new(file) };
        match opened.and_then(|mut new| new.write_all(script.text.as_bytes())) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                bail!(
                    "{file} is there already: choose another name, or `:save! {file}` to overwrite it"
                )
            }
            written => written.with_context(failed)?,
        }
        println!("(saved as {file}; `dialgraph test --accept {file}` keeps its transcript)");
        if script.sensitive > 0 {
            println!(
                "(warning: the script holds {} that transcripts do not show; make them up before you share it)",
                match script.sensitive {
                    1 => "1 answer".to_owned(),
                    more => format!("{more} answers"),
                }
            );
        }
        Ok(())
    }
}

/// Keys as an input method for Korean types them are keys, too.
fn half_width(key: char) -> char {
    match key {
        '０'..='９' | '＊' | '＃' => char::from_u32(u32::from(key) - 0xFEE0).unwrap_or(key),
        key => key,
    }
}

/// News of a contact: `queued`, `connected kim`, `callback ended`.
fn contact(text: &str) -> Result<ContactEvent, String> {
    let (callback, text) = match text.strip_prefix("callback ") {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text),
    };
    let (stage, agent) = text.split_once(' ').unwrap_or((text, ""));
    let agent = Some(agent.trim()).filter(|agent| !agent.is_empty());
    let stage = match stage {
        "queued" => ContactStage::Queued,
        "connected" => ContactStage::Connected,
        "ended" => ContactStage::Ended,
        "lost" => ContactStage::Lost,
        _ => return Err("write `queued`, `connected AGENT` or `ended`".to_owned()),
    };
    Ok(ContactEvent { agent: agent.map(str::to_owned), callback, ..ContactEvent::new(stage) })
}
