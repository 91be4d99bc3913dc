"""The AWS CLI, for what boto3 does not show: its pages, waiters, transfers, queries and skeletons."""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from world import TEMPLATES

# Above the size from which the CLI sends files in parts.
_LARGE = 9 * 1024 * 1024


def commands(suite):
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(4) as pool:
        scenarios = [_transfer, _synchronise, _wait, _page, _skeleton]
        for scenario in [pool.submit(each, suite, Path(folder)) for each in scenarios]:
            scenario.result(timeout=120)


def _aws(suite, *arguments):
    """Runs the CLI; what it prints, or a complaint and nothing."""
    command = [sys.executable, "-m", "awscli", "--endpoint-url", suite.endpoint, "--region", "us-east-1", *arguments]
    own = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": ""}
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, env={**os.environ, **own}, check=False)
    suite.check(done.returncode == 0, f"aws {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def _transfer(suite, folder):
    s3 = suite.client("s3")
    s3.create_bucket(Bucket="cli-files")
    (folder / "large").write_bytes(os.urandom(_LARGE))
    _aws(suite, "s3", "cp", str(folder / "large"), "s3://cli-files/large")
    head = s3.head_object(Bucket="cli-files", Key="large")
    suite.check(head["ETag"].endswith('-2"'), f"aws s3 cp: the ETag {head['ETag']} is not that of two parts")
    _aws(suite, "s3", "cp", "s3://cli-files/large", str(folder / "back"))
    back = folder / "back"
    suite.check(back.exists() and back.read_bytes() == (folder / "large").read_bytes(), "aws s3 cp: other bytes came back")


def _synchronise(suite, folder):
    suite.client("s3").create_bucket(Bucket="cli-folders")
    here, there = folder / "here", folder / "there"
    (here / "deep").mkdir(parents=True)
    for name in ("a", "deep/b c+d"):
        (here / name).write_text(name)
    _aws(suite, "s3", "sync", str(here), "s3://cli-folders/x")
    _aws(suite, "s3", "sync", "s3://cli-folders/x", str(there))
    got = {str(path.relative_to(there)): path.read_text() for path in there.rglob("*") if path.is_file()}
    suite.equal(got, {"a": "a", "deep/b c+d": "deep/b c+d"}, "aws s3 sync")


def _wait(suite, _folder):
    cloudformation = suite.client("cloudformation")
    cloudformation.create_stack(StackName="cli", TemplateBody=(TEMPLATES / "stack.yaml").read_text())
    _aws(suite, "cloudformation", "wait", "stack-create-complete", "--stack-name", "cli")
    query = "Stacks[0].Outputs[?OutputKey=='QueueUrl'].ExportName"
    asked = ("describe-stacks", "--stack-name", "cli", "--query", query, "--output", "text")
    suite.equal(_aws(suite, "cloudformation", *asked).strip(), "cli-queue", "aws --query")
    cloudformation.delete_stack(StackName="cli")
    _aws(suite, "cloudformation", "wait", "stack-delete-complete", "--stack-name", "cli")


def _page(suite, _folder):
    sqs = suite.client("sqs")
    for number in range(3):
        sqs.create_queue(QueueName=f"paged-{number}")
    asked = ("sqs", "list-queues", "--queue-name-prefix", "paged-", "--page-size", "1", "--max-items", "2")
    first = json.loads(_aws(suite, *asked) or "{}")
    suite.equal(len(first.get("QueueUrls", [])), 2, "aws --max-items")
    rest = json.loads(_aws(suite, *asked, "--starting-token", first.get("NextToken", "")) or "{}")
    names = [url.rsplit("/", 1)[1] for url in first.get("QueueUrls", []) + rest.get("QueueUrls", [])]
    suite.equal(names, ["paged-0", "paged-1", "paged-2"], "aws --starting-token")


def _skeleton(suite, folder):
    skeleton = json.loads(_aws(suite, "sns", "create-topic", "--generate-cli-skeleton") or "{}")
    suite.check({"Name", "Attributes", "Tags"} <= set(skeleton), f"aws --generate-cli-skeleton: {skeleton}")
    request = folder / "topic.json"
    request.write_text(json.dumps({"Name": "cli-topic", "Tags": [{"Key": "team", "Value": "blue"}]}))
    made = json.loads(_aws(suite, "sns", "create-topic", "--cli-input-json", f"file://{request}") or "{}")
    suite.check(made.get("TopicArn", "").endswith(":cli-topic"), f"aws --cli-input-json: {made}")
