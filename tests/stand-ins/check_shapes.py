"""Holds requests and answers against a service's model as botocore has it.

    python check_shapes.py SERVICE < exchanges.jsonl

Each line is {"request": {method, path, headers, body}, "response": {status, headers, body}}, bodies as base64. The
request is taken apart by the operation's own rules (path, query, headers, body) and checked by botocore's validator, and
beyond it for enumerations, patterns and lengths. An answer is read by botocore's parser; it must have no field that the
model does not know, and an error must be one that the operation declares, or that every service has. Streams are decoded
by botocore's decoder, checksums and all. What a test makes unreadable on purpose (no JSON, a cut stream) is not judged.
Ends with 1 if something is wrong.
"""

import base64
import json
import re
import sys
import urllib.parse

import botocore.session
from botocore.eventstream import EventStreamBuffer
from botocore.parsers import create_parser
from botocore.validate import ParamValidator

# What every operation may say, and few models declare:
# https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
COMMON_ERRORS = {"AccessDeniedException", "ThrottlingException"}

problems = []


def load(name):
    session = botocore.session.get_session()
    return session.get_service_model(name)


def find_operation(model, method, path, headers):
    if model.metadata["protocol"] == "json":
        # All of these go to one path; a header names the operation.
        prefix, _, name = headers.get("x-amz-target", "").partition(".")
        known = prefix == model.metadata["targetPrefix"] and name in model.operation_names
        return (model.operation_model(name), {}) if known else (None, None)
    bare = path.split("?")[0]
    for name in model.operation_names:
        operation = model.operation_model(name)
        uri = operation.http["requestUri"].split("?")[0]
        names = re.findall(r"\{(\w+)\+?\}", uri)
        pattern = re.sub(r"\\\{\w+\\?\+?\\\}", "([^/]+)", re.escape(uri))
        found = re.fullmatch(pattern, bare)
        if found and operation.http["method"] == method:
            values = [urllib.parse.unquote(value) for value in found.groups()]
            return operation, dict(zip(names, values))
    return None, None


def members_of(shape, location):
    return {
        member.serialization.get("name", name): (name, member)
        for name, member in shape.members.items()
        if member.serialization.get("location") == location
    }


def params_of(operation, uri, request, say):
    shape = operation.input_shape
    params = {}
    for wire, (name, member) in members_of(shape, "uri").items():
        params[name] = uri.get(wire)
    headers = dict(request["headers"])
    for wire, (name, member) in members_of(shape, "header").items():
        if wire.lower() in headers:
            params[name] = headers[wire.lower()]
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(request["path"]).query)
    known = members_of(shape, "querystring")
    for wire, values in query.items():
        if wire not in known and wire != "x-id":
            say(f"query: `{wire}` is unknown")
        elif wire in known:
            params[known[wire][0]] = values[0]
    body = base64.b64decode(request["body"])
    payload = shape.serialization.get("payload")
    if payload:
        params[payload] = body
    elif body:
        wire_names = {
            member.serialization.get("name", name): name
            for name, member in shape.members.items()
            if "location" not in member.serialization
        }
        for wire, value in json.loads(body).items():
            params[wire_names.get(wire, wire)] = value
    return params


def beyond(shape, value, path, say):
    """What botocore's validator leaves to the service."""
    if value is None:
        return
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if isinstance(value, dict) and name in value:
                beyond(member, value[name], f"{path}.{name}", say)
    elif shape.type_name == "list":
        bounds(shape, len(value), path, "items", say)
        for i, item in enumerate(value):
            beyond(shape.member, item, f"{path}[{i}]", say)
    elif shape.type_name == "map":
        for key, item in value.items():
            beyond(shape.value, item, f"{path}.{key}", say)
    elif shape.type_name == "string":
        # Not all models mark what is an enumeration as one.
        if getattr(shape, "enum", None) and value not in shape.enum:
            say(f"{path}: `{value}` is not one of {', '.join(shape.enum)}")
        bounds(shape, len(value), path, "characters", say)
        pattern = shape.metadata.get("pattern")
        if pattern and not re.fullmatch(pattern.strip("^$") if pattern.startswith("^") else pattern, value):
            try:
                fits = re.search(pattern, value)
            except re.error:
                fits = True
            if not fits:
                say(f"{path}: `{value}` does not fit {pattern}")


def bounds(shape, size, path, what, say):
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        say(f"{path}: {size} {what}, where {least} to {most} are allowed")


