"""Queues."""

import json


def queues(suite):
    sqs = suite.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["All"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 3})
    url = sqs.create_queue(QueueName="jobs", Attributes={"RedrivePolicy": redrive}, tags={"team": "blue"})["QueueUrl"]
    sqs.create_queue(QueueName="jobs-2", Attributes={"RedrivePolicy": redrive})
    suite.fails("QueueAlreadyExists", sqs.create_queue, QueueName="jobs", Attributes={"DelaySeconds": "7"})
    suite.fails("InvalidParameterValue", sqs.create_queue, QueueName="not a name")
    suite.equal(sqs.get_queue_url(QueueName="jobs")["QueueUrl"], url, "sqs: URL of jobs")
    suite.fails(_GONE, sqs.get_queue_url, QueueName="absent")
    suite.equal(len(suite.pages("sqs", "list_queues", "QueueUrls", QueueNamePrefix="jobs")), 2, "sqs: queues named jobs")
    suite.fails("InvalidParameterValue", sqs.list_queues, MaxResults=1001)
    sources = suite.pages("sqs", "list_dead_letter_source_queues", "queueUrls", QueueUrl=dead)
    suite.equal(len(sources), 2, "sqs: sources of dead letters")
    suite.fails(_GONE, sqs.list_dead_letter_source_queues, QueueUrl=_absent(url))
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "45"})
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    suite.equal(attributes, {"VisibilityTimeout": "45"}, "sqs: attributes")
    suite.fails("InvalidAttributeName", sqs.set_queue_attributes, QueueUrl=url, Attributes={"Colour": "red"})
    suite.fails("InvalidAttributeValue", sqs.set_queue_attributes, QueueUrl=url, Attributes={"VisibilityTimeout": "-1"})
    suite.fails(_GONE, sqs.get_queue_attributes, QueueUrl=_absent(url))
    sqs.tag_queue(QueueUrl=url, Tags={"stage": "test"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["team"])
    suite.equal(sqs.list_queue_tags(QueueUrl=url)["Tags"], {"stage": "test"}, "sqs: tags")
    for call, params in [(sqs.tag_queue, {"Tags": {"a": "b"}}), (sqs.untag_queue, {"TagKeys": ["a"]}), (sqs.list_queue_tags, {})]:
        suite.fails(_GONE, call, QueueUrl=_absent(url), **params)


def messages(suite):
    sqs = suite.client("sqs")
    url = sqs.create_queue(QueueName="mail")["QueueUrl"]
    attribute = {"kind": {"DataType": "String", "StringValue": "letter"}}
    sent = sqs.send_message(QueueUrl=url, MessageBody="hello", MessageAttributes=attribute)
    suite.fails("InvalidMessageContents", sqs.send_message, QueueUrl=url, MessageBody="\u0001")
    suite.fails(_GONE, sqs.send_message, QueueUrl=_absent(url), MessageBody="hello")
    entries = [{"Id": "a", "MessageBody": "one"}, {"Id": "b", "MessageBody": "two", "DelaySeconds": 901}]
    batch = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    suite.equal([len(batch["Successful"]), len(batch["Failed"])], [1, 1], "sqs: batch sent and refused")
    suite.fails("AWS.SimpleQueueService.EmptyBatchRequest", sqs.send_message_batch, QueueUrl=url, Entries=[])
    twice = [{"Id": "a", "MessageBody": "one"}, {"Id": "a", "MessageBody": "two"}]
    suite.fails("AWS.SimpleQueueService.BatchEntryIdsNotDistinct", sqs.send_message_batch, QueueUrl=url, Entries=twice)
    received = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"], WaitTimeSeconds=1
    )["Messages"]
    suite.equal(sorted(message["Body"] for message in received), ["hello", "one"], "sqs: received")
    first = next(message for message in received if message["Body"] == "hello")
    suite.equal(first["MessageId"], sent["MessageId"], "sqs: message's ID")
    suite.equal(first["MessageAttributes"]["kind"]["StringValue"], "letter", "sqs: message's attribute")
    suite.equal(first["Attributes"]["ApproximateReceiveCount"], "1", "sqs: times received")
    suite.fails("InvalidParameterValue", sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=11)
    handles = [message["ReceiptHandle"] for message in received]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handles[0], VisibilityTimeout=60)
    suite.fails("InvalidParameterValue", sqs.change_message_visibility, QueueUrl=url, ReceiptHandle=handles[0], VisibilityTimeout=43201)
    suite.fails("ReceiptHandleIsInvalid", sqs.change_message_visibility, QueueUrl=url, ReceiptHandle="no", VisibilityTimeout=1)
    changes = [{"Id": "a", "ReceiptHandle": handles[0], "VisibilityTimeout": 50}, {"Id": "b", "ReceiptHandle": "no", "VisibilityTimeout": 5}]
    batch = sqs.change_message_visibility_batch(QueueUrl=url, Entries=changes)
    suite.equal([len(batch["Successful"]), len(batch["Failed"])], [1, 1], "sqs: batch changed and refused")
    suite.fails("AWS.SimpleQueueService.EmptyBatchRequest", sqs.change_message_visibility_batch, QueueUrl=url, Entries=[])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handles[0])
    suite.fails("ReceiptHandleIsInvalid", sqs.delete_message, QueueUrl=url, ReceiptHandle="no")
    deletions = [{"Id": "a", "ReceiptHandle": handles[1]}, {"Id": "b", "ReceiptHandle": "no"}]
    batch = sqs.delete_message_batch(QueueUrl=url, Entries=deletions)
    suite.equal([len(batch["Successful"]), len(batch["Failed"])], [1, 1], "sqs: batch deleted and refused")
    eleven = [{"Id": str(index), "ReceiptHandle": handles[1]} for index in range(11)]
    suite.fails("AWS.SimpleQueueService.TooManyEntriesInBatchRequest", sqs.delete_message_batch, QueueUrl=url, Entries=eleven)
    sqs.purge_queue(QueueUrl=url)
    suite.fails("AWS.SimpleQueueService.PurgeQueueInProgress", sqs.purge_queue, QueueUrl=url)
    sqs.delete_queue(QueueUrl=url)
    suite.fails(_GONE, sqs.delete_queue, QueueUrl=_absent(url))
    suite.fails(_GONE, sqs.receive_message, QueueUrl=url)


_GONE = "AWS.SimpleQueueService.NonExistentQueue"


def _absent(url):
    return url.rsplit("/", 1)[0] + "/absent"
