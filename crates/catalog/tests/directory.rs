//! A user's own templates: what is taken, what is replaced, what is refused and with which words.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use catalog::{Catalog, CatalogError};
use tempfile::TempDir;

/// A variant that keeps the contract; tests break it one line at a time.
const GOOD: &str = r#"
Description: My own way
Metadata:
  Variant:
    Workload: publish
    Title: Mine
    Hops: [Mine, SNS]
    Artifacts: {CodeKey: lambda/publish}
    Tunables: {size: Size}
Parameters:
  TopicArn: {Type: String}
  CodeKey: {Type: String}
  Size: {Type: Number, Default: 3, MinValue: 1}
Resources:
  Queue: {Type: AWS::SQS::Queue}
Outputs:
  Url: {Value: !Sub "https://example.com/${TopicArn}/${CodeKey}/${Size}"}
"#;

fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = TempDir::new().unwrap();
    for (name, body) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, body).unwrap();
    }
    directory
}

fn load(files: &[(&str, &str)]) -> Result<Catalog, CatalogError> {
    Catalog::load(Some(directory(files).path()))
}

/// The message for a variant `mine.yaml`, without the path before the file's name.
fn refusal(body: &str) -> String {
    let message = load(&[("mine.yaml", body)]).unwrap_err().to_string();
    message[message.find("mine.yaml").unwrap()..].to_owned()
}

/// The message for [`GOOD`] with one text replaced.
fn broken(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    refusal(&GOOD.replace(from, to))
}

#[test]
fn a_variant_of_ones_own_is_like_the_others() {
    let catalog = load(&[("mine.yaml", GOOD), ("README.md", "not a template")]).unwrap();
    let mine = catalog.variant("mine").unwrap();
    assert_eq!(mine.title, "Mine");
    assert!(mine.template.file().ends_with("mine.yaml"));
    assert_eq!(catalog.select(&["publish".to_owned()]).unwrap().len(), 5);
    let needed = catalog.foundation_for(&[mine], |_, _| true);
    let needed: Vec<&str> = needed.into_iter().map(catalog::Template::name).collect();
    assert_eq!(
        needed,
        ["artifacts", "topic"],
        "an artifact is uploaded somewhere, though no parameter says so"
    );
}

/// [`GOOD`] with code that is wanted only for one size, and a condition.
fn conditional(condition: &str) -> String {
    GOOD.replace("CodeKey: {Type: String}", "CodeKey: {Type: String, Default: ''}")
        .replace("    Title: Mine", &format!("    When: {{CodeKey: {condition}}}\n    Title: Mine"))
}

#[test]
fn what_is_filled_only_sometimes_is_needed_only_then() {
    let catalog = load(&[("mine.yaml", &conditional("{Size: '4'}"))]).unwrap();
    let mine = catalog.variant("mine").unwrap();
    let needed = |size: Option<&str>| {
        let values = size.map(|size| ("Size".to_owned(), size.to_owned())).into_iter().collect();
        let needed = catalog.foundation_for(&[mine], |variant, parameter| variant.wants(parameter, &values));
        needed.into_iter().map(catalog::Template::name).collect::<Vec<_>>()
    };
    assert_eq!(needed(None), ["topic"], "the default is 3");
    assert_eq!(needed(Some("3")), ["topic"]);
    assert_eq!(needed(Some("4")), ["artifacts", "topic"]);
}

#[test]
fn a_condition_that_cannot_be_met_is_refused() {
    for (condition, message) in [
        ("{}", "When: CodeKey: it names no setting"),
        ("{Length: '1'}", "When: CodeKey: Length is the parameter of no tunable"),
        ("{TopicArn: x}", "When: CodeKey: TopicArn is the parameter of no tunable"),
        ("{Size: '0'}", "When: CodeKey: Size is never 0: 1 or more"),
    ] {
        let shown = refusal(&conditional(condition));
        assert!(shown.contains(message), "{shown}\ndoes not say\n{message}");
    }
}

#[test]
fn json_and_the_folder_variants_are_read_too() {
    let json = r#"{"Metadata": {"Variant": {"Workload": "own", "Title": "T", "Hops": ["A"]}},
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}, "Outputs": {"Url": {"Value": "http://x"}}}"#;
    let catalog = load(&[("variants/mine.json", json)]).unwrap();
    let mut workloads = catalog::Catalog::builtin().unwrap().workloads().join(" ");
    workloads.push_str(" own");
    let mut workloads: Vec<&str> = workloads.split(' ').collect();
    workloads.sort_unstable();
    assert_eq!(catalog.workloads(), workloads);
}

