"""State machines and their executions."""

import json
import time

_PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
_WAIT = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 60, "End": True}}}
_FAIL = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "Tired", "Cause": "late"}}}


def machines(suite):
    states = suite.client("stepfunctions")
    role = "arn:aws:iam::000000000000:role/states"
    suite.client("iam").create_role(
        RoleName="states",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}],
            }
        ),
    )
    tags = [{"key": "team", "value": "blue"}]
    make = {"roleArn": role, "definition": json.dumps(_PASS)}
    express = states.create_state_machine(name="express", **make, type="EXPRESS", tags=tags)["stateMachineArn"]
    standard = states.create_state_machine(name="standard", **{**make, "definition": json.dumps(_WAIT)})["stateMachineArn"]
    suite.fails("InvalidDefinition", states.create_state_machine, **{**make, "definition": "{}"}, name="wrong")
    suite.fails("InvalidName", states.create_state_machine, **make, name="not a name")
    described = states.describe_state_machine(stateMachineArn=express)
    suite.equal([described["type"], described["status"]], ["EXPRESS", "ACTIVE"], "stepfunctions: machine")
    absent = standard.replace("standard", "absent")
    suite.fails("StateMachineDoesNotExist", states.describe_state_machine, stateMachineArn=absent)
    listed = suite.pages("stepfunctions", "list_state_machines", "stateMachines")
    suite.equal([each["name"] for each in listed], ["express", "standard"], "stepfunctions: machines")
    suite.fails("InvalidToken", states.list_state_machines, nextToken="no token of ours")
    states.tag_resource(resourceArn=express, tags=[{"key": "stage", "value": "test"}])
    states.untag_resource(resourceArn=express, tagKeys=["team"])
    suite.equal(states.list_tags_for_resource(resourceArn=express)["tags"], [{"key": "stage", "value": "test"}], "stepfunctions: tags")
    suite.fails("ResourceNotFound", states.tag_resource, resourceArn=absent, tags=tags)
    suite.fails("ResourceNotFound", states.untag_resource, resourceArn=absent, tagKeys=["team"])
    suite.fails("ResourceNotFound", states.list_tags_for_resource, resourceArn=absent)
    valid = states.validate_state_machine_definition(definition=json.dumps(_PASS))
    suite.equal([valid["result"], valid["diagnostics"]], ["OK", []], "stepfunctions: a valid definition")
    wrong = states.validate_state_machine_definition(definition="{}")
    suite.check(wrong["result"] == "FAIL" and wrong["diagnostics"], f"stepfunctions: a wrong definition: {wrong}")
    suite.fails("ValidationException", states.validate_state_machine_definition, definition="{}", maxResults=101)
    _executions(suite, states, express, standard, absent)
    states.update_state_machine(stateMachineArn=standard, definition=json.dumps(_FAIL))
    suite.fails("StateMachineDoesNotExist", states.update_state_machine, stateMachineArn=absent, definition=json.dumps(_FAIL))
    states.delete_state_machine(stateMachineArn=standard)
    suite.fails("InvalidArn", states.delete_state_machine, stateMachineArn="no ARN")


def _executions(suite, states, express, standard, absent):
    sync = states.start_sync_execution(stateMachineArn=express, input='{"a":1}')
    suite.equal([sync["status"], sync["output"]], ["SUCCEEDED", '{"a":1}'], "stepfunctions: express")
    suite.fails("StateMachineTypeNotSupported", states.start_sync_execution, stateMachineArn=standard)
    suite.fails("InvalidExecutionInput", states.start_sync_execution, stateMachineArn=express, input="no JSON")
    arns = [states.start_execution(stateMachineArn=standard, name=name)["executionArn"] for name in ("first", "second")]
    suite.fails("StateMachineDoesNotExist", states.start_execution, stateMachineArn=absent)
    suite.fails("InvalidExecutionInput", states.start_execution, stateMachineArn=standard, input="no JSON")
    described = states.describe_execution(executionArn=arns[0])
    suite.equal([described["status"], described["name"]], ["RUNNING", "first"], "stepfunctions: execution")
    gone = arns[0].replace("first", "absent")
    suite.fails("ExecutionDoesNotExist", states.describe_execution, executionArn=gone)
    machine = states.describe_state_machine_for_execution(executionArn=arns[0])
    suite.equal(machine["stateMachineArn"], standard, "stepfunctions: machine of the execution")
    suite.fails("ExecutionDoesNotExist", states.describe_state_machine_for_execution, executionArn=gone)
    listed = suite.pages("stepfunctions", "list_executions", "executions", stateMachineArn=standard)
    suite.equal(sorted(each["name"] for each in listed), ["first", "second"], "stepfunctions: executions")
    suite.fails("StateMachineDoesNotExist", states.list_executions, stateMachineArn=absent)
    states.stop_execution(executionArn=arns[0], error="Stopped", cause="by the suite")
    suite.fails("ExecutionDoesNotExist", states.stop_execution, executionArn=gone)
    deadline = time.monotonic() + 5
    while states.describe_execution(executionArn=arns[0])["status"] == "RUNNING" and time.monotonic() < deadline:
        time.sleep(0.02)
    history = suite.pages("stepfunctions", "get_execution_history", "events", executionArn=arns[0])
    suite.equal(history[-1]["type"], "ExecutionAborted", "stepfunctions: last event")
    suite.fails("ExecutionDoesNotExist", states.get_execution_history, executionArn=gone)
    states.stop_execution(executionArn=arns[1])
