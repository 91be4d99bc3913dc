//! The real AWS CLI, a program that nobody here wrote, against the embedded cloud.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may panic")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use support::aws_cli;

const STACK: &str = "somebody-elses";

/// An embedded cloud in the background with its own state directory, stopped at the end of the test.
struct Cloud {
    state: tempfile::TempDir,
    endpoint: String,
}

impl Cloud {
    fn start() -> Self {
        let state = tempfile::tempdir().unwrap();
        let started = deploy(state.path(), &["local", "start"]);
        assert!(started.status.success(), "{started:?}");
        let status = deploy(state.path(), &["--json", "local", "status"]);
        let status: Value = serde_json::from_slice(&status.stdout).unwrap();
        let endpoint = status["endpoint"].as_str().unwrap().to_owned();
        Self { state, endpoint }
    }

    /// Runs `aws` and gives what it printed; panics with its words where it failed.
    fn aws(&self, arguments: &[&str]) -> String {
        let output = self.try_aws(arguments);
        assert!(
            output.status.success(),
            "aws {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn try_aws(&self, arguments: &[&str]) -> Output {
        aws_cli(&self.endpoint, arguments)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.aws(arguments)).unwrap()
    }

    /// The outputs of the stack by name.
    fn output(&self, key: &str) -> String {
        let stacks = self.json(&["cloudformation", "describe-stacks", "--stack-name", STACK]);
        let outputs = stacks["Stacks"][0]["Outputs"].as_array().unwrap().clone();
        let output = outputs.iter().find(|output| output["OutputKey"] == key).unwrap();
        output["OutputValue"].as_str().unwrap().to_owned()
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        deploy(self.state.path(), &["local", "stop"]);
    }
}

fn deploy(state: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deploy"))
        .args(arguments)
        .env("DEPLOY_STATE_DIR", state)
        .output()
        .unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aws_cli").join(name)
}

/// Zips the echo function with Python's own zipfile, so that somebody else's zip is unpacked.
fn zip_function(folder: &Path) -> PathBuf {
    let bootstrap = folder.join("bootstrap");
    fs::copy(fixture("bootstrap"), &bootstrap).unwrap();
    Command::new("chmod").arg("755").arg(&bootstrap).status().unwrap();
    let zip = folder.join("echo.zip");
    let made = Command::new("python3")
        .args(["-m", "zipfile", "-c"])
        .arg(&zip)
        .arg("bootstrap")
        .current_dir(folder)
        .status()
        .unwrap();
    assert!(made.success());
    zip
}

#[test]
fn the_aws_cli_drives_a_stack_of_its_own() {
    let cloud = Cloud::start();
    let folder = tempfile::tempdir().unwrap();
    let template = format!("file://{}", fixture("template.yaml").display());

    let identity = cloud.json(&["sts", "get-caller-identity"]);
    assert_eq!(identity["Account"], "000000000000");

    cloud.aws(&["s3", "mb", "s3://somebodys-code"]);
    let zip = zip_function(folder.path());
    cloud.aws(&["s3", "cp", zip.to_str().unwrap(), "s3://somebodys-code/echo.zip"]);
    let back = folder.path().join("back.zip");
    cloud.aws(&["s3", "cp", "s3://somebodys-code/echo.zip", back.to_str().unwrap()]);
    assert_eq!(fs::read(&zip).unwrap(), fs::read(&back).unwrap());

    create_and_use(&cloud, &template, folder.path());
    update_and_change(&cloud, &template);

    let full = cloud.try_aws(&["s3", "rb", "s3://somebodys-code"]);
    assert!(String::from_utf8_lossy(&full.stderr).contains("BucketNotEmpty"), "{full:?}");
    cloud.aws(&["s3", "rb", "--force", "s3://somebodys-code"]);
    cloud.aws(&["cloudformation", "delete-stack", "--stack-name", STACK]);
    cloud.aws(&["cloudformation", "wait", "stack-delete-complete", "--stack-name", STACK]);
    let gone = cloud.try_aws(&["cloudformation", "describe-stacks", "--stack-name", STACK]);
    assert!(String::from_utf8_lossy(&gone.stderr).contains("does not exist"), "{gone:?}");
}

