"""Who one is."""

import json


def identity(suite):
    sts, iam = suite.client("sts"), suite.client("iam")
    suite.equal(sts.get_caller_identity()["Account"], "000000000000", "sts: account")
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="visitor", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    assumed = sts.assume_role(RoleArn=role, RoleSessionName="me", DurationSeconds=900)
    suite.check(assumed["AssumedRoleUser"]["Arn"].endswith("assumed-role/visitor/me"), f"sts: {assumed['AssumedRoleUser']}")
    suite.fails("AccessDenied", sts.assume_role, RoleArn=role[:-7] + "absent", RoleSessionName="me")
    suite.fails("ValidationError", sts.assume_role, RoleArn=role, RoleSessionName="not a name")
