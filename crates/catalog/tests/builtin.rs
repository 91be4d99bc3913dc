//! The templates that the program carries keep the contract, and what AWS asks of them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use catalog::{Catalog, Template};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn all(catalog: &Catalog) -> impl Iterator<Item = &Template> {
    catalog.foundation().chain(catalog.variants().map(|variant| &variant.template))
}

#[test]
fn they_load_and_fit_into_a_request() {
    let catalog = Catalog::builtin().unwrap();
    let names: Vec<&str> = all(&catalog).map(Template::name).collect();
    for name in [
        "artifacts",
        "identity",
        "items",
        "network",
        "origin",
        "table",
        "topic",
        "crud-fargate",
        "crud-gateway",
        "crud-lambda",
        "proxy-elb",
        "proxy-http",
        "proxy-lambda",
        "publish-direct",
        "publish-ec2",
        "query-apprunner",
        "query-direct",
        "query-express",
        "query-lambda",
        "query-stepfunctions",
    ] {
        assert_eq!(names.iter().filter(|known| **known == name).count(), 1, "{name}");
    }
    for template in all(&catalog) {
        assert!(template.body().len() <= 51_200, "{} is too long", template.file());
        assert_eq!(template.sha256().len(), 64);
    }
}

#[test]
fn metadata_is_read_as_it_stands() {
    let catalog = Catalog::builtin().unwrap();
    let lambda = catalog.variant("publish-lambda").unwrap();
    assert_eq!(lambda.workload, "publish");
    assert_eq!(lambda.hops, ["API Gateway", "Lambda", "SNS"]);
    assert_eq!(lambda.artifacts["CodeKey"], "lambda/publish");
    assert_eq!(lambda.tunables["memory"], "MemorySize");
    assert_eq!(lambda.flag("MemorySize"), Some("memory"));
    assert_eq!(lambda.template.capabilities(), ["CAPABILITY_IAM"]);
    assert_eq!(lambda.template.rest_apis(), 1);
    assert_eq!(catalog.variant("publish-fargate").unwrap().template.rest_apis(), 0);
    let roles = catalog.foundation().filter(|template| !template.capabilities().is_empty());
    assert_eq!(roles.map(Template::name).collect::<Vec<_>>(), ["origin"]);
}

#[test]
fn wiring_follows_from_names() {
    let catalog = Catalog::builtin().unwrap();
    let needs = |ids: &[&str]| {
        let variants: Vec<_> = ids.iter().map(|id| catalog.variant(id).unwrap()).collect();
        catalog
            .foundation_for(&variants, |variant, parameter| variant.wants(parameter, &BTreeMap::new()))
            .into_iter()
            .map(Template::name)
            .collect::<Vec<_>>()
    };
    assert_eq!(needs(&["publish-direct"]), ["topic"]);
    assert_eq!(needs(&["publish-lambda"]), ["artifacts", "topic"]);
    assert_eq!(needs(&["publish-direct", "publish-fargate"]), ["topic", "artifacts", "network"]);
    assert_eq!(needs(&["publish-ec2"]), ["artifacts", "network", "topic"]);
    assert_eq!(needs(&["query-direct"]), ["table"]);
    assert_eq!(needs(&["query-lambda"]), ["artifacts", "table"]);
    assert_eq!(needs(&["proxy-elb"]), ["network"]);
    assert_eq!(needs(&["proxy-http"]), ["network", "origin"]);
    assert!(needs(&[]).is_empty());
    let fargate = &catalog.variant("publish-fargate").unwrap().template;
    let inputs: Vec<(&str, &str)> =
        catalog.inputs(fargate).into_iter().map(|(parameter, from)| (parameter, from.name())).collect();
    assert_eq!(
        inputs,
        [
            ("PublicSubnetIds", "network"),
            ("RepositoryName", "artifacts"),
            ("TopicArn", "topic"),
            ("VpcId", "network")
        ]
    );
}

#[test]
fn every_parameter_has_a_description_and_every_tunable_is_bounded() {
    let catalog = Catalog::builtin().unwrap();
    for template in all(&catalog) {
        for parameter in template.parameters().values() {
            let described = parameter.description.as_ref().is_some_and(|text| !text.is_empty());
            assert!(described, "{}: {} has no Description", template.file(), parameter.name);
        }
    }
    for variant in catalog.variants() {
        for flag in variant.tunables.keys() {
            let parameter = variant.setting(flag).unwrap();
            let bounded = !parameter.allowed_values.is_empty()
                || parameter.allowed_pattern.is_some()
                || (parameter.min_value.is_some() && parameter.max_value.is_some());
            assert!(bounded, "{}: {flag} takes anything", variant.id);
        }
    }
}

/// What <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size> lists.
fn fargate_sizes() -> BTreeMap<i64, Vec<i64>> {
    let by = |from: i64, to: i64, step| (from..=to).step_by(step).collect();
    BTreeMap::from([
        (256, vec![512, 1024, 2048]),
        (512, by(1024, 4096, 1024)),
        (1024, by(2048, 8192, 1024)),
        (2048, by(4096, 16384, 1024)),
        (4096, by(8192, 30720, 1024)),
        (8192, by(16384, 61440, 4096)),
        (16384, by(32768, 122_880, 8192)),
    ])
}

