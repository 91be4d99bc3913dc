"""Every template, asked of cloudformation-validate; one line on stdout says what came of it.

What is merely information (I9040 "supports Tags", for instance) is no finding."""

import sys

from cloudformation_validate import CompositeEngine, Severity, TemplateContent, ValidateConfig

from templates import FILES, name

# Findings in which it is wrong about AWS, each with the page that says so: the rule, the resource or
# parameter, and words of the message.
ACCEPTED = {
    # An ARN names a secret and is none, so there is nothing to hide; the rule goes by the parameter's name:
    # https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
    ("W2509", "TokenSecretArn", "appears to be a password"),
    # The parameter is the empty text only where the condition takes the other branch, and then no value comes from it:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html
    # The property is not the parameter either but `query-` and its value, as Fn::Sub writes values into a text:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html
    ("W1030", "BackendRegion", "for property 'PolicyName'"),
    ("W1030", "QueryPolicy", "for property 'PolicyName'"),
}
CONFIG = ValidateConfig(severity_level=Severity.WARN)

SOUND = """\
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: 30}
  Topic:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !GetAtt Queue.QueueName}
"""
# A change of that template, and a rule that must then object.
MUTATIONS = {
    "a bad bound": ("VisibilityTimeout: 30", "VisibilityTimeout: 43201", "F3034"),
    "an unknown type": ("AWS::SNS::Topic", "AWS::SNS::Topik", "F3006"),
    "a bad reference": ("!GetAtt Queue.QueueName", "!Ref Queeue", "F1020"),
    "a cycle": ("VisibilityTimeout: 30", "QueueName: !GetAtt Topic.TopicName", "F3004"),
}


def findings(engine, template):
    report = engine.validate_template(template, CONFIG)
    if report.status.name == "ANALYSIS_INCOMPLETE":
        return [("incomplete", None, "the analysis was not finished")]
    return [
        (found.rule_id, found.entity and found.entity.logical_id, f"{found.severity.name} {found.message}")
        for found in report.diagnostics
    ]


def main():
    engine = CompositeEngine()
    complaints = [f"a sound template: {found}" for found in findings(engine, TemplateContent(SOUND))]
    for mutation, (before, after, rule) in MUTATIONS.items():
        said = findings(engine, TemplateContent(SOUND.replace(before, after)))
        if rule not in [found for found, _, _ in said]:
            complaints.append(f"{mutation} is not noticed as {rule}: {said}")
    unused = set(ACCEPTED)
    for file in FILES:
        for rule, entity, message in findings(engine, file):
            known = {entry for entry in ACCEPTED if entry[:2] == (rule, entity) and entry[2] in message}
            unused -= known
            if not known:
                complaints.append(f"{name(file)} {entity}: {rule} {message}")
    complaints += [f"{place}: accepted, but no longer said: strike it from ACCEPTED" for place in unused]
    print(
        "\n".join(complaints)
        or f"{len(FILES)} templates clean, {len(ACCEPTED)} findings set aside; {', '.join(MUTATIONS)} caught"
    )
    return bool(complaints)


sys.exit(main())
