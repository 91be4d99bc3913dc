"""Falsifies good answers: the comparison with the model has to notice each falsification, or the suite proves nothing."""

import json

from botocore.parsers import create_parser

from discovery import load
from shapes import deviations, error_deviations


def _ask(service, name, status, body, headers=()):
    operation = load(service).operation_model(name)
    protocol = operation.service_model.resolved_protocol
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    shape = operation.output_shape
    answer = {"status_code": status, "headers": dict(headers), "body": raw}
    parsed = create_parser(protocol).parse(answer, shape)
    if status < 300:
        return deviations(operation, status, raw, parsed)
    return error_deviations(operation, status, raw, parsed, {})


def _schedules(**change):
    schedule = {"Arn": "arn:aws:scheduler:us-east-1:000000000000:schedule/default/a", "State": "ENABLED", "Target": {"Arn": "a"}}
    schedule = {name: value for name, value in {**schedule, **change}.items() if value is not None}
    return _ask("scheduler", "ListSchedules", 200, {"Schedules": [schedule]})


def _stacks(status="CREATE_COMPLETE", extra=""):
    stack = f"<StackName>a</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>{status}</StackStatus>"
    answer = f"<R><DescribeStacksResult><Stacks><member>{stack}{extra}</member></Stacks></DescribeStacksResult></R>"
    return _ask("cloudformation", "DescribeStacks", 200, answer)


def _refusal(code="ResourceNotFoundException", status=404):
    body = {"Message": "It does not exist."}
    return _ask("scheduler", "GetSchedule", status, body, {"x-amzn-errortype": code})


def unnoticed():
    """A sentence for each falsification that went unnoticed, and for each good answer that did not pass."""
    good = {"schedules": _schedules(), "stacks": _stacks(), "refusal": _refusal()}
    bad = {
        "a required member of a nested structure removed": _schedules(Target={}),
        "an enumeration's value misspelt": _schedules(State="ENABELD"),
        "a member of another kind": _schedules(Name=5),
        "a member that the model does not have": _schedules(Colour="red"),
        "an enumeration's value misspelt in XML": _stacks(status="CREATE_COMPLETED"),
        "an element that the model does not have": _stacks(extra="<Colour>red</Colour>"),
        "a list's elements misnamed": _stacks(extra="<Outputs><item/></Outputs>"),
        "an error's code changed": _refusal(code="ResourceNotFound"),
        "an error's status changed": _refusal(status=400),
        "a status changed": _ask("scheduler", "ListSchedules", 201, {"Schedules": []}),
    }
    return [f"mutation: {name}: a good answer is refused: {found}" for name, found in good.items() if found] + [
        f"mutation: {name}: nothing is noticed" for name, found in bad.items() if not found
    ]
