//! What the embedded cloud accepts, held against CloudFormation's own resource schemas, which come with cfn-lint: every
//! type and property exists there, has the same kind, and asks for a new resource where it does there.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// Where CloudFormation's schema leaves out what its documentation says, with that page.
const DOCUMENTED: [(&str, &str, &str); 9] = [
    (
        "AWS::CertificateManager::Certificate",
        "/ValidationMethod is create-only here",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-certificatemanager-certificate.html",
    ),
    (
        "AWS::DynamoDB::Table",
        "/LocalSecondaryIndexes is create-only here",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html",
    ),
    (
        "AWS::Route53::RecordSet",
        "/Name is create-only here",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-route53-recordset.html",
    ),
    (
        "AWS::EC2::SecurityGroup",
        "/VpcId is an attribute here",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html",
    ),
    (
        "AWS::EC2::Subnet",
        "/CidrBlock is an attribute here",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-subnet.html",
    ),
    (
        "AWS::EC2::Subnet",
        "/VpcId is an attribute here",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-subnet.html",
    ),
    (
        "AWS::EC2::VPC",
        "/CidrBlock is an attribute here",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-vpc.html",
    ),
    (
        "AWS::SNS::Topic",
        "/TopicName is an attribute here",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html",
    ),
    (
        "AWS::SQS::Queue",
        "/QueueName is an attribute here",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html",
    ),
];
const LEFT_OUT: &str = "the schema leaves out what the page says";
/// Where the embedded cloud does less than the schema and the page say.
const LESS: [(&str, &str, &str); 1] = [(
    "AWS::EC2::Instance",
    "/AvailabilityZone is create-only there",
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-instance.html",
)];
const NO_ZONES: &str =
    "it has no zones to choose from: the zone follows from the subnet, as it does where none is given";
/// Attributes that the schema does not list because they are properties, as the page above of the same type says.
const ALSO_ATTRIBUTES: [(&str, &str); 2] = [
    ("AWS::EC2::Instance", "/AvailabilityZone is an attribute here"),
    ("AWS::EC2::Subnet", "/AvailabilityZone is an attribute here"),
];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The schemas of the embedded cloud, by type.
fn ours() -> BTreeMap<String, Value> {
    let files = fs::read_dir(workspace().join("crates/local-cloud/src/resources/schemas")).unwrap();
    let schemas = files.map(|file| {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let schema: Value = serde_yaml_ng::from_str(&text).unwrap();
        (schema["typeName"].as_str().unwrap().to_owned(), schema)
    });
    schemas.collect()
}

/// CloudFormation's schemas, as cfn-lint packs them: a list of types by region, and a file for each.
struct Provider {
    directory: PathBuf,
    files: Value,
}

impl Provider {
    fn new() -> Self {
        let packages = workspace().join("target/tools/python/lib");
        let python = fs::read_dir(&packages).unwrap_or_else(|error| {
            panic!("{}: {error}; `cargo xtask tools` installs it", packages.display())
        });
        let python = python.filter_map(|entry| Some(entry.ok()?.path())).find(|path| path.is_dir()).unwrap();
        let directory = python.join("site-packages/cfnlint/data/schemas");
        let files = fs::read_to_string(directory.join("providers/us-east-1.json")).unwrap();
        Self { directory, files: serde_json::from_str(&files).unwrap() }
    }

    fn schema(&self, type_name: &str) -> Option<Value> {
        let file = self.directory.join(format!("resources/{}.json", self.files[type_name].as_str()?));
        Some(serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap())
    }
}

/// A place in a schema, with what its references lead to.
#[derive(Clone, Copy)]
struct Node<'s> {
    document: &'s Value,
    node: &'s Value,
}

impl<'s> Node<'s> {
    fn of(document: &'s Value, node: &'s Value) -> Self {
        let mut node = node;
        while let Some(target) = node.get("$ref").and_then(Value::as_str) {
            node = document.pointer(target.trim_start_matches('#')).unwrap();
        }
        Self { document, node }
    }

    fn branches(self) -> impl Iterator<Item = Self> {
        let lists =
            ["oneOf", "anyOf", "allOf"].into_iter().filter_map(move |key| self.node.get(key)?.as_array());
        lists.flatten().map(move |branch| Self::of(self.document, branch))
    }

    fn properties(self) -> BTreeMap<&'s str, Self> {
        let own = self.node.get("properties").and_then(Value::as_object).into_iter().flatten();
        let own = own.map(|(name, property)| (name.as_str(), Self::of(self.document, property)));
        self.branches().flat_map(Self::properties).chain(own).collect()
    }

    fn items(self) -> Option<Self> {
        Some(Self::of(self.document, self.node.get("items")?))
    }

    /// The kinds of value that it takes; none where it does not say.
    fn kinds(self) -> BTreeSet<&'s str> {
        let own = match self.node.get("type") {
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(kind)) => BTreeSet::from([kind.as_str()]),
            _ => BTreeSet::new(),
        };
        let mut kinds: BTreeSet<&str> = self.branches().flat_map(Self::kinds).chain(own).collect();
        if kinds.contains("number") {
            kinds.insert("integer");
        }
        kinds
    }
}

