"""A Dialgraph plugin in Python: greets a customer by name, and asks first whether it may."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.plugin import (
    Accept,
    Ask,
    Descriptor,
    Done,
    Event_Entered,
    Event_Said,
    Invocation,
    Outcome,
    Outcome_Ask,
    Outcome_Done,
    Port,
    Prompt,
)
from wit_world.imports import log, records_read
from wit_world.imports.types import ErrorInfo, NodeError_Refused


class Plugin(exports.Plugin):
    def describe(self) -> Descriptor:
        return Descriptor(
            name="greeting-py",
            version="1.0.0",
            summary="Greets a customer by name.",
            ports=[
                Port("greeted", "The customer is known and was greeted."),
                Port("unknown", "There is no such customer."),
            ],
            config_schema=json.dumps({"type": "object", "required": ["collection"]}),
            input_schema=json.dumps({"type": "object"}),
            output_schema=json.dumps(
                {"type": "object", "properties": {"name": {"type": "string"}}}
            ),
            extra=[("sdk", "none")],
        )

    def run(self, invocation: Invocation) -> Outcome:
        config = json.loads(invocation.config)
        event = invocation.event
        if isinstance(event, Event_Entered):
            if config.get("fail"):
                info = ErrorInfo("told-so", "It was told to fail.", None, [])
                raise Err(NodeError_Refused(info))
            if config.get("crash"):
                raise ValueError("it was told to crash")
            return Outcome_Ask(
                Ask(
                    say=[text("고객 번호를 말씀해 주세요.")],
                    accept=Accept(True, None, 5000, False, [], []),
                    state=json.dumps({"asked": 1}),
                    extra=[],
                )
            )
        if isinstance(event, Event_Said):
            key = event.value.text
            found = records_read.get(
                config["collection"], key, records_read.Source.CURRENT
            )
            log.log(log.Level.INFO, "looked up", [("found", str(found is not None))])
            if found is not None:
                name = json.loads(found.data)["name"]
                say = [text(f"{name} 님, 안녕하세요.")]
                return done("greeted", {"name": name}, say)
        return done("unknown", {}, [])


def text(words: str) -> Prompt:
    return Prompt(words, False, [])


def done(port: str, output: dict, say: list[Prompt]) -> Outcome:
    return Outcome_Done(Done(port, json.dumps(output), say, []))
