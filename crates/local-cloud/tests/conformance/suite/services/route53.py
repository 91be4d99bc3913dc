"""Hosted zones and records."""


def zones(suite):
    route53 = suite.client("route53")
    made = route53.create_hosted_zone(Name="conformance.example", CallerReference="1", HostedZoneConfig={"Comment": "ours"})
    zone = made["HostedZone"]["Id"]
    other = route53.create_hosted_zone(Name="other.example", CallerReference="2")["HostedZone"]["Id"]
    suite.fails("HostedZoneAlreadyExists", route53.create_hosted_zone, Name="conformance.example", CallerReference="1")
    suite.fails("InvalidDomainName", route53.create_hosted_zone, Name="not a name", CallerReference="3")
    suite.equal(route53.get_hosted_zone(Id=zone)["HostedZone"]["Name"], "conformance.example.", "route53: name")
    suite.fails("NoSuchHostedZone", route53.get_hosted_zone, Id="ZABSENT")
    listed = suite.pages("route53", "list_hosted_zones", "HostedZones")
    names = {each["Name"] for each in listed}
    suite.check({"conformance.example.", "other.example."} <= names, f"route53: zones {names}")
    suite.fails("InvalidInput", route53.list_hosted_zones, MaxItems="0")
    named = route53.list_hosted_zones_by_name(DNSName="other.example", MaxItems="1")
    suite.equal([each["Id"] for each in named["HostedZones"]], [other], "route53: zones by name")
    suite.fails("InvalidDomainName", route53.list_hosted_zones_by_name, DNSName="not a name")
    tags = route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone.rsplit("/", 1)[1])
    suite.equal(tags["ResourceTagSet"]["Tags"], [], "route53: tags")
    suite.fails("NoSuchHostedZone", route53.list_tags_for_resource, ResourceType="hostedzone", ResourceId="ZABSENT")
    suite.fails("NoSuchHealthCheck", route53.list_tags_for_resource, ResourceType="healthcheck", ResourceId="absent")
    record = {"Name": "www.conformance.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    change = {"HostedZoneId": zone, "ChangeBatch": {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}}
    changed = route53.change_resource_record_sets(**change)["ChangeInfo"]
    suite.fails("InvalidChangeBatch", route53.change_resource_record_sets, **change)
    suite.fails("NoSuchHostedZone", route53.change_resource_record_sets, **{**change, "HostedZoneId": "ZABSENT"})
    suite.equal(route53.get_change(Id=changed["Id"])["ChangeInfo"]["Id"], changed["Id"], "route53: change")
    suite.fails("NoSuchChange", route53.get_change, Id="CABSENT")
    records = suite.pages("route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone)
    suite.equal(sorted(each["Type"] for each in records), ["A", "NS", "SOA"], "route53: records")
    suite.fails("NoSuchHostedZone", route53.list_resource_record_sets, HostedZoneId="ZABSENT")
    suite.fails("HostedZoneNotEmpty", route53.delete_hosted_zone, Id=zone)
    change["ChangeBatch"]["Changes"][0]["Action"] = "DELETE"
    route53.change_resource_record_sets(**change)
    for each in (zone, other):
        route53.delete_hosted_zone(Id=each)
    suite.fails("NoSuchHostedZone", route53.delete_hosted_zone, Id=zone)
