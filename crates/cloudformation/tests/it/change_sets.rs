//! Change sets: what they show and what executing them does.

use crate::support::{TestCloud, input, with_parameters};
use cloudformation::StackStatus;
use cloudformation::engine::{
    ChangeAction, ChangeSetDescription, ChangeSetInput, ChangeSetKind, ExecuteInput, OnFailure, Replacement,
    StackInput,
};

const TEMPLATE: &str = "
Parameters: {Name: {Type: String, Default: one}, Secret: {Type: String, Default: x, NoEcho: true}}
Resources:
  A: {Type: Test::Thing::Item, Properties: {Name: !Ref Name}}
  B: {Type: Test::Thing::Item, Properties: {Input: !GetAtt A.Arn}}
  C: {Type: Test::Thing::Item, Properties: {Name: !Ref A}}
  D: {Type: Test::Thing::Item}";

fn change_set(name: &str, kind: ChangeSetKind, stack: StackInput) -> ChangeSetInput {
    ChangeSetInput { name: name.to_owned(), kind, description: None, stack }
}

fn execute(name: &str) -> ExecuteInput {
    ExecuteInput { change_set: name.to_owned(), stack_name: Some("s".to_owned()), ..ExecuteInput::default() }
}

fn describe(cloud: &TestCloud, name: &str) -> ChangeSetDescription {
    cloud.engine.describe_change_set(name, Some("s")).unwrap()
}

#[tokio::test]
async fn a_create_change_set_waits_in_review_and_creates_the_stack() {
    let cloud = TestCloud::new();
    let (id, stack_id) =
        cloud.engine.create_change_set(change_set("c", ChangeSetKind::Create, input("s", TEMPLATE))).unwrap();
    let review = cloud.engine.describe_stacks(Some("s")).unwrap().remove(0);
    assert_eq!(review.status, StackStatus::ReviewInProgress);
    let shown = cloud.engine.describe_change_set(&id, None).unwrap();
    assert_eq!((shown.status, shown.execution_status), ("CREATE_COMPLETE", "AVAILABLE"));
    assert!(shown.changes.iter().all(|change| change.action == ChangeAction::Add));
    assert_eq!(shown.changes.len(), 4);
    assert_eq!(shown.parameters["Secret"], "****");
    assert_eq!(cloud.engine.change_set_template("c", Some("s")).unwrap(), TEMPLATE);
    cloud.engine.execute_change_set(&execute("c")).unwrap();
    assert_eq!(cloud.engine.wait(&stack_id).await.unwrap().status, StackStatus::CreateComplete);
    let again = cloud.engine.execute_change_set(&execute("c")).unwrap_err();
    assert_eq!(again.code(), "InvalidChangeSetStatus");
}

#[tokio::test]
async fn an_update_change_set_tells_replacement_scope_and_cause() {
    let cloud = TestCloud::new();
    cloud.create(TEMPLATE).await;
    let changed = TEMPLATE.replace("  D: {Type: Test::Thing::Item}", "  E: {Type: Test::Thing::Item}");
    let stack = with_parameters(input("s", &changed), &[("Name", Some("two"))]);
    cloud.engine.create_change_set(change_set("c", ChangeSetKind::Update, stack)).unwrap();
    let found = describe(&cloud, "c").changes;
    let names: Vec<_> =
        found.iter().map(|one| (one.logical_id.as_str(), one.action, one.replacement)).collect();
    assert_eq!(
        names,
        [
            ("A", ChangeAction::Modify, Some(Replacement::True)),
            ("B", ChangeAction::Modify, Some(Replacement::False)),
            ("C", ChangeAction::Modify, Some(Replacement::Conditional)),
            ("D", ChangeAction::Remove, None),
            ("E", ChangeAction::Add, None),
        ]
    );
    let detail = &found[0].details[0];
    assert_eq!(
        (
            detail.name.as_deref(),
            detail.requires_recreation,
            detail.change_source,
            detail.causing_entity.as_deref()
        ),
        (Some("Name"), "Always", "ParameterReference", Some("Name"))
    );
    let detail = &found[1].details[0];
    assert_eq!(
        (detail.evaluation, detail.change_source, detail.causing_entity.as_deref()),
        ("Dynamic", "ResourceAttribute", Some("A.Arn"))
    );
    assert_eq!(found[2].details[0].requires_recreation, "Conditionally");
    cloud.engine.execute_change_set(&execute("c")).unwrap();
    assert_eq!(cloud.engine.wait("s").await.unwrap().status, StackStatus::UpdateComplete);
    assert_eq!(cloud.existing().len(), 4);
}

#[tokio::test]
async fn an_empty_change_set_fails_with_a_reason_and_can_be_deleted() {
    let cloud = TestCloud::new();
    cloud.create(TEMPLATE).await;
    cloud.engine.create_change_set(change_set("c", ChangeSetKind::Update, input("s", TEMPLATE))).unwrap();
    let shown = describe(&cloud, "c");
    assert_eq!((shown.status, shown.execution_status), ("FAILED", "UNAVAILABLE"));
    assert_eq!(
        shown.reason.unwrap(),
        "The submitted information didn't contain changes. Submit different information to create a change set."
    );
    assert_eq!(cloud.engine.execute_change_set(&execute("c")).unwrap_err().code(), "InvalidChangeSetStatus");
    cloud.engine.delete_change_set("c", Some("s")).unwrap();
    assert_eq!(cloud.engine.describe_change_set("c", Some("s")).unwrap_err().code(), "ChangeSetNotFound");
    assert!(cloud.engine.list_change_sets("s").unwrap().is_empty());
}

#[tokio::test]
async fn a_refused_create_change_set_leaves_no_stack_and_a_failing_one_follows_on_stack_failure() {
    let cloud = TestCloud::new();
    let broken = input("s", "Resources: {A: {Type: Nope::No::No}}");
    assert!(cloud.engine.create_change_set(change_set("c", ChangeSetKind::Create, broken)).is_err());
    assert!(cloud.engine.describe_stacks(Some("s")).is_err());
    let failing = StackInput {
        on_failure: Some(OnFailure::Delete),
        ..input("s", "Resources: {A: {Type: Test::Thing::Item, Properties: {Input: fail}}}")
    };
    let (_, id) = cloud.engine.create_change_set(change_set("c", ChangeSetKind::Create, failing)).unwrap();
    cloud.engine.execute_change_set(&execute("c")).unwrap();
    assert_eq!(cloud.engine.wait(&id).await.unwrap().status, StackStatus::DeleteComplete);
    assert!(cloud.existing().is_empty());
}
