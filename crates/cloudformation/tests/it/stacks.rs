//! Stacks from creation to deletion, over a cloud in memory.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::support::{TestCloud, input, with_parameters};
use cloudformation::engine::{Action, DeleteInput, Fault, OnFailure, StackInput, TemplateSource};
use cloudformation::{EngineError, StackStatus};

const CHAIN: &str = "
Parameters: {Size: {Type: Number, Default: 3, MaxValue: 10}}
Resources:
  C: {Type: Test::Thing::Item, Properties: {Input: !GetAtt B.Arn}}
  B: {Type: Test::Thing::Item, Properties: {Input: !Sub '${A}/${A.Endpoint.Address}', Size: !Ref Size}}
  A: {Type: Test::Thing::Item}
Outputs:
  Url: {Value: !Sub 'http://${C.Endpoint.Address}', Description: where it is}
";

fn delete(name: &str) -> DeleteInput {
    DeleteInput { stack_name: name.to_owned(), ..DeleteInput::default() }
}

#[tokio::test]
async fn a_stack_is_created_in_order_and_deleted_in_reverse() {
    let cloud = TestCloud::with(|options| {
        options.present_output = std::sync::Arc::new(|text| text.replace("c-3.test", "127.0.0.1:9"));
    });
    let stack = cloud.create(CHAIN).await;
    assert_eq!((stack.status, stack.reason), (StackStatus::CreateComplete, None));
    assert_eq!(stack.outputs[0].value, "http://127.0.0.1:9");
    assert_eq!(stack.outputs[0].raw, "http://c-3.test");
    let b = cloud.world.lock().unwrap().existing["b-2"].clone();
    assert_eq!(serde_json::Value::Object(b), serde_json::json!({"Input": "a-1/a-1.test", "Size": 3}));
    assert_eq!(
        cloud.events("s")[..4],
        [
            "s CREATE_IN_PROGRESS User Initiated",
            "A CREATE_IN_PROGRESS",
            "A CREATE_IN_PROGRESS Resource creation Initiated",
            "A CREATE_COMPLETE",
        ]
    );
    assert_eq!(cloud.events("s").last().unwrap(), "s CREATE_COMPLETE");
    assert_eq!(cloud.engine.resources("s").unwrap()[2].physical_id, "c-3");

    cloud.engine.delete_stack(&delete("s")).unwrap();
    let gone = cloud.engine.wait(&stack.id).await.unwrap();
    assert_eq!(gone.status, StackStatus::DeleteComplete);
    assert_eq!(cloud.calls(), ["create A", "create B", "create C", "delete C", "delete B", "delete A"]);
    assert!(cloud.existing().is_empty());
    assert_eq!(
        cloud.engine.describe_stacks(Some("s")).unwrap_err().to_string(),
        "Stack with id s does not exist"
    );
    assert_eq!(cloud.engine.describe_stacks(Some(&stack.id)).unwrap().len(), 1);
    assert!(cloud.engine.describe_stacks(None).unwrap().is_empty());
    assert_eq!(cloud.engine.events("s").unwrap_err().to_string(), "Stack [s] does not exist");
    cloud.engine.delete_stack(&delete("s")).unwrap();
}

#[tokio::test]
async fn independent_resources_are_created_at_the_same_time_within_the_limit() {
    let resources: Vec<String> = (0..12).map(|n| format!("  R{n}: {{Type: Test::Thing::Item}}")).collect();
    let template = format!("Resources:\n{}", resources.join("\n"));
    for (limit, expected) in [(32, 12), (3, 3)] {
        let cloud = TestCloud::with(|options| options.concurrency = limit);
        cloud.create(&template).await;
        assert_eq!(cloud.world.lock().unwrap().most_running, expected);
    }
}

const SIBLINGS: &str = "
Resources:
  Bad: {Type: Test::Thing::Item, Properties: {Input: fail}}
  Slow: {Type: Test::Thing::Item}
  After: {Type: Test::Thing::Item, DependsOn: Slow}
