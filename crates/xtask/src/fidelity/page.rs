//! The page's text.

use std::fmt::Write;

use super::facts::{Difference, Facts, TypeFacts};

const HEAD: &str = "\
# How far the embedded cloud is like AWS

`cargo xtask test` writes this page from what its tests find out, and fails when it changes. Nobody edits it.

";

/// The page in Markdown.
pub fn render(facts: &Facts) -> String {
    let mut page = HEAD.to_owned();
    types(&mut page, facts);
    operations(&mut page, facts);
    differences(
        &mut page,
        "Known differences from AWS",
        "Where the embedded cloud is unlike a schema or an API model of AWS, on purpose.",
        &facts.differences,
    );
    let others = format!(
        "Of what boto3 sees of a stack's life, {} observations are alike in MiniStack and in the embedded cloud. These are \
         not, and here AWS's documentation is on the embedded cloud's side.",
        facts.agreed
    );
    differences(&mut page, "Where MiniStack is unlike AWS", &others, &facts.others);
    differences(
        &mut page,
        "Where Velocity.js is unlike API Gateway",
        "Mapping templates that it renders otherwise than the embedded cloud, by the reason why it is not AWS that does so; \
         `crates/xtask/velocity-differences.toml` has each.",
        &facts.velocity,
    );
    page
}

fn types(page: &mut String, facts: &Facts) {
    let count = |holds: fn(&TypeFacts) -> bool| facts.types.values().filter(|facts| holds(facts)).count();
    // Writing to a string cannot fail.
    let _ = write!(
        page,
        "## Resource types\n\n\
         {all} types, all held against CloudFormation's own schemas: properties, kinds, attributes, what replaces. \
         {created} were created by the embedded cloud in tests, {ministack} of those in our templates by MiniStack too. \
         {exercised} stood behind variants that answered all inputs of their workload as the others did.\n\n\
         | type | schema | embedded cloud | MiniStack | variants whose work it did |\n|---|---|---|---|---|\n",
        all = facts.types.len(),
        created = count(|facts| facts.created),
        ministack = count(|facts| facts.ministack.as_deref() == Some("created")),
        exercised = count(|facts| !facts.exercised.is_empty()),
    );
    for (name, facts) in &facts.types {
        let created = if facts.created { "created" } else { "–" };
        let ministack = facts.ministack.as_deref().unwrap_or("–");
        let exercised: Vec<&str> = facts.exercised.iter().map(String::as_str).collect();
        let exercised = if exercised.is_empty() { "–".to_owned() } else { exercised.join(", ") };
        let _ = writeln!(page, "| `{name}` | checked | {created} | {} | {exercised} |", cell(ministack));
    }
}

fn operations(page: &mut String, facts: &Facts) {
    let served: usize = facts.operations.values().map(|service| service.served.len()).sum();
    let _ = write!(
        page,
        "\n## Operations\n\n\
         boto3 called each of these {served} operations with success and, where it can fail, without; answers hold what \
         the API models require.\n\n\
         | service | served | of | operations |\n|---|---|---|---|\n",
    );
    for (name, service) in &facts.operations {
        let operations: Vec<&str> = service.served.iter().map(String::as_str).collect();
        let _ =
            writeln!(page, "| {name} | {} | {} | {} |", operations.len(), service.of, operations.join(", "));
    }
}

fn differences(page: &mut String, title: &str, text: &str, differences: &[Difference]) {
    let _ = write!(page, "\n## {title}\n\n{text}\n\n| about | what | why | source |\n|---|---|---|---|\n");
    for Difference { about, what, reason, source } in differences {
        let _ = writeln!(page, "| {} | {} | {} | <{source}> |", cell(about), cell(what), cell(reason));
    }
}

/// A text that ends no cell and no row.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_nobody_found_out_is_not_claimed() {
        let mut types = BTreeMap::from([("AWS::SNS::Topic".to_owned(), TypeFacts::default())]);
        let facts = |types| Facts {
            types,
            operations: BTreeMap::new(),
            differences: Vec::new(),
            agreed: 3,
            others: vec![Difference {
                about: "a|b".into(),
                what: "x".into(),
                reason: "y".into(),
                source: "https://docs.aws.amazon.com/".into(),
            }],
            velocity: Vec::new(),
        };
        let page = render(&facts(types.clone()));
        assert!(page.contains("| `AWS::SNS::Topic` | checked | – | – | – |\n"), "{page}");
        assert!(page.contains("| a\\|b | x | y | <https://docs.aws.amazon.com/> |\n"), "{page}");
        assert!(page.contains("1 types") && page.contains("0 were created"), "{page}");

        let topic = types.get_mut("AWS::SNS::Topic").unwrap();
        topic.created = true;
        topic.ministack = Some("created".into());
        topic.exercised.insert("publish-direct".into());
        let page = render(&facts(types));
        assert!(
            page.contains("| `AWS::SNS::Topic` | checked | created | created | publish-direct |\n"),
            "{page}"
        );
    }
}
