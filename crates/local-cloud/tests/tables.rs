//! DynamoDB through the real SDK: pages of an index, conditions, batches, transactions, hostile values, errors.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod support;

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    KeysAndAttributes, PointInTimeRecoverySpecification, Projection, ProjectionType, Put, PutRequest,
    ReturnValue, ScalarAttributeType, Tag, TimeToLiveSpecification, TransactWriteItem, WriteRequest,
};
use serde_json::json;
use support::TestCloud;

type Item = HashMap<String, AttributeValue>;

fn key(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
}

async fn make_table(client: &Client, name: &str) {
    let attribute = |name: &str| {
        let kind = ScalarAttributeType::S;
        AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
    };
    let index = GlobalSecondaryIndex::builder()
        .index_name("breed")
        .key_schema(key("breed", KeyType::Hash))
        .key_schema(key("name", KeyType::Range))
        .projection(Projection::builder().projection_type(ProjectionType::All).build())
        .build()
        .unwrap();
    client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(["pk", "sk", "breed", "name"].map(attribute).to_vec()))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .global_secondary_indexes(index)
        .send()
        .await
        .unwrap();
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn turkey(id: &str, breed: &str, name: &str) -> Item {
    let pairs = [("pk", text(id)), ("sk", text("turkey")), ("breed", text(breed)), ("name", text(name))];
    let weight = ("weight", AttributeValue::N("7.25".to_owned()));
    pairs.into_iter().chain([weight]).map(|(name, value)| (name.to_owned(), value)).collect()
}

