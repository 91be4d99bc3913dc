"""Stacks, their changes and what is told of them."""

import time

from world import TEMPLATES, network, removed, settled, stack

_BODY = (TEMPLATES / "stack.yaml").read_text()
_GONE = {"StackName": "absent"}


def _seconds(value):
    return [{"ParameterKey": "Seconds", "ParameterValue": str(value)}]


def lives(suite):
    cloudformation = suite.client("cloudformation")
    ours = {"StackName": "lives"}
    summary = cloudformation.get_template_summary(TemplateBody=_BODY)
    suite.equal(sorted(summary["ResourceTypes"]), ["AWS::SNS::Topic", "AWS::SQS::Queue"], "cloudformation: types")
    suite.fails("ValidationError", cloudformation.get_template_summary, TemplateBody="Resources: 5")
    valid = cloudformation.validate_template(TemplateBody=_BODY)
    suite.equal(valid["Parameters"][0]["ParameterKey"], "Seconds", "cloudformation: parameters")
    suite.fails("ValidationError", cloudformation.validate_template, TemplateBody="Resources: 5")
    stack(suite, "lives", "stack")
    suite.fails("AlreadyExistsException", cloudformation.create_stack, **ours, TemplateBody=_BODY)
    suite.fails("ValidationError", cloudformation.create_stack, StackName="not a name", TemplateBody=_BODY)
    described = cloudformation.describe_stacks(**ours)["Stacks"][0]
    suite.equal(described["StackStatus"], "CREATE_COMPLETE", "cloudformation: status")
    suite.fails("ValidationError", cloudformation.describe_stacks, **_GONE)
    listed = cloudformation.list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]
    suite.check("lives" in [each["StackName"] for each in listed], "cloudformation: the stack is not listed")
    suite.fails("ValidationError", cloudformation.list_stacks, StackStatusFilter=["ALIVE"])
    _resources(suite, cloudformation, ours)
    stack(suite, "importer", "importer", Exporter="lives")
    exports = cloudformation.list_exports()["Exports"]
    suite.check("lives-queue" in [each["Name"] for each in exports], "cloudformation: the export is not listed")
    suite.fails("ValidationError", cloudformation.list_exports, NextToken="no token of ours")
    suite.equal(cloudformation.list_imports(ExportName="lives-queue")["Imports"], ["importer"], "cloudformation: importers")
    suite.fails("ValidationError", cloudformation.list_imports, ExportName="absent")
    removed(suite, "importer")
    cloudformation.update_stack(**ours, UsePreviousTemplate=True, Parameters=_seconds(45))
    settled(suite, "lives", "stack_update_complete")
    suite.fails("ValidationError", cloudformation.update_stack, **ours, UsePreviousTemplate=True, Parameters=_seconds(45))
    suite.fails("ValidationError", cloudformation.cancel_update_stack, **ours)
    suite.fails("ValidationError", cloudformation.continue_update_rollback, **ours)
    _change_sets(suite, cloudformation, ours)
    cloudformation.update_termination_protection(**ours, EnableTerminationProtection=True)
    suite.fails("ValidationError", cloudformation.update_termination_protection, **_GONE, EnableTerminationProtection=True)
    suite.fails("ValidationError", cloudformation.delete_stack, **ours)
    cloudformation.update_termination_protection(**ours, EnableTerminationProtection=False)
    removed(suite, "lives")


def _resources(suite, cloudformation, ours):
    events = cloudformation.describe_stack_events(**ours)["StackEvents"]
    suite.equal(events[0]["ResourceStatus"], "CREATE_COMPLETE", "cloudformation: last event")
    suite.fails("ValidationError", cloudformation.describe_stack_events, **_GONE)
    told = cloudformation.describe_events(**ours)["OperationEvents"]
    suite.check(len(told) > 0, "cloudformation: no events of the operation")
    suite.fails("ValidationError", cloudformation.describe_events, **_GONE)
    queue = cloudformation.describe_stack_resource(**ours, LogicalResourceId="Queue")["StackResourceDetail"]
    suite.equal(queue["ResourceType"], "AWS::SQS::Queue", "cloudformation: resource")
    suite.fails("ValidationError", cloudformation.describe_stack_resource, **ours, LogicalResourceId="Absent")
    suite.equal(len(cloudformation.describe_stack_resources(**ours)["StackResources"]), 2, "cloudformation: resources")
    suite.fails("ValidationError", cloudformation.describe_stack_resources, **_GONE)
    suite.equal(len(cloudformation.list_stack_resources(**ours)["StackResourceSummaries"]), 2, "cloudformation: listed")
    suite.fails("ValidationError", cloudformation.list_stack_resources, **_GONE)
    suite.equal(cloudformation.get_template(**ours)["TemplateBody"], _BODY, "cloudformation: template")
    suite.fails("ValidationError", cloudformation.get_template, **_GONE)


