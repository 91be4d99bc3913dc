"""App Runner's services, and those of Express Mode, from the same image."""

import time

from world import image, network, stack

_TAGS = [{"Key": "team", "Value": "blue"}]
_ABSENT = "arn:aws:apprunner:us-east-1:000000000000:service/absent/00000000000000000000000000000000"


def services(suite):
    reference, roles = image(suite, "runner"), stack(suite, "runner-roles", "roles")
    _configurations(suite)
    _app_runner(suite, reference, roles)
    _express(suite, reference, roles)


def _configurations(suite):
    runner = suite.client("apprunner")
    made = [
        runner.create_auto_scaling_configuration(AutoScalingConfigurationName=name, MaxConcurrency=7, Tags=_TAGS)[
            "AutoScalingConfiguration"
        ]
        for name in ("quick", "slow")
    ]
    suite.equal(made[0]["MaxConcurrency"], 7, "apprunner: configuration")
    suite.fails("InvalidRequestException", runner.create_auto_scaling_configuration, AutoScalingConfigurationName="x1x1", MinSize=99)
    arn = made[0]["AutoScalingConfigurationArn"]
    described = runner.describe_auto_scaling_configuration(AutoScalingConfigurationArn=arn)["AutoScalingConfiguration"]
    suite.equal(described["AutoScalingConfigurationName"], "quick", "apprunner: configuration's name")
    absent = arn.replace("/quick/", "/absent/")
    suite.fails("ResourceNotFoundException", runner.describe_auto_scaling_configuration, AutoScalingConfigurationArn=absent)
    names = _paged(suite, runner.list_auto_scaling_configurations, "AutoScalingConfigurationSummaryList")
    suite.check({"quick", "slow"} <= {each["AutoScalingConfigurationName"] for each in names}, f"apprunner: {names}")
    suite.fails("InvalidRequestException", runner.list_auto_scaling_configurations, NextToken="no token of ours")
    runner.tag_resource(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "test"}])
    runner.untag_resource(ResourceArn=arn, TagKeys=["team"])
    suite.equal(runner.list_tags_for_resource(ResourceArn=arn)["Tags"], [{"Key": "stage", "Value": "test"}], "apprunner: tags")
    suite.fails("ResourceNotFoundException", runner.tag_resource, ResourceArn=absent, Tags=_TAGS)
    suite.fails("ResourceNotFoundException", runner.untag_resource, ResourceArn=absent, TagKeys=["team"])
    suite.fails("ResourceNotFoundException", runner.list_tags_for_resource, ResourceArn=absent)
    for each in made:
        runner.delete_auto_scaling_configuration(AutoScalingConfigurationArn=each["AutoScalingConfigurationArn"])
    suite.fails("ResourceNotFoundException", runner.delete_auto_scaling_configuration, AutoScalingConfigurationArn=absent)


def _paged(suite, call, result, **params):
    """All entries of a list for which botocore has no paginator, one by one."""
    entries, token = [], {}
    while True:
        page = call(MaxResults=1, **params, **token)
        suite.check(len(page[result]) <= 1, f"apprunner.{call.__name__}: a page of {len(page[result])} instead of 1")
        entries += page[result]
        if "NextToken" not in page:
            return entries
        token = {"NextToken": page["NextToken"]}