#[test]
fn exactly_fargates_pairs_of_cpu_and_memory_are_allowed() {
    let catalog = Catalog::builtin().unwrap();
    let fargate = catalog.variant("publish-fargate").unwrap();
    let sizes = fargate_sizes();
    let mut memories: Vec<i64> = sizes.values().flatten().copied().collect();
    memories.extend([513, 3000, 65_537]);
    for (cpu, offered) in &sizes {
        for memory in &memories {
            let (cpu, memory_text) = (cpu.to_string(), memory.to_string());
            let given = [("cpu", cpu.as_str()), ("memory", memory_text.as_str())];
            let result = fargate.settings(given, &BTreeMap::new());
            assert_eq!(result.is_ok(), offered.contains(memory), "{cpu} with {memory}: {result:?}");
        }
        let current = BTreeMap::from([("Cpu".to_owned(), cpu.to_string())]);
        let named: Vec<i64> = fargate
            .allowed("memory", &current)
            .unwrap()
            .split([',', ' '])
            .filter_map(|word| word.parse().ok())
            .collect();
        assert_eq!(&named, offered, "{cpu}");
    }
}

/// The resources that an API Gateway deployment is a snapshot of.
fn api_definition(template: &Template) -> BTreeMap<&String, &Value> {
    const TYPES: [&str; 7] =
        ["Authorizer", "GatewayResponse", "Method", "Model", "RequestValidator", "Resource", "RestApi"];
    let resources = template.document().document()["Resources"].as_object().unwrap();
    let belongs = |resource: &Value| {
        let kind = resource["Type"].as_str().unwrap().strip_prefix("AWS::ApiGateway::");
        kind.is_some_and(|kind| TYPES.contains(&kind))
    };
    resources.iter().filter(|(_, resource)| belongs(resource)).collect()
}

/// Sorts the keys of objects, so that the hash depends on what is said and not on where.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let sorted: BTreeMap<&String, Value> =
                object.iter().map(|(key, value)| (key, canonical(value))).collect();
            serde_json::to_value(sorted).unwrap()
        }
        Value::Array(items) => items.iter().map(canonical).collect(),
        other => other.clone(),
    }
}

/// A deployment is immutable, so a changed API reaches its stage only under a new logical ID.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-apigateway-deployment.html>
#[test]
fn a_deployment_is_named_after_the_api_that_it_snapshots() {
    let catalog = Catalog::builtin().unwrap();
    let mut seen = 0;
    for template in all(&catalog).filter(|template| template.rest_apis() > 0) {
        let definition = api_definition(template);
        let text = canonical(&serde_json::to_value(&definition).unwrap()).to_string();
        let wanted = &hex::encode(Sha256::digest(text))[..8];
        let resources = template.document().resources();
        for (name, deployment) in
            resources.iter().filter(|(_, one)| one.type_name == "AWS::ApiGateway::Deployment")
        {
            let right = name.starts_with("Deployment") && name.ends_with(wanted);
            assert!(right, "{}: the API has changed: {name} must end in {wanted}", template.file());
            for (part, value) in &definition {
                if ["AWS::ApiGateway::Method", "AWS::ApiGateway::GatewayResponse"]
                    .contains(&value["Type"].as_str().unwrap())
                {
                    assert!(deployment.depends_on.contains(part), "{name} must depend on {part}");
                }
            }
            seen += 1;
        }
    }
    assert!(seen >= 2, "{seen}");
}

/// What stands in a snapshot although it is a parameter's, since the program refuses to change it while it is in force.
const FIXED: [&str; 1] = ["AllowedCidr"];

/// A snapshot cannot follow a parameter: what one varies must reach the API some other way.
#[test]
fn no_snapshot_holds_a_parameter() {
    let catalog = Catalog::builtin().unwrap();
    for template in all(&catalog).filter(|template| template.rest_apis() > 0) {
        let text = serde_json::to_string(&api_definition(template)).unwrap();
        for parameter in template.parameters().keys() {
            let used = text.contains(&format!("{{\"Ref\":\"{parameter}\"}}"))
                || text.contains(&format!("${{{parameter}}}"));
            let fixed = FIXED.contains(&parameter.as_str());
            assert!(!used || fixed, "{}: the API definition uses {parameter}", template.file());
        }
    }
}

/// Every text under a key `Condition`, and the first part of every `Fn::If`.
fn conditions_in(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(object) => {
            let own = object.get("Fn::If").and_then(|parts| parts[0].as_str()).map(str::to_owned);
            own.into_iter().chain(object.values().flat_map(conditions_in)).collect()
        }
        Value::Array(items) => items.iter().flat_map(conditions_in).collect(),
        _ => BTreeSet::new(),
    }
}

/// A snapshot follows a condition only if there is another snapshot on its other side.
#[test]
fn each_condition_of_an_api_has_a_snapshot_of_its_own() {
    let catalog = Catalog::builtin().unwrap();
    let mut seen = 0;
    for template in all(&catalog).filter(|template| template.rest_apis() > 0) {
        let wanted = conditions_in(&serde_json::to_value(api_definition(template)).unwrap());
        let resources = template.document().document()["Resources"].as_object().unwrap();
        let mut snapshots: BTreeSet<String> = resources
            .values()
            .filter(|one| one["Type"] == "AWS::ApiGateway::Deployment")
            .filter_map(|one| one["Condition"].as_str().map(str::to_owned))
            .collect();
        assert!(wanted.is_subset(&snapshots), "{}: {wanted:?} {snapshots:?}", template.file());
        // What is left is in force where none of them is.
        snapshots.retain(|name| !wanted.contains(name));
        assert_eq!(snapshots.len(), usize::from(!wanted.is_empty()), "{}", template.file());
        seen += wanted.len();
    }
    assert!(seen >= 2, "{seen}");
}
