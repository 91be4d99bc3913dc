"""Tags of all services."""


def resources(suite):
    tagging, sqs = suite.client("resourcegroupstaggingapi"), suite.client("sqs")
    for name in ["tagged-1", "tagged-2"]:
        sqs.create_queue(QueueName=name, tags={"conformance": name})
    wanted = [{"Key": "conformance"}]
    found = suite.pages("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", TagFilters=wanted)
    suite.equal(sorted(each["ResourceARN"].rsplit(":", 1)[1] for each in found), ["tagged-1", "tagged-2"], "tagging: found")
    suite.fails("InvalidParameterException", tagging.get_resources, ResourceTypeFilters=["nonsense:?"])
    suite.check("conformance" in tagging.get_tag_keys()["TagKeys"], "tagging: the key is not listed")
    suite.equal(tagging.get_tag_values(Key="conformance")["TagValues"], ["tagged-1", "tagged-2"], "tagging: values")
    expired = {"PaginationToken": "no token of ours"}
    suite.fails("PaginationTokenExpiredException", tagging.get_resources, **expired)
    suite.fails("PaginationTokenExpiredException", tagging.get_tag_keys, **expired)
    suite.fails("PaginationTokenExpiredException", tagging.get_tag_values, Key="conformance", **expired)
