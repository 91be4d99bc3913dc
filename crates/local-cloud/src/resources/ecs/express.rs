use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use super::steady::steady;
use crate::resources::kind::{Call, ResourceType, Tag, exists, resource};
use crate::services::ecs::{ExpressService, ExpressSettings, ExpressWanted};

pub(in crate::resources) struct ExpressGatewayService;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    service_name: Option<String>,
    cluster: Option<String>,
    infrastructure_role_arn: String,
    #[serde(flatten)]
    settings: ExpressSettings,
    #[serde(default)]
    tags: Vec<Tag>,
}

/// What tasks are waited for to be.
const WHOM: &str = "healthy in the target group";

fn described(service: &ExpressService) -> Resource {
    let gateway = &service.gateway;
    resource(
        service.arn.clone(),
        [
            ("ServiceArn", json!(service.arn)),
            ("Endpoint", json!(service.endpoint)),
            (
                "ECSManagedResourceArns",
                json!({
                    "IngressPath": {
                        "LoadBalancerArn": gateway.load_balancer,
                        "ListenerArn": gateway.listener,
                        "ListenerRuleArn": service.rule,
                        "TargetGroupArns": [service.target_group],
                        "LoadBalancerSecurityGroups": [gateway.security_group],
                    },
                    "AutoScaling": {
                        "ScalableTarget": format!("service/{}/{}", service.cluster, service.name),
                        "ApplicationAutoScalingPolicies": [service.policy],
                    },
                    "LogGroups": [service.settings.primary_container.aws_logs_configuration.group],
                    "ServiceSecurityGroups": service.settings.network_configuration.security_groups,
                }),
            ),
        ],
    )
}

#[async_trait]
impl ResourceType for ExpressGatewayService {
    const SCHEMA: &'static str = include_str!("../schemas/ecs-express-gateway-service.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let (properties, ecs) = (&call.properties, &call.services.ecs);
        let name = call.name(properties.service_name.as_ref(), 255);
        let cluster = properties.cluster.clone().unwrap_or_else(|| "default".to_owned());
        let known = ecs.cluster(&cluster).map_err(refused)?;
        if ecs.has_service(&known.name, &name) {
            return Err(exists("AWS::ECS::ExpressGatewayService", &name));
        }
        let infrastructure_role = properties.infrastructure_role_arn.clone();
        let tags = call.tags(&properties.tags);
        let wanted = ExpressWanted { name, cluster, infrastructure_role, tags };
        let made = ecs.create_express(&call.services, wanted, properties.settings.clone()).await;
        let created = described(&made.map_err(refused)?);
        (call.request.initiated)(created.clone());
        let handle = ecs.service(None, &created.physical_id).map_err(refused)?.handle;
        steady(&call.request, &handle, WHOM).await.map_err(|failure| failure.leaving(created.clone()))?;
        Ok(created)
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let (arn, settings) = (&current.physical_id, call.properties.settings.clone());
        let ecs = &call.services.ecs;
        let updated = ecs.update_express(&call.services, arn, settings).await.map_err(refused)?;
        let handle = ecs.service(None, arn).map_err(refused)?.handle;
        steady(&call.request, &handle, WHOM).await?;
        Ok(described(&updated))
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        call.services.ecs.delete_express(&call.services, &current.physical_id).await;
        Ok(())
    }
}
