//! The channel of a simulated call that speaks to its engine directly.

use dialgraph_base::{Name, Timestamp};
use dialgraph_kernel::directive::Then;
use dialgraph_kernel::event::Event;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_runtime::{Start, Told};
use serde_json::Value;

use crate::desk::Desk;
use crate::line::Line;
use crate::session::{Action, Meanwhile, SessionError, chosen};

/// Turns that may follow one another while the caller waits for something slow.
pub(crate) const WAITS_IN_A_ROW: u32 = 200;

/// A telephone without a network: it plays what it is told to, hands on what is pressed one
/// question at a time, lets questions time out, and comes back when a wait is over.
#[derive(Debug, Clone, Default)]
pub(crate) struct Direct {
    /// Keys pressed before they were asked for.
    typed_ahead: String,
    /// When the flow is to be told that its wait is over.
    resume_at: Option<Timestamp>,
    /// Until when somebody outside is rung who has not answered yet.
    rings_until: Option<Timestamp>,
    /// Whether the caller comes to word when the flow waits for a provider that is slow. Otherwise
    /// such a wait is over before the next action.
    pub(crate) stops_at_waits: bool,
}

impl Line for Direct {
    fn start(&mut self, desk: &mut Desk) -> Result<(), SessionError> {
        let setup = desk.setup();
        let start = Start {
            id: setup.id.clone(),
            channel: setup.channel,
            locale: setup.locale.clone(),
            from: setup.from.clone(),
            to: setup.to.clone(),
            flow: setup.flow.clone(),
            seed: setup.seed,
            attributes: setup.attributes.clone(),
        };
        let answer = desk.start(start, "1")?;
        self.obey(desk, &answer.record);
        self.settle(desk)
    }

    fn act(&mut self, desk: &mut Desk, action: &Action) -> Result<(), SessionError> {
        if let Action::Outside { hook, after_ms, value, expect } = action {
            return self.outside(desk, hook, *after_ms, value, *expect);
        }
        if desk.is_over() {
            return match action {
                Action::Waits { ms } | Action::Clock { ms } => {
                    desk.clock().advance(*ms);
                    Ok(())
                }
                Action::Says { .. }
                | Action::Presses(_)
                | Action::Chooses(_)
                | Action::Silent
                | Action::HangsUp
                | Action::DirectiveFails(_)
                | Action::Rings { .. }
                | Action::Contact(_)
                | Action::Outside { .. }
                | Action::Meanwhile(_) => Err(SessionError::Over),
            };
        }
        match action {
            Action::HangsUp => self.event(desk, Event::HungUp),
            Action::DirectiveFails(reason) => {
                self.event(desk, Event::DirectiveFailed(reason.clone()))
            }
            Action::Contact(event) => self.event(desk, Event::Contact(event.clone())),
            Action::Rings { .. } if desk.rings().is_none() => Err(SessionError::NotRinging),
            Action::Rings { answered: true } => self.event(desk, Event::Resumed),
            Action::Rings { answered: false } => {
                desk.clock().advance(desk.rings().map_or(0, u64::from));
                self.event(desk, Event::Unanswered)
            }
            Action::Waits { ms } => self.wait(desk, *ms),
            Action::Clock { ms } => {
                desk.clock().advance(*ms);
                Ok(())
            }
            Action::Outside { .. } => Ok(()),
            Action::Meanwhile(_) if !desk.is_waiting() => Err(SessionError::NotWaiting),
            Action::Meanwhile(Meanwhile::Says { text, confidence }) => {
                self.event(desk, Event::Said { text: text.clone(), confidence: *confidence })
            }
            Action::Meanwhile(Meanwhile::Presses(keys)) => {
                self.event(desk, Event::Pressed(keys.clone()))
            }
            Action::Meanwhile(Meanwhile::HangsUp) => self.event(desk, Event::HungUp),
            _ if desk.asked().is_none() => Err(SessionError::NotAsked),
            Action::Says { text, confidence } => {
                self.event(desk, Event::Said { text: text.clone(), confidence: *confidence })
            }
            Action::Chooses(label) => {
                let text = chosen(desk.asked().ok_or(SessionError::NotAsked)?, label)?;
                self.event(desk, Event::Said { text, confidence: None })
            }
            Action::Silent => {
                let timeout = desk.asked().map_or(0, |accept| u64::from(accept.timeout_ms));
                desk.clock().advance(timeout);
                self.event(desk, Event::Silent)
            }
            Action::Presses(keys) => {
                self.typed_ahead.push_str(keys);
                while !self.typed_ahead.is_empty() {
                    let Some(keys) = self.take_keys(desk) else { break };
                    self.event(desk, Event::Pressed(keys))?;
                }
                // What nobody asked for is lost, as on a telephone whose buffer was cleared.
                self.typed_ahead.clear();
                Ok(())
            }
        }
    }
}

