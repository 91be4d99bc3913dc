"""Falsifies good answers: the comparison with the model has to notice each falsification, or the suite proves nothing."""

import json

from botocore.parsers import create_parser

from discovery import load
from shapes import deviations, error_deviations
from verdict import Verdict


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


def _judged(known=None, **change):
    """What is said of a service with one operation that is called with success and refused, but for the changes."""
    finding = {"successes": {"sts.AssumeRole": 1}, "errors": {"sts.AssumeRole": {"AccessDenied"}}, "paged": set(), "complaints": []}
    served = {"sts": {"served": ["AssumeRole"], "of": 1}}
    return Verdict(served, [{**finding, **change}], known or {}).judge()


def unnoticed():
    """A sentence for each falsification that went unnoticed, and for each good answer that did not pass."""
    good = {"schedules": _schedules(), "stacks": _stacks(), "refusal": _refusal(), "suite": _judged()}
    gone = {"operation": "sts.AssumeRole", "finding": "status 201 instead of 200"}
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
        "a case of success left out": _judged(successes={}),
        "a case of refusal left out": _judged(errors={}),
        "a call of what is not discovered": _judged(successes={"sts.AssumeRole": 1, "sts.GetSessionToken": 1}),
        "a deviation": _judged(complaints=["sts.AssumeRole: status 202 instead of 200"]),
        "a known difference that is gone": _judged(known={"difference": [gone]}),
        "a status changed": _ask("scheduler", "ListSchedules", 201, {"Schedules": []}),
    }
    return [f"mutation: {name}: a good answer is refused: {found}" for name, found in good.items() if found] + [
        f"mutation: {name}: nothing is noticed" for name, found in bad.items() if not found
    ]
