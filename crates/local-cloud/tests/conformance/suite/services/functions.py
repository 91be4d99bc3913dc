"""Functions and schedules."""

import json

from world import code, stack


def functions(suite):
    client = suite.client("lambda")
    s3 = suite.client("s3")
    s3.create_bucket(Bucket="conformance-code")
    s3.put_object(Bucket="conformance-code", Key="echo.zip", Body=code(suite))
    stack(suite, "functions", "functions", Bucket="conformance-code")
    ours, absent = {"FunctionName": "echo"}, {"FunctionName": "absent"}
    missing = "ResourceNotFoundException"
    suite.equal(client.get_account_settings()["AccountUsage"]["FunctionCount"], 2, "lambda: functions of the account")
    listed = suite.pages("lambda", "list_functions", "Functions")
    suite.equal(sorted(each["FunctionName"] for each in listed), ["echo", "other"], "lambda: functions")
    suite.fails("InvalidParameterValueException", client.list_functions, Marker="no marker of ours")
    got = client.get_function(**ours)
    suite.equal([got["Configuration"]["MemorySize"], got["Tags"]["team"]], [256, "blue"], "lambda: function")
    suite.fails(missing, client.get_function, **absent)
    shown = client.get_function_configuration(**ours)
    suite.equal([shown["State"], shown["Runtime"]], ["Active", "provided.al2023"], "lambda: configuration")
    suite.fails(missing, client.get_function_configuration, **absent)
    answer = client.invoke(**ours, Payload=json.dumps({"a": 1}), LogType="Tail")
    suite.equal([answer["StatusCode"], json.load(answer["Payload"])], [200, {"a": 1}], "lambda: answer")
    suite.equal(client.invoke(**ours, InvocationType="DryRun")["StatusCode"], 204, "lambda: rehearsal")
    suite.equal(client.invoke(**ours, InvocationType="Event", Payload="{}")["StatusCode"], 202, "lambda: event")
    suite.fails(missing, client.invoke, **absent)
    suite.fails("InvalidRequestContentException", client.invoke, **ours, Payload="no JSON")
    versions = suite.pages("lambda", "list_versions_by_function", "Versions", **ours)
    suite.equal([each["Version"] for each in versions], ["$LATEST", "1"], "lambda: versions")
    suite.fails(missing, client.list_versions_by_function, **absent)
    aliases = suite.pages("lambda", "list_aliases", "Aliases", **ours)
    suite.equal([each["Name"] for each in aliases], ["live", "next"], "lambda: aliases")
    suite.fails(missing, client.list_aliases, **absent)
    suite.equal(client.get_alias(**ours, Name="live")["FunctionVersion"], "1", "lambda: alias")
    suite.fails(missing, client.get_alias, **ours, Name="absent")
    policy = json.loads(client.get_policy(**ours)["Policy"])
    suite.equal(policy["Statement"][0]["Action"], "lambda:InvokeFunction", "lambda: policy")
    suite.fails(missing, client.get_policy, FunctionName="other")
    tags = client.list_tags(Resource=shown["FunctionArn"])["Tags"]
    suite.equal(tags.get("team"), "blue", "lambda: tags")
    suite.fails(missing, client.list_tags, Resource=shown["FunctionArn"].replace("echo", "absent"))
    ready = client.get_provisioned_concurrency_config(**ours, Qualifier="live")
    suite.equal([ready["RequestedProvisionedConcurrentExecutions"], ready["Status"]], [1, "READY"], "lambda: provisioned")
    suite.fails("ProvisionedConcurrencyConfigNotFoundException", client.get_provisioned_concurrency_config, **ours, Qualifier="next")
    client.put_function_concurrency(**ours, ReservedConcurrentExecutions=5)
    suite.equal(client.get_function_concurrency(**ours)["ReservedConcurrentExecutions"], 5, "lambda: reserved")
    client.delete_function_concurrency(**ours)
    suite.fails(missing, client.put_function_concurrency, **absent, ReservedConcurrentExecutions=5)
    suite.fails(missing, client.get_function_concurrency, **absent)
    suite.fails(missing, client.delete_function_concurrency, **absent)
    changed = client.update_function_configuration(**ours, MemorySize=512)
    suite.equal(changed["MemorySize"], 512, "lambda: memory")
    suite.fails(missing, client.update_function_configuration, **absent, MemorySize=512)
    nobody = shown["Role"].rsplit("/", 1)[0] + "/absent"
    suite.fails("InvalidParameterValueException", client.update_function_configuration, **ours, Role=nobody)
    client.get_waiter("function_updated_v2").wait(**ours, WaiterConfig={"Delay": 0.1, "MaxAttempts": 100})
    updated = client.update_function_code(**ours, ZipFile=code(suite))
    suite.equal(updated["FunctionName"], "echo", "lambda: new code")
    suite.fails(missing, client.update_function_code, **absent, ZipFile=code(suite))


def schedules(suite):
    scheduler = suite.client("scheduler")
    listed = suite.pages("scheduler", "list_schedules", "Schedules")
    suite.equal(sorted(each["Name"] for each in listed), ["daily", "hourly"], "scheduler: schedules")
    suite.fails("ValidationException", scheduler.list_schedules, NextToken="no token of ours")
    got = scheduler.get_schedule(Name="hourly")
    suite.equal([got["ScheduleExpression"], got["State"]], ["rate(1 hour)", "ENABLED"], "scheduler: schedule")
    suite.fails("ResourceNotFoundException", scheduler.get_schedule, Name="absent")
    scheduler.delete_schedule(Name="daily")
    suite.fails("ResourceNotFoundException", scheduler.delete_schedule, Name="daily")