";

#[tokio::test]
async fn a_failure_cancels_the_siblings_and_rolls_everything_back() {
    let cloud = TestCloud::with(|options| options.cancel_grace = Duration::from_millis(200));
    cloud.fault(Action::Create, "Slow", Fault::Delay(Duration::from_millis(80)));
    let stack = cloud.create(SIBLINGS).await;
    assert_eq!(stack.status, StackStatus::RollbackComplete);
    let events = cloud.events("s");
    for expected in [
        "Bad CREATE_FAILED the input is fail",
        "Slow CREATE_FAILED Resource creation cancelled",
        "s ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Bad, Slow]. Rollback requested by user.",
        "Bad DELETE_COMPLETE",
        "Slow DELETE_COMPLETE",
    ] {
        assert!(events.iter().any(|event| event == expected), "{expected} in {events:#?}");
    }
    assert!(cloud.existing().is_empty(), "{:?}", cloud.existing());
    let error = cloud.engine.update_stack(&input("s", CHAIN)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("Stack:{} is in ROLLBACK_COMPLETE state and can not be updated.", stack.id)
    );
}

#[tokio::test]
async fn a_handler_that_hangs_does_not_hold_up_the_rollback() {
    let cloud = TestCloud::new();
    cloud.fault(Action::Create, "Slow", Fault::Hang);
    let began = Instant::now();
    assert_eq!(cloud.create(SIBLINGS).await.status, StackStatus::RollbackComplete);
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn on_failure_decides_what_becomes_of_a_failed_stack() {
    for (on_failure, status, left) in [
        (OnFailure::DoNothing, StackStatus::CreateFailed, 2),
        (OnFailure::Rollback, StackStatus::RollbackComplete, 0),
        (OnFailure::Delete, StackStatus::DeleteComplete, 0),
    ] {
        let cloud = TestCloud::new();
        let template = "
Resources:
  Good: {Type: Test::Thing::Item}
  Bad: {Type: Test::Thing::Item, DependsOn: Good, Properties: {Input: fail}}";
        let request = StackInput { on_failure: Some(on_failure), ..input("s", template) };
        let id = cloud.engine.create_stack(&request).unwrap();
        assert_eq!(cloud.engine.wait(&id).await.unwrap().status, status);
        assert_eq!(cloud.existing().len(), left, "{on_failure:?}");
    }
}

#[tokio::test]
async fn a_preserved_failure_can_be_mended_by_an_update() {
    let cloud = TestCloud::new();
    let template = |word: &str| {
        format!(
            "Resources:\n  Bad: {{Type: Test::Thing::Item, Properties: {{Input: {word}}}}}\n  Good: {{Type: Test::Thing::Item}}"
        )
    };
    let request = StackInput { disable_rollback: Some(true), ..input("s", &template("fail")) };
    let id = cloud.engine.create_stack(&request).unwrap();
    let stack = cloud.engine.wait(&id).await.unwrap();
    assert_eq!(stack.status, StackStatus::CreateFailed);
    assert!(stack.reason.unwrap().starts_with("The following resource(s) failed to create: [Bad"));
    assert_eq!(cloud.update(&template("well")).await.status, StackStatus::UpdateComplete);
    assert_eq!(cloud.existing().len(), 2, "the broken one was replaced: {:?}", cloud.existing());
}

#[tokio::test]
async fn updates_change_in_place_replace_add_and_remove() {
    let cloud = TestCloud::new();
    let first = "
Resources:
  Kept: {Type: Test::Thing::Item}
  Changed: {Type: Test::Thing::Item, Properties: {Size: 1}}
  Replaced: {Type: Test::Thing::Item, Properties: {Name: one}}
  User: {Type: Test::Thing::Item, Properties: {Input: !Ref Replaced}}
  Removed: {Type: Test::Thing::Item}";
    let second = "
Resources:
  Kept: {Type: Test::Thing::Item}
  Changed: {Type: Test::Thing::Item, Properties: {Size: '2'}}
  Replaced: {Type: Test::Thing::Item, Properties: {Name: two}}
  User: {Type: Test::Thing::Item, Properties: {Input: !Ref Replaced}}
  Added: {Type: Test::Thing::Item}";
    cloud.create(first).await;
    cloud.calls();
    let stack = cloud.update(second).await;
    assert_eq!(stack.status, StackStatus::UpdateComplete);
    let mut calls = cloud.calls();
    let mut cleaned = calls.split_off(4);
    cleaned.sort();
    assert_eq!(cleaned, ["delete Removed", "delete Replaced"]);
    calls.sort();
    assert_eq!(calls, ["create Added", "create Replaced", "update Changed", "update User"]);
    let events = cloud.events("s");
    let at = |text: &str| {
        events.iter().position(|event| event == text).unwrap_or_else(|| panic!("{text} in {events:#?}"))
    };
    let replacing = "Replaced UPDATE_IN_PROGRESS Requested update requires the creation of a new physical resource; hence creating one.";
    assert!(at(replacing) < at("Replaced UPDATE_IN_PROGRESS Resource creation Initiated"));
    assert!(at("Replaced UPDATE_COMPLETE") < at("User UPDATE_COMPLETE"));
    assert!(at("s UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") < at("Replaced DELETE_COMPLETE"));
    assert!(at("Removed DELETE_COMPLETE") < at("s UPDATE_COMPLETE"));
    assert!(!events.iter().any(|event| event.starts_with("Kept UPDATE")));
    assert_eq!(cloud.existing().len(), 5);
}

#[tokio::test]
async fn an_update_without_changes_is_refused() {
    let cloud = TestCloud::new();
    cloud.create(CHAIN).await;
    let same = CHAIN.replace("Default: 3", "Default: '3'");
    let error = cloud.engine.update_stack(&input("s", &same)).unwrap_err();
    assert_eq!(error, EngineError::Validation("No updates are to be performed.".to_owned()));
    let previous = StackInput { template: TemplateSource::Previous, ..input("s", "") };
    let error = cloud.engine.update_stack(&with_parameters(previous.clone(), &[("Size", None)])).unwrap_err();
    assert_eq!(error.to_string(), "No updates are to be performed.");
    cloud.engine.update_stack(&with_parameters(previous, &[("Size", Some("4"))])).unwrap();
    assert_eq!(cloud.engine.wait("s").await.unwrap().parameters["Size"], "4");
    let only_outputs = CHAIN.replace("where it is", "elsewhere").replace("Default: 3", "Default: 4");
    assert_eq!(cloud.update(&only_outputs).await.status, StackStatus::UpdateComplete);
}

#[tokio::test]
async fn a_failed_update_returns_to_what_was() {
    let cloud = TestCloud::new();
    let first = "
Resources:
  Changed: {Type: Test::Thing::Item, Properties: {Size: 1}}
  Replaced: {Type: Test::Thing::Item, Properties: {Name: one}}
  Last: {Type: Test::Thing::Item, DependsOn: [Changed, Replaced]}";
    let second = "
Resources:
  Changed: {Type: Test::Thing::Item, Properties: {Size: 2}}
  Replaced: {Type: Test::Thing::Item, Properties: {Name: two}}
  Added: {Type: Test::Thing::Item}
  Last: {Type: Test::Thing::Item, DependsOn: [Changed, Replaced, Added], Properties: {Input: fail}}";
    cloud.create(first).await;
    let before = cloud.world.lock().unwrap().existing.clone();
    let stack = cloud.update(second).await;
    assert_eq!(stack.status, StackStatus::UpdateRollbackComplete);
    assert_eq!(cloud.world.lock().unwrap().existing, before);
    assert_eq!(cloud.engine.resource("s", "Replaced").unwrap().physical_id, "replaced-2");
    assert!(cloud.engine.resource("s", "Added").is_err());
    let events = cloud.events("s");
    for expected in [
        "Last UPDATE_FAILED the input is fail",
        "s UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to update: [Last].",
        "s UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "Added DELETE_COMPLETE",
        "s UPDATE_ROLLBACK_COMPLETE",
    ] {
        assert!(events.iter().any(|event| event == expected), "{expected} in {events:#?}");
    }
    assert_eq!(cloud.engine.template("s", false).unwrap(), first);
    let repaired = second.replace("fail", "fine");
    assert_eq!(cloud.update(&repaired).await.status, StackStatus::UpdateComplete);
    assert_eq!(cloud.existing().len(), 4);
}

#[tokio::test]
async fn a_failed_update_cancels_its_siblings() {
    let cloud = TestCloud::new();
    let template = |size: u8, word: &str| {
        format!(
            "Resources:\n  Bad: {{Type: Test::Thing::Item, Properties: {{Input: {word}}}}}\n  Slow: {{Type: Test::Thing::Item, Properties: {{Size: {size}}}}}"
        )
    };
    cloud.create(&template(1, "well")).await;
    cloud.fault(Action::Update, "Slow", Fault::Delay(Duration::from_millis(30)));
    assert_eq!(cloud.update(&template(2, "fail")).await.status, StackStatus::UpdateRollbackComplete);
    assert!(cloud.events("s").iter().any(|event| event == "Slow UPDATE_FAILED Resource update cancelled"));
    assert_eq!(cloud.world.lock().unwrap().existing["slow-2"]["Size"], 1);
}

#[tokio::test]
async fn a_rollback_that_fails_can_be_continued() {
    let cloud = TestCloud::new();
    let template = |size: u8, word: &str| {
        format!(
            "Resources:\n  Stuck: {{Type: Test::Thing::Item, Properties: {{Size: {size}}}}}\n  Bad: {{Type: Test::Thing::Item, DependsOn: Stuck, Properties: {{Input: {word}}}}}"
        )
    };
    cloud.create(&template(1, "well")).await;
    let id = cloud.engine.update_stack(&input("s", &template(2, "fail"))).unwrap();
    tokio::time::sleep(Duration::from_millis(15)).await;
    cloud.fault(Action::Update, "Stuck", Fault::Fail("it is stuck".to_owned()));
    let stack = cloud.engine.wait(&id).await.unwrap();
    assert_eq!(stack.status, StackStatus::UpdateRollbackFailed);
    assert_eq!(stack.reason.unwrap(), "The following resource(s) failed to update: [Stuck]. ");
    assert!(cloud.engine.continue_update_rollback("s", &["Nope".to_owned()], None).is_err());
    cloud.no_fault();
    cloud.engine.continue_update_rollback("s", &[], None).unwrap();
    assert_eq!(cloud.engine.wait("s").await.unwrap().status, StackStatus::UpdateRollbackComplete);
    assert_eq!(cloud.world.lock().unwrap().existing["stuck-1"]["Size"], 1);
}

#[tokio::test]
async fn a_cancelled_update_is_rolled_back() {
    let cloud = TestCloud::new();
    let template =
        |size: u8| format!("Resources:\n  A: {{Type: Test::Thing::Item, Properties: {{Size: {size}}}}}");
    cloud.create(&template(1)).await;
    cloud.fault(Action::Update, "A", Fault::Delay(Duration::from_millis(40)));
    cloud.engine.update_stack(&input("s", &template(2))).unwrap();
    assert!(cloud.engine.cancel_update_stack("absent", None).is_err());
    cloud.engine.cancel_update_stack("s", None).unwrap();
    assert_eq!(cloud.engine.wait("s").await.unwrap().status, StackStatus::UpdateRollbackComplete);
    assert_eq!(cloud.world.lock().unwrap().existing["a-1"]["Size"], 1);
    let error = cloud.engine.cancel_update_stack("s", None).unwrap_err();
    assert_eq!(error.to_string(), "CancelUpdateStack cannot be called from current stack status");
}

#[tokio::test]
async fn a_deletion_that_fails_can_be_retried_forced_or_made_to_retain() {
    for way in ["retry", "retain", "force"] {
        let cloud = TestCloud::new();
        let stack = cloud.create(CHAIN).await;
        cloud.fault(Action::Delete, "B", Fault::Fail("it is not empty".to_owned()));
        cloud.engine.delete_stack(&delete("s")).unwrap();
        let failed = cloud.engine.wait(&stack.id).await.unwrap();
        assert_eq!(failed.status, StackStatus::DeleteFailed);
        assert_eq!(failed.reason.unwrap(), "The following resource(s) failed to delete: [B]. ");
        assert_eq!(cloud.existing(), ["a-1", "b-2"], "what B needs stays");
        let mut again = delete("s");
        match way {
            "retry" => cloud.no_fault(),
            "retain" => again.retain_resources = vec!["B".to_owned()],
            _ => again.force = true,
        }
        cloud.engine.delete_stack(&again).unwrap();
        assert_eq!(cloud.engine.wait(&stack.id).await.unwrap().status, StackStatus::DeleteComplete, "{way}");
        assert_eq!(cloud.existing().len(), usize::from(way != "retry"), "{way}");
    }
    let cloud = TestCloud::new();
    cloud.create(CHAIN).await;
    let early = DeleteInput { retain_resources: vec!["B".to_owned()], ..delete("s") };
    assert!(cloud.engine.delete_stack(&early).unwrap_err().to_string().contains("DELETE_FAILED"));
}

#[tokio::test]
async fn a_stack_can_be_deleted_while_it_is_being_created() {
    let cloud = TestCloud::new();
    cloud.fault(Action::Create, "B", Fault::Delay(Duration::from_millis(30)));
    let id = cloud.engine.create_stack(&input("s", CHAIN)).unwrap();
    tokio::time::sleep(Duration::from_millis(25)).await;
    cloud.engine.delete_stack(&delete("s")).unwrap();
    assert_eq!(cloud.engine.wait(&id).await.unwrap().status, StackStatus::DeleteComplete);
    assert!(cloud.existing().is_empty());
    assert!(!cloud.events(&id).iter().any(|event| event.contains("ROLLBACK")));
}

#[tokio::test]
async fn policies_keep_resources() {
    let cloud = TestCloud::new();
    let template = "
Resources:
  Kept: {Type: Test::Thing::Item, DeletionPolicy: Retain}
  Old: {Type: Test::Thing::Item, UpdateReplacePolicy: Retain, Properties: {Name: one}}";
    let stack = cloud.create(template).await;
    cloud.update(&template.replace("Name: one", "Name: two")).await;
    assert_eq!(cloud.existing(), ["kept-1", "old-2", "old-3"]);
    cloud.engine.delete_stack(&delete("s")).unwrap();
    cloud.engine.wait(&stack.id).await.unwrap();
    assert_eq!(cloud.existing(), ["kept-1", "old-2"]);
    assert!(cloud.events(&stack.id).iter().any(|event| event == "Kept DELETE_SKIPPED"));
}

#[tokio::test]
async fn conditions_decide_what_exists() {
    let cloud = TestCloud::new();
    let template = "
Parameters: {Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}}
Conditions: {Prod: !Equals [!Ref Stage, prod]}
Resources:
  A: {Type: Test::Thing::Item, Properties: {Input: !If [Prod, !Ref B, none], Size: !If [Prod, 5, !Ref AWS::NoValue]}}
  B: {Type: Test::Thing::Item, Condition: Prod}
Outputs:
  B: {Condition: Prod, Value: !Ref B}";
    assert!(cloud.create(template).await.outputs.is_empty());
    assert_eq!(cloud.existing(), ["a-1"]);
    assert_eq!(cloud.world.lock().unwrap().existing["a-1"].get("Size"), None);
    let prod = with_parameters(input("s", template), &[("Stage", Some("prod"))]);
    cloud.engine.update_stack(&prod).unwrap();
    assert_eq!(cloud.engine.wait("s").await.unwrap().outputs[0].value, "b-2");
    assert_eq!(cloud.world.lock().unwrap().existing["a-1"]["Size"], 5);
    let dangling = "
Conditions: {Never: !Equals [a, b]}
Resources:
  A: {Type: Test::Thing::Item, Properties: {Input: !Ref B}}
  B: {Type: Test::Thing::Item, Condition: Never}";
    assert_eq!(
        cloud.engine.create_stack(&input("t", dangling)).unwrap_err().to_string(),
        "Template format error: Unresolved resource dependencies [B] in the Resources block of the template"
    );
    let dangling = "
Conditions: {Never: !Equals [a, b]}
Resources:
  A: {Type: Test::Thing::Item}
  B: {Type: Test::Thing::Item, Condition: Never}
Outputs:
  Good: {Value: !If [Never, !Ref B, none]}
  Bad: {Value: !GetAtt B.Arn}";
    assert_eq!(
        cloud.engine.create_stack(&input("t", dangling)).unwrap_err().to_string(),
        "Template format error: Unresolved resource dependencies [B] in the Outputs block of the template"
    );
}

