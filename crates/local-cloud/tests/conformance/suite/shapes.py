"""Compares answers with the API model that they claim to follow; every deviation is a sentence."""

import base64
import binascii
import datetime
import json
import xml.etree.ElementTree as ElementTree

from botocore.eventstream import EventStream
from botocore.response import StreamingBody

# Kinds of values as botocore parses them.
KINDS = {
    "string": str,
    "character": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
    "timestamp": datetime.datetime,
    "blob": (bytes, bytearray, StreamingBody),
}
# Where members of a structure stand that are not in the body.
OUTSIDE = {"header", "headers", "statusCode", "uri", "querystring"}


def deviations(operation, status, body, parsed):
    """What is wrong with a successful answer: `body` is the raw one, `parsed` botocore's reading of it."""
    found = []
    expected = operation.http.get("responseCode", 200)
    # Ranges are answered with 206, and asynchronous invocations with what their members say.
    if status != expected and not (status == 206 and expected == 200) and not _says_status(operation):
        found.append(f"status {status} instead of {expected}")
    shape = operation.output_shape
    answer = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
    if shape is None:
        return found + [f"{name} is in no model" for name in answer]
    found += parsed_deviations(shape, answer, operation.name)
    if not _streams(shape):
        found += raw_deviations(operation, shape, body)
    return found


def _says_status(operation):
    members = operation.output_shape.members.values() if operation.output_shape else []
    return any(member.serialization.get("location") == "statusCode" for member in members)


def _streams(shape):
    payload = shape.serialization.get("payload")
    return payload is not None and shape.members[payload].type_name in ("blob", "string")


def parsed_deviations(shape, value, path):
    """Required members, kinds of values and enumerations, recursively."""
    kind = shape.type_name
    if kind == "structure":
        if isinstance(value, EventStream) or shape.is_document_type:
            return []
        if not isinstance(value, dict):
            return [f"{path} is {value!r} and no structure"]
        found = [f"{path}.{name} is required and absent" for name in shape.required_members if name not in value]
        for name, member in value.items():
            if name not in shape.members:
                found.append(f"{path}.{name} is in no model")
            else:
                found += parsed_deviations(shape.members[name], member, f"{path}.{name}")
        return found
    if kind == "list":
        if not isinstance(value, list):
            return [f"{path} is {value!r} and no list"]
        return [each for item in value for each in parsed_deviations(shape.member, item, f"{path}[]")]
    if kind == "map":
        if not isinstance(value, dict):
            return [f"{path} is {value!r} and no map"]
        found = [each for key in value for each in parsed_deviations(shape.key, key, f"{path} key")]
        return found + [each for item in value.values() for each in parsed_deviations(shape.value, item, f"{path}{{}}")]
    right = isinstance(value, KINDS[kind]) and not (isinstance(value, bool) and kind != "boolean")
    if not right:
        return [f"{path} is {value!r} and no {kind}"]
    if kind == "string" and shape.enum and value not in shape.enum:
        return [f"{path} is {value!r}, which is none of {', '.join(shape.enum)}"]
    return []


def raw_deviations(operation, shape, body):
    """Members of the body that the model does not know; botocore drops them silently."""
    protocol = operation.service_model.resolved_protocol
    payload = shape.serialization.get("payload")
    if payload is not None:
        shape = shape.members[payload]
    if not body:
        return []
    if protocol in ("json", "rest-json"):
        return _unknown_json(shape, json.loads(body), operation.name)
    root = ElementTree.fromstring(body)
    if protocol == "query" and (wrapper := shape.serialization.get("resultWrapper")):
        root = next((child for child in root if _tag(child) == wrapper), root)
    return _unknown_xml(shape, root, operation.name)


def _unknown_json(shape, raw, path):
    kind = shape.type_name
    if kind == "structure" and isinstance(raw, dict) and not shape.is_document_type:
        named = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        found = [f"{path}.{name} is in no model" for name in raw if name not in named]
        known = [(name, named[name], value) for name, value in raw.items() if name in named]
        return found + [each for name, member, value in known for each in _unknown_json(member, value, f"{path}.{name}")]
    if kind == "list" and isinstance(raw, list):
        return [each for item in raw for each in _unknown_json(shape.member, item, f"{path}[]")]
    if kind == "map" and isinstance(raw, dict):
        return [each for item in raw.values() for each in _unknown_json(shape.value, item, f"{path}{{}}")]
    if kind == "blob" and isinstance(raw, str):
        try:
            base64.b64decode(raw, validate=True)
        except binascii.Error:
            return [f"{path} is no base64"]
    return []


def _unknown_xml(shape, node, path):
    kind = shape.type_name
    if kind == "structure":
        named, ignored = {}, {"requestId", "ResponseMetadata"}
        for name, member in shape.members.items():
            if member.serialization.get("location") in OUTSIDE:
                continue
            flattened = member.type_name in ("list", "map") and member.serialization.get("flattened")
            key = member.member.serialization.get("name") if flattened and member.type_name == "list" else None
            named[key or member.serialization.get("name", name)] = member
        # Within attributes' namespaces names have a prefix that the tag has lost.
        named.update({name.split(":")[-1]: member for name, member in list(named.items())})
        found = []
        for child in node:
            name = _tag(child)
            if name in named:
                found += _unknown_xml(named[name], child, f"{path}.{name}")
            elif name not in ignored:
                found.append(f"{path}.{name} is in no model")
        return found
    if kind == "list":
        item = shape.member
        if shape.serialization.get("flattened"):
            return _unknown_xml(item, node, f"{path}[]")
        name = item.serialization.get("name", "member")
        wrong = {_tag(child) for child in node} - {name}
        return [f"{path} has elements {other} instead of {name}" for other in sorted(wrong)] + [
            each for child in node for each in _unknown_xml(item, child, f"{path}[]")
        ]
    return []


def _tag(node):
    return node.tag.split("}")[-1]


def error_deviations(operation, status, body, parsed, documented):
    """What is wrong with a refusal; `documented` are codes that the service's documentation gives beside the model."""
    # Services that moved from the query protocol to JSON give the code that they had beside the shape's name.
    code = parsed["Error"].get("QueryErrorCode") or parsed["Error"].get("Code", "")
    shapes = {}
    for shape in operation.error_shapes:
        shapes[shape.name] = shape
        shapes[shape.metadata.get("error", {}).get("code", shape.name)] = shape
    shape = shapes.get(code)
    if shape is None:
        if code in documented:
            return []
        named = ", ".join(sorted(shapes)) or "none"
        return [f"the error {code!r} is in neither the model, which names {named}, nor the documentation"]
    found = []
    protocol = operation.service_model.resolved_protocol
    named = shape.metadata.get("error", {}).get("httpStatusCode")
    expected = named or (500 if shape.metadata.get("fault") else 400)
    if status != expected and (named or protocol == "json"):
        found.append(f"the error {code} has status {status} instead of {expected}")
    if protocol in ("json", "rest-json") and body:
        raw = {name.lower(): value for name, value in json.loads(body).items()}
        for name in shape.required_members:
            member = shape.members[name]
            if member.serialization.get("name", name).lower() not in raw:
                found.append(f"the error {code} is without its required {name}")
    if not parsed["Error"].get("Message"):
        found.append(f"the error {code} says nothing")
    return found
