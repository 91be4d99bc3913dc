//! What the resources of a template are billed for.
//!
//! A resource comes with its properties as the template has them, parameters and conditions resolved; references to other
//! resources stay as they are: `{"Ref": "Function"}`, or `${Function.Arn}` within a text.

mod schedule;

use serde_json::Value;

use crate::{Bill, Line, Per, Usage};

/// A resource of a stack.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// The logical id.
    pub id: String,
    /// The type: `AWS::Lambda::Function`.
    pub kind: String,
    pub properties: Value,
}

/// Why what a resource costs cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum BillError {
    #[error("{id} ({kind}): {property} is needed for the bill and is {value}; it must be {wanted}")]
    Property { id: String, kind: String, property: &'static str, value: String, wanted: &'static str },
}

/// Bytes in a GB, as AWS bills traffic and logs.
const GB: f64 = 1_073_741_824.0;
/// Megabytes in a GB of memory.
const MB: f64 = 1024.0;
/// What costs nothing by itself.
const FREE: [&str; 23] = [
    "AWS::ApiGateway::",
    "AWS::AppRunner::AutoScalingConfiguration",
    "AWS::ApplicationAutoScaling::",
    "AWS::CertificateManager::Certificate",
    "AWS::DynamoDB::Table",
    "AWS::EC2::EIPAssociation",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::Route",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::Subnet",
    "AWS::EC2::VPC",
    "AWS::ECR::Repository",
    "AWS::ECS::Cluster",
    "AWS::ECS::TaskDefinition",
    "AWS::ElasticLoadBalancingV2::",
    "AWS::IAM::",
    "AWS::Lambda::",
    "AWS::Logs::LogGroup",
    "AWS::Route53::RecordSet",
    "AWS::S3::",
    "AWS::SNS::",
    "AWS::SQS::",
    "AWS::EC2::LaunchTemplate",
];

impl Bill {
    /// What the resources of a stack are billed for, by the hour and by the request.
    pub fn of(resources: &[Resource], usage: &Usage) -> Result<Self, BillError> {
        let mut bill = Self::default();
        for resource in resources {
            resource.charge(resources, usage, &mut bill)?;
        }
        bill.charge_work(usage);
        Ok(bill)
    }

    /// Adds what the resources of another stack are billed for that the same requests pass, or that something else needs.
    pub fn with_stack(mut self, resources: &[Resource], usage: &Usage) -> Result<Self, BillError> {
        for resource in resources {
            resource.charge(resources, usage, &mut self)?;
        }
        Ok(self)
    }

    fn hourly(&mut self, item: impl Into<String>, quantity: f64, what: String) {
        self.lines.push(Line { item: item.into(), quantity, per: Per::Hour, what });
    }

    fn request(&mut self, item: impl Into<String>, quantity: f64, what: impl Into<String>) {
        if quantity > 0.0 {
            self.lines.push(Line { item: item.into(), quantity, per: Per::Request, what: what.into() });
        }
    }

    /// What the work itself costs, whatever it runs on.
    fn charge_work(&mut self, usage: &Usage) {
        self.request("sns-publish", usage.publishes, "Messages published");
        self.request("dynamodb-read-unit", usage.read_units, "Reads from the table");
        self.request("dynamodb-write-unit", usage.write_units, "Writes to the table");
        self.request("logs-ingested", usage.log_bytes / GB, "Lines written to logs");
        self.request("internet-out", usage.response_bytes / GB, "Answers sent to the internet");
        self.request("xray-trace", usage.traced, "Traces recorded");
    }
}