#[tokio::test]
async fn exports_are_imported_and_cannot_go_while_in_use() {
    let cloud = TestCloud::new();
    let exporter = "
Resources: {A: {Type: Test::Thing::Item}}
Outputs: {Arn: {Value: !GetAtt A.Arn, Export: {Name: !Sub '${AWS::StackName}-arn'}}}";
    let importer = "Resources: {A: {Type: Test::Thing::Item, Properties: {Input: !ImportValue e-arn}}}";
    let failed = cloud.create(importer).await;
    assert_eq!(failed.status, StackStatus::RollbackComplete);
    assert!(cloud.events("s").iter().any(|event| event.contains("No export named e-arn found")));
    cloud.engine.delete_stack(&delete("s")).unwrap();
    cloud.engine.wait(&failed.id).await.unwrap();

    let exporting = cloud.engine.create_stack(&input("e", exporter)).unwrap();
    cloud.engine.wait("e").await.unwrap();
    let stack = cloud.create(importer).await;
    assert_eq!(stack.status, StackStatus::CreateComplete);
    assert_eq!(cloud.engine.exports()[0].name, "e-arn");
    assert_eq!(cloud.engine.imports("e-arn").unwrap(), ["s"]);
    assert_eq!(
        cloud.engine.delete_stack(&delete("e")).unwrap_err().to_string(),
        "Export e-arn cannot be deleted as it is in use by s"
    );
    let twice = exporter.replace("${AWS::StackName}-arn", "e-arn");
    cloud.engine.create_stack(&input("f", &twice)).unwrap();
    let refused = cloud.engine.wait("f").await.unwrap();
    assert_eq!(refused.status, StackStatus::RollbackComplete);
    assert!(cloud.events("f").iter().any(|event| {
        event.contains("Export with name e-arn is already exported by stack e. Rollback requested by user.")
    }));
    cloud.engine.delete_stack(&delete("s")).unwrap();
    cloud.engine.wait(&stack.id).await.unwrap();
    cloud.engine.delete_stack(&delete("e")).unwrap();
    cloud.engine.wait(&exporting).await.unwrap();
    assert!(cloud.engine.exports().is_empty());
}

