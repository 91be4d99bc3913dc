"""Which resource types a cloud creates: every template of ours, without what the cloud says it does not know.

Called with the endpoint. Writes JSON to stdout: by type, `created`, or why not."""

import json
import re
import sys
import time
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "crates/xtask/scripts"))

from filling import PARAMETERS  # noqa: E402
from templates import load  # noqa: E402

UNKNOWN = re.compile(r"Unrecognized resource types: \[(.*?)\]")
# A stack that takes longer hangs; both clouds finish within seconds.
PATIENCE = 60
# What a template wants and no stack before it gives.
GIVEN = {
    "Domain": "",
    "ImageUri": "000000000000.dkr.ecr.us-east-1.amazonaws.com/program:tag",
    "OriginUrl": "http://127.0.0.1:1",
    "OriginPrivateUrl": "http://127.0.0.1:1",
    "Principal": "arn:aws:iam::000000000000:role/caller",
}


def names(value):
    """The logical IDs and parameters that a value refers to."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref":
                yield inner
            elif key == "Fn::GetAtt":
                yield inner[0] if isinstance(inner, list) else inner.split(".")[0]
            elif key == "Fn::Sub":
                text = inner[0] if isinstance(inner, list) else inner
                yield from (name.split(".")[0] for name in re.findall(r"\$\{([^!}][^}]*)\}", text))
                yield from names(inner[1:] if isinstance(inner, list) else [])
            elif key == "DependsOn":
                yield from inner if isinstance(inner, list) else [inner]
            else:
                yield from names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names(inner)


def without(template, gone):
    """The template without some of its resources and what refers to them, and all that went."""
    gone = set(gone)
    while True:
        more = {
            name
            for name, resource in template["Resources"].items()
            if name not in gone and gone & set(names(resource))
        }
        if not more:
            break
        gone |= more
    outputs = {
        name: output for name, output in template.get("Outputs", {}).items() if not gone & set(names(output))
    }
    rest = {name: resource for name, resource in template["Resources"].items() if name not in gone}
    return {**template, "Resources": rest, "Outputs": outputs}


class Cloud:
    def __init__(self, endpoint):
        self.client = boto3.client(
            "cloudformation",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self.outputs = {}
        self.verdicts = {}

    def say(self, kind, verdict):
        """What was created once can be created; of what was not, the first reason is kept."""
        if verdict == "created" or kind not in self.verdicts:
            self.verdicts[kind] = verdict

    def parameters(self, template):
        for name, parameter in template.get("Parameters", {}).items():
            for known in (self.outputs, GIVEN, PARAMETERS):
                if name in known:
                    yield {"ParameterKey": name, "ParameterValue": known[name]}
                    break
            else:
                if "Default" not in parameter:
                    yield {"ParameterKey": name, "ParameterValue": "x" * parameter.get("MinLength", 1)}

    def create(self, stack, template):
        """Creates what can be created of a template; what the cloud refuses or fails at is told and left out."""
        body = template
        # Each turn leaves out at least one resource.
        for turn in range(len(template["Resources"])):
            if not body["Resources"]:
                return
            try:
                failed = self.attempt(f"{stack}-{turn}", body)
            except ClientError as error:
                message = error.response["Error"]["Message"]
                unknown = UNKNOWN.search(message)
                if not unknown:
                    raise
                kinds = set(unknown[1].split(", "))
                failed = {
                    name: "refused: unknown there"
                    for name, resource in body["Resources"].items()
                    if resource["Type"] in kinds
                }
            for name, reason in failed.items():
                self.say(body["Resources"][name]["Type"], reason)
            if not failed:
                return
            body = without(body, failed)
        raise RuntimeError(f"{stack} leaves nothing out and still fails")

    def attempt(self, stack, body):
        """Creates a stack; gives what failed by logical ID, and keeps the outputs where nothing did."""
        self.client.create_stack(
            StackName=stack,
            TemplateBody=json.dumps(body),
            Parameters=list(self.parameters(body)),
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        )
        end = time.monotonic() + PATIENCE
        while True:
            told = self.client.describe_stacks(StackName=stack)["Stacks"][0]
            if not told["StackStatus"].endswith("_IN_PROGRESS"):
                break
            if time.monotonic() > end:
                raise TimeoutError(f"{stack} is {told['StackStatus']} after {PATIENCE} s")
            time.sleep(0.1)
        failed = {}
        for event in self.client.describe_stack_events(StackName=stack)["StackEvents"]:
            kind, name = event["ResourceType"], event["LogicalResourceId"]
            if kind == "AWS::CloudFormation::Stack":
                continue
            if event["ResourceStatus"] == "CREATE_COMPLETE":
                self.say(kind, "created")
            elif event["ResourceStatus"] == "CREATE_FAILED" and "cancelled" not in event["ResourceStatusReason"]:
                failed[name] = f"failed: {event['ResourceStatusReason']}"
        if told["StackStatus"] == "CREATE_COMPLETE":
            self.outputs |= {one["OutputKey"]: one["OutputValue"] for one in told.get("Outputs", [])}
        elif not failed:
            raise RuntimeError(f"{stack} is {told['StackStatus']}: {told.get('StackStatusReason')}")
        return failed


def main(endpoint):
    cloud = Cloud(endpoint)
    folders = [ROOT / "templates/foundation", ROOT / "templates/variants"]
    waiting = [file for folder in folders for file in sorted(folder.glob("*.yaml"))]
    # What others take values from comes first, and the network before what lies in it.
    waiting.sort(key=lambda file: (file.parent.name != "foundation", file.stem != "network", file.stem))
    for file in waiting:
        cloud.create(f"{file.parent.name}-{file.stem}", load(file))
    print(json.dumps(cloud.verdicts, indent=1, sort_keys=True))


main(sys.argv[1])
