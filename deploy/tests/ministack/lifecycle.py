"""A stack's whole life at a cloud, as boto3 sees it. Called with the endpoint; writes a JSON object of observations to
stdout, in which names, IDs and times that differ from cloud to cloud do not occur."""

import json
import re
import sys
import time

import boto3
from botocore.exceptions import ClientError

STACK = "life"
# A stack that takes longer hangs; both clouds finish within seconds.
PATIENCE = 60

TEMPLATE = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Parameters": {
        "Delay": {"Type": "Number", "Default": 30, "MinValue": 0, "MaxValue": 43200},
        "Label": {"Type": "String", "Default": "first", "AllowedValues": ["first", "second"]},
    },
    "Resources": {
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "VisibilityTimeout": {"Ref": "Delay"},
                "Tags": [{"Key": "label", "Value": {"Ref": "Label"}}],
            },
        },
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Label"}}},
    },
    "Outputs": {
        "QueueArn": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}, "Export": {"Name": "life-queue"}},
        "Label": {"Value": {"Ref": "Label"}},
    },
}
# The name of such a queue must end in .fifo.
FAILING = {
    "Type": "AWS::SQS::Queue",
    "DependsOn": "Queue",
    "Properties": {"QueueName": "no-suffix", "FifoQueue": True},
}
IMPORTING = {
    "Resources": {
        "Parameter": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Value": {"Fn::ImportValue": "life-queue"}},
        }
    }
}
ROLE = {
    "Resources": {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "lambda.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                }
            },
        }
    }
}