impl Direct {
    /// The keys that the question at hand takes, without the terminating one; none when there is no
    /// question.
    fn take_keys(&mut self, desk: &Desk) -> Option<String> {
        let accept = desk.asked()?;
        let (most, terminator) = match &accept.digits {
            Some(digits) => (digits.max as usize, digits.terminator),
            None => (usize::MAX, None),
        };
        let mut keys = String::new();
        let mut taken = 0;
        for key in self.typed_ahead.chars() {
            if Some(key) == terminator {
                taken += 1;
                break;
            }
            if keys.len() == most {
                break;
            }
            keys.push(key);
            taken += 1;
        }
        // A terminator right behind the last key belongs to the same input. Amazon Connect takes
        // `#` for one where the question names none, but in a menu of keys alone.
        let end = terminator.or((accept.speech || most > 1).then_some('#'));
        if keys.len() == most && end.is_some() && self.typed_ahead.chars().nth(taken) == end {
            taken += 1;
        }
        self.typed_ahead = self.typed_ahead.chars().skip(taken).collect();
        Some(keys)
    }

    fn wait(&mut self, desk: &mut Desk, ms: u64) -> Result<(), SessionError> {
        let until = desk.clock().time().after_ms(ms);
        loop {
            let now = desk.clock().time();
            if desk.is_waiting() && self.resume_at.is_some_and(|at| at <= until) {
                self.come_back(desk)?;
            } else if let Some(over) = self.rings_until {
                if over > until {
                    break;
                }
                desk.clock().set(over.max(now));
                self.event(desk, Event::Unanswered)?;
            } else if let Some(accept) = desk.asked() {
                let silence = now.after_ms(u64::from(accept.timeout_ms.max(1)));
                if silence > until {
                    break;
                }
                desk.clock().set(silence);
                self.event(desk, Event::Silent)?;
            } else {
                break;
            }
        }
        if desk.clock().time() < until {
            desk.clock().set(until);
        }
        Ok(())
    }

    /// Somebody outside tells something. A caller on the phone notices by themselves: the next look
    /// is a silence away at most. Who chats learns it with their next message.
    fn outside(
        &mut self,
        desk: &mut Desk,
        hook: &Name,
        after_ms: u64,
        value: &Value,
        wanted: Option<Told>,
    ) -> Result<(), SessionError> {
        if desk.is_over() {
            desk.clock().advance(after_ms);
        } else {
            self.wait(desk, after_ms)?;
        }
        let found = desk.tell(hook, value)?;
        if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
            return Err(SessionError::ToldOtherwise { hook: hook.to_string(), found, wanted });
        }
        if desk.awaits_outside() {
            if desk.is_waiting() {
                self.come_back(desk)?;
            } else if let Some(accept) = desk.asked().filter(|_| desk.setup().channel.speaks()) {
                desk.clock().advance(u64::from(accept.timeout_ms));
                self.handle(desk, Event::Silent)?;
            }
        }
        self.settle(desk)
    }

    /// Milliseconds until the flow looks again whether its provider has answered; none when it
    /// waits for none.
    pub(crate) fn wait_left(&self, desk: &Desk) -> Option<u64> {
        let at = self.resume_at.filter(|_| desk.is_waiting())?;
        Some(at.0.saturating_sub(desk.clock().time().0))
    }

    fn event(&mut self, desk: &mut Desk, event: Event) -> Result<(), SessionError> {
        self.handle(desk, event)?;
        self.settle(desk)
    }

    /// Obeys directives that wait for nothing but time.
    fn settle(&mut self, desk: &mut Desk) -> Result<(), SessionError> {
        for _ in 0..WAITS_IN_A_ROW {
            if self.stops_at_waits || !desk.is_waiting() {
                return Ok(());
            }
            self.come_back(desk)?;
        }
        Err(SessionError::WaitsForEver)
    }

    /// The wait is over, and the flow looks again.
    fn come_back(&mut self, desk: &mut Desk) -> Result<(), SessionError> {
        let now = desk.clock().time();
        desk.clock().set(self.resume_at.map_or(now, |at| at.max(now)));
        self.handle(desk, Event::Resumed)
    }

    fn handle(&mut self, desk: &mut Desk, event: Event) -> Result<(), SessionError> {
        let token = (desk.turns().len() + 1).to_string();
        let answer = desk.turn(event, &token)?;
        self.obey(desk, &answer.record);
        Ok(())
    }

    fn obey(&mut self, desk: &Desk, record: &TurnRecord) {
        self.rings_until = match &record.directives.then {
            Then::Transfer { within_ms: Some(ms), .. } => {
                Some(desk.clock().time().after_ms(u64::from(*ms)))
            }
            _ => None,
        };
        self.resume_at = match &record.directives.then {
            Then::Wait { ms } => Some(desk.clock().time().after_ms(u64::from(*ms))),
            Then::Ask(_)
            | Then::Queue(_)
            | Then::Callback { .. }
            | Then::Transfer { .. }
            | Then::HangUp => None,
        };
    }
}
