"""Roles and policies."""

import json

from world import stack

_TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
_ALLOW = {"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"}


def _document(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def roles(suite):
    iam = suite.client("iam")
    trust = _document(_TRUST)
    tags = [{"Key": "team", "Value": "blue"}]
    made = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust, Path="/team/", Tags=tags)["Role"]
    iam.create_role(RoleName="other", AssumeRolePolicyDocument=trust, Path="/team/")
    suite.fails("EntityAlreadyExists", iam.create_role, RoleName="worker", AssumeRolePolicyDocument=trust)
    suite.fails("MalformedPolicyDocument", iam.create_role, RoleName="third", AssumeRolePolicyDocument="{")
    got = iam.get_role(RoleName="worker")["Role"]
    suite.equal([got["Arn"], got["AssumeRolePolicyDocument"]["Statement"], got["Tags"]], [made["Arn"], [_TRUST], tags], "iam: role")
    suite.fails("NoSuchEntity", iam.get_role, RoleName="absent")
    listed = suite.pages("iam", "list_roles", "Roles", PathPrefix="/team/")
    suite.equal(sorted(each["RoleName"] for each in listed), ["other", "worker"], "iam: roles")
    suite.fails("ValidationError", iam.list_roles, PathPrefix="no path")
    iam.update_assume_role_policy(RoleName="worker", PolicyDocument=trust)
    suite.fails("MalformedPolicyDocument", iam.update_assume_role_policy, RoleName="worker", PolicyDocument="{")
    iam.tag_role(RoleName="worker", Tags=[{"Key": "stage", "Value": "test"}])
    suite.equal(len(suite.pages("iam", "list_role_tags", "Tags", RoleName="worker")), 2, "iam: tags")
    iam.untag_role(RoleName="worker", TagKeys=["team"])
    suite.fails("NoSuchEntity", iam.tag_role, RoleName="absent", Tags=tags)
    suite.fails("NoSuchEntity", iam.untag_role, RoleName="absent", TagKeys=["team"])
    suite.fails("NoSuchEntity", iam.list_role_tags, RoleName="absent")
    for name in ["a", "b"]:
        iam.put_role_policy(RoleName="worker", PolicyName=name, PolicyDocument=_document(_ALLOW))
    suite.fails("MalformedPolicyDocument", iam.put_role_policy, RoleName="worker", PolicyName="c", PolicyDocument="{")
    suite.equal(suite.pages("iam", "list_role_policies", "PolicyNames", RoleName="worker"), ["a", "b"], "iam: role's policies")
    suite.fails("NoSuchEntity", iam.list_role_policies, RoleName="absent")
    inline = iam.get_role_policy(RoleName="worker", PolicyName="a")
    suite.equal(inline["PolicyDocument"]["Statement"], [_ALLOW], "iam: role's policy")
    suite.fails("NoSuchEntity", iam.get_role_policy, RoleName="worker", PolicyName="absent")
    suite.fails("DeleteConflict", iam.delete_role, RoleName="worker")
    for name in ["a", "b"]:
        iam.delete_role_policy(RoleName="worker", PolicyName=name)
    suite.fails("NoSuchEntity", iam.delete_role_policy, RoleName="worker", PolicyName="a")
    stack(suite, "profiles", "profiles")
    profiles = suite.pages("iam", "list_instance_profiles_for_role", "InstanceProfiles", RoleName="profiled")
    suite.equal([each["InstanceProfileName"] for each in profiles], ["profile-1", "profile-2"], "iam: profiles")
    suite.fails("NoSuchEntity", iam.list_instance_profiles_for_role, RoleName="absent")
    _policies(suite, iam)
    iam.delete_role(RoleName="worker")
    suite.fails("NoSuchEntity", iam.delete_role, RoleName="worker")


def _policies(suite, iam):
    arns = [iam.create_policy(PolicyName=name, PolicyDocument=_document(_ALLOW), Path="/team/")["Policy"]["Arn"] for name in "pq"]
    suite.fails("EntityAlreadyExists", iam.create_policy, PolicyName="p", PolicyDocument=_document(_ALLOW), Path="/team/")
    suite.fails("MalformedPolicyDocument", iam.create_policy, PolicyName="r", PolicyDocument="{")
    got = iam.get_policy(PolicyArn=arns[0])["Policy"]
    suite.equal([got["PolicyName"], got["AttachmentCount"]], ["p", 0], "iam: policy")
    absent = arns[0][:-1] + "absent"
    suite.fails("NoSuchEntity", iam.get_policy, PolicyArn=absent)
    version = iam.get_policy_version(PolicyArn=arns[0], VersionId="v1")["PolicyVersion"]
    suite.equal([version["Document"]["Statement"], version["IsDefaultVersion"]], [[_ALLOW], True], "iam: version")
    suite.fails("NoSuchEntity", iam.get_policy_version, PolicyArn=arns[0], VersionId="v9")
    suite.equal(len(iam.list_policy_versions(PolicyArn=arns[0])["Versions"]), 1, "iam: versions")
    suite.fails("NoSuchEntity", iam.list_policy_versions, PolicyArn=absent)
    listed = suite.pages("iam", "list_policies", "Policies", Scope="Local", PathPrefix="/team/")
    suite.equal(sorted(each["PolicyName"] for each in listed), ["p", "q"], "iam: policies")
    suite.fails("ValidationError", iam.list_policies, Scope="Galactic")
    for arn in arns:
        iam.attach_role_policy(RoleName="worker", PolicyArn=arn)
    suite.fails("NoSuchEntity", iam.attach_role_policy, RoleName="worker", PolicyArn=absent)
    attached = suite.pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName="worker")
    suite.equal(sorted(each["PolicyName"] for each in attached), ["p", "q"], "iam: attached policies")
    suite.fails("NoSuchEntity", iam.list_attached_role_policies, RoleName="absent")
    suite.fails("DeleteConflict", iam.delete_policy, PolicyArn=arns[0])
    for arn in arns:
        iam.detach_role_policy(RoleName="worker", PolicyArn=arn)
        iam.delete_policy(PolicyArn=arn)
    suite.fails("NoSuchEntity", iam.detach_role_policy, RoleName="worker", PolicyArn=arns[0])
