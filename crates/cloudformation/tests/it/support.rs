//! A small cloud in memory: two resource types whose calls are recorded.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cloudformation::engine::{
    Action, Attempt, Fault, ParameterInput, StackDescription, StackInput, TemplateSource,
};
use cloudformation::{Engine, EngineOptions, Failure, Handler, Registry, Request, Resource, Schema};
use serde_json::{Map, Value};

const ITEM: &str = r"
typeName: Test::Thing::Item
properties:
  Arn: {type: string}
  Endpoint: {type: object, properties: {Address: {type: string}}}
  Name: {type: string, minLength: 1}
  Size: {type: integer, minimum: 1, maximum: 10}
  Input: {type: string}
  Inputs: {type: array, items: {type: string}}
  Tags: {type: array, items: {type: object, properties: {Key: {type: string}, Value: {type: string}}}}
createOnlyProperties: [/properties/Name]
readOnlyProperties: [/properties/Arn, /properties/Endpoint/Address]
";
const INSTANCE: &str = "
typeName: AWS::EC2::Instance
properties: {ImageId: {type: string}, PublicIp: {type: string}}
createOnlyProperties: [/properties/ImageId]
readOnlyProperties: [/properties/PublicIp]
";
const ROLE: &str = "
typeName: AWS::IAM::Role
properties: {RoleName: {type: string}, Arn: {type: string}}
readOnlyProperties: [/properties/Arn]
";

/// What the cloud knows of its resources.
#[derive(Default)]
pub struct World {
    /// Properties by physical ID.
    pub existing: BTreeMap<String, Map<String, Value>>,
    /// `create A`, `update A`, `delete A`, in the order in which the calls began.
    pub calls: Vec<String>,
    pub running: usize,
    pub most_running: usize,
    next: u32,
}

struct Item {
    schema: Schema,
    world: Arc<Mutex<World>>,
    delay: Duration,
}

impl Item {
    async fn begin(&self, action: &str, logical_id: &str) {
        {
            let mut world = self.world.lock().unwrap();
            world.calls.push(format!("{action} {logical_id}"));
            world.running += 1;
            world.most_running = world.most_running.max(world.running);
        }
        tokio::time::sleep(self.delay).await;
        self.world.lock().unwrap().running -= 1;
    }
}

fn resource(id: &str) -> Resource {
    let attributes = [
        ("Arn".to_owned(), Value::from(format!("arn:test:{id}"))),
        ("Endpoint.Address".to_owned(), Value::from(format!("{id}.test"))),
    ];
    Resource { physical_id: id.to_owned(), attributes: attributes.into() }
}

#[async_trait]
impl Handler for Item {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    async fn create(&self, request: Request) -> Result<Resource, Failure> {
        let id = {
            let mut world = self.world.lock().unwrap();
            world.next += 1;
            let id = format!("{}-{}", request.logical_id.to_lowercase(), world.next);
            world.existing.insert(id.clone(), request.properties.clone());
            id
        };
        (request.initiated)(resource(&id));
        self.begin("create", &request.logical_id).await;
        if request.properties.get("Input") == Some(&Value::from("fail")) {
            return Err(Failure::new("the input is fail").leaving(resource(&id)));
        }
        Ok(resource(&id))
    }

    async fn update(
        &self,
        request: Request,
        current: Resource,
        _: Map<String, Value>,
    ) -> Result<Resource, Failure> {
        self.begin("update", &request.logical_id).await;
        if request.properties.get("Input") == Some(&Value::from("fail")) {
            return Err(Failure::new("the input is fail"));
        }
        self.world.lock().unwrap().existing.insert(current.physical_id.clone(), request.properties);
        Ok(current)
    }

    async fn delete(&self, request: Request, current: Resource) -> Result<(), Failure> {
        self.begin("delete", &request.logical_id).await;
        self.world.lock().unwrap().existing.remove(&current.physical_id);
        Ok(())
    }
}

type Hook = Box<dyn Fn(&Attempt) -> Option<Fault> + Send + Sync>;

/// An engine over a fresh [`World`].
pub struct TestCloud {
    pub engine: Engine,
    pub world: Arc<Mutex<World>>,
    fault: Arc<Mutex<Option<Hook>>>,
}

impl TestCloud {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut EngineOptions)) -> Self {
        let world: Arc<Mutex<World>> = Arc::default();
        let fault: Arc<Mutex<Option<Hook>>> = Arc::default();
        let mut registry = Registry::default();
        for schema in [ITEM, INSTANCE, ROLE] {
            let schema = Schema::parse(schema).unwrap();
            let delay = Duration::from_millis(10);
            registry.register(Arc::new(Item { schema, world: world.clone(), delay }));
        }
        let hook = fault.clone();
        let mut options = EngineOptions {
            fault: Arc::new(move |attempt| hook.lock().unwrap().as_ref().and_then(|hook| hook(attempt))),
            cancel_grace: Duration::from_millis(50),
            ..EngineOptions::default()
        };
        change(&mut options);
        Self { engine: Engine::new(registry, options), world, fault }
    }

    /// Makes every call of an action on a logical ID meet a fault.
    pub fn fault(&self, action: Action, logical_id: &'static str, fault: Fault) {
        let hook: Hook = Box::new(move |attempt| {
            (attempt.action == action && attempt.logical_id == logical_id).then(|| fault.clone())
        });
        *self.fault.lock().unwrap() = Some(hook);
    }

    pub fn no_fault(&self) {
        *self.fault.lock().unwrap() = None;
    }

    pub async fn create(&self, template: &str) -> StackDescription {
        let id = self.engine.create_stack(&input("s", template)).unwrap();
        self.engine.wait(&id).await.unwrap()
    }

    pub async fn update(&self, template: &str) -> StackDescription {
        let id = self.engine.update_stack(&input("s", template)).unwrap();
        self.engine.wait(&id).await.unwrap()
    }

    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.world.lock().unwrap().calls)
    }

    pub fn existing(&self) -> Vec<String> {
        self.world.lock().unwrap().existing.keys().cloned().collect()
    }

    /// `Logical STATUS reason` of each event, oldest first.
    pub fn events(&self, stack: &str) -> Vec<String> {
        let mut events = self.engine.events(stack).unwrap();
        events.reverse();
        let line = |event: cloudformation::engine::Event| {
            let reason = event.reason.unwrap_or_default();
            format!("{} {} {reason}", event.logical_id, event.status).trim_end().to_owned()
        };
        events.into_iter().map(line).collect()
    }
}

pub fn input(name: &str, template: &str) -> StackInput {
    StackInput {
        stack_name: name.to_owned(),
        template: TemplateSource::Inline(template.to_owned()),
        ..StackInput::default()
    }
}

/// An input with parameters; `None` is `UsePreviousValue`.
pub fn with_parameters(mut input: StackInput, parameters: &[(&str, Option<&str>)]) -> StackInput {
    for (name, value) in parameters {
        let value = value.map_or(ParameterInput::Previous, |value| ParameterInput::Value(value.to_owned()));
        input.parameters.insert((*name).to_owned(), value);
    }
    input
}
