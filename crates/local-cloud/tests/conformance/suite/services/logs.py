"""Log groups, streams and events."""

import time


def groups(suite):
    logs = suite.client("logs")
    logs.create_log_group(logGroupName="/app/one", tags={"team": "blue"})
    logs.create_log_group(logGroupName="/app/two")
    suite.fails("ResourceAlreadyExistsException", logs.create_log_group, logGroupName="/app/one")
    suite.fails("InvalidParameterException", logs.create_log_group, logGroupName="not a name")
    logs.put_retention_policy(logGroupName="/app/one", retentionInDays=7)
    suite.fails("InvalidParameterException", logs.put_retention_policy, logGroupName="/app/one", retentionInDays=8)
    suite.fails("ResourceNotFoundException", logs.put_retention_policy, logGroupName="/absent", retentionInDays=7)
    listed = suite.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix="/app/")
    suite.equal([each.get("retentionInDays") for each in listed], [7, None], "logs: retention")
    suite.fails("InvalidParameterException", logs.describe_log_groups, limit=51)
    logs.delete_retention_policy(logGroupName="/app/one")
    suite.fails("ResourceNotFoundException", logs.delete_retention_policy, logGroupName="/absent")
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:/app/one"
    logs.tag_resource(resourceArn=arn, tags={"stage": "test"})
    logs.untag_resource(resourceArn=arn, tagKeys=["team"])
    suite.equal(logs.list_tags_for_resource(resourceArn=arn)["tags"], {"stage": "test"}, "logs: tags")
    gone = arn.replace("one", "absent")
    suite.fails("ResourceNotFoundException", logs.tag_resource, resourceArn=gone, tags={"a": "b"})
    suite.fails("ResourceNotFoundException", logs.untag_resource, resourceArn=gone, tagKeys=["a"])
    suite.fails("ResourceNotFoundException", logs.list_tags_for_resource, resourceArn=gone)
    logs.tag_log_group(logGroupName="/app/two", tags={"stage": "old"})
    suite.equal(logs.list_tags_log_group(logGroupName="/app/two")["tags"], {"stage": "old"}, "logs: tags the old way")
    logs.untag_log_group(logGroupName="/app/two", tags=["stage"])
    suite.fails("ResourceNotFoundException", logs.tag_log_group, logGroupName="/absent", tags={"a": "b"})
    suite.fails("ResourceNotFoundException", logs.list_tags_log_group, logGroupName="/absent")
    suite.fails("ResourceNotFoundException", logs.untag_log_group, logGroupName="/absent", tags=["a"])
    logs.delete_log_group(logGroupName="/app/two")
    suite.fails("ResourceNotFoundException", logs.delete_log_group, logGroupName="/app/two")


def events(suite):
    logs = suite.client("logs")
    group = {"logGroupName": "/app/events"}
    logs.create_log_group(**group)
    for stream in ["a", "b"]:
        logs.create_log_stream(**group, logStreamName=stream)
    suite.fails("ResourceAlreadyExistsException", logs.create_log_stream, **group, logStreamName="a")
    suite.fails("ResourceNotFoundException", logs.create_log_stream, logGroupName="/absent", logStreamName="a")
    now = int(time.time() * 1000)
    lines = [{"timestamp": now + index, "message": f"line {index}"} for index in range(3)]
    logs.put_log_events(**group, logStreamName="a", logEvents=lines)
    suite.fails("ResourceNotFoundException", logs.put_log_events, **group, logStreamName="absent", logEvents=lines)
    suite.fails("InvalidParameterException", logs.put_log_events, **group, logStreamName="a", logEvents=lines[::-1])
    streams = suite.pages("logs", "describe_log_streams", "logStreams", **group)
    suite.equal([each["logStreamName"] for each in streams], ["a", "b"], "logs: streams")
    suite.fails("ResourceNotFoundException", logs.describe_log_streams, logGroupName="/absent")
    read = logs.get_log_events(**group, logStreamName="a", startFromHead=True, limit=2)
    suite.equal([each["message"] for each in read["events"]], ["line 0", "line 1"], "logs: first events")
    rest = logs.get_log_events(**group, logStreamName="a", nextToken=read["nextForwardToken"], startFromHead=True)
    suite.equal([each["message"] for each in rest["events"]], ["line 2"], "logs: next events")
    suite.fails("ResourceNotFoundException", logs.get_log_events, **group, logStreamName="absent")
    found = suite.pages("logs", "filter_log_events", "events", **group, filterPattern="line")
    suite.equal([each["message"] for each in found], ["line 0", "line 1", "line 2"], "logs: found")
    suite.fails("ResourceNotFoundException", logs.filter_log_events, logGroupName="/absent")
    logs.delete_log_stream(**group, logStreamName="a")
    suite.fails("ResourceNotFoundException", logs.delete_log_stream, **group, logStreamName="a")
