"""Hosts, addresses and launch templates."""

from world import network, stack


def hosts(suite):
    place = network(suite, "hosts-network")
    outputs = stack(suite, "hosts", "hosts", SubnetIds=place["SubnetIds"], GroupId=place["GroupId"])
    ec2, ours, absent = suite.client("ec2"), outputs["Instance"], "i-00000000000000000"
    own = [{"Name": "vpc-id", "Values": [place["VpcId"]]}]
    reservations = suite.pages("ec2", "describe_instances", "Reservations", size=5, Filters=own)
    suite.equal(len(reservations), 6, "ec2: reservations")
    instance = ec2.describe_instances(InstanceIds=[ours])["Reservations"][0]["Instances"][0]
    suite.equal([instance["InstanceType"], instance["State"]["Name"]], ["t3.micro", "running"], "ec2: instance")
    suite.fails("InvalidInstanceID.NotFound", ec2.describe_instances, InstanceIds=[absent])
    suite.fails("InvalidParameterValue", ec2.describe_instances, Filters=[{"Name": "colour", "Values": ["red"]}])
    statuses = suite.pages("ec2", "describe_instance_status", "InstanceStatuses", size=5, Filters=own)
    suite.equal([each["InstanceStatus"]["Status"] for each in statuses], ["ok"] * 6, "ec2: status")
    suite.fails("InvalidInstanceID.NotFound", ec2.describe_instance_status, InstanceIds=[absent])
    addresses = ec2.describe_addresses()["Addresses"]
    suite.equal([each["InstanceId"] for each in addresses], [ours], "ec2: addresses")
    suite.fails("InvalidAllocationID.NotFound", ec2.describe_addresses, AllocationIds=["eipalloc-00000000000000000"])
    named = [{"Name": "launch-template-name", "Values": ["conformance", "conformance-other"]}]
    templates = suite.pages("ec2", "describe_launch_templates", "LaunchTemplates", Filters=named)
    suite.equal(sorted(each["LaunchTemplateName"] for each in templates), ["conformance", "conformance-other"], "ec2: templates")
    suite.fails("InvalidLaunchTemplateId.NotFound", ec2.describe_launch_templates, LaunchTemplateIds=["lt-00000000000000000"])
    suite.equal(ec2.get_console_output(InstanceId=ours)["InstanceId"], ours, "ec2: console")
    suite.fails("InvalidInstanceID.NotFound", ec2.get_console_output, InstanceId=absent)
