"""Asks a running cloud, as boto3 and the AWS CLI, whether it answers as AWS's API models say.

Called with the endpoint of a cloud to be asked, the endpoint of another one that is only probed for what it serves, the
program that stands for users' functions, and the file for the facts. Prints what is wrong, one sentence a line, and ends
with 1 where there is something.
"""

import importlib
import json
import os
import sys
import time
import traceback
import urllib.request
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import tomllib

from discovery import discover
from mutations import unnoticed
from recorder import Suite
from verdict import Verdict

HERE = Path(__file__).parent
# The slowest ones first, so that they do not end last.
SLOW = ["cli", "s3", "ecs", "functions", "apprunner", "cloudformation"]


def scenarios():
    """Names of the modules with scenarios."""
    names = sorted(path.stem for path in (HERE / "services").glob("*.py"))
    return sorted(names, key=lambda name: SLOW.index(name) if name in SLOW else len(SLOW))


def ask(name, endpoint, fixture, documented):
    """Runs the scenarios of a module, each of its public functions, in a process of their own."""
    started = time.monotonic()
    suite = Suite(endpoint, documented, fixture)
    module = importlib.import_module(f"services.{name}")
    functions = [each for each in vars(module).values() if getattr(each, "__module__", "") == module.__name__]
    for function in functions:
        if function.__name__.startswith("_"):
            continue
        try:
            function(suite)
        except Exception:  # Whatever ends a scenario is a finding about the cloud or about the suite.
            where = "".join(traceback.format_exc().strip().splitlines(keepends=True)[-12:])
            suite.complaints.append(f"{name}.{function.__name__}: ended early\n{where}")
    return name, suite.findings(), time.monotonic() - started


def main(endpoint, probed, fixture, facts):
    # Pools of workers and credentials are this suite's own business, not the environment's.
    for variable in [each for each in os.environ if each.startswith("AWS_")]:
        del os.environ[variable]
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null"
    known = tomllib.loads((HERE / "known.toml").read_text())
    complaints = unnoticed()
    with urllib.request.urlopen(f"{probed}/_local/services", timeout=10) as answer:
        names = json.load(answer)["services"]
    with ProcessPoolExecutor(4, mp_context=get_context("fork")) as pool:
        discovery = pool.submit(discover, probed, names)
        asked = [pool.submit(ask, name, endpoint, fixture, known.get("documented", {})) for name in scenarios()]
        findings = [each.result(timeout=300) for each in asked]
        served, misnamed = discovery.result(timeout=60)
    verdict = Verdict(served, [finding for _, finding, _ in findings], known)
    complaints += misnamed + verdict.judge()
    Path(facts).parent.mkdir(parents=True, exist_ok=True)
    Path(facts).write_text(verdict.facts())
    slowest = sorted(findings, key=lambda each: -each[2])[:5]
    operations = sum(len(each["served"]) for each in served.values())
    times = ", ".join(f"{name} {seconds:.1f} s" for name, _, seconds in slowest)
    print(f"{operations} operations of {len(served)} services; slowest: {times}")
    for complaint in complaints:
        print(complaint)
    print(f"{len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