impl Resource {
    fn charge(&self, all: &[Self], usage: &Usage, bill: &mut Bill) -> Result<(), BillError> {
        let id = &self.id;
        match self.kind.as_str() {
            "AWS::ApiGateway::RestApi" => {
                bill.request("rest-api-request", 1.0, format!("{id}: requests to the REST API"));
            }
            "AWS::ApiGateway::Stage" => self.cache(bill)?,
            "AWS::Lambda::Function" => self.function(all, usage, bill)?,
            "AWS::StepFunctions::StateMachine" if self.is_scheduled(all) => {}
            "AWS::StepFunctions::StateMachine" => self.state_machine(usage, bill),
            "AWS::Scheduler::Schedule" => self.schedule(all, bill),
            "AWS::ElasticLoadBalancingV2::LoadBalancer" => self.balancer(usage, bill),
            "AWS::ECS::Service" => self.service(all, bill)?,
            "AWS::ECS::ExpressGatewayService" => self.express(usage, bill)?,
            "AWS::AppRunner::Service" => self.app_runner(all, bill)?,
            "AWS::EC2::Instance" => self.instance(all, bill)?,
            "AWS::EC2::EIP" => bill.hourly("public-ipv4", 1.0, format!("{id}: a public address")),
            "AWS::EC2::NatGateway" => bill.hourly("nat-gateway", 1.0, format!("{id}: a NAT gateway")),
            "AWS::EC2::VPCEndpoint" => self.endpoint(bill),
            "AWS::Route53::HostedZone" => bill.hourly("hosted-zone", 1.0, format!("{id}: a hosted zone")),
            "AWS::SecretsManager::Secret" => bill.hourly("secret", 1.0, format!("{id}: a secret")),
            kind if FREE.iter().any(|free| kind.starts_with(free)) => {}
            kind => bill.unpriced.push(format!("{id} ({kind}) may cost something that is not in the sums")),
        }
        Ok(())
    }

    fn cache(&self, bill: &mut Bill) -> Result<(), BillError> {
        let on = self.properties.get("CacheClusterEnabled").is_some_and(|on| on == true || on == "true");
        if on {
            let size = self
                .text("CacheClusterSize")
                .ok_or_else(|| self.wrong("CacheClusterSize", "a size in GB"))?;
            bill.hourly(format!("api-cache-{size}"), 1.0, format!("{}: a cache of {size} GB", self.id));
        }
        Ok(())
    }

    /// A call, and the memory for the time that it takes. Provisioned environments have prices of their own.
    fn function(&self, all: &[Self], usage: &Usage, bill: &mut Bill) -> Result<(), BillError> {
        let id = &self.id;
        let memory = self.number_or("MemorySize", 128.0)?;
        let arch = self.properties.pointer("/Architectures/0").and_then(Value::as_str).unwrap_or("x86_64");
        let kept: f64 = all.iter().filter(|one| one.refers("FunctionName", id)).map(Self::provisioned).sum();
        if kept > 0.0 {
            let what = format!("{id}: {kept} environments of {memory} MB kept ready");
            bill.hourly(format!("lambda-provisioned-{arch}"), kept * memory / MB * 3600.0, what);
        }
        let Some(used) = usage.functions.get(id) else {
            bill.unpriced.push(format!("{id}: how long its calls take was not measured"));
            return Ok(());
        };
        bill.request("lambda-request", used.calls, format!("{id}: calls"));
        let item = if kept > 0.0 { "lambda-provisioned-duration" } else { "lambda" };
        let seconds = used.calls * used.billed_ms / 1000.0;
        let what = format!("{id}: {memory} MB for {:.1} ms a call", used.billed_ms);
        bill.request(format!("{item}-{arch}"), seconds * memory / MB, what);
        Ok(())
    }

    /// Environments that an alias or a version keeps ready.
    fn provisioned(&self) -> f64 {
        let count = "/ProvisionedConcurrencyConfig/ProvisionedConcurrentExecutions";
        self.properties.pointer(count).and_then(number).unwrap_or_default()
    }

    /// An execution, and memory by 64 MB for the time that it takes, in steps of 100 ms
    /// (<https://aws.amazon.com/step-functions/pricing/>).
    fn state_machine(&self, usage: &Usage, bill: &mut Bill) {
        let id = &self.id;
        bill.request("express-workflow-request", 1.0, format!("{id}: executions"));
        match usage.execution_ms {
            Some(ms) => {
                let seconds = (ms / 100.0).ceil().max(1.0) / 10.0;
                let what = format!("{id}: 64 MB for {seconds:.1} s an execution");
                bill.request("express-workflow-duration", seconds * 64.0 / MB, what);
            }
            None => bill.unpriced.push(format!("{id}: how long its executions take was not measured")),
        }
    }

