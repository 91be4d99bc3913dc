"""What scenarios need around them: stacks, images and code."""

import hashlib
import io
import json
import tarfile
import urllib.request
import zipfile
from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"


def stack(suite, name, template, **parameters):
    """Creates a stack from one of the templates here and gives its outputs."""
    cloudformation = suite.client("cloudformation")
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=(TEMPLATES / f"{template}.yaml").read_text(),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    return settled(suite, name, "stack_create_complete")


def settled(suite, name, waiter):
    """Waits for a stack and gives its outputs; where it fails, the first reason is the suite's complaint."""
    cloudformation = suite.client("cloudformation")
    try:
        cloudformation.get_waiter(waiter).wait(StackName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})
    except Exception as error:
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        failed = [each for each in events[::-1] if each["ResourceStatus"].endswith("FAILED")]
        raise RuntimeError(f"stack {name}: {error}: {failed[0]['ResourceStatusReason'] if failed else events[0]}") from error
    outputs = cloudformation.describe_stacks(StackName=name)["Stacks"][0].get("Outputs", [])
    return {each["OutputKey"]: each["OutputValue"] for each in outputs}


def removed(suite, name):
    """Deletes a stack with all that is in it."""
    suite.client("cloudformation").delete_stack(StackName=name)
    settled_name = suite.client("cloudformation").get_waiter("stack_delete_complete")
    settled_name.wait(StackName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})


def network(suite, name):
    """A VPC of a scenario's own, as parameters of other templates."""
    return stack(suite, name, "network")


def code(suite):
    """The zip of a function that answers with its event."""
    script = f"#!/bin/sh\nexec {suite.fixture} bootstrap\n"
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr(entry, script)
    return whole.getvalue()


def image(suite, repository):
    """Makes a repository, pushes the image of a web service into it and gives the reference."""
    ecr = suite.client("ecr")
    uri = ecr.create_repository(repositoryName=repository)["repository"]["repositoryUri"]
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    script = f"#!/bin/sh\nexec {suite.fixture} container\n".encode()
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        entry = tarfile.TarInfo("app")
        entry.mode, entry.size = 0o755, len(script)
        archive.addfile(entry, io.BytesIO(script))
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Entrypoint": ["/app"]}}).encode()

    def push(method, path, body, kind):
        headers = {"Authorization": f"Basic {token}", "Content-Type": kind}
        request = urllib.request.Request(f"{suite.endpoint}/v2/{repository}/{path}", data=body, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=10):
            return

    def descriptor(kind, content):
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": digest(content), "size": len(content)}

    for blob in (layer.getvalue(), config):
        push("POST", f"blobs/uploads/?digest={digest(blob)}", blob, "application/octet-stream")
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = {"schemaVersion": 2, "mediaType": kind, "config": descriptor("config.v1+json", config)}
    manifest["layers"] = [descriptor("layer.v1.tar", layer.getvalue())]
    push("PUT", "manifests/v1", json.dumps(manifest).encode(), kind)
    return f"{uri}:v1"


def digest(content):
    """The digest of bytes as registries write it."""
    return "sha256:" + hashlib.sha256(content).hexdigest()