#[test]
fn a_template_replaces_the_built_in_one_of_its_name() {
    let catalog = load(&[("publish-direct.yaml", GOOD)]).unwrap();
    assert_eq!(catalog.variants().len(), catalog::Catalog::builtin().unwrap().variants().len());
    assert_eq!(catalog.variant("publish-direct").unwrap().title, "Mine");
}

#[test]
fn foundation_stacks_can_be_replaced_and_added() {
    let region = "Resources: {Q: {Type: AWS::SQS::Queue}}\nOutputs: {Region: {Value: x}}";
    let topic = "Parameters: {Region: {Type: String}}\nResources: {Topic: {Type: AWS::SNS::Topic}}\n\
        Outputs: {TopicArn: {Value: !Ref Topic}}";
    let catalog = load(&[("foundation/region.yaml", region), ("foundation/topic.yaml", topic)]).unwrap();
    let needed = catalog.foundation_for(&[catalog.variant("publish-direct").unwrap()], |_, _| true);
    let needed: Vec<&str> = needed.into_iter().map(catalog::Template::name).collect();
    assert_eq!(needed, ["region", "topic"]);
}

#[test]
fn what_breaks_the_contract_is_named_with_its_file() {
    for (from, to, message) in [
        ("  Variant:", "  Other:", "it has no Metadata.Variant; without it a template is no variant"),
        ("    Title: Mine\n", "", "Metadata.Variant: missing field `Title`"),
        ("Title: Mine", "Title: ' '", "Metadata.Variant: Title is empty"),
        ("    Title: Mine", "    Colour: red\n    Title: Mine", "unknown field `Colour`"),
        ("[Mine, SNS]", "[]", "Hops must name at least one hop"),
        ("Workload: publish", "Workload: all", "Workload is \"all\", which selects every variant"),
        ("Workload: publish", "Workload: My work", "Workload \"My work\" is not made of lower-case letters"),
        ("CodeKey: lambda/publish", "CodeKey: ''", "Artifacts: CodeKey names no artifact"),
        (
            "    Title: Mine",
            "    Optional: {Resources: [Other], Reason: closed}\n    Title: Mine",
            "Optional: there is no resource Other",
        ),
        (
            "    Title: Mine",
            "    Optional: {Resources: [Queue], Reason: ' '}\n    Title: Mine",
            "Optional needs at least one of Resources, and a Reason",
        ),
        (
            "    Title: Mine",
            "    When: {Size: {Size: '1'}}\n    Title: Mine",
            "When: Size: neither an artifact nor a foundation stack fills it",
        ),
        (
            "    Title: Mine",
            "    When: {CodeKay: {Size: '1'}}\n    Title: Mine",
            "When: CodeKay: the template does not have this parameter",
        ),
        (
            "    Title: Mine",
            "    When: {CodeKey: {Size: '1'}}\n    Title: Mine",
            "When: CodeKey: it has no Default",
        ),
        (
            "Tunables: {size: Size}",
            "AtMost: {size: most}\n    Tunables: {size: Size}",
            "AtMost: most is no tunable that is a number",
        ),
        ("{size: Size}", "{--size: Size}", "Tunables: \"--size\" cannot be a flag"),
        (
            "{size: Size}",
            "{size: Sise}",
            "Tunables: size names the parameter Sise, which the template does not have",
        ),
        (
            "{CodeKey:",
            "{CodeKay:",
            "Artifacts: lambda/publish names the parameter CodeKay, which the template does not have",
        ),
        ("Default: 3, ", "", "Tunables: size: the parameter Size has no Default"),
        (
            "{size: Size}",
            "{size: TopicArn}",
            "the parameter TopicArn is filled twice: by an output of templates/foundation/topic.yaml",
        ),
        ("  Url:", "  Uri:", "it has no output Url"),
        ("TopicArn: {", "Table: {Type: String}\n  TopicArn: {", "nothing gives the parameter Table a value"),
    ] {
        let shown = broken(from, to);
        assert!(shown.contains(message), "{shown}\ndoes not say\n{message}");
    }
    assert!(broken("  Url:", "  Uri:").starts_with("mine.yaml: "));
}

#[test]
fn what_is_no_template_is_named_with_its_file() {
    assert!(refusal("a: [").starts_with("mine.yaml: Template format error"), "{}", refusal("a: ["));
    assert!(refusal("Resources: {}").starts_with("mine.yaml: "), "{}", refusal("Resources: {}"));
    let long = format!("{GOOD}# {}", "x".repeat(51_200));
    assert!(refusal(&long).contains("at most 51200 fit into a request"), "{}", refusal(&long));
    let directory = directory(&[]);
    fs::write(directory.path().join("mine.yaml"), [0xff, 0xfe]).unwrap();
    assert!(Catalog::load(Some(directory.path())).unwrap_err().to_string().ends_with("it is not UTF-8 text"));
}

