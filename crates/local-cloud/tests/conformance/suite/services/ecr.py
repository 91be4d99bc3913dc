"""Repositories of container images."""

import base64
import hashlib
import json
import urllib.request


def repositories(suite):
    ecr = suite.client("ecr")
    made = ecr.create_repository(repositoryName="team/app", tags=[{"Key": "team", "Value": "blue"}])["repository"]
    ecr.create_repository(repositoryName="team/other")
    suite.fails("RepositoryAlreadyExistsException", ecr.create_repository, repositoryName="team/app")
    suite.fails("InvalidParameterException", ecr.create_repository, repositoryName="NOT A NAME")
    listed = suite.pages("ecr", "describe_repositories", "repositories")
    names = {each["repositoryName"] for each in listed}
    suite.check({"team/app", "team/other"} <= names, f"ecr: repositories {names}")
    absent = {"repositoryName": "absent"}
    suite.fails("RepositoryNotFoundException", ecr.describe_repositories, repositoryNames=["absent"])
    arn = made["repositoryArn"]
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "stage", "Value": "test"}])
    ecr.untag_resource(resourceArn=arn, tagKeys=["team"])
    suite.equal(ecr.list_tags_for_resource(resourceArn=arn)["tags"], [{"Key": "stage", "Value": "test"}], "ecr: tags")
    gone = arn.replace("team/app", "absent")
    suite.fails("RepositoryNotFoundException", ecr.tag_resource, resourceArn=gone, tags=[{"Key": "a", "Value": "b"}])
    suite.fails("RepositoryNotFoundException", ecr.untag_resource, resourceArn=gone, tagKeys=["a"])
    suite.fails("RepositoryNotFoundException", ecr.list_tags_for_resource, resourceArn=gone)
    app = {"repositoryName": "team/app"}
    suite.fails("LifecyclePolicyNotFoundException", ecr.get_lifecycle_policy, **app)
    rule = {"rulePriority": 1, "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1}}
    rules = json.dumps({"rules": [{**rule, "action": {"type": "expire"}}]})
    ecr.put_lifecycle_policy(**app, lifecyclePolicyText=rules)
    suite.equal(json.loads(ecr.get_lifecycle_policy(**app)["lifecyclePolicyText"]), json.loads(rules), "ecr: lifecycle")
    suite.fails("RepositoryNotFoundException", ecr.put_lifecycle_policy, **absent, lifecyclePolicyText=rules)
    suite.fails("RepositoryPolicyNotFoundException", ecr.get_repository_policy, **app)
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]})
    ecr.set_repository_policy(**app, policyText=policy)
    suite.equal(json.loads(ecr.get_repository_policy(**app)["policyText"]), json.loads(policy), "ecr: policy")
    suite.fails("RepositoryNotFoundException", ecr.set_repository_policy, **absent, policyText=policy)
    _images(suite, ecr, app, absent)
    suite.fails("RepositoryNotEmptyException", ecr.delete_repository, **app)
    ecr.delete_repository(**app, force=True)
    suite.fails("RepositoryNotFoundException", ecr.delete_repository, **app)


def _images(suite, ecr, app, absent):
    data = ecr.get_authorization_token()["authorizationData"][0]
    suite.check(base64.b64decode(data["authorizationToken"]).startswith(b"AWS:"), "ecr: token")
    config = b'{"architecture":"amd64","os":"linux","config":{}}'
    digest = "sha256:" + hashlib.sha256(config).hexdigest()
    url = f"{suite.endpoint}/v2/team/app/blobs/uploads/?digest={digest}"
    headers = {"Authorization": f"Basic {data['authorizationToken']}", "Content-Type": "application/octet-stream"}
    with urllib.request.urlopen(urllib.request.Request(url, data=config, headers=headers, method="POST"), timeout=10) as answer:
        suite.equal(answer.status, 201, "ecr: blob uploaded")
    kind = "application/vnd.oci.image.manifest.v1+json"
    descriptor = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(config)}
    manifests = [
        json.dumps({"schemaVersion": 2, "mediaType": kind, "config": descriptor, "layers": [], "annotations": {"n": str(number)}})
        for number in range(2)
    ]
    for tag, manifest in zip(("one", "two"), manifests):
        put = ecr.put_image(**app, imageManifest=manifest, imageManifestMediaType=kind, imageTag=tag)["image"]
        suite.equal(put["imageId"]["imageTag"], tag, "ecr: tag")
    suite.fails("ImageAlreadyExistsException", ecr.put_image, **app, imageManifest=manifests[0], imageManifestMediaType=kind, imageTag="one")
    suite.fails("RepositoryNotFoundException", ecr.put_image, **absent, imageManifest=manifests[0], imageTag="x")
    listed = suite.pages("ecr", "list_images", "imageIds", **app)
    suite.equal(sorted(each["imageTag"] for each in listed), ["one", "two"], "ecr: images")
    suite.fails("RepositoryNotFoundException", ecr.list_images, **absent)
    described = suite.pages("ecr", "describe_images", "imageDetails", **app)
    suite.equal(sorted(each["imageTags"][0] for each in described), ["one", "two"], "ecr: images described")
    suite.fails("ImageNotFoundException", ecr.describe_images, **app, imageIds=[{"imageTag": "absent"}])
    wanted = [{"imageTag": "one"}, {"imageTag": "absent"}]
    got = ecr.batch_get_image(**app, imageIds=wanted)
    suite.equal([got["images"][0]["imageManifest"], len(got["failures"])], [manifests[0], 1], "ecr: manifests")
    suite.fails("RepositoryNotFoundException", ecr.batch_get_image, **absent, imageIds=wanted)
    suite.equal(ecr.put_image_tag_mutability(**app, imageTagMutability="IMMUTABLE")["imageTagMutability"], "IMMUTABLE", "ecr: tags fixed")
    suite.fails("ImageTagAlreadyExistsException", ecr.put_image, **app, imageManifest=manifests[1], imageManifestMediaType=kind, imageTag="one")
    suite.fails("RepositoryNotFoundException", ecr.put_image_tag_mutability, **absent, imageTagMutability="MUTABLE")
    deleted = ecr.batch_delete_image(**app, imageIds=wanted)
    suite.equal([len(deleted["imageIds"]), len(deleted["failures"])], [1, 1], "ecr: images deleted")
    suite.fails("RepositoryNotFoundException", ecr.batch_delete_image, **absent, imageIds=wanted)