def _app_runner(suite, reference, roles):
    runner = suite.client("apprunner")
    source = {
        "ImageRepository": {
            "ImageIdentifier": reference,
            "ImageRepositoryType": "ECR",
            "ImageConfiguration": {"Port": "8080", "RuntimeEnvironmentVariables": {"TOPIC_ARN": "none"}},
        },
        "AutoDeploymentsEnabled": False,
        "AuthenticationConfiguration": {"AccessRoleArn": roles["Access"]},
    }
    check = {"Protocol": "HTTP", "Path": "/healthz", "Interval": 1, "Timeout": 1, "HealthyThreshold": 1, "UnhealthyThreshold": 2}
    wanted = {"SourceConfiguration": source, "HealthCheckConfiguration": check, "Tags": _TAGS}
    made = [runner.create_service(ServiceName=name, **wanted)["Service"] for name in ("first", "second")]
    suite.fails("InvalidRequestException", runner.create_service, ServiceName="third", SourceConfiguration={})
    for each in made:
        _status(suite, each["ServiceArn"], "RUNNING")
    ours = {"ServiceArn": made[0]["ServiceArn"]}
    absent = {"ServiceArn": _ABSENT}
    suite.equal(runner.describe_service(**ours)["Service"]["ServiceName"], "first", "apprunner: service")
    suite.fails("ResourceNotFoundException", runner.describe_service, **absent)
    listed = _paged(suite, runner.list_services, "ServiceSummaryList")
    suite.equal(sorted(each["ServiceName"] for each in listed), ["first", "second"], "apprunner: services")
    suite.fails("InvalidRequestException", runner.list_services, NextToken="no token of ours")
    runner.update_service(**ours, InstanceConfiguration={"Cpu": "1024", "Memory": "3072"})
    suite.fails("InvalidStateException", runner.pause_service, **ours)
    _status(suite, ours["ServiceArn"], "RUNNING")
    suite.fails("ResourceNotFoundException", runner.update_service, **absent)
    runner.pause_service(**ours)
    _status(suite, ours["ServiceArn"], "PAUSED")
    suite.fails("ResourceNotFoundException", runner.pause_service, **absent)
    runner.resume_service(**ours)
    _status(suite, ours["ServiceArn"], "RUNNING")
    suite.fails("ResourceNotFoundException", runner.resume_service, **absent)
    operations = _paged(suite, runner.list_operations, "OperationSummaryList", **ours)
    kinds = sorted(each["Type"] for each in operations)
    suite.equal(kinds, ["CREATE_SERVICE", "PAUSE_SERVICE", "RESUME_SERVICE", "UPDATE_SERVICE"], "apprunner: operations")
    suite.fails("ResourceNotFoundException", runner.list_operations, **absent)
    for each in made:
        runner.delete_service(ServiceArn=each["ServiceArn"])
    suite.fails("ResourceNotFoundException", runner.delete_service, **absent)


def _status(suite, arn, wanted):
    runner, status, deadline = suite.client("apprunner"), "", time.monotonic() + 30
    while status != wanted and time.monotonic() < deadline:
        status = runner.describe_service(ServiceArn=arn)["Service"]["Status"]
        time.sleep(0.05)
    suite.equal(status, wanted, "apprunner: status")


def _express(suite, reference, roles):
    ecs, place = suite.client("ecs"), network(suite, "express-network")
    absent = "arn:aws:ecs:us-east-1:000000000000:service/express/absent"
    container = {"image": reference, "containerPort": 8080, "environment": [{"name": "TOPIC_ARN", "value": "none"}]}
    wanted = {
        "serviceName": "shop",
        "cluster": "express",
        "executionRoleArn": roles["Execution"],
        "infrastructureRoleArn": roles["Infrastructure"],
        "networkConfiguration": {"subnets": place["SubnetIds"].split(",")},
        "healthCheckPath": "/healthz",
        "tags": [{"key": "team", "value": "blue"}],
    }
    suite.client("logs").create_log_group(logGroupName="/express/shop")
    logged = {**container, "awsLogsConfiguration": {"logGroup": "/express/shop", "logStreamPrefix": "app"}}
    if suite.refuses(ecs.create_express_gateway_service, **wanted, primaryContainer=container):
        suite.complaints.append("ecs.CreateExpressGatewayService: primaryContainer without awsLogsConfiguration is refused")
    service = ecs.create_express_gateway_service(**wanted, primaryContainer=logged)["service"]
    suite.fails(
        "InvalidParameterException",
        ecs.create_express_gateway_service,
        executionRoleArn=roles["Execution"],
        infrastructureRoleArn=roles["Infrastructure"],
        primaryContainer={"image": reference},
        cpu="7",
    )
    ours = {"serviceArn": service["serviceArn"]}
    described = ecs.describe_express_gateway_service(**ours)["service"]
    suite.equal([described["serviceName"], described["status"]["statusCode"]], ["shop", "ACTIVE"], "ecs: express service")
    suite.fails("ResourceNotFoundException", ecs.describe_express_gateway_service, serviceArn=absent)
    updated = ecs.update_express_gateway_service(**ours, scalingTarget={"minTaskCount": 1, "maxTaskCount": 3})["service"]
    suite.equal(updated["serviceArn"], service["serviceArn"], "ecs: updated express service")
    suite.fails("ServiceNotFoundException", ecs.update_express_gateway_service, serviceArn=absent)
    deleted = ecs.delete_express_gateway_service(**ours)["service"]
    suite.equal(deleted["status"]["statusCode"], "DRAINING", "ecs: deleted express service")
    suite.fails("ServiceNotFoundException", ecs.delete_express_gateway_service, serviceArn=absent)
