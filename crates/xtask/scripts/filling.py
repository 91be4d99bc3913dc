"""Functions of a template replaced by values as CloudFormation would give them."""

import itertools
import re

ACCOUNT = "123456789012"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "bakeoff-stack",
    "AWS::URLSuffix": "amazonaws.com",
}
# What `Ref` gives for a parameter that names something which another stack made.
PARAMETERS = {
    "AllowedCidr": "192.0.2.7/32",
    "ArtifactsBucket": "bakeoff-artifacts-bucket-1",
    "IndexName": "breed",
    "ItemsTableArn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/items",
    "ProgramKey": "container/0123abcd",
    "RepositoryName": "bakeoff-artifacts-repository-1",
    "TableArn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/turkeys",
    "TableName": "turkeys",
    "TokenSecretArn": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:token-0a1B2c",
    "TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:topic",
}
# What `Ref` (no attribute) and `Fn::GetAtt` give for a resource of a type, as the type's page says.
RESOURCES = {
    ("AWS::Lambda::Alias", None): f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:name:live",
    ("AWS::Lambda::Function", "Arn"): f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:name",
    ("AWS::Logs::LogGroup", "Arn"): f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:name:*",
    ("AWS::S3::Bucket", "Arn"): "arn:aws:s3:::bakeoff-artifacts-bucket-1",
    ("AWS::SNS::Topic", None): f"arn:aws:sns:us-east-1:{ACCOUNT}:topic",
    ("AWS::SQS::Queue", "Arn"): f"arn:aws:sqs:us-east-1:{ACCOUNT}:queue",
    ("AWS::StepFunctions::StateMachine", None): f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:name",
}
NOTHING = object()


class Unknown(Exception):
    """A function whose value nobody has given here."""


def fillings(template, value):
    """The value with its functions replaced, once for each way in which the conditions that it names can turn out."""
    names = sorted(set(conditions(value)))
    for truths in itertools.product([True, False], repeat=len(names)):
        yield Filling(template, dict(zip(names, truths))).fill(value)


def conditions(value):
    if isinstance(value, dict):
        if "Fn::If" in value:
            yield value["Fn::If"][0]
        for inner in value.values():
            yield from conditions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from conditions(inner)


class Filling:
    def __init__(self, template, truths):
        self.template = template
        self.truths = truths

    def fill(self, value):
        if isinstance(value, list):
            filled = [self.fill(inner) for inner in value]
            return [inner for inner in filled if inner is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(name, argument)] = value.items()
            if name == "Ref":
                return self.reference(argument)
            if name == "Fn::GetAtt":
                return self.attribute(*argument)
            if name == "Fn::If":
                condition, yes, no = argument
                return self.fill(yes if self.truths[condition] else no)
            if name == "Fn::Sub":
                return self.substitute(argument)
            if name.startswith("Fn::"):
                raise Unknown(f"{name} has no value in filling.py")
        filled = {name: self.fill(inner) for name, inner in value.items()}
        return {name: inner for name, inner in filled.items() if inner is not NOTHING}

    def reference(self, name):
        if name == "AWS::NoValue":
            return NOTHING
        for known in (PSEUDO, PARAMETERS):
            if name in known:
                return known[name]
        if name in self.template["Resources"]:
            return self.attribute(name, None)
        default = self.template["Parameters"].get(name, {}).get("Default")
        if default is None:
            raise Unknown(f"the parameter {name} has no value in filling.py")
        return default

    def attribute(self, name, attribute):
        kind = self.template["Resources"][name]["Type"]
        if (kind, attribute) not in RESOURCES:
            raise Unknown(f"{attribute or 'Ref'} of {kind} has no value in filling.py")
        return RESOURCES[kind, attribute]

    def substitute(self, argument):
        text, own = argument if isinstance(argument, list) else (argument, {})

        def value(match):
            name = match[1]
            if name in own:
                return self.fill(own[name])
            if "." in name:
                return self.attribute(*name.split(".", 1))
            return str(self.reference(name))

        return re.sub(r"\$\{([^!}][^}]*)\}", value, text).replace("${!", "${")
