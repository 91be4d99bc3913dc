"""Every IAM policy document of every template, asked of parliament; one line on stdout says what came of it."""

import copy
import json
import sys

from parliament import analyze_policy_string

from filling import fillings
from templates import FILES, load, name

# What a document that stands at a resource is about, where its type's documents leave it out:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
OWN = {
    "AssumeRolePolicyDocument": "arn:aws:iam::123456789012:role/name",
    "RepositoryPolicyText": "arn:aws:ecr:us-east-1:123456789012:repository/name",
}

# Findings in which parliament is wrong about AWS, each with the page that says so: where the policy stands, the finding.
ACCEPTED = {
    # Lambda makes a function's network interfaces itself, so that nobody can name them beforehand:
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
    ("templates/variants/proxy-lambda.yaml", "FunctionRole"): (
        "RESOURCE_STAR: ['ec2:AssignPrivateIpAddresses', 'ec2:CreateNetworkInterface',"
        " 'ec2:DeleteNetworkInterface', 'ec2:UnassignPrivateIpAddresses']"
    ),
}
# The short form of an API's own ARN, which API Gateway completes and parliament does not know:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html
SHORT = "execute-api:/"
LONG = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/"


def documents(value, path=()):
    """Every policy document, and where it stands."""
    if isinstance(value, dict):
        if "Statement" in value:
            yield path, value
            return
        for key, inner in value.items():
            yield from documents(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from documents(inner, (*path, index))


def listed(value):
    return value if isinstance(value, list) else [value]


def complete(path, document):
    """The document as AWS sees it: each statement names resources, and by whole ARNs."""
    own = next((OWN[key] for key in path if key in OWN), None)
    for statement in document["Statement"]:
        if own:
            statement.setdefault("Resource", own)
        resources = listed(statement.get("Resource", []))
        statement["Resource"] = [
            LONG + resource[len(SHORT) :] if resource.startswith(SHORT) else resource
            for resource in resources
        ]
    return document


def misspelt(document):
    """A copy that grants actions which no service has."""
    copied = copy.deepcopy(document)
    for statement in copied["Statement"]:
        statement["Action"] = [f"{action}Mutated" for action in listed(statement["Action"])]
    return copied


def objections(document):
    findings = analyze_policy_string(json.dumps(document)).findings
    return [f"{finding.issue}: {finding.detail}" for finding in findings]


def main():
    policies = []
    for file in FILES:
        template = load(file)
        for path, document in documents(template):
            for filled in fillings(template, document):
                policies.append((name(file), path, complete(path, filled)))
    complaints = []
    unused = set(ACCEPTED)
    for file, path, document in policies:
        place = (file, path[1])
        if not any(said.startswith("UNKNOWN_ACTION") for said in objections(misspelt(document))):
            complaints.append(f"{file} {'.'.join(map(str, path))}: misspelt actions are not noticed")
        for said in objections(document):
            if ACCEPTED.get(place) == said:
                unused.discard(place)
            else:
                complaints.append(f"{file} {'.'.join(map(str, path))}: {said}")
    complaints += [f"{place}: accepted, but no longer said: strike it from ACCEPTED" for place in unused]
    if not policies:
        complaints.append("no policy was found")
    print(
        "\n".join(complaints)
        or f"{len(policies)} policies clean, {len(ACCEPTED)} finding set aside; unknown actions caught in each"
    )
    return bool(complaints)


sys.exit(main())