def unknown(shape, value, path, say):
    """Fields of an answer that the model does not know, and enumerations that it does not have."""
    if value is None:
        return
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            return say(f"{path}: is no object")
        wire = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        for name, item in value.items():
            if name not in wire:
                say(f"{path}.{name}: is unknown")
            else:
                unknown(wire[name], item, f"{path}.{name}", say)
        for name in shape.required_members:
            member = shape.members[name]
            if "location" not in member.serialization and member.serialization.get("name", name) not in value:
                say(f"{path}.{name}: is missing")
    elif shape.type_name == "list":
        for i, item in enumerate(value):
            unknown(shape.member, item, f"{path}[{i}]", say)
    elif shape.type_name == "map":
        for key, item in value.items():
            unknown(shape.value, item, f"{path}.{key}", say)
    elif shape.type_name == "string" and getattr(shape, "enum", None) and value not in shape.enum:
        say(f"{path}: `{value}` is not one of {', '.join(shape.enum)}")
    elif shape.type_name in ("integer", "long") and (isinstance(value, bool) or not isinstance(value, int)):
        say(f"{path}: {value!r} is no whole number")
    elif shape.type_name in ("float", "double") and (isinstance(value, bool) or not isinstance(value, (int, float))):
        say(f"{path}: {value!r} is no number")


def check_stream(shape, body, say):
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    try:
        events = list(buffer)
    except Exception as error:
        return say(f"stream: {error}")
    for event in events:
        headers = event.headers
        if headers.get(":message-type") == "exception":
            name = headers.get(":exception-type")
        else:
            name = headers.get(":event-type")
        if name not in shape.members:
            say(f"stream: `{name}` is no event of {shape.name}")
            continue
        unknown(shape.members[name], json.loads(event.payload), f"stream.{name}", say)


def check_response(model, operation, response, say):
    status, body = response["status"], base64.b64decode(response["body"])
    headers = {name.lower(): value for name, value in response["headers"]}
    if status == 0:
        return
    if status >= 300:
        name = headers.get("x-amzn-errortype", "").split(":")[0]
        if model.metadata["protocol"] == "json":
            try:
                name = json.loads(body).get("__type", "").split("#")[-1]
            except ValueError:
                # What stands between us and the service answers by itself, too.
                return
        declared = [shape.name for shape in operation.error_shapes]
        if name and name not in declared and name not in COMMON_ERRORS:
            say(f"answer: {operation.name} declares no error {name}")
        for shape in operation.error_shapes:
            declared = shape.metadata.get("error", {}).get("httpStatusCode")
            if shape.name == name and declared and declared != status:
                say(f"answer: {name} comes with status {declared}, not {status}")
        return
    shape = operation.output_shape
    stream = operation.get_event_stream_output()
    if stream is not None:
        return check_stream(stream, body, say)
    if shape.serialization.get("payload"):
        # Bytes under headers, such as audio.
        for wire, (name, member) in members_of(shape, "header").items():
            value = headers.get(wire.lower())
            if value is None:
                # Polly's model requires none, and Polly always gives all.
                if name in shape.required_members or operation.name == "SynthesizeSpeech":
                    say(f"answer: header `{wire}` is missing")
            elif member.type_name == "integer" and not value.isdigit():
                say(f"answer: header `{wire}` is no number: {value}")
        return
    try:
        value = json.loads(body)
    except ValueError:
        return
    unknown(shape, value, "answer", say)
    wire = {"status_code": status, "headers": headers, "body": body}
    create_parser(model.metadata["protocol"]).parse(wire, shape)


def main():
    model = load(sys.argv[1])
    seen = 0
    for line in sys.stdin:
        exchange = json.loads(line)
        request = exchange["request"]
        operation, uri = find_operation(
            model, request["method"], request["path"], dict(request["headers"])
        )
        where = f"{request['method']} {request['path']}"
        say = lambda text: problems.append(f"{where}: {text}")
        if operation is None:
            say("is no operation of the service")
            continue
        seen += 1
        params = params_of(operation, uri, request, say)
        report = ParamValidator().validate(params, operation.input_shape)
        if report.has_errors():
            say(report.generate_report())
        beyond(operation.input_shape, params, "request", say)
        check_response(model, operation, exchange["response"], say)
    for problem in dict.fromkeys(problems):
        print(problem)
    print(f"{seen} exchanges checked")
    sys.exit(1 if problems or not seen else 0)


if __name__ == "__main__":
    main()