#[test]
fn the_aws_cli_runs_a_state_machine() {
    let cloud = Cloud::start();
    let template = format!("file://{}", fixture("machine.yaml").display());
    let create =
        ["cloudformation", "create-stack", "--stack-name", STACK, "--capabilities", "CAPABILITY_IAM"];
    cloud.aws(&[&create[..], &["--template-body", &template]].concat());
    cloud.aws(&["cloudformation", "wait", "stack-create-complete", "--stack-name", STACK]);
    let machine = cloud.output("MachineArn");

    let about = ["--state-machine-arn", machine.as_str()];
    let start = ["stepfunctions", "start-sync-execution", "--input", r#"{"name":"turkey"}"#];
    let ended = cloud.json(&[&start[..], &about].concat());
    assert_eq!(ended["status"], "SUCCEEDED", "{ended}");
    assert_eq!(ended["output"], r#"{"greeting":"hello turkey"}"#);
    assert_eq!(ended["billingDetails"]["billedMemoryUsedInMB"], 64);
    let described = cloud.json(&[&["stepfunctions", "describe-state-machine"][..], &about].concat());
    assert_eq!(described["type"], "EXPRESS");
    let listed = cloud.json(&["stepfunctions", "list-state-machines"]);
    assert_eq!(listed["stateMachines"][0]["stateMachineArn"], machine.as_str());
    let broken = cloud.try_aws(&[
        "stepfunctions",
        "create-state-machine",
        "--name",
        "broken",
        "--definition",
        r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"}}}"#,
        "--role-arn",
        "arn:aws:iam::000000000000:role/none",
    ]);
    let refusal = String::from_utf8_lossy(&broken.stderr);
    assert!(refusal.contains("(InvalidDefinition)") && refusal.contains("/States/A/Next"), "{refusal}");
    cloud.aws(&["cloudformation", "delete-stack", "--stack-name", STACK]);
    cloud.aws(&["cloudformation", "wait", "stack-delete-complete", "--stack-name", STACK]);
}

#[test]
fn the_aws_cli_sees_zones_certificates_and_domain_names() {
    let cloud = Cloud::start();
    let created =
        cloud.json(&["route53", "create-hosted-zone", "--name", "example.com", "--caller-reference", "1"]);
    let zone = created["HostedZone"]["Id"].as_str().unwrap().trim_start_matches("/hostedzone/").to_owned();
    let change = |action: &str| {
        let record =
            r#"{"Name":"www.example.com","Type":"A","TTL":60,"ResourceRecords":[{"Value":"192.0.2.1"}]}"#;
        let batch = format!(r#"{{"Changes":[{{"Action":"{action}","ResourceRecordSet":{record}}}]}}"#);
        let change =
            ["route53", "change-resource-record-sets", "--hosted-zone-id", &zone, "--change-batch", &batch];
        cloud.try_aws(&change)
    };
    assert!(change("CREATE").status.success());
    let again = change("CREATE");
    assert!(String::from_utf8_lossy(&again.stderr).contains("(InvalidChangeBatch)"), "{again:?}");

    let template = format!("file://{}", fixture("domain.yaml").display());
    let parameter = format!("ParameterKey=Zone,ParameterValue={zone}");
    let create = ["cloudformation", "create-stack", "--stack-name", STACK, "--template-body", &template];
    cloud.aws(&[&create[..], &["--parameters", &parameter]].concat());
    cloud.aws(&["cloudformation", "wait", "stack-create-complete", "--stack-name", STACK]);

    let certificate = cloud.output("Certificate");
    let described = cloud.json(&["acm", "describe-certificate", "--certificate-arn", &certificate]);
    assert_eq!(described["Certificate"]["Status"], "ISSUED");
    assert_eq!(described["Certificate"]["DomainName"], "api.example.com");
    let listed = cloud.json(&["acm", "list-certificates"]);
    assert_eq!(listed["CertificateSummaryList"][0]["CertificateArn"], certificate.as_str());
    let pem = cloud.json(&["acm", "get-certificate", "--certificate-arn", &certificate]);
    assert!(pem["CertificateChain"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    let domain = cloud.json(&["apigateway", "get-domain-names"])["items"][0].clone();
    assert_eq!(domain["regionalCertificateArn"], certificate.as_str());
    let records = cloud.json(&["route53", "list-resource-record-sets", "--hosted-zone-id", &zone]);
    let record = |name: &str| {
        let records = records["ResourceRecordSets"].as_array().unwrap();
        records
            .iter()
            .find(|record| record["Name"] == name)
            .unwrap_or_else(|| panic!("{name}: {records:#?}"))
            .clone()
    };
    let alias = &record("api.example.com.")["AliasTarget"];
    assert_eq!(alias["DNSName"], format!("{}.", domain["regionalDomainName"].as_str().unwrap()));
    let proof = &described["Certificate"]["DomainValidationOptions"][0]["ResourceRecord"];
    assert_eq!(record(proof["Name"].as_str().unwrap())["ResourceRecords"][0]["Value"], proof["Value"]);

    cloud.aws(&["cloudformation", "delete-stack", "--stack-name", STACK]);
    cloud.aws(&["cloudformation", "wait", "stack-delete-complete", "--stack-name", STACK]);
    let full = cloud.try_aws(&["route53", "delete-hosted-zone", "--id", &zone]);
    assert!(String::from_utf8_lossy(&full.stderr).contains("(HostedZoneNotEmpty)"), "{full:?}");
}

fn create_and_use(cloud: &Cloud, template: &str, folder: &Path) {
    let create = |parameters: &str| {
        cloud.try_aws(&[
            "cloudformation",
            "create-stack",
            "--stack-name",
            STACK,
            "--template-body",
            template,
            "--capabilities",
            "CAPABILITY_IAM",
            "--tags",
            "Key=team,Value=blue",
            "--parameters",
            parameters,
        ])
    };
    let missing = create("ParameterKey=Greeting,ParameterValue=hi");
    assert!(String::from_utf8_lossy(&missing.stderr).contains("[Bucket] must have values"), "{missing:?}");
    let created = create("ParameterKey=Bucket,ParameterValue=somebodys-code");
    assert!(created.status.success(), "{created:?}");
    cloud.aws(&["cloudformation", "wait", "stack-create-complete", "--stack-name", STACK]);

    let events = cloud.json(&["cloudformation", "describe-stack-events", "--stack-name", STACK]);
    let events = events["StackEvents"].as_array().unwrap();
    assert_eq!(events[0]["ResourceStatus"], "CREATE_COMPLETE");
    assert_eq!(events[0]["ResourceType"], "AWS::CloudFormation::Stack");
    let first = events.last().unwrap();
    assert_eq!(first["ResourceStatusReason"], "User Initiated");

    let published = cloud.json(&[
        "sns",
        "publish",
        "--topic-arn",
        &cloud.output("TopicArn"),
        "--message",
        "gobble & \"gobble\" 🦃",
    ]);
    assert!(published["MessageId"].is_string());
    let received = cloud.json(&["sqs", "receive-message", "--queue-url", &cloud.output("QueueUrl")]);
    assert_eq!(received["Messages"][0]["Body"], "gobble & \"gobble\" 🦃");

    assert_eq!(invoke(cloud, folder)["greeting"], "hello");
    let logged = cloud.json(&[
        "logs",
        "filter-log-events",
        "--log-group-name",
        &cloud.output("LogGroupName"),
        "--filter-pattern",
        "greeted",
    ]);
    assert_eq!(logged["events"][0]["message"].as_str().unwrap().trim(), "greeted turkey");
}

fn invoke(cloud: &Cloud, folder: &Path) -> Value {
    let answer = folder.join("answer.json");
    let invoked = cloud.json(&[
        "lambda",
        "invoke",
        "--function-name",
        &cloud.output("FunctionName"),
        "--payload",
        r#"{"name":"turkey"}"#,
        answer.to_str().unwrap(),
    ]);
    assert_eq!(invoked["StatusCode"], 200);
    assert!(invoked["FunctionError"].is_null(), "{invoked}");
    let answer: Value = serde_json::from_slice(&fs::read(answer).unwrap()).unwrap();
    assert_eq!(answer["event"]["name"], "turkey");
    answer
}

fn update_and_change(cloud: &Cloud, template: &str) {
    let folder = tempfile::tempdir().unwrap();
    let update = |greeting: &str| {
        cloud.try_aws(&[
            "cloudformation",
            "update-stack",
            "--stack-name",
            STACK,
            "--use-previous-template",
            "--capabilities",
            "CAPABILITY_IAM",
            "--parameters",
            "ParameterKey=Bucket,UsePreviousValue=true",
            greeting,
        ])
    };
    let unchanged = update("ParameterKey=Greeting,UsePreviousValue=true");
    assert!(
        String::from_utf8_lossy(&unchanged.stderr).contains("No updates are to be performed"),
        "{unchanged:?}"
    );
    assert!(update("ParameterKey=Greeting,ParameterValue=howdy").status.success());
    cloud.aws(&["cloudformation", "wait", "stack-update-complete", "--stack-name", STACK]);
    assert_eq!(invoke(cloud, folder.path())["greeting"], "howdy");

    cloud.aws(&[
        "cloudformation",
        "create-change-set",
        "--stack-name",
        STACK,
        "--change-set-name",
        "slower",
        "--template-body",
        template,
        "--capabilities",
        "CAPABILITY_IAM",
        "--parameters",
        "ParameterKey=Bucket,UsePreviousValue=true",
        "ParameterKey=Greeting,UsePreviousValue=true",
        "ParameterKey=Seconds,ParameterValue=45",
    ]);
    let wait = ["--stack-name", STACK, "--change-set-name", "slower"];
    cloud.aws(&[&["cloudformation", "wait", "change-set-create-complete"][..], &wait].concat());
    let described = cloud.json(&[&["cloudformation", "describe-change-set"][..], &wait].concat());
    let changes = described["Changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{described}");
    assert_eq!(changes[0]["ResourceChange"]["LogicalResourceId"], "Queue");
    assert_eq!(changes[0]["ResourceChange"]["Replacement"], "False");
    cloud.aws(&[&["cloudformation", "execute-change-set"][..], &wait].concat());
    cloud.aws(&["cloudformation", "wait", "stack-update-complete", "--stack-name", STACK]);
    let attributes = cloud.json(&[
        "sqs",
        "get-queue-attributes",
        "--queue-url",
        &cloud.output("QueueUrl"),
        "--attribute-names",
        "VisibilityTimeout",
    ]);
    assert_eq!(attributes["Attributes"]["VisibilityTimeout"], "45");
}

#[test]
fn the_aws_cli_asks_for_what_runs_containers() {
    let cloud = Cloud::start();
    let made = cloud.json(&[
        "apprunner",
        "create-auto-scaling-configuration",
        "--auto-scaling-configuration-name",
        "mine",
        "--max-concurrency",
        "7",
    ]);
    let made = &made["AutoScalingConfiguration"];
    assert_eq!((&made["AutoScalingConfigurationRevision"], &made["MaxSize"]), (&1.into(), &25.into()));
    let listed = cloud.json(&["apprunner", "list-auto-scaling-configurations"]);
    assert_eq!(listed["AutoScalingConfigurationSummaryList"].as_array().unwrap().len(), 2);
    let arn = made["AutoScalingConfigurationArn"].as_str().unwrap();
    cloud.aws(&["apprunner", "delete-auto-scaling-configuration", "--auto-scaling-configuration-arn", arn]);
    let services = cloud.json(&["apprunner", "list-services"]);
    assert_eq!(services["ServiceSummaryList"], serde_json::json!([]));
    let source = r#"{"ImageRepository":{"ImageIdentifier":"000000000000.dkr.ecr.us-east-1.amazonaws.com/none:v1",
        "ImageRepositoryType":"ECR"},"AutoDeploymentsEnabled":false}"#;
    let refused = cloud.try_aws(&[
        "apprunner",
        "create-service",
        "--service-name",
        "mine",
        "--source-configuration",
        source,
    ]);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(words.contains("InvalidRequestException") && words.contains("AccessRoleArn"), "{words}");
    let missing = cloud.try_aws(&["ecs", "describe-services", "--services", "none"]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("ClusterNotFoundException"), "{missing:?}");
    let group = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/none/0";
    let missing = cloud.try_aws(&["elbv2", "describe-target-health", "--target-group-arn", group]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("TargetGroupNotFound"), "{missing:?}");
}

#[test]
fn the_aws_cli_reads_and_writes_a_table() {
    let cloud = Cloud::start();
    let template =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/foundation/table.yaml").canonicalize();
    let template = format!("file://{}", template.unwrap().display());
    cloud.aws(&["cloudformation", "create-stack", "--stack-name", STACK, "--template-body", &template]);
    cloud.aws(&["cloudformation", "wait", "stack-create-complete", "--stack-name", STACK]);
    let table = cloud.output("TableName");
    let described = cloud.json(&["dynamodb", "describe-table", "--table-name", &table]);
    assert_eq!(described["Table"]["TableArn"], cloud.output("TableArn"));
    assert_eq!(described["Table"]["GlobalSecondaryIndexes"][0]["IndexName"], cloud.output("IndexName"));

    let put = |number: u32| {
        serde_json::json!({"PutRequest": {"Item": {
            "pk": {"S": format!("t{number}")},
            "sk": {"S": "turkey"},
            "breed": {"S": "Bourbon \"Red\" 🦃"},
            "name": {"S": format!("name {number}")},
            "weight": {"N": "12.5"},
        }}})
    };
    let items = serde_json::json!({&table: [put(2), put(1), put(3)]}).to_string();
    let written = cloud.json(&["dynamodb", "batch-write-item", "--request-items", &items]);
    assert_eq!(written["UnprocessedItems"], serde_json::json!({}));
    let query = |starting: &[&str]| {
        let values = serde_json::json!({":b": {"S": "Bourbon \"Red\" 🦃"}}).to_string();
        let fixed = [
            "dynamodb",
            "query",
            "--table-name",
            &table,
            "--index-name",
            "breed",
            "--key-condition-expression",
            "breed = :b",
            "--expression-attribute-values",
            &values,
        ];
        cloud.json(&[&fixed[..], starting].concat())
    };
    let all = query(&[]);
    let names: Vec<_> = all["Items"].as_array().unwrap().iter().map(|item| &item["name"]["S"]).collect();
    assert_eq!(names, ["name 1", "name 2", "name 3"]);
    let first = query(&["--max-items", "2", "--page-size", "2"]);
    let rest = query(&["--starting-token", first["NextToken"].as_str().unwrap()]);
    assert_eq!(rest["Items"], serde_json::json!([all["Items"][2]]));
    let twice = cloud.try_aws(&["dynamodb", "describe-table", "--table-name", "absent"]);
    assert!(String::from_utf8_lossy(&twice.stderr).contains("ResourceNotFoundException"), "{twice:?}");
    cloud.aws(&["cloudformation", "delete-stack", "--stack-name", STACK]);
    cloud.aws(&["cloudformation", "wait", "stack-delete-complete", "--stack-name", STACK]);
    let left = cloud.json(&["dynamodb", "list-tables"]);
    assert_eq!(left["TableNames"], serde_json::json!([]));
}