#[tokio::test]
async fn tokens_make_calls_repeatable() {
    let cloud = TestCloud::new();
    let request = StackInput { client_request_token: Some("t1".to_owned()), ..input("s", CHAIN) };
    let id = cloud.engine.create_stack(&request).unwrap();
    assert_eq!(cloud.engine.create_stack(&request).unwrap(), id);
    let other = StackInput { timeout_minutes: Some(1), ..request.clone() };
    assert_eq!(cloud.engine.create_stack(&other).unwrap_err().code(), "TokenAlreadyExistsException");
    assert_eq!(
        cloud.engine.create_stack(&input("s", CHAIN)).unwrap_err().to_string(),
        "Stack [s] already exists"
    );
    cloud.engine.wait("s").await.unwrap();
    assert!(
        cloud
            .engine
            .events("s")
            .unwrap()
            .iter()
            .all(|event| event.client_request_token.as_deref() == Some("t1"))
    );
}

#[tokio::test]
async fn tags_reach_resources_and_protection_holds() {
    let cloud = TestCloud::new();
    let tagged = |value: &str| {
        let tags = BTreeMap::from([("team".to_owned(), value.to_owned())]);
        StackInput {
            tags: Some(tags),
            termination_protection: Some(true),
            ..input("s", "Resources: {A: {Type: Test::Thing::Item}}")
        }
    };
    cloud.engine.create_stack(&tagged("a")).unwrap();
    cloud.engine.wait("s").await.unwrap();
    cloud.calls();
    cloud.engine.update_stack(&tagged("b")).unwrap();
    assert_eq!(cloud.engine.wait("s").await.unwrap().tags["team"], "b");
    assert_eq!(cloud.calls(), ["update A"]);
    assert_eq!(
        cloud.engine.delete_stack(&delete("s")).unwrap_err().to_string(),
        "Stack [s] cannot be deleted while TerminationProtection is enabled"
    );
    cloud.engine.set_termination_protection("s", false).unwrap();
    cloud.engine.delete_stack(&delete("s")).unwrap();
}