    /// The balancer, its addresses, and the capacity that requests use: new connections or bytes, whichever is more
    /// (<https://aws.amazon.com/elasticloadbalancing/pricing/>).
    fn balancer(&self, usage: &Usage, bill: &mut Bill) {
        let id = &self.id;
        bill.hourly("application-load-balancer", 1.0, format!("{id}: a load balancer"));
        if self.text("Scheme").as_deref() != Some("internal") {
            let zones = self.zones("Subnets");
            bill.hourly("public-ipv4", zones, format!("{id}: a public address in each of {zones} zones"));
        }
        bill.request("load-balancer-capacity-unit", capacity_units(usage), format!("{id}: capacity units"));
    }

    fn service(&self, all: &[Self], bill: &mut Bill) -> Result<(), BillError> {
        let count = self.number_or("DesiredCount", 1.0)?;
        let definition = all
            .iter()
            .find(|one| one.kind == "AWS::ECS::TaskDefinition" && self.refers("TaskDefinition", &one.id));
        let Some(definition) = definition else {
            bill.unpriced.push(format!("{}: its tasks are defined elsewhere", self.id));
            return Ok(());
        };
        let arch =
            match definition.properties.pointer("/RuntimePlatform/CpuArchitecture").and_then(Value::as_str) {
                Some("ARM64") => "arm64",
                _ => "x86_64",
            };
        let size = (definition.number("Cpu")?, definition.number("Memory")?);
        bill.tasks(&self.id, count, size, arch);
        let public = self.properties.pointer("/NetworkConfiguration/AwsvpcConfiguration/AssignPublicIp");
        if public.is_some_and(|public| public == "ENABLED") {
            bill.hourly(
                "public-ipv4",
                count,
                format!("{}: a public address for each of {count} tasks", self.id),
            );
        }
        Ok(())
    }

    /// Tasks, and the load balancer that Express Mode sets up for them; others may share it.
    fn express(&self, usage: &Usage, bill: &mut Bill) -> Result<(), BillError> {
        let count = self.properties.pointer("/ScalingTarget/MinTaskCount").and_then(number).unwrap_or(1.0);
        bill.tasks(&self.id, count, (self.number("Cpu")?, self.number("Memory")?), "x86_64");
        let zones =
            self.properties.get("NetworkConfiguration").map_or(2.0, |network| zones(network.get("Subnets")));
        bill.hourly(
            "public-ipv4",
            count + zones,
            format!("{}: public addresses of {count} tasks and {zones} zones", self.id),
        );
        bill.hourly("application-load-balancer", 1.0, format!("{}: a load balancer", self.id));
        bill.request(
            "load-balancer-capacity-unit",
            capacity_units(usage),
            format!("{}: capacity units", self.id),
        );
        Ok(())
    }

    /// Memory of the instances that are kept, and processors while requests come.
    fn app_runner(&self, all: &[Self], bill: &mut Bill) -> Result<(), BillError> {
        let kept = all
            .iter()
            .find(|one| self.refers("AutoScalingConfigurationArn", &one.id))
            .and_then(|scaling| scaling.properties.get("MinSize").and_then(number))
            .unwrap_or(1.0);
        let size = |property| {
            let value = self.properties.pointer(&format!("/InstanceConfiguration/{property}"));
            value.and_then(app_runner_size)
        };
        let cpu = size("Cpu").ok_or_else(|| self.wrong("InstanceConfiguration.Cpu", "CPU units or vCPU"))?;
        let memory = size("Memory").ok_or_else(|| self.wrong("InstanceConfiguration.Memory", "MB or GB"))?;
        let id = &self.id;
        bill.hourly("app-runner-memory", kept * memory, format!("{id}: {kept} × {memory} GB kept ready"));
        let what = format!("{id}: {cpu} vCPU of an instance while requests come");
        bill.lines.push(Line { item: "app-runner-vcpu".into(), quantity: cpu, per: Per::BusyHour, what });
        Ok(())
    }

