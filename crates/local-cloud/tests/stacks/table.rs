use local_cloud::Inventory;
use serde_json::{Value, json};

use crate::support::{Parameters, TestCloud, template};

async fn describe(test: &TestCloud, table: &str) -> Value {
    let target = "DynamoDB_20120810.DescribeTable";
    test.aws_json("dynamodb", target, &json!({"TableName": table})).await["Table"].take()
}

/// A template with one table; `properties` is YAML of its further properties, in one line each.
fn with(properties: &str) -> String {
    let lines: Vec<String> = properties.lines().map(|line| format!("      {}", line.trim_start())).collect();
    format!(
        "Resources:\n  Table:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      KeySchema: [{{AttributeName: pk, KeyType: HASH}}]\n{}\nOutputs:\n  Name: {{Value: !Ref Table}}\n  Arn: {{Value: !GetAtt Table.Arn}}\n",
        lines.join("\n")
    )
}

const PLAIN: &str =
    "BillingMode: PAY_PER_REQUEST\nAttributeDefinitions: [{AttributeName: pk, AttributeType: S}]";

fn index(name: &str, key: &str) -> String {
    format!(
        "{{IndexName: {name}, KeySchema: [{{AttributeName: {key}, KeyType: HASH}}], Projection: {{ProjectionType: ALL}}}}"
    )
}