#[test]
fn names_that_cannot_be_a_stacks_are_refused() {
    for name in ["Mine.yaml", "1mine.yaml", "my_own.yaml"] {
        let message = load(&[(name, GOOD)]).unwrap_err().to_string();
        assert!(message.contains("cannot name a stack"), "{message}");
    }
    let message = load(&[("topic.yaml", GOOD)]).unwrap_err().to_string();
    assert!(message.contains("templates/foundation/topic.yaml has the same name"), "{message}");
    let message = load(&[("mine.yaml", GOOD), ("mine.yml", GOOD)]).unwrap_err().to_string();
    assert!(message.contains("has the same name"), "{message}");
}

#[test]
fn foundation_stacks_must_be_tellable_apart_and_free_of_circles() {
    let twin = "Resources: {Q: {Type: AWS::SQS::Queue}}\nOutputs: {TopicArn: {Value: x}}";
    let message = load(&[("foundation/twin.yaml", twin)]).unwrap_err().to_string();
    assert!(
        message.contains("the output TopicArn is an output of templates/foundation/topic.yaml too"),
        "{message}"
    );
    let stack = |parameter: &str, output: &str| {
        format!(
            "Parameters: {{{parameter}: {{Type: String}}}}\nResources: {{Q: {{Type: AWS::SQS::Queue}}}}\n\
             Outputs: {{{output}: {{Value: !Ref {parameter}}}}}"
        )
    };
    let (one, two) = (stack("Two", "One"), stack("One", "Two"));
    let message = load(&[("foundation/a.yaml", &one), ("foundation/b.yaml", &two)]).unwrap_err().to_string();
    assert!(message.ends_with("it needs itself: a -> b -> a"), "{message}");
    let message = load(&[("foundation/mine.yaml", GOOD)]).unwrap_err().to_string();
    assert!(message.contains("which a foundation stack must not have"), "{message}");
}

#[test]
fn a_directory_without_templates_is_refused() {
    let directory = directory(&[("README.md", "nothing")]);
    let message = Catalog::load(Some(directory.path())).unwrap_err().to_string();
    assert!(message.contains("holds no template"), "{message}");
    let message = Catalog::load(Some(Path::new("/no/such/directory"))).unwrap_err().to_string();
    assert_eq!(message, "/no/such/directory cannot be read");
}

/// [`GOOD`] with a backend that may stand elsewhere.
fn with_backend() -> String {
    GOOD.replace(
        "    Tunables: {size: Size}",
        "    Tunables: {size: Size, far: Far}\n    Backend: {Region: Far, Stacks: [topic]}",
    )
    .replace("  Size:", "  Far: {Type: String, Default: \"\"}\n  Size:")
}

#[test]
fn a_backend_may_stand_in_another_region() {
    let catalog = load(&[("mine.yaml", &with_backend())]).unwrap();
    let mine = catalog.variant("mine").unwrap();
    let value = |region: &str| [("Far".to_owned(), region.to_owned())].into();
    assert_eq!(mine.backend_region(&value("us-west-2")), Some("us-west-2"));
    assert_eq!(mine.backend_region(&value("")), None);
    let other = catalog.variant("publish-direct").unwrap();
    let regions = catalog.foundation_by_region(&[(mine, Some("us-west-2")), (other, None)], |_, _| true);
    let regions: Vec<(Option<&str>, Vec<&str>)> = regions
        .iter()
        .map(|(region, stacks)| (region.as_deref(), stacks.iter().map(|stack| stack.name()).collect()))
        .collect();
    assert_eq!(regions, [(None, vec!["artifacts", "topic"]), (Some("us-west-2"), vec!["topic"])]);
    let alone = catalog.foundation_by_region(&[(mine, Some("us-west-2"))], |_, _| true);
    assert_eq!(alone[&None].iter().map(|stack| stack.name()).collect::<Vec<_>>(), ["artifacts"]);
}

#[test]
fn a_backend_names_a_setting_and_stacks_that_feed_the_variant() {
    let broken = |from: &str, to: &str| refusal(&with_backend().replace(from, to));
    for (from, to, words) in [
        (
            "Region: Far",
            "Region: Near",
            "Backend: Region names the parameter Near, which the template does not have",
        ),
        (", far: Far}", "}", "the parameter Far must be one of Tunables, with an empty Default"),
        (
            "Default: \"\"",
            "Default: us-west-2",
            "the parameter Far must be one of Tunables, with an empty Default",
        ),
        (
            "Stacks: [topic]",
            "Stacks: [table]",
            "table is no foundation stack that feeds the variant; those are topic",
        ),
        ("Stacks: [topic]", "Stacks: []", "Backend needs at least one of Stacks"),
    ] {
        let message = broken(from, to);
        assert!(message.contains(words), "{to}: {message}");
    }
}
