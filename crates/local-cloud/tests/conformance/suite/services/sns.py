"""Topics and subscriptions."""

import json
from urllib.parse import parse_qs, urlsplit


def topics(suite):
    sns = suite.client("sns")
    arn = sns.create_topic(Name="news", Tags=[{"Key": "team", "Value": "blue"}])["TopicArn"]
    sns.create_topic(Name="news-2")
    suite.fails("InvalidParameter", sns.create_topic, Name="not a name")
    suite.check(arn in [topic["TopicArn"] for topic in sns.list_topics()["Topics"]], "sns.ListTopics: news is not listed")
    suite.fails("InvalidParameter", sns.list_topics, NextToken="no token of ours")
    sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="News")
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    suite.equal([attributes["DisplayName"], attributes["TopicArn"]], ["News", arn], "sns: attributes")
    suite.fails("NotFound", sns.get_topic_attributes, TopicArn=_absent(arn))
    suite.fails("InvalidParameter", sns.set_topic_attributes, TopicArn=arn, AttributeName="Colour", AttributeValue="red")
    suite.fails("NotFound", sns.set_topic_attributes, TopicArn=_absent(arn), AttributeName="DisplayName", AttributeValue="x")
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "test"}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["team"])
    suite.equal(sns.list_tags_for_resource(ResourceArn=arn)["Tags"], [{"Key": "stage", "Value": "test"}], "sns: tags")
    suite.fails("ResourceNotFound", sns.list_tags_for_resource, ResourceArn=_absent(arn))
    suite.fails("ResourceNotFound", sns.tag_resource, ResourceArn=_absent(arn), Tags=[{"Key": "a", "Value": "b"}])
    suite.fails("ResourceNotFound", sns.untag_resource, ResourceArn=_absent(arn), TagKeys=["a"])
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    suite.fails("InvalidParameter", sns.delete_topic, TopicArn="no ARN")


def subscriptions(suite):
    sns, sqs = suite.client("sns"), suite.client("sqs")
    topic = sns.create_topic(Name="feed")["TopicArn"]
    url = sqs.create_queue(QueueName="feed")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, ReturnSubscriptionArn=True)["SubscriptionArn"]
    suite.fails("InvalidParameter", sns.subscribe, TopicArn=topic, Protocol="pigeon", Endpoint=queue)
    suite.fails("NotFound", sns.subscribe, TopicArn=_absent(topic), Protocol="sqs", Endpoint=queue)
    sns.set_subscription_attributes(SubscriptionArn=subscription, AttributeName="RawMessageDelivery", AttributeValue="true")
    attributes = sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    suite.equal([attributes["RawMessageDelivery"], attributes["Protocol"]], ["true", "sqs"], "sns: subscription's attributes")
    suite.fails("NotFound", sns.get_subscription_attributes, SubscriptionArn=subscription[:-4] + "0000")
    wrong = {"AttributeName": "RawMessageDelivery", "AttributeValue": "perhaps"}
    suite.fails("InvalidParameter", sns.set_subscription_attributes, SubscriptionArn=subscription, **wrong)
    suite.check(subscription in [each["SubscriptionArn"] for each in sns.list_subscriptions()["Subscriptions"]], "sns: not listed")
    suite.fails("InvalidParameter", sns.list_subscriptions, NextToken="no token of ours")
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    suite.equal([each["SubscriptionArn"] for each in listed], [subscription], "sns: subscriptions of the topic")
    suite.fails("NotFound", sns.list_subscriptions_by_topic, TopicArn=_absent(topic))
    sent = sns.publish(TopicArn=topic, Message="hello", Subject="greeting")["MessageId"]
    suite.check(len(sent) == 36, f"sns.Publish: the ID {sent} is no UUID")
    suite.fails("NotFound", sns.publish, TopicArn=_absent(topic), Message="hello")
    suite.fails("InvalidParameter", sns.publish, TopicArn=topic, Message="")
    entries = [{"Id": "a", "Message": "one"}, {"Id": "b", "Message": ""}]
    batch = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    suite.equal([len(batch["Successful"]), len(batch["Failed"])], [1, 1], "sns: batch published and refused")
    suite.fails("EmptyBatchRequest", sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=[])
    bodies = []
    while len(bodies) < 2:
        received = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2, MaxNumberOfMessages=10).get("Messages", [])
        if not received:
            break
        bodies += [message["Body"] for message in received]
    suite.equal(sorted(bodies), ["hello", "one"], "sns: delivered raw to the queue")
    sns.unsubscribe(SubscriptionArn=subscription)
    suite.fails("InvalidParameter", sns.unsubscribe, SubscriptionArn="no ARN")
    suite.fails("InvalidParameter", sns.confirm_subscription, TopicArn=topic, Token="no token of ours")
    _confirm(suite, topic)


def _confirm(suite, topic):
    """Subscribes a web server of our own and confirms with the token that it is sent."""
    from http.server import BaseHTTPRequestHandler, HTTPServer

    told = []

    class Subscriber(BaseHTTPRequestHandler):
        def do_POST(self):
            told.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            """The server says nothing."""

    sns = suite.client("sns")
    with HTTPServer(("127.0.0.1", 0), Subscriber) as server:
        server.timeout = 10
        endpoint = f"http://127.0.0.1:{server.server_port}/"
        pending = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint)["SubscriptionArn"]
        suite.equal(pending, "pending confirmation", "sns: ARN before the confirmation")
        server.handle_request()
    suite.equal([each["Type"] for each in told], ["SubscriptionConfirmation"], "sns: what the subscriber is told")
    for each in told:
        token = parse_qs(urlsplit(each["SubscribeURL"]).query)["Token"][0]
        suite.equal(token, each["Token"], "sns: token of the link")
        confirmed = sns.confirm_subscription(TopicArn=topic, Token=token)["SubscriptionArn"]
        suite.check(confirmed.startswith(topic + ":"), f"sns: confirmed as {confirmed}")


def _absent(arn):
    return arn.rsplit(":", 1)[0] + ":absent"