fn indexed(attributes: &[&str], indexes: &[String]) -> String {
    let attribute = |name: &&str| format!("{{AttributeName: {name}, AttributeType: S}}");
    let attributes: Vec<String> = attributes.iter().map(attribute).collect();
    with(&format!(
        "BillingMode: PAY_PER_REQUEST\nAttributeDefinitions: [{}]\nGlobalSecondaryIndexes: [{}]",
        attributes.join(", "),
        indexes.join(", ")
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_projects_table_comes_and_goes() {
    let test = TestCloud::start().await;
    let outputs = test.created("table", &template("foundation/table"), &Parameters::new()).await;
    assert!(outputs["TableName"].starts_with("table-Table-"), "{outputs:?}");
    assert_eq!(
        outputs["TableArn"],
        format!("arn:aws:dynamodb:us-east-1:000000000000:table/{}", outputs["TableName"])
    );
    assert_eq!(outputs["IndexName"], "breed");
    let table = describe(&test, &outputs["TableName"]).await;
    assert_eq!(table["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(table["GlobalSecondaryIndexes"][0]["IndexStatus"], "ACTIVE");
    assert_eq!(test.cloud.router().inventory().others.len(), 1);
    assert_eq!(test.delete("table").await, "DELETE_COMPLETE", "{}", test.reasons("table"));
    assert_eq!(test.cloud.router().inventory(), Inventory::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_change_in_place_and_keys_replace_the_table() {
    let test = TestCloud::start().await;
    let none = Parameters::new();
    let made = test
        .created(
            "t",
            &with(&format!(
                "{PLAIN}\nTimeToLiveSpecification: {{AttributeName: expires, Enabled: true}}\nPointInTimeRecoverySpecification: {{PointInTimeRecoveryEnabled: true}}\nStreamSpecification: {{StreamViewType: NEW_IMAGE}}\nSSESpecification: {{SSEEnabled: true}}\nTags: [{{Key: a, Value: one}}, {{Key: b, Value: two}}]"
            )),
            &none,
        )
        .await;
    let name = made["Name"].clone();
    let table = describe(&test, &name).await;
    assert_eq!(table["StreamSpecification"]["StreamViewType"], "NEW_IMAGE");
    assert_eq!(table["SSEDescription"]["Status"], "ENABLED");
    let body = json!({"TableName": name});
    let ttl = test.aws_json("dynamodb", "DynamoDB_20120810.DescribeTimeToLive", &body).await;
    assert_eq!(ttl["TimeToLiveDescription"]["TimeToLiveStatus"], "ENABLED");
    let backups = "DynamoDB_20120810.DescribeContinuousBackups";
    let recovery = test.aws_json("dynamodb", backups, &body).await;
    let status = "/ContinuousBackupsDescription/PointInTimeRecoveryDescription/PointInTimeRecoveryStatus";
    assert_eq!(recovery.pointer(status), Some(&json!("ENABLED")));

    let changed = "BillingMode: PROVISIONED\nProvisionedThroughput: {ReadCapacityUnits: 5, WriteCapacityUnits: 6}\nAttributeDefinitions: [{AttributeName: pk, AttributeType: S}]\nTableClass: STANDARD_INFREQUENT_ACCESS\nSSESpecification: {SSEEnabled: true}\nTags: [{Key: b, Value: three}]";
    assert_eq!(test.updated("t", &with(changed), &none).await["Name"], name);
    let table = describe(&test, &name).await;
    assert_eq!(table["ProvisionedThroughput"]["WriteCapacityUnits"], 6);
    assert_eq!(table["TableClassSummary"]["TableClass"], "STANDARD_INFREQUENT_ACCESS");
    assert_ne!(table["StreamSpecification"]["StreamEnabled"], true);
    let ttl = test.aws_json("dynamodb", "DynamoDB_20120810.DescribeTimeToLive", &body).await;
    assert_eq!(ttl["TimeToLiveDescription"]["TimeToLiveStatus"], "DISABLED");
    assert_eq!(test.aws_json("dynamodb", backups, &body).await.pointer(status), Some(&json!("DISABLED")));
    let tags = json!({"ResourceArn": made["Arn"]});
    let tags = test.aws_json("dynamodb", "DynamoDB_20120810.ListTagsOfResource", &tags).await;
    let own: Vec<&Value> = tags["Tags"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|tag| tag["Key"] == "a" || tag["Key"] == "b")
        .collect();
    assert_eq!(own, [&json!({"Key": "b", "Value": "three"})]);

    let other = with(changed).replace("AttributeName: pk", "AttributeName: id");
    let replaced = test.updated("t", &other, &none).await;
    assert_ne!(replaced["Name"], name);
    assert_eq!(describe(&test, &name).await, Value::Null, "the old table is gone");
    assert_eq!(test.delete("t").await, "DELETE_COMPLETE");
    assert_eq!(test.cloud.router().inventory(), Inventory::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_come_and_go_one_at_a_time() {
    let test = TestCloud::start().await;
    let none = Parameters::new();
    let one = indexed(&["pk", "a"], &[index("by-a", "a")]);
    let name = test.created("t", &one, &none).await["Name"].clone();
    let both = [index("by-a", "a"), index("by-b", "b")];
    let two = indexed(&["pk", "a", "b"], &both);
    test.updated("t", &two, &none).await;
    assert_eq!(describe(&test, &name).await["GlobalSecondaryIndexes"].as_array().unwrap().len(), 2);
    let swapped = indexed(&["pk", "a", "c"], &[index("by-a", "a"), index("by-c", "c")]);
    let refused = test.update("t", &swapped, &none).await;
    assert_eq!(refused.status.as_str(), "UPDATE_ROLLBACK_COMPLETE");
    let reasons = test.reasons("t");
    assert!(reasons.contains("Cannot perform more than one GSI creation or deletion"), "{reasons}");
    let other_key = indexed(&["pk", "a", "b"], &[index("by-a", "b"), index("by-b", "b")]);
    assert_eq!(test.update("t", &other_key, &none).await.status.as_str(), "UPDATE_ROLLBACK_COMPLETE");
    assert!(test.reasons("t").contains("Cannot update GSI's properties other than"), "{}", test.reasons("t"));
    test.updated("t", &one, &none).await;
    assert_eq!(describe(&test, &name).await["GlobalSecondaryIndexes"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_table_stays() {
    let test = TestCloud::start().await;
    let none = Parameters::new();
    test.created("t", &with(&format!("{PLAIN}\nDeletionProtectionEnabled: true")), &none).await;
    assert_eq!(test.delete("t").await, "DELETE_FAILED");
    assert!(test.reasons("t").contains("eletion protection"), "{}", test.reasons("t"));
    let inventory = test.cloud.router().inventory();
    let table = inventory.others[0].strip_prefix("table ").unwrap();
    let body = json!({"TableName": table, "DeletionProtectionEnabled": false});
    test.aws_json("dynamodb", "DynamoDB_20120810.UpdateTable", &body).await;
    assert_eq!(test.delete("t").await, "DELETE_COMPLETE");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_served_is_refused() {
    let test = TestCloud::start().await;
    for (stack, properties, reason) in [
        (
            "units",
            "AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]".to_owned(),
            "ReadCapacityUnits and WriteCapacityUnits",
        ),
        (
            "imports",
            format!("{PLAIN}\nImportSourceSpecification: {{InputFormat: CSV}}"),
            "ImportSourceSpecification",
        ),
        (
            "key",
            "BillingMode: PAY_PER_REQUEST\nAttributeDefinitions: [{AttributeName: id, AttributeType: S}]"
                .to_owned(),
            "AttributeDefinitions",
        ),
    ] {
        let status = test.create(stack, &with(&properties), &Parameters::new()).await.status;
        assert_eq!(status.as_str(), "ROLLBACK_COMPLETE", "{stack}");
        assert!(test.reasons(stack).contains(reason), "{stack}: {}", test.reasons(stack));
    }
    assert!(test.cloud.router().inventory().others.is_empty());
}
