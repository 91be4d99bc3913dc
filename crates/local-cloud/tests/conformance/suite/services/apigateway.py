"""REST APIs, domain names, certificates and links."""

from world import network, stack


def gateways(suite):
    route53 = suite.client("route53")
    zone = route53.create_hosted_zone(Name="gateway.example", CallerReference="gateway")["HostedZone"]["Id"].rsplit("/", 1)[1]
    place = network(suite, "gateway-network")
    outputs = stack(suite, "gateway", "gateway", Zone=zone, SubnetIds=place["SubnetIds"], GroupId=place["GroupId"])
    _apis(suite, outputs)
    _domains(suite)
    _links(suite, outputs)
    _certificates(suite, outputs["Certificate"])


def _apis(suite, outputs):
    gateway = suite.client("apigateway")
    missing = "NotFoundException"
    ours, absent = {"restApiId": outputs["Api"]}, {"restApiId": "absent"}
    suite.equal(len(suite.pages("apigateway", "get_rest_apis", "items")), 2, "apigateway: APIs")
    suite.fails("BadRequestException", gateway.get_rest_apis, position="no position of ours")
    suite.equal(gateway.get_rest_api(**ours)["name"], "conformance", "apigateway: API")
    suite.fails(missing, gateway.get_rest_api, **absent)
    resources = suite.pages("apigateway", "get_resources", "items", **ours)
    suite.equal(sorted(each["path"] for each in resources), ["/", "/items"], "apigateway: resources")
    suite.fails(missing, gateway.get_resources, **absent)
    resource = {"resourceId": outputs["Resource"]}
    suite.equal(gateway.get_resource(**ours, **resource)["pathPart"], "items", "apigateway: resource")
    suite.fails(missing, gateway.get_resource, **ours, resourceId="absent")
    method = gateway.get_method(**ours, **resource, httpMethod="GET")
    suite.equal(method["methodIntegration"]["type"], "MOCK", "apigateway: integration")
    suite.fails(missing, gateway.get_method, **ours, **resource, httpMethod="PUT")
    authorizers = suite.pages("apigateway", "get_authorizers", "items", **ours)
    suite.equal(sorted(each["name"] for each in authorizers), ["other", "token"], "apigateway: authorizers")
    suite.fails(missing, gateway.get_authorizers, **absent)
    suite.equal(gateway.get_authorizer(**ours, authorizerId=outputs["Authorizer"])["name"], "token", "apigateway: authorizer")
    suite.fails(missing, gateway.get_authorizer, **ours, authorizerId="absent")
    deployments = suite.pages("apigateway", "get_deployments", "items", **ours)
    suite.equal(sorted(each["description"] for each in deployments), ["first", "second"], "apigateway: deployments")
    suite.fails(missing, gateway.get_deployments, **absent)
    deployment = {"deploymentId": outputs["Deployment"]}
    suite.equal(gateway.get_deployment(**ours, **deployment)["description"], "first", "apigateway: deployment")
    suite.fails(missing, gateway.get_deployment, **ours, deploymentId="absent")
    stages = gateway.get_stages(**ours, **deployment)["item"]
    suite.equal([each["stageName"] for each in stages], ["v1"], "apigateway: stages of a deployment")
    suite.fails(missing, gateway.get_stages, **absent)
    suite.equal(gateway.get_stage(**ours, stageName="v1")["variables"], {"colour": "red"}, "apigateway: stage")
    suite.fails(missing, gateway.get_stage, **ours, stageName="absent")


def _domains(suite):
    gateway = suite.client("apigateway")
    names = suite.pages("apigateway", "get_domain_names", "items")
    suite.equal(sorted(each["domainName"] for each in names), ["api.gateway.example", "other.gateway.example"], "apigateway: names")
    suite.fails("BadRequestException", gateway.get_domain_names, position="no position of ours")
    ours, absent = {"domainName": "api.gateway.example"}, {"domainName": "absent.example"}
    suite.equal(gateway.get_domain_name(**ours)["domainNameStatus"], "AVAILABLE", "apigateway: name")
    suite.fails("NotFoundException", gateway.get_domain_name, **absent)
    mappings = suite.pages("apigateway", "get_base_path_mappings", "items", **ours)
    suite.equal(sorted(each["basePath"] for each in mappings), ["(none)", "two"], "apigateway: mappings")
    suite.fails("NotFoundException", gateway.get_base_path_mappings, **absent)
    suite.equal(gateway.get_base_path_mapping(**ours, basePath="two")["stage"], "v2", "apigateway: mapping")
    suite.fails("NotFoundException", gateway.get_base_path_mapping, **ours, basePath="three")


def _links(suite, outputs):
    gateway = suite.client("apigatewayv2")
    suite.equal([each["Name"] for each in gateway.get_vpc_links()["Items"]], ["conformance"], "apigatewayv2: links")
    suite.fails("BadRequestException", gateway.get_vpc_links, NextToken="no token of ours")
    suite.equal(gateway.get_vpc_link(VpcLinkId=outputs["Link"])["VpcLinkStatus"], "AVAILABLE", "apigatewayv2: link")
    suite.fails("NotFoundException", gateway.get_vpc_link, VpcLinkId="absent")


def _certificates(suite, arn):
    acm = suite.client("acm")
    listed = suite.pages("acm", "list_certificates", "CertificateSummaryList")
    suite.equal(sorted(each["DomainName"] for each in listed), ["api.gateway.example", "other.gateway.example"], "acm: certificates")
    suite.fails("ValidationException", acm.list_certificates, NextToken="no token of ours")
    ours = {"CertificateArn": arn}
    absent = {"CertificateArn": arn[:-4] + "0000"}
    suite.equal(acm.describe_certificate(**ours)["Certificate"]["Status"], "ISSUED", "acm: certificate")
    suite.fails("ResourceNotFoundException", acm.describe_certificate, **absent)
    suite.check(acm.get_certificate(**ours)["Certificate"].startswith("-----BEGIN CERTIFICATE-----"), "acm: no PEM")
    suite.fails("ResourceNotFoundException", acm.get_certificate, **absent)
    tags = acm.list_tags_for_certificate(**ours)["Tags"]
    suite.check({"Key": "team", "Value": "blue"} in tags, f"acm: tags {tags}")
    suite.fails("ResourceNotFoundException", acm.list_tags_for_certificate, **absent)
