//! Passes a caller's words from plugin to driver, and a recogniser's session there and back.

use dialgraph_kernel::ports::nlu::{
    Intent, Interpretation, Message, Recognition, RecognizerSession, Request, Sentiment, Slot,
    SlotValue,
};
use dialgraph_kernel::ports::{HostAnswer, HostCall};

use crate::bindings::dialgraph::plugin::{nlu, types};
use crate::imports::{json, refusal};
use crate::run::{Run, mismatch};

impl nlu::Host for Run {
    fn recognize(
        &mut self,
        request: nlu::Request,
    ) -> wasmtime::Result<Result<nlu::Recognition, types::HostError>> {
        let request = Request {
            text: request.text,
            bot: request.bot,
            session: match request.session.map(session_in).transpose() {
                Ok(session) => session,
                Err(error) => return Ok(Err(error)),
            },
            request_attributes: request.request_attributes,
        };
        match self.ask(HostCall::NluRecognize(request))? {
            Ok(HostAnswer::NluRecognize(recognition)) => Ok(Ok(recognition_out(recognition))),
            Ok(other) => Err(mismatch("nlu.recognize", &other)),
            Err(error) => Ok(Err(refusal(error))),
        }
    }
}

fn session_in(session: nlu::Session) -> Result<RecognizerSession, types::HostError> {
    Ok(RecognizerSession {
        attributes: session.attributes,
        intent: session.intent.map(intent_in),
        action: session.action,
        slot_to_elicit: session.slot_to_elicit,
        rest: session.rest.map(|rest| json(&rest, "`rest` of the session")).transpose()?,
    })
}

fn intent_in(intent: nlu::Intent) -> Intent {
    Intent {
        name: intent.name,
        state: intent.state,
        confirmation: intent.confirmation,
        slots: intent.slots.into_iter().map(slot_in).collect(),
    }
}

fn slot_in(slot: nlu::Slot) -> Slot {
    Slot {
        path: slot.path,
        shape: slot.shape,
        value: slot.value.map(|value| SlotValue {
            original: value.original,
            interpreted: value.interpreted,
            resolved: value.resolved,
        }),
    }
}

fn recognition_out(recognition: Recognition) -> nlu::Recognition {
    nlu::Recognition {
        interpretations: recognition.interpretations.into_iter().map(interpretation_out).collect(),
        session: session_out(recognition.session),
        messages: recognition.messages.into_iter().map(message_out).collect(),
        request_attributes: recognition.request_attributes,
        session_id: recognition.session_id,
        member: recognition.member,
        extra: recognition.extra,
    }
}

fn interpretation_out(interpretation: Interpretation) -> nlu::Interpretation {
    nlu::Interpretation {
        intent: intent_out(interpretation.intent),
        confidence: interpretation.confidence,
        sentiment: interpretation.sentiment.map(sentiment_out),
        source: interpretation.source,
        extra: interpretation.extra,
    }
}

fn intent_out(intent: Intent) -> nlu::Intent {
    nlu::Intent {
        name: intent.name,
        state: intent.state,
        confirmation: intent.confirmation,
        slots: intent.slots.into_iter().map(slot_out).collect(),
    }
}

fn slot_out(slot: Slot) -> nlu::Slot {
    nlu::Slot {
        path: slot.path,
        shape: slot.shape,
        value: slot.value.map(|value| nlu::SlotValue {
            original: value.original,
            interpreted: value.interpreted,
            resolved: value.resolved,
        }),
    }
}

fn sentiment_out(sentiment: Sentiment) -> nlu::Sentiment {
    nlu::Sentiment {
        label: sentiment.label,
        positive: sentiment.positive,
        negative: sentiment.negative,
        neutral: sentiment.neutral,
        mixed: sentiment.mixed,
    }
}

fn message_out(message: Message) -> nlu::Message {
    nlu::Message {
        content_type: message.content_type,
        content: message.content,
        card: message.card.map(|card| card.to_string()),
    }
}

fn session_out(session: RecognizerSession) -> nlu::Session {
    nlu::Session {
        attributes: session.attributes,
        intent: session.intent.map(intent_out),
        action: session.action,
        slot_to_elicit: session.slot_to_elicit,
        rest: session.rest.map(|rest| rest.to_string()),
    }
}