/// What `ours` has otherwise than `theirs`, a sentence each that begins with the place.
fn differences(ours: &Value, theirs: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(Node::of(ours, ours), Node::of(theirs, theirs), "", &mut found);
    let create_only = pointers(theirs, &["createOnlyProperties"]);
    let may_replace = pointers(theirs, &["createOnlyProperties", "conditionalCreateOnlyProperties"]);
    let own_create_only = pointers(ours, &["createOnlyProperties"]);
    let properties: &Map<String, Value> = ours["properties"].as_object().unwrap();
    let is_within = |all: &BTreeSet<String>, place: &str| {
        all.iter().any(|one| place == one || place.starts_with(&format!("{one}/")))
    };
    for place in own_create_only.iter().filter(|place| !is_within(&may_replace, place)) {
        found.push(format!("{place} is create-only here"));
    }
    let known = |place: &&String| properties.contains_key(place.split('/').nth(1).unwrap());
    for place in create_only.iter().filter(known).filter(|place| !is_within(&own_create_only, place)) {
        found.push(format!("{place} is create-only there"));
    }
    let read_only = pointers(theirs, &["readOnlyProperties"]);
    for place in pointers(ours, &["readOnlyProperties"]) {
        let leads_there = read_only.iter().any(|one| one.starts_with(&format!("{place}/")));
        if !is_within(&read_only, &place) && !leads_there {
            found.push(format!("{place} is an attribute here"));
        }
    }
    found
}

fn walk(ours: Node<'_>, theirs: Node<'_>, place: &str, found: &mut Vec<String>) {
    let known = theirs.properties();
    // A map with free names says nothing of them.
    let free = known.is_empty();
    for (name, property) in ours.properties() {
        let place = format!("{place}/{name}");
        match known.get(name) {
            Some(other) => compare(property, *other, &place, found),
            None if free => {}
            None => found.push(format!("{place} is unknown there")),
        }
    }
    if let (Some(items), Some(others)) = (ours.items(), theirs.items()) {
        compare(items, others, &format!("{place}/*"), found);
    }
}

fn compare(ours: Node<'_>, theirs: Node<'_>, place: &str, found: &mut Vec<String>) {
    let (kinds, others) = (ours.kinds(), theirs.kinds());
    if !others.is_empty() && !kinds.is_subset(&others) {
        found.push(format!("{place} is of the kinds {kinds:?} here and {others:?} there"));
    }
    // Schemas that hold themselves are followed as deep as anybody writes.
    if place.matches('/').count() < 10 {
        walk(ours, theirs, place, found);
    }
}

fn pointers(schema: &Value, keys: &[&str]) -> BTreeSet<String> {
    let lists = keys.iter().filter_map(|key| schema.get(*key)?.as_array());
    let texts = lists.flatten().filter_map(Value::as_str);
    texts.filter_map(|pointer| pointer.strip_prefix("/properties")).map(str::to_owned).collect()
}

#[test]
fn what_is_accepted_exists_with_the_same_kind_and_update_behaviour() {
    let provider = Provider::new();
    let mut excused: BTreeSet<(&str, &str)> =
        DOCUMENTED.iter().chain(&LESS).map(|(kind, what, _)| (*kind, *what)).collect();
    excused.extend(ALSO_ATTRIBUTES);
    let mut unexpected = Vec::new();
    let mut used = BTreeSet::new();
    let ours = ours();
    assert!(ours.len() > 50, "{}", ours.len());
    for (type_name, schema) in &ours {
        let Some(theirs) = provider.schema(type_name) else {
            unexpected.push(format!("{type_name} is unknown there"));
            continue;
        };
        for difference in differences(schema, &theirs) {
            match excused.iter().find(|(kind, what)| kind == type_name && *what == difference) {
                Some(excuse) => {
                    used.insert(*excuse);
                }
                None => unexpected.push(format!("{type_name}{difference}")),
            }
        }
    }
    assert_eq!(unexpected, [""; 0]);
    assert_eq!(used, excused, "an excuse that nobody needs any more");
    keep(&ours);
}

/// Keeps what was found out for the table of fidelity.
fn keep(ours: &BTreeMap<String, Value>) {
    let fact = |(kind, what, source): &(&str, &str, &str), reason: &str| serde_json::json!({"about": kind, "difference": what, "reason": reason, "source": source});
    let documented = DOCUMENTED.iter().map(|difference| fact(difference, LEFT_OUT));
    let less = LESS.iter().map(|difference| fact(difference, NO_ZONES));
    let differences: Vec<Value> = documented.chain(less).collect();
    let types: Vec<&String> = ours.keys().collect();
    let facts = serde_json::json!({"types": types, "differences": differences});
    let folder = workspace().join("target/fidelity");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("schemas.json"), facts.to_string()).unwrap();
}

#[test]
fn what_differs_is_found() {
    let provider = Provider::new();
    let ours = ours().remove("AWS::Lambda::Function").unwrap();
    let theirs = provider.schema("AWS::Lambda::Function").unwrap();
    assert_eq!(differences(&ours, &theirs), [""; 0]);
    let broken = |pointer: &str, value: Value| {
        let mut broken = ours.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        broken.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value);
        differences(&broken, &theirs)
    };
    assert_eq!(
        broken("/properties/Memory", serde_json::json!({"type": "integer"})),
        ["/Memory is unknown there"]
    );
    assert_eq!(
        broken("/properties/Timeout/type", Value::from("string")),
        [r#"/Timeout is of the kinds {"string"} here and {"integer"} there"#],
    );
    assert_eq!(
        broken("/createOnlyProperties", Value::from(Vec::<Value>::new())),
        ["/FunctionName is create-only there", "/PackageType is create-only there"]
    );
    let all = Value::from(vec!["/properties/FunctionName", "/properties/PackageType", "/properties/Timeout"]);
    assert_eq!(broken("/createOnlyProperties", all), ["/Timeout is create-only here"]);
    assert_eq!(
        broken("/readOnlyProperties", Value::from(vec!["/properties/Handler"])),
        ["/Handler is an attribute here"]
    );
    assert!(provider.schema("AWS::Lambda::Functions").is_none());
}
