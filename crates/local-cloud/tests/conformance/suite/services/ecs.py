"""Clusters, services and tasks, and the load balancer before them."""

import time

from world import image, network, removed, stack


def containers(suite):
    parameters = {**network(suite, "containers-network"), "Image": image(suite, "containers")}
    outputs = stack(suite, "containers", "containers", **parameters)
    _clusters(suite)
    _services(suite)
    _balancers(suite, outputs)
    _tasks(suite)
    removed(suite, "containers")


def _clusters(suite):
    ecs = suite.client("ecs")
    names = [arn.rsplit("/", 1)[1] for arn in suite.pages("ecs", "list_clusters", "clusterArns")]
    suite.check({"conformance", "conformance-other"} <= set(names), f"ecs: clusters {names}")
    suite.fails("InvalidParameterException", ecs.list_clusters, nextToken="no token of ours")
    described = ecs.describe_clusters(clusters=["conformance", "absent"])
    suite.equal(described["clusters"][0]["activeServicesCount"], 2, "ecs: services of the cluster")
    suite.equal(described["failures"][0]["reason"], "MISSING", "ecs: a missing cluster")
    suite.fails("InvalidParameterException", ecs.describe_clusters, clusters=[f"c{number}" for number in range(101)])
    definitions = suite.pages("ecs", "list_task_definitions", "taskDefinitionArns")
    families = {arn.rsplit("/", 1)[1] for arn in definitions}
    suite.check({"conformance:1", "conformance-other:1"} <= families, f"ecs: definitions {families}")
    suite.fails("InvalidParameterException", ecs.list_task_definitions, nextToken="no token of ours")
    definition = ecs.describe_task_definition(taskDefinition="conformance")["taskDefinition"]
    suite.equal([definition["revision"], definition["cpu"]], [1, "256"], "ecs: definition")
    suite.fails("ClientException", ecs.describe_task_definition, taskDefinition="absent")


def _services(suite):
    ecs = suite.client("ecs")
    ours = {"cluster": "conformance"}
    suite.equal(len(suite.pages("ecs", "list_services", "serviceArns", **ours)), 2, "ecs: services")
    suite.fails("ClusterNotFoundException", ecs.list_services, cluster="absent")
    described = ecs.describe_services(**ours, services=["behind", "absent"])
    service = described["services"][0]
    suite.equal([service["status"], service["runningCount"]], ["ACTIVE", 1], "ecs: service")
    suite.equal(described["failures"][0]["reason"], "MISSING", "ecs: a missing service")
    suite.fails("ClusterNotFoundException", ecs.describe_services, cluster="absent", services=["behind"])
    updated = ecs.update_service(**ours, service="alone", desiredCount=2)["service"]
    suite.equal(updated["desiredCount"], 2, "ecs: wanted tasks")
    suite.fails("ServiceNotFoundException", ecs.update_service, **ours, service="absent", desiredCount=1)
    waiter = ecs.get_waiter("services_stable")
    waiter.wait(**ours, services=["alone"], WaiterConfig={"Delay": 0.2, "MaxAttempts": 100})


def _tasks(suite):
    ecs = suite.client("ecs")
    ours = {"cluster": "conformance"}
    arns = suite.pages("ecs", "list_tasks", "taskArns", **ours)
    suite.equal(len(arns), 3, "ecs: tasks")
    suite.fails("ClusterNotFoundException", ecs.list_tasks, cluster="absent")
    described = ecs.describe_tasks(**ours, tasks=[arns[0], "absent"])
    suite.equal(described["tasks"][0]["lastStatus"], "RUNNING", "ecs: task")
    suite.equal(described["failures"][0]["reason"], "MISSING", "ecs: a missing task")
    suite.fails("ClusterNotFoundException", ecs.describe_tasks, cluster="absent", tasks=arns[:1])
    stopped = ecs.stop_task(**ours, task=arns[0], reason="by the suite")["task"]
    suite.equal(stopped["taskArn"], arns[0], "ecs: stopped task")
    suite.fails("InvalidParameterException", ecs.stop_task, **ours, task="absent")


def _balancers(suite, outputs):
    elb = suite.client("elbv2")
    names = {each["LoadBalancerName"] for each in suite.pages("elbv2", "describe_load_balancers", "LoadBalancers")}
    suite.check({"conformance", "conformance-other"} <= names, f"elbv2: balancers {names}")
    balancer, group = outputs["Balancer"], outputs["Group"]
    described = elb.describe_load_balancers(Names=["conformance"])["LoadBalancers"][0]
    suite.equal([described["LoadBalancerArn"], described["State"]["Code"]], [balancer, "active"], "elbv2: balancer")
    suite.fails("LoadBalancerNotFound", elb.describe_load_balancers, Names=["absent"])
    names = {each["TargetGroupName"] for each in suite.pages("elbv2", "describe_target_groups", "TargetGroups")}
    suite.check({"conformance", "conformance-other"} <= names, f"elbv2: groups {names}")
    suite.fails("TargetGroupNotFound", elb.describe_target_groups, Names=["absent"])
    listeners = suite.pages("elbv2", "describe_listeners", "Listeners", LoadBalancerArn=balancer)
    suite.equal(sorted(each["Port"] for each in listeners), [80, 81], "elbv2: listeners")
    gone = {"ListenerArn": outputs["Listener"][:-4] + "0000"}
    suite.fails("ListenerNotFound", elb.describe_listeners, ListenerArns=[gone["ListenerArn"]])
    rules = suite.pages("elbv2", "describe_rules", "Rules", ListenerArn=outputs["Listener"])
    suite.equal([each["Priority"] for each in rules], ["1", "default"], "elbv2: rules")
    suite.fails("ListenerNotFound", elb.describe_rules, **gone)
    suite.fails("RuleNotFound", elb.describe_rules, RuleArns=[outputs["Rule"][:-4] + "0000"])
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
    suite.check("idle_timeout.timeout_seconds" in [each["Key"] for each in attributes], "elbv2: no idle timeout")
    suite.fails("LoadBalancerNotFound", elb.describe_load_balancer_attributes, LoadBalancerArn=balancer[:-4] + "0000")
    attributes = elb.describe_target_group_attributes(TargetGroupArn=group)["Attributes"]
    delay = {each["Key"]: each["Value"] for each in attributes}["deregistration_delay.timeout_seconds"]
    suite.equal(delay, "0", "elbv2: delay")
    suite.fails("TargetGroupNotFound", elb.describe_target_group_attributes, TargetGroupArn=group[:-4] + "0000")
    tags = elb.describe_tags(ResourceArns=[balancer])["TagDescriptions"][0]["Tags"]
    suite.check({"Key": "team", "Value": "blue"} in tags, f"elbv2: tags {tags}")
    suite.fails("LoadBalancerNotFound", elb.describe_tags, ResourceArns=[balancer[:-4] + "0000"])
    health, deadline = "", time.monotonic() + 20
    while health != "healthy" and time.monotonic() < deadline:
        targets = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        health = targets[0]["TargetHealth"]["State"] if targets else ""
        time.sleep(0.05)
    suite.equal(health, "healthy", "elbv2: health of the target")
    suite.fails("TargetGroupNotFound", elb.describe_target_health, TargetGroupArn=group[:-4] + "0000")