def _change_sets(suite, cloudformation, ours):
    change = {**ours, "UsePreviousTemplate": True}
    for name, value in (("longer", 50), ("shorter", 10)):
        cloudformation.create_change_set(**change, ChangeSetName=name, Parameters=_seconds(value))
        waiter = cloudformation.get_waiter("change_set_create_complete")
        waiter.wait(**ours, ChangeSetName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 100})
    suite.fails("AlreadyExistsException", cloudformation.create_change_set, **change, ChangeSetName="longer", Parameters=_seconds(51))
    listed = cloudformation.list_change_sets(**ours)["Summaries"]
    suite.equal(sorted(each["ChangeSetName"] for each in listed), ["longer", "shorter"], "cloudformation: change sets")
    suite.fails("ValidationError", cloudformation.list_change_sets, **_GONE)
    described = cloudformation.describe_change_set(**ours, ChangeSetName="longer")
    resource = described["Changes"][0]["ResourceChange"]
    suite.equal([resource["LogicalResourceId"], resource["Replacement"]], ["Queue", "False"], "cloudformation: change")
    suite.fails("ChangeSetNotFound", cloudformation.describe_change_set, **ours, ChangeSetName="absent")
    cloudformation.delete_change_set(**ours, ChangeSetName="shorter")
    suite.fails("ValidationError", cloudformation.delete_change_set, **_GONE, ChangeSetName="shorter")
    cloudformation.execute_change_set(**ours, ChangeSetName="longer")
    settled(suite, "lives", "stack_update_complete")
    suite.fails("ChangeSetNotFound", cloudformation.execute_change_set, **ours, ChangeSetName="absent")


def signals(suite):
    cloudformation, place = suite.client("cloudformation"), network(suite, "waiting-network")
    parameters = [{"ParameterKey": key, "ParameterValue": place[key]} for key in ("SubnetIds", "GroupId")]
    body = (TEMPLATES / "waiting.yaml").read_text()
    cloudformation.create_stack(StackName="waiting", TemplateBody=body, Parameters=parameters)
    ours = {"StackName": "waiting"}
    signal = {**ours, "LogicalResourceId": "Instance", "UniqueId": "one", "Status": "SUCCESS"}
    _until(suite, ours, "Instance", "CREATE_IN_PROGRESS")
    _signal(suite, signal)
    suite.fails("ValidationError", cloudformation.signal_resource, **{**signal, "LogicalResourceId": "Absent"})
    settled(suite, "waiting", "stack_create_complete")
    wanted = [*parameters, {"ParameterKey": "Kind", "ParameterValue": "t3.small"}]
    cloudformation.update_stack(**ours, TemplateBody=body, Parameters=wanted)
    cloudformation.cancel_update_stack(**ours)
    _status(suite, ours, "UPDATE_ROLLBACK_COMPLETE")
    _stuck(suite, ours, body, wanted, signal)
    removed(suite, "waiting")


def _stuck(suite, ours, body, wanted, signal):
    """An update whose rollback fails, because somebody deleted the queue that it would change back."""
    cloudformation = suite.client("cloudformation")
    cloudformation.update_stack(**ours, TemplateBody=body, Parameters=wanted + _seconds(45))
    _until(suite, ours, "Queue", "UPDATE_COMPLETE")
    sqs = suite.client("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="conformance-waiting")["QueueUrl"])
    _signal(suite, {**signal, "Status": "FAILURE", "UniqueId": "two"})
    _status(suite, ours, "UPDATE_ROLLBACK_FAILED")
    cloudformation.continue_update_rollback(**ours, ResourcesToSkip=["Queue"])
    _status(suite, ours, "UPDATE_ROLLBACK_COMPLETE")


def _signal(suite, signal):
    """Sends a signal, again where the resource does not wait for it yet."""
    cloudformation, deadline = suite.client("cloudformation"), time.monotonic() + 20
    while True:
        try:
            cloudformation.signal_resource(**signal)
            return
        except cloudformation.exceptions.ClientError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _status(suite, ours, wanted):
    deadline = time.monotonic() + 20
    while _now(suite, ours) != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    suite.equal(_now(suite, ours), wanted, "cloudformation: status")


def _now(suite, ours):
    return suite.client("cloudformation").describe_stacks(**ours)["Stacks"][0]["StackStatus"]


def _until(suite, ours, logical, wanted):
    cloudformation, deadline = suite.client("cloudformation"), time.monotonic() + 20
    while time.monotonic() < deadline:
        events = cloudformation.describe_stack_events(**ours)["StackEvents"]
        if any(each["LogicalResourceId"] == logical and each["ResourceStatus"] == wanted for each in events):
            return
        time.sleep(0.05)
    suite.check(False, f"cloudformation: {logical} was never {wanted}")
