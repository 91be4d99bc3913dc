"""Tables and their items."""

import time

_ABSENT = {"TableName": "absent"}


def tables(suite):
    db = suite.client("dynamodb")
    keys = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    attributes = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    made = db.create_table(
        TableName="birds",
        KeySchema=keys,
        AttributeDefinitions=attributes,
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        Tags=[{"Key": "team", "Value": "blue"}],
    )["TableDescription"]
    db.create_table(TableName="nests", KeySchema=keys, AttributeDefinitions=attributes, BillingMode="PAY_PER_REQUEST")
    again = {"KeySchema": keys, "AttributeDefinitions": attributes, "BillingMode": "PAY_PER_REQUEST"}
    suite.fails("ResourceInUseException", db.create_table, TableName="birds", **again)
    suite.fails("ValidationException", db.create_table, **{**again, "AttributeDefinitions": attributes[:1]}, TableName="other")
    db.get_waiter("table_exists").wait(TableName="birds", WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    described = db.describe_table(TableName="birds")["Table"]
    suite.equal([described["TableArn"], described["TableStatus"]], [made["TableArn"], "ACTIVE"], "dynamodb: table")
    suite.fails("ResourceNotFoundException", db.describe_table, **_ABSENT)
    suite.equal(suite.pages("dynamodb", "list_tables", "TableNames"), ["birds", "nests"], "dynamodb: tables")
    suite.fails("ValidationException", db.list_tables, Limit=101)
    db.update_table(TableName="nests", DeletionProtectionEnabled=True)
    suite.fails("ValidationException", db.delete_table, TableName="nests")
    db.update_table(TableName="nests", DeletionProtectionEnabled=False)
    suite.fails("ResourceNotFoundException", db.update_table, **_ABSENT, BillingMode="PAY_PER_REQUEST")
    arn = made["TableArn"]
    db.tag_resource(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "test"}])
    db.untag_resource(ResourceArn=arn, TagKeys=["team"])
    suite.equal(db.list_tags_of_resource(ResourceArn=arn)["Tags"], [{"Key": "stage", "Value": "test"}], "dynamodb: tags")
    gone = arn.replace("birds", "absent")
    suite.fails("ResourceNotFoundException", db.tag_resource, ResourceArn=gone, Tags=[{"Key": "a", "Value": "b"}])
    suite.fails("ResourceNotFoundException", db.untag_resource, ResourceArn=gone, TagKeys=["a"])
    suite.fails("AccessDeniedException", db.list_tags_of_resource, ResourceArn=gone)
    life = {"Enabled": True, "AttributeName": "until"}
    suite.equal(db.update_time_to_live(TableName="birds", TimeToLiveSpecification=life)["TimeToLiveSpecification"], life, "dynamodb: TTL")
    suite.fails("ResourceNotFoundException", db.update_time_to_live, **_ABSENT, TimeToLiveSpecification=life)
    shown = db.describe_time_to_live(TableName="birds")["TimeToLiveDescription"]
    suite.equal(shown["AttributeName"], "until", "dynamodb: attribute of the TTL")
    suite.fails("ResourceNotFoundException", db.describe_time_to_live, **_ABSENT)
    on = {"PointInTimeRecoveryEnabled": True}
    db.update_continuous_backups(TableName="birds", PointInTimeRecoverySpecification=on)
    backups = db.describe_continuous_backups(TableName="birds")["ContinuousBackupsDescription"]
    suite.equal(backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"], "ENABLED", "dynamodb: backups")
    suite.fails("TableNotFoundException", db.update_continuous_backups, **_ABSENT, PointInTimeRecoverySpecification=on)
    suite.fails("TableNotFoundException", db.describe_continuous_backups, **_ABSENT)
    _items(suite, db)
    _statements(suite, db)
    _streams(suite, made["LatestStreamArn"])
    db.delete_table(TableName="nests")
    db.get_waiter("table_not_exists").wait(TableName="nests", WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    suite.fails("ResourceNotFoundException", db.delete_table, TableName="nests")


def _key(number):
    return {"pk": {"S": "turkey"}, "sk": {"S": str(number)}}


def _items(suite, db):
    birds = {"TableName": "birds"}
    for number in range(3):
        db.put_item(**birds, Item={**_key(number), "weight": {"N": str(number)}, "photo": {"B": b"\x00"}}, ReturnConsumedCapacity="TOTAL")
    absent = {"ConditionExpression": "attribute_not_exists(pk)"}
    suite.fails("ConditionalCheckFailedException", db.put_item, **birds, Item=_key(1), **absent)
    suite.fails("ResourceNotFoundException", db.put_item, **_ABSENT, Item=_key(1))
    suite.equal(db.get_item(**birds, Key=_key(2), ConsistentRead=True)["Item"]["photo"]["B"], b"\x00", "dynamodb: item")
    suite.fails("ValidationException", db.get_item, **birds, Key={"pk": {"S": "turkey"}})
    suite.fails("ResourceNotFoundException", db.get_item, **_ABSENT, Key=_key(1))
    change = {"UpdateExpression": "SET weight = weight + :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    updated = db.update_item(**birds, Key=_key(2), **change, ReturnValues="ALL_NEW")
    suite.equal(updated["Attributes"]["weight"], {"N": "3"}, "dynamodb: updated")
    suite.fails("ValidationException", db.update_item, **birds, Key=_key(2), UpdateExpression="SET weight weight")
    suite.fails("ConditionalCheckFailedException", db.update_item, **birds, Key=_key(9), **change, ConditionExpression="attribute_exists(pk)")
    values = {":pk": {"S": "turkey"}}
    found = suite.pages(
        "dynamodb", "query", "Items", **birds, KeyConditionExpression="pk = :pk", ExpressionAttributeValues=values
    )
    suite.equal([item["sk"]["S"] for item in found], ["0", "1", "2"], "dynamodb: queried")
    suite.fails("ValidationException", db.query, **birds, KeyConditionExpression="sk = :pk", ExpressionAttributeValues=values)
    suite.equal(len(suite.pages("dynamodb", "scan", "Items", **birds)), 3, "dynamodb: scanned")
    suite.fails("ResourceNotFoundException", db.scan, **_ABSENT)
    put = [{"PutRequest": {"Item": _key(number)}} for number in (4, 5)]
    suite.equal(db.batch_write_item(RequestItems={"birds": put})["UnprocessedItems"], {}, "dynamodb: batch written")
    suite.fails("ValidationException", db.batch_write_item, RequestItems={"birds": put[:1] * 2})
    got = db.batch_get_item(RequestItems={"birds": {"Keys": [_key(4), _key(5), _key(6)]}})
    suite.equal([len(got["Responses"]["birds"]), got["UnprocessedKeys"]], [2, {}], "dynamodb: batch read")
    suite.fails("ResourceNotFoundException", db.batch_get_item, RequestItems={"absent": {"Keys": [_key(4)]}})
    db.transact_write_items(TransactItems=[{"Put": {**birds, "Item": _key(7)}}, {"Delete": {**birds, "Key": _key(4)}}])
    refused = suite.fails(
        "TransactionCanceledException",
        db.transact_write_items,
        TransactItems=[{"Put": {**birds, "Item": _key(7), **absent}}, {"Delete": {**birds, "Key": _key(5)}}],
    )
    codes = [reason["Code"] for reason in refused.get("CancellationReasons", [])]
    suite.equal(codes, ["ConditionalCheckFailed", "None"], "dynamodb: reasons of a cancelled transaction")
    got = db.transact_get_items(TransactItems=[{"Get": {**birds, "Key": _key(number)}} for number in (4, 7)])
    suite.equal(["Item" in each for each in got["Responses"]], [False, True], "dynamodb: read in a transaction")
    suite.fails("ResourceNotFoundException", db.transact_get_items, TransactItems=[{"Get": {**_ABSENT, "Key": _key(1)}}])
    gone = db.delete_item(**birds, Key=_key(7), ReturnValues="ALL_OLD")
    suite.equal(gone["Attributes"], _key(7), "dynamodb: deleted")
    suite.fails("ResourceNotFoundException", db.delete_item, **_ABSENT, Key=_key(1))


def _statements(suite, db):
    read = {"Statement": "SELECT * FROM birds WHERE pk = ? AND sk = ?", "Parameters": [{"S": "turkey"}, {"S": "1"}]}
    suite.equal(len(db.execute_statement(**read)["Items"]), 1, "dynamodb: PartiQL")
    suite.fails("ValidationException", db.execute_statement, Statement="SELECT FROM")
    suite.fails("ResourceNotFoundException", db.execute_statement, Statement="SELECT * FROM absent WHERE pk = 'a'")
    answers = db.batch_execute_statement(Statements=[read])["Responses"]
    suite.equal(answers[0]["Item"]["sk"], {"S": "1"}, "dynamodb: PartiQL in a batch")
    suite.fails("ValidationException", db.batch_execute_statement, Statements=[read] * 26)
    suite.equal(len(db.execute_transaction(TransactStatements=[read])["Responses"]), 1, "dynamodb: PartiQL in a transaction")
    insert = {"Statement": "INSERT INTO birds VALUE {'pk': 'turkey', 'sk': '1'}"}
    suite.fails("TransactionCanceledException", db.execute_transaction, TransactStatements=[insert])


def _streams(suite, arn):
    streams = suite.client("dynamodbstreams")
    suite.check(arn in [each["StreamArn"] for each in streams.list_streams(TableName="birds")["Streams"]], "dynamodbstreams: not listed")
    described = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    suite.equal([described["TableName"], described["StreamStatus"]], ["birds", "ENABLED"], "dynamodbstreams: stream")
    gone = arn.replace("birds", "absent")
    suite.fails("ResourceNotFoundException", streams.describe_stream, StreamArn=gone)
    shard = {"StreamArn": arn, "ShardId": described["Shards"][0]["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    iterator = streams.get_shard_iterator(**shard)["ShardIterator"]
    suite.fails("ResourceNotFoundException", streams.get_shard_iterator, **{**shard, "StreamArn": gone})
    deadline, records = time.monotonic() + 5, []
    while not records and time.monotonic() < deadline:
        records = streams.get_records(ShardIterator=iterator, Limit=2)["Records"]
    suite.equal([record["eventName"] for record in records], ["INSERT", "INSERT"], "dynamodbstreams: records")
    suite.fails("ValidationException", streams.get_records, ShardIterator="no iterator of ours, and long enough to be one")
    suite.fails("ValidationException", streams.list_streams, Limit=101)