class Life:
    def __init__(self, endpoint):
        def client(service):
            return boto3.client(
                service,
                endpoint_url=endpoint,
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )

        self.stacks = client("cloudformation")
        self.sqs = client("sqs")
        self.seen = {}

    def refusal(self, step, call, **arguments):
        """Keeps the code with which a call is refused, or what it gave."""
        try:
            call(**arguments)
            self.seen[step] = "accepted"
        except ClientError as error:
            self.seen[step] = error.response["Error"]["Code"]

    def settled(self, stack=STACK):
        """The status that a stack comes to."""
        end = time.monotonic() + PATIENCE
        while True:
            status = self.described(stack)["StackStatus"]
            if not status.endswith("_IN_PROGRESS") or status == "REVIEW_IN_PROGRESS":
                return status
            if time.monotonic() > end:
                raise TimeoutError(f"{stack} is {status} after {PATIENCE} s")
            time.sleep(0.05)

    def described(self, stack=STACK):
        return self.stacks.describe_stacks(StackName=stack)["Stacks"][0]

    def change_set(self, name, template, parameters, kind="UPDATE"):
        """Makes a change set; gives its status and what it would do."""
        self.stacks.create_change_set(
            StackName=STACK,
            ChangeSetName=name,
            ChangeSetType=kind,
            TemplateBody=json.dumps(template),
            Parameters=parameters,
        )
        end = time.monotonic() + PATIENCE
        while True:
            told = self.stacks.describe_change_set(StackName=STACK, ChangeSetName=name)
            if told["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
                break
            if time.monotonic() > end:
                raise TimeoutError(f"change set {name} is {told['Status']}")
            time.sleep(0.05)
        changes = sorted(
            [
                change["ResourceChange"]["Action"],
                change["ResourceChange"]["LogicalResourceId"],
                change["ResourceChange"]["ResourceType"],
                change["ResourceChange"].get("Replacement"),
                sorted(change["ResourceChange"].get("Scope", [])),
            ]
            for change in told.get("Changes", [])
        )
        self.seen[f"change set {name}: status"] = [told["Status"], told.get("ExecutionStatus")]
        self.seen[f"change set {name}: changes"] = changes
        return told

    def execute(self, name):
        self.stacks.execute_change_set(StackName=STACK, ChangeSetName=name)
        status = self.settled()
        self.seen[f"change set {name}: executed"] = status

    def timeout(self):
        """The queue's own word for what the parameter sets."""
        listed = self.stacks.describe_stack_resource(StackName=STACK, LogicalResourceId="Queue")
        url = listed["StackResourceDetail"]["PhysicalResourceId"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
        return attributes["Attributes"]["VisibilityTimeout"]

    def statuses(self, stack=STACK):
        """What each resource went through, in order, without what comes in between."""
        events = self.stacks.describe_stack_events(StackName=stack)["StackEvents"]
        told = {}
        for event in reversed(events):
            told.setdefault(event["LogicalResourceId"], []).append(event["ResourceStatus"])
        return told

    def resources(self):
        return sorted(
            [one["LogicalResourceId"], one["ResourceStatus"]]
            for one in self.stacks.describe_stack_resources(StackName=STACK)["StackResources"]
        )

    def live(self):
        self.create()
        self.update()
        self.roll_back()
        self.refuse()
        self.protect()
        self.imports()
        self.end()
        return self.seen

    def create(self):
        self.change_set("create", TEMPLATE, [], "CREATE")
        self.seen["in review"] = self.described()["StackStatus"]
        self.execute("create")
        told = self.described()
        self.seen["created: parameters"] = sorted(
            [one["ParameterKey"], one["ParameterValue"]] for one in told["Parameters"]
        )
        self.seen["created: outputs"] = sorted(
            [one["OutputKey"], one.get("ExportName")] for one in told["Outputs"]
        )
        self.seen["created: timeout"] = self.timeout()
        self.seen["created: events"] = self.statuses()
        self.seen["created: template"] = (
            json.loads(json.dumps(self.stacks.get_template(StackName=STACK)["TemplateBody"])) == TEMPLATE
        )

    def update(self):
        previous = {"ParameterKey": "Label", "UsePreviousValue": True}
        self.change_set("one", TEMPLATE, [{"ParameterKey": "Delay", "ParameterValue": "60"}, previous])
        self.execute("one")
        self.seen["updated: timeout"] = self.timeout()
        both = [{"ParameterKey": name, "UsePreviousValue": True} for name in ("Delay", "Label")]
        told = self.change_set("nothing", TEMPLATE, both)
        self.seen["change set nothing: reason"] = told["StatusReason"].split(".")[0]
        self.refusal("update with nothing", self.stacks.update_stack, StackName=STACK, UsePreviousTemplate=True, Parameters=both)
        label = [{"ParameterKey": "Label", "ParameterValue": "second"}, {**previous, "ParameterKey": "Delay"}]
        self.change_set("label", TEMPLATE, label)
        self.execute("label")
        self.seen["change sets listed"] = sorted(
            one["ChangeSetName"] for one in self.stacks.list_change_sets(StackName=STACK)["Summaries"]
        )
        renamed = json.loads(json.dumps(TEMPLATE))
        renamed["Resources"]["Topic"]["Properties"]["TopicName"] = "life-renamed"
        renamed["Resources"]["Second"] = {"Type": "AWS::SQS::Queue"}
        self.change_set("replace", renamed, both)
        self.stacks.delete_change_set(StackName=STACK, ChangeSetName="replace")
        self.refusal(
            "deleted change set", self.stacks.describe_change_set, StackName=STACK, ChangeSetName="replace"
        )

    def roll_back(self):
        failing = json.loads(json.dumps(TEMPLATE))
        failing["Resources"]["Failing"] = FAILING
        previous = {"ParameterKey": "Label", "UsePreviousValue": True}
        self.stacks.update_stack(
            StackName=STACK,
            TemplateBody=json.dumps(failing),
            Parameters=[{"ParameterKey": "Delay", "ParameterValue": "90"}, previous],
        )
        self.seen["failed update: status"] = self.settled()
        self.seen["failed update: timeout"] = self.timeout()
        self.seen["failed update: resources"] = self.resources()
        self.stacks.create_stack(StackName="fails", TemplateBody=json.dumps({**failing, "Outputs": {}}))
        self.seen["failed create: status"] = self.settled("fails")
        self.seen["failed create: last"] = {
            name: statuses[-1] for name, statuses in self.statuses("fails").items()
        }
        self.refusal(
            "update of what failed",
            self.stacks.update_stack,
            StackName="fails",
            TemplateBody=json.dumps(TEMPLATE),
        )
        self.stacks.delete_stack(StackName="fails")
        self.stacks.create_stack(
            StackName="kept", TemplateBody=json.dumps({**failing, "Outputs": {}}), OnFailure="DO_NOTHING"
        )
        self.seen["failed create, kept: status"] = self.settled("kept")
        self.stacks.delete_stack(StackName="kept")

    def creation(self, step, template, parameters=(), stack=None):
        """Keeps the code with which a new stack is refused; one that is not refused is deleted."""
        stack = stack or re.sub("[^a-z]", "-", step)
        arguments = {
            "StackName": stack,
            "TemplateBody": template if isinstance(template, str) else json.dumps(template),
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters],
        }
        self.refusal(step, self.stacks.create_stack, **arguments)
        if self.seen[step] == "accepted":
            self.seen[step] = f"accepted, then {self.settled(stack)}"
            self.stacks.delete_stack(StackName=stack)
            self.gone(stack)

    def refuse(self):
        self.creation("create again", TEMPLATE, stack=STACK)
        self.creation("a name with an underscore", TEMPLATE, stack="a_b")
        self.creation("without capability", ROLE)
        self.creation("a parameter that the template lacks", TEMPLATE, [("Other", "x")])
        self.creation("a value that is not allowed", TEMPLATE, [("Label", "third")])
        self.creation("a number above its bound", TEMPLATE, [("Delay", "43201")])
        self.creation("a word for a number", TEMPLATE, [("Delay", "long")])

        def topic(**properties):
            return {"Resources": {"Only": {"Type": "AWS::SNS::Topic", "Properties": properties}}}

        self.creation("an unknown type", {"Resources": {"Only": {"Type": "AWS::SNS::Topik"}}})
        self.creation("an unknown property", topic(TopicColour="blue"))
        self.creation("a reference to nothing", topic(DisplayName={"Ref": "No"}))
        self.creation("an attribute of nothing", topic(DisplayName={"Fn::GetAtt": ["No", "Arn"]}))
        self.creation("an unknown attribute", {
            "Resources": {
                "Queue": {"Type": "AWS::SQS::Queue"},
                **topic(DisplayName={"Fn::GetAtt": ["Queue", "Colour"]})["Resources"],
            }
        })
        self.creation("a dependency on nothing", {
            "Resources": {"Only": {"Type": "AWS::SNS::Topic", "DependsOn": "No"}}
        })
        self.creation("a circle", {
            "Resources": {
                "One": {"Type": "AWS::SNS::Topic", "DependsOn": "Other"},
                "Other": {"Type": "AWS::SNS::Topic", "DependsOn": "One"},
            }
        })
        self.creation("an import of nothing", topic(DisplayName={"Fn::ImportValue": "nobody-exports"}))
        self.creation("no resources", {"Resources": {}})
        self.creation("no template", "just text")
        body = json.dumps(TEMPLATE)
        self.refusal("no such stack", self.stacks.describe_stacks, StackName="nobody")
        self.refusal("events of no stack", self.stacks.describe_stack_events, StackName="nobody")
        self.refusal("update of no stack", self.stacks.update_stack, StackName="nobody", TemplateBody=body)
        self.refusal("deletion of no stack", self.stacks.delete_stack, StackName="nobody")
        self.refusal(
            "a change set of no stack",
            self.stacks.create_change_set,
            StackName="nobody",
            ChangeSetName="one",
            TemplateBody=body,
        )

    def protect(self):
        protect = self.stacks.update_termination_protection
        protect(StackName=STACK, EnableTerminationProtection=True)
        self.seen["protected"] = self.described()["EnableTerminationProtection"]
        self.refusal("deletion of a protected stack", self.stacks.delete_stack, StackName=STACK)
        self.seen["protected: status"] = self.settled()
        protect(StackName=STACK, EnableTerminationProtection=False)

    def imports(self):
        self.stacks.create_stack(StackName="imports", TemplateBody=json.dumps(IMPORTING))
        self.seen["importing: status"] = self.settled("imports")
        self.seen["imports"] = self.stacks.list_imports(ExportName="life-queue")["Imports"]
        self.seen["exports"] = [one["Name"] for one in self.stacks.list_exports()["Exports"]]
        self.refusal("deletion of what is imported", self.stacks.delete_stack, StackName=STACK)
        self.seen["deletion of what is imported: status"] = self.settled()
        self.stacks.delete_stack(StackName="imports")
        self.gone("imports")
        self.creation("an export that is taken", {
            "Resources": {"Only": {"Type": "AWS::SNS::Topic"}},
            "Outputs": {"Other": {"Value": "x", "Export": {"Name": "life-queue"}}},
        })

    def gone(self, stack):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                self.described(stack)
            except ClientError:
                return
            time.sleep(0.05)
        raise TimeoutError(f"{stack} is still there")

    def end(self):
        arn = self.described()["StackId"]
        self.stacks.delete_stack(StackName=STACK)
        self.gone(STACK)
        self.seen["deleted: by its ARN"] = self.described(arn)["StackStatus"]
        self.seen["deleted: last"] = {
            name: statuses[-1] for name, statuses in self.statuses(arn).items()
        }
        self.refusal("deletion again", self.stacks.delete_stack, StackName=STACK)
        self.seen["left: queues"] = len(self.sqs.list_queues().get("QueueUrls", []))
        left = self.stacks.list_stacks()["StackSummaries"]
        self.seen["left: stacks"] = sorted(
            {one["StackName"] for one in left if one["StackStatus"] != "DELETE_COMPLETE"}
        )


print(json.dumps(Life(sys.argv[1]).live(), indent=1))