#[tokio::test]
async fn shutting_down_ends_running_operations() {
    let cloud = TestCloud::new();
    cloud.fault(Action::Create, "A", Fault::Hang);
    cloud.engine.create_stack(&input("s", CHAIN)).unwrap();
    tokio::time::timeout(Duration::from_secs(1), cloud.engine.shutdown()).await.unwrap();
    assert!(cloud.engine.create_stack(&input("t", CHAIN)).is_err());
}

#[tokio::test]
async fn calls_are_refused_in_cloudformations_words() {
    let cloud = TestCloud::new();
    let refused = |input: &StackInput| cloud.engine.create_stack(input).unwrap_err();
    let role = "Resources: {R: {Type: AWS::IAM::Role}}";
    let named = "Resources: {R: {Type: AWS::IAM::Role, Properties: {RoleName: r}}}";
    assert_eq!(refused(&input("s", role)).to_string(), "Requires capabilities : [CAPABILITY_IAM]");
    assert_eq!(refused(&input("s", role)).code(), "InsufficientCapabilitiesException");
    let iam = StackInput { capabilities: vec!["CAPABILITY_IAM".to_owned()], ..input("s", named) };
    assert_eq!(refused(&iam).to_string(), "Requires capabilities : [CAPABILITY_NAMED_IAM]");
    assert!(refused(&input("1x", CHAIN)).to_string().contains("[a-zA-Z][-a-zA-Z0-9]*"));
    let unknown = with_parameters(input("s", CHAIN), &[("Nope", Some("1"))]);
    assert_eq!(refused(&unknown).to_string(), "Parameters: [Nope] do not exist in the template");
    let large = with_parameters(input("s", CHAIN), &[("Size", Some("11"))]);
    assert_eq!(refused(&large).to_string(), "Parameter 'Size' must be a number not greater than 10");
    let missing = "Parameters: {X: {Type: String}}\nResources: {A: {Type: Test::Thing::Item}}";
    assert_eq!(refused(&input("s", missing)).to_string(), "Parameters: [X] must have values");
    let long = format!("{}\n# {}", CHAIN, "x".repeat(51_200));
    assert!(refused(&input("s", &long)).to_string().contains("less than or equal to 51200"));
    assert_eq!(
        cloud.engine.update_stack(&input("s", CHAIN)).unwrap_err().to_string(),
        "Stack [s] does not exist"
    );
    assert!(cloud.engine.list_stacks(&[]).is_empty(), "nothing is left of refused calls");
}