async fn put(client: &Client, item: Item) {
    client.put_item().table_name("turkeys").set_item(Some(item)).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_is_read_page_by_page_in_order() {
    let cloud = TestCloud::start().await;
    let client = cloud.dynamodb();
    make_table(&client, "turkeys").await;
    for number in (0..40).rev() {
        put(&client, turkey(&format!("t{number:02}"), "Slate", &format!("name {:02}", number / 2))).await;
    }
    put(&client, turkey("other", "Black", "name 00")).await;
    let (mut names, mut start, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = client
            .query()
            .table_name("turkeys")
            .index_name("breed")
            .key_condition_expression("#b = :b")
            .expression_attribute_names("#b", "breed")
            .expression_attribute_values(":b", text("Slate"))
            .limit(15)
            .set_exclusive_start_key(start)
            .send()
            .await
            .unwrap();
        pages += 1;
        names.extend(page.items().iter().map(|item| {
            assert_eq!(item["weight"], AttributeValue::N("7.25".to_owned()));
            (item["name"].as_s().unwrap().clone(), item["pk"].as_s().unwrap().clone())
        }));
        start = page.last_evaluated_key;
        if start.is_none() {
            break;
        }
    }
    assert_eq!((pages, names.len()), (3, 40));
    assert!(names.is_sorted_by(|one, other| one.0 <= other.0), "{names:?}");
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 40, "no item twice");
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_and_transactions_say_why_they_fail() {
    let cloud = TestCloud::start().await;
    let client = cloud.dynamodb();
    make_table(&client, "turkeys").await;
    put(&client, turkey("a", "Slate", "first")).await;
    let update = |expected: &str| {
        client
            .update_item()
            .table_name("turkeys")
            .key("pk", text("a"))
            .key("sk", text("turkey"))
            .update_expression("SET #n = :new ADD weight :more")
            .condition_expression("#n = :old")
            .expression_attribute_names("#n", "name")
            .expression_attribute_values(":new", text("second"))
            .expression_attribute_values(":more", AttributeValue::N("0.75".to_owned()))
            .expression_attribute_values(":old", text(expected))
            .return_values(ReturnValue::AllNew)
            .send()
    };
    let changed = update("first").await.unwrap().attributes.unwrap();
    assert_eq!((&changed["name"], &changed["weight"]), (&text("second"), &AttributeValue::N("8".into())));
    let refused = update("first").await.unwrap_err().into_service_error();
    assert!(refused.is_conditional_check_failed_exception(), "{refused:?}");
    assert_eq!(refused.message(), Some("The conditional request failed"));

    let write = |id: &str| {
        let put = Put::builder()
            .table_name("turkeys")
            .set_item(Some(turkey(id, "Slate", "third")))
            .condition_expression("attribute_not_exists(pk)");
        TransactWriteItem::builder().put(put.build().unwrap()).build()
    };
    let cancelled =
        client.transact_write_items().transact_items(write("b")).transact_items(write("a")).send().await;
    let cancelled = cancelled.unwrap_err().into_service_error();
    assert_eq!(cancelled.code(), Some("TransactionCanceledException"));
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        cancelled,
    ) = cancelled
    else {
        panic!("{cancelled:?}")
    };
    let reasons: Vec<_> = cancelled.cancellation_reasons().iter().map(|reason| reason.code()).collect();
    assert_eq!(reasons, [Some("None"), Some("ConditionalCheckFailed")]);
    let absent = client.get_item().table_name("turkeys").key("pk", text("b")).key("sk", text("turkey"));
    assert!(absent.send().await.unwrap().item.is_none(), "a cancelled transaction writes nothing");
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_answer_what_was_not_processed() {
    let cloud = TestCloud::start().await;
    let client = cloud.dynamodb();
    make_table(&client, "turkeys").await;
    let write = |number: u32| {
        let item = turkey(&format!("t{number}"), "Slate", "x");
        WriteRequest::builder()
            .put_request(PutRequest::builder().set_item(Some(item)).build().unwrap())
            .build()
    };
    let batch = |range: std::ops::Range<u32>| range.map(write).collect::<Vec<_>>();
    let written = client.batch_write_item().request_items("turkeys", batch(0..25)).send().await.unwrap();
    assert!(written.unprocessed_items.unwrap().is_empty());
    let many = client.batch_write_item().request_items("turkeys", batch(0..26)).send().await;
    assert_eq!(many.unwrap_err().into_service_error().code(), Some("ValidationException"));

    let partial = |operation| {
        json!({"service": "dynamodb", "operation": operation, "error": "partial", "times": 1}).to_string()
    };
    let refused = cloud.send("PUT", "/_local/faults", &[], partial("Query")).await;
    assert!(refused.text().contains("is for BatchWriteItem of dynamodb"), "{}", refused.text());
    cloud.send("PUT", "/_local/faults", &[], partial("BatchWriteItem")).await;
    let half = client.batch_write_item().request_items("turkeys", batch(0..25)).send().await.unwrap();
    let left = half.unprocessed_items.unwrap();
    assert_eq!(left["turkeys"], batch(13..25));
    let rest = client.batch_write_item().set_request_items(Some(left)).send().await.unwrap();
    assert!(rest.unprocessed_items.unwrap().is_empty());

    let keys = ["t1", "t24", "absent"].map(|id| {
        [("pk".to_owned(), text(id)), ("sk".to_owned(), text("turkey"))].into_iter().collect::<Item>()
    });
    let wanted = KeysAndAttributes::builder().set_keys(Some(keys.to_vec())).build().unwrap();
    let read = client.batch_get_item().request_items("turkeys", wanted).send().await.unwrap();
    assert_eq!(read.responses.unwrap()["turkeys"].len(), 2);
    assert!(read.unprocessed_keys.unwrap().is_empty());
    let counted = client.scan().table_name("turkeys").send().await.unwrap();
    assert_eq!(counted.count(), 25);
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_values_come_back_as_they_went() {
    let cloud = TestCloud::start().await;
    let client = cloud.dynamodb();
    make_table(&client, "turkeys").await;
    let long = "\u{1f983}é".repeat(341);
    let hostile = [
        "\"quoted\"",
        "it's",
        "back\\slash",
        "a%2Fb",
        "\u{1f983}",
        "'; DROP TABLE x; --",
        "\u{0}\u{1f}\r\n\t",
        &long,
    ];
    for (number, value) in hostile.iter().enumerate() {
        let mut item = turkey(value, value, &format!("n{number}"));
        item.insert("bytes".to_owned(), AttributeValue::B(Blob::new(value.as_bytes())));
        put(&client, item).await;
    }
    for value in hostile {
        let page = client
            .query()
            .table_name("turkeys")
            .index_name("breed")
            .key_condition_expression("breed = :b")
            .expression_attribute_values(":b", text(value))
            .send()
            .await
            .unwrap();
        assert_eq!(page.count(), 1, "{value:?}");
        let item = &page.items()[0];
        assert_eq!((&item["pk"], &item["breed"]), (&text(value), &text(value)));
        assert_eq!(item["bytes"], AttributeValue::B(Blob::new(value.as_bytes())));
    }
    let over = turkey(&"x".repeat(2049), "Slate", "x");
    let refused = client.put_item().table_name("turkeys").set_item(Some(over)).send().await;
    assert_eq!(refused.unwrap_err().into_service_error().code(), Some("ValidationException"));
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_described_tagged_and_deleted() {
    let cloud = TestCloud::start().await;
    let client = cloud.dynamodb();
    make_table(&client, "turkeys").await;
    let described = client.describe_table().table_name("turkeys").send().await.unwrap().table.unwrap();
    let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/turkeys";
    assert_eq!(described.table_arn(), Some(arn));
    let index = &described.global_secondary_indexes()[0];
    assert_eq!(index.index_arn(), Some(format!("{arn}/index/breed").as_str()));
    let tag = Tag::builder().key("team").value("blue").build().unwrap();
    client.tag_resource().resource_arn(arn).tags(tag).send().await.unwrap();
    let tags = client.list_tags_of_resource().resource_arn(arn).send().await.unwrap();
    assert_eq!((tags.tags()[0].key(), tags.tags()[0].value()), ("team", "blue"));
    let elsewhere = arn.replace("us-east-1", "eu-west-1");
    let refused = client.list_tags_of_resource().resource_arn(elsewhere).send().await;
    assert_eq!(refused.unwrap_err().into_service_error().code(), Some("ValidationException"));
    let found = cloud
        .call(
            "ResourceGroupsTaggingAPI_20170126.GetResources",
            json!({"ResourceTypeFilters": ["dynamodb:table"]}),
        )
        .await
        .json();
    assert_eq!(found["ResourceTagMappingList"][0]["ResourceARN"], arn);

    let ttl = TimeToLiveSpecification::builder().attribute_name("expires").enabled(true).build().unwrap();
    client.update_time_to_live().table_name("turkeys").time_to_live_specification(ttl).send().await.unwrap();
    let ttl = client.describe_time_to_live().table_name("turkeys").send().await.unwrap();
    assert_eq!(ttl.time_to_live_description.unwrap().attribute_name(), Some("expires"));
    let recovery =
        PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(true).build().unwrap();
    client
        .update_continuous_backups()
        .table_name("turkeys")
        .point_in_time_recovery_specification(recovery)
        .send()
        .await
        .unwrap();
    let backups = client.describe_continuous_backups().table_name("turkeys").send().await.unwrap();
    let backups = backups.continuous_backups_description.unwrap();
    let recovery = backups.point_in_time_recovery_description.unwrap();
    assert_eq!(recovery.point_in_time_recovery_status.unwrap().as_str(), "ENABLED");
    assert_eq!(recovery.recovery_period_in_days, Some(35));

    let inventory = cloud.send("GET", "/_local/inventory", &[], "").await.json();
    assert_eq!(inventory["others"], json!(["table turkeys"]));
    client.delete_table().table_name("turkeys").send().await.unwrap();
    assert!(client.list_tables().send().await.unwrap().table_names().is_empty());
    let gone = client.describe_continuous_backups().table_name("turkeys").send().await;
    assert!(gone.unwrap_err().into_service_error().is_table_not_found_exception());
    cloud.stop().await;
}

/// Readers remember definitions, which must not outlast the table.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_made_anew_is_read_anew() {
    let cloud = TestCloud::start().await;
    let client = cloud.dynamodb();
    for _ in 0..3 {
        make_table(&client, "turkeys").await;
        put(&client, turkey("a", "Slate", "first")).await;
        let reads = (0..8).map(|_| client.scan().table_name("turkeys").send());
        for page in futures::future::join_all(reads).await {
            assert_eq!(page.unwrap().count(), 1);
        }
        client.delete_table().table_name("turkeys").send().await.unwrap();
        let gone = client.scan().table_name("turkeys").send().await.unwrap_err().into_service_error();
        assert!(gone.is_resource_not_found_exception(), "{gone:?}");
    }
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_and_checksums_have_dynamodbs_shape() {
    let cloud = TestCloud::start().await;
    let headers =
        [("x-amz-target", "DynamoDB_20120810.GetItem"), ("content-type", "application/x-amz-json-1.0")];
    let body = json!({"TableName": "absent", "Key": {"pk": {"S": "a"}}}).to_string();
    let answer = cloud.send("POST", "/", &headers, body.clone()).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("content-type"), "application/x-amz-json-1.0");
    assert_eq!(answer.header("x-amz-crc32"), crc32fast::hash(&answer.body).to_string());
    assert_eq!(
        answer.json(),
        json!({
            "__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
            "message": "Requested resource not found",
        })
    );
    let unknown = cloud.call("DynamoDB_20120810.RestoreTableToPointInTime", json!({})).await;
    assert_eq!(unknown.status, 400);
    assert_eq!(unknown.json()["__type"], "com.amazon.coral.service#UnknownOperationException");

    cloud.cloud.router().faults().plan("dynamodb", "GetItem", local_cloud::FaultKind::Throttle, Some(2));
    let client = cloud.dynamodb();
    let throttled = client.get_item().table_name("absent").key("pk", text("a")).send().await;
    let throttled = throttled.unwrap_err().into_service_error();
    assert!(throttled.is_provisioned_throughput_exceeded_exception(), "{throttled:?}");
    let services = cloud.cloud.services("us-east-1").unwrap();
    let inside = services.dynamodb.call("GetItem", body.clone().into()).await.unwrap_err();
    assert_eq!(inside.code(), "ProvisionedThroughputExceededException");
    let inside = services.dynamodb.call("GetItem", body.into()).await.unwrap_err();
    assert_eq!(inside.code(), "ResourceNotFoundException");
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn regions_have_tables_of_their_own() {
    let regions = || vec!["us-east-1".to_owned(), "us-west-2".to_owned()];
    let cloud = TestCloud::start_with(|options| options.regions = regions()).await;
    let (east, west) = (cloud.dynamodb(), cloud.dynamodb_in("us-west-2"));
    make_table(&west, "turkeys").await;
    assert!(east.list_tables().send().await.unwrap().table_names().is_empty());
    let table = west.describe_table().table_name("turkeys").send().await.unwrap().table.unwrap();
    assert_eq!(table.table_arn(), Some("arn:aws:dynamodb:us-west-2:000000000000:table/turkeys"));
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_from_one_region_to_another_are_under_way() {
    let distance = std::time::Duration::from_millis(60);
    let cloud = TestCloud::start_with(|options| {
        options.regions = vec!["us-east-1".to_owned(), "us-west-2".to_owned()];
        options.distance = distance;
    })
    .await;
    let inside = |region: &str| cloud.cloud.services(region).unwrap().context.inside_endpoint.clone();
    assert_ne!(inside("us-east-1"), inside("us-west-2"));
    let elapsed = |endpoint: String, region: &'static str| {
        let client = TestCloud::dynamodb_at(&endpoint, region);
        async move {
            client.list_tables().send().await.unwrap();
            let started = std::time::Instant::now();
            client.list_tables().send().await.unwrap();
            started.elapsed()
        }
    };
    assert!(elapsed(inside("us-east-1"), "us-west-2").await >= distance);
    assert!(elapsed(inside("us-west-2"), "us-east-1").await >= distance);
    assert!(elapsed(inside("us-west-2"), "us-west-2").await < distance);
    assert!(elapsed(cloud.cloud.endpoint().to_owned(), "us-west-2").await < distance);
    let health = cloud.send("GET", "/_local/health", &[], "").await.json();
    assert_eq!(health["distanceMs"], 60);
    cloud.stop().await;
}
