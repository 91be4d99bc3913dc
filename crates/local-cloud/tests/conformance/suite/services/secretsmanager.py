"""Secrets."""


def secrets(suite):
    manager = suite.client("secretsmanager")
    tags = [{"Key": "team", "Value": "blue"}]
    made = manager.create_secret(Name="app/key", SecretString="one", Description="a key", Tags=tags)
    manager.create_secret(Name="app/other", SecretBinary=b"\x00\x01")
    suite.fails("ResourceExistsException", manager.create_secret, Name="app/key", SecretString="two")
    suite.equal(manager.get_secret_value(SecretId="app/other")["SecretBinary"], b"\x00\x01", "secretsmanager: bytes")
    second = manager.put_secret_value(SecretId="app/key", SecretString="two")
    suite.equal(second["VersionStages"], ["AWSCURRENT"], "secretsmanager: stages")
    suite.fails("ResourceNotFoundException", manager.put_secret_value, SecretId="absent", SecretString="x")
    suite.equal(manager.get_secret_value(SecretId=made["ARN"])["SecretString"], "two", "secretsmanager: current value")
    before = manager.get_secret_value(SecretId="app/key", VersionStage="AWSPREVIOUS")
    suite.equal([before["SecretString"], before["VersionId"]], ["one", made["VersionId"]], "secretsmanager: previous value")
    suite.fails("ResourceNotFoundException", manager.get_secret_value, SecretId="absent")
    described = manager.describe_secret(SecretId="app/key")
    suite.equal([described["Tags"], len(described["VersionIdsToStages"])], [tags, 2], "secretsmanager: described")
    suite.fails("ResourceNotFoundException", manager.describe_secret, SecretId="absent")
    listed = suite.pages("secretsmanager", "list_secrets", "SecretList")
    suite.equal(sorted(each["Name"] for each in listed), ["app/key", "app/other"], "secretsmanager: listed")
    suite.fails("InvalidNextTokenException", manager.list_secrets, NextToken="no token of ours")
    password = manager.get_random_password(PasswordLength=40, ExcludePunctuation=True)["RandomPassword"]
    suite.check(len(password) == 40 and password.isalnum(), f"secretsmanager: password {password}")
    suite.fails("InvalidParameterException", manager.get_random_password, PasswordLength=2, RequireEachIncludedType=True)
    manager.delete_secret(SecretId="app/key", RecoveryWindowInDays=7)
    suite.fails("InvalidRequestException", manager.get_secret_value, SecretId="app/key")
    manager.restore_secret(SecretId="app/key")
    suite.fails("ResourceNotFoundException", manager.restore_secret, SecretId="absent")
    manager.delete_secret(SecretId="app/key", ForceDeleteWithoutRecovery=True)
    suite.fails("ResourceNotFoundException", manager.delete_secret, SecretId="absent")
    suite.fails("InvalidParameterException", manager.delete_secret, SecretId="app/other", RecoveryWindowInDays=6)