#[tokio::test]
async fn illegal_properties_fail_the_resource_with_a_reason() {
    let cloud = TestCloud::new();
    let template = "Resources: {A: {Type: Test::Thing::Item, Properties: {Foo: 1, Size: 11}}}";
    assert_eq!(cloud.create(template).await.status, StackStatus::RollbackComplete);
    let expected = "A CREATE_FAILED Properties validation failed for resource A with message: #: extraneous key [Foo] is not permitted, #/Size: 11 is not less or equal to 10";
    assert!(cloud.events("s").iter().any(|event| event == expected), "{:#?}", cloud.events("s"));
    assert!(cloud.calls().is_empty());
}

#[tokio::test]
async fn a_changed_type_is_refused() {
    let cloud = TestCloud::new();
    cloud.create("Resources: {A: {Type: Test::Thing::Item}}").await;
    let changed = StackInput {
        capabilities: vec!["CAPABILITY_IAM".to_owned()],
        ..input("s", "Resources: {A: {Type: AWS::IAM::Role}}")
    };
    let error = cloud.engine.update_stack(&changed).unwrap_err().to_string();
    assert_eq!(
        error,
        "Update of resource type is not permitted. The new template modifies resource type of the following resources: [A]"
    );
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_takes_too_long_is_rolled_back() {
    let cloud = TestCloud::new();
    cloud.fault(Action::Create, "B", Fault::Hang);
    let request = StackInput { timeout_minutes: Some(2), ..input("s", CHAIN) };
    cloud.engine.create_stack(&request).unwrap();
    let stack = cloud.engine.wait("s").await.unwrap();
    assert_eq!(stack.status, StackStatus::RollbackComplete);
    let expected = "s ROLLBACK_IN_PROGRESS Stack creation time exceeded the specified timeout. Rollback requested by user.";
    assert!(cloud.events("s").iter().any(|event| event == expected), "{:#?}", cloud.events("s"));
    assert!(cloud.existing().is_empty());
}

#[tokio::test]
async fn of_two_updates_at_once_one_is_refused() {
    let cloud = TestCloud::new();
    cloud.create(CHAIN).await;
    let first = CHAIN.replace("Default: 3", "Default: 4");
    let second = CHAIN.replace("Default: 3", "Default: 5");
    cloud.engine.update_stack(&input("s", &first)).unwrap();
    let refused = cloud.engine.update_stack(&input("s", &second)).unwrap_err();
    assert!(
        refused.to_string().ends_with("is in UPDATE_IN_PROGRESS state and can not be updated."),
        "{refused}"
    );
    let refused = cloud.engine.delete_stack(&delete("s")).unwrap_err();
    assert_eq!(refused.to_string(), "Stack [s] cannot be deleted while in status UPDATE_IN_PROGRESS");
    assert_eq!(cloud.engine.wait("s").await.unwrap().status, StackStatus::UpdateComplete);
}

#[tokio::test]
async fn durations_slow_a_type_down() {
    let slow = Duration::from_millis(150);
    let cloud = TestCloud::with(|options| {
        options.durations.insert("Test::Thing::Item".to_owned(), slow);
    });
    let began = Instant::now();
    cloud.create("Resources: {A: {Type: Test::Thing::Item}}").await;
    assert!(began.elapsed() >= slow);
}

#[tokio::test]
async fn the_nth_call_can_be_made_to_fail() {
    let cloud = TestCloud::with(|options| {
        options.fault = std::sync::Arc::new(|attempt| {
            let third = attempt.action == Action::Create && attempt.earlier == 2;
            third.then(|| Fault::Fail("Rate exceeded".to_owned()))
        });
    });
    assert_eq!(cloud.create(CHAIN).await.status, StackStatus::RollbackComplete);
    assert!(cloud.events("s").iter().any(|event| event == "C CREATE_FAILED Rate exceeded"));
}