    /// An instance, whose type may stand in its launch template, and its address, unless that is a resource of its own.
    fn instance(&self, all: &[Self], bill: &mut Bill) -> Result<(), BillError> {
        let template = all.iter().find(|one| self.refers("LaunchTemplate", &one.id));
        let of_template = template
            .and_then(|template| template.properties.pointer("/LaunchTemplateData/InstanceType")?.as_str());
        let kind = self
            .text("InstanceType")
            .or_else(|| of_template.map(str::to_owned))
            .ok_or_else(|| self.wrong("InstanceType", "a type such as t3.small"))?;
        bill.hourly(format!("ec2-{kind}"), 1.0, format!("{}: an instance {kind}", self.id));
        if !all.iter().any(|one| one.kind == "AWS::EC2::EIP") {
            bill.hourly("public-ipv4", 1.0, format!("{}: a public address", self.id));
        }
        Ok(())
    }

    /// Gateway endpoints are free.
    fn endpoint(&self, bill: &mut Bill) {
        if self.text("VpcEndpointType").as_deref() == Some("Interface") {
            let zones = self.zones("SubnetIds");
            bill.hourly("interface-endpoint", zones, format!("{}: an endpoint in {zones} zones", self.id));
        }
    }

    /// Whether a property refers to another resource.
    fn refers(&self, property: &str, id: &str) -> bool {
        self.properties.get(property).is_some_and(|value| mentions(value, id))
    }

    fn text(&self, property: &str) -> Option<String> {
        match self.properties.get(property)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    fn number(&self, property: &'static str) -> Result<f64, BillError> {
        self.properties.get(property).and_then(number).ok_or_else(|| self.wrong(property, "a number"))
    }

    fn number_or(&self, property: &'static str, default: f64) -> Result<f64, BillError> {
        if self.properties.get(property).is_none() { Ok(default) } else { self.number(property) }
    }

    fn zones(&self, property: &str) -> f64 {
        zones(self.properties.get(property))
    }

    fn wrong(&self, property: &'static str, wanted: &'static str) -> BillError {
        let value = self.properties.get(property).map_or_else(|| "missing".to_owned(), Value::to_string);
        BillError::Property { id: self.id.clone(), kind: self.kind.clone(), property, value, wanted }
    }
}

impl Bill {
    fn tasks(&mut self, id: &str, count: f64, (cpu, memory): (f64, f64), arch: &str) {
        let (vcpu, gb) = (cpu / MB, memory / MB);
        self.hourly(
            format!("fargate-vcpu-{arch}"),
            count * vcpu,
            format!("{id}: {count} tasks of {vcpu} vCPU"),
        );
        self.hourly(format!("fargate-memory-{arch}"), count * gb, format!("{id}: {count} tasks of {gb} GB"));
    }
}

/// Capacity units of a load balancer that one request uses for an hour: a unit is 25 new connections a second, or 1 GB an hour.
fn capacity_units(usage: &Usage) -> f64 {
    let connections = usage.connections / 25.0 / 3600.0;
    let bytes = (usage.request_bytes + usage.response_bytes) / GB;
    connections.max(bytes)
}

/// How many entries a list has, which may be text with commas; two where it comes from elsewhere.
#[expect(clippy::cast_precision_loss, reason = "a few zones")]
fn zones(list: Option<&Value>) -> f64 {
    let elsewhere = |text: &str| text.starts_with("${");
    match list {
        Some(Value::Array(entries)) if !matches!(&entries[..], [Value::String(one)] if elsewhere(one)) => {
            entries.len() as f64
        }
        Some(Value::String(text)) if !elsewhere(text) => text.split(',').count() as f64,
        _ => 2.0,
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|number: &f64| number.is_finite())
}

/// `1 vCPU`, `2 GB`, or 1,024 parts of it.
fn app_runner_size(value: &Value) -> Option<f64> {
    match value.as_str().and_then(|text| text.split_once(' ')) {
        Some((size, _)) => size.parse().ok(),
        None => number(value).map(|parts| parts / MB),
    }
}

/// Whether a value holds a reference to a resource.
fn mentions(value: &Value, id: &str) -> bool {
    match value {
        Value::String(text) => {
            text == id
                || text.split('.').next() == Some(id)
                || text.contains(&format!("${{{id}}}"))
                || text.contains(&format!("${{{id}."))
        }
        Value::Array(values) => values.iter().any(|value| mentions(value, id)),
        Value::Object(members) => members.values().any(|value| mentions(value, id)),
        _ => false,
    }
}
