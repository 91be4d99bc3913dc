"""Buckets, objects and uploads in parts."""

import json

_PART = 5 * 1024 * 1024


def buckets(suite):
    s3 = suite.client("s3")
    ours = {"Bucket": "bucket-one"}
    absent = {"Bucket": "conformance-absent"}
    s3.create_bucket(**ours)
    s3.create_bucket(Bucket="bucket-two", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    suite.fails("InvalidBucketName", s3.create_bucket, Bucket="Not.A.Name")
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    suite.fails("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket="bucket-two", **elsewhere)
    listed = suite.pages("s3", "list_buckets", "Buckets", Prefix="bucket-")
    suite.equal([each["Name"] for each in listed], ["bucket-one", "bucket-two"], "s3: buckets")
    suite.fails("InvalidArgument", s3.list_buckets, ContinuationToken="no token of ours")
    suite.equal(s3.head_bucket(**ours)["BucketRegion"], "us-east-1", "s3: region")
    suite.fails("404", s3.head_bucket, **absent)
    suite.equal(s3.get_bucket_location(Bucket="bucket-two")["LocationConstraint"], "eu-west-1", "s3: location")
    suite.fails("NoSuchBucket", s3.get_bucket_location, **absent)
    suite.equal(s3.get_bucket_acl(**ours)["Grants"][0]["Permission"], "FULL_CONTROL", "s3: grants")
    suite.fails("NoSuchBucket", s3.get_bucket_acl, **absent)
    s3.put_bucket_versioning(**ours, VersioningConfiguration={"Status": "Enabled"})
    suite.equal(s3.get_bucket_versioning(**ours)["Status"], "Enabled", "s3: versioning")
    suite.fails("NoSuchBucket", s3.get_bucket_versioning, **absent)
    suite.fails("IllegalVersioningConfigurationException", s3.put_bucket_versioning, **ours, VersioningConfiguration={})
    for put, get, delete, setting, missing in _configurations(s3):
        suite.fails(missing, get, **ours)
        put(**ours, **setting)
        shown = get(**ours)
        for name, value in setting.items():
            if name == "Policy":
                suite.equal(json.loads(shown[name]), json.loads(value), "s3: policy")
            elif name in shown:
                suite.equal(_without_ids(shown[name]), value, f"s3: {name}")
        suite.fails("NoSuchBucket", put, **absent, **setting)
        delete(**ours)
        suite.fails(missing, get, **ours)
        suite.fails("NoSuchBucket", delete, **absent)
    s3.delete_bucket(Bucket="bucket-two")
    suite.fails("NoSuchBucket", s3.delete_bucket, Bucket="bucket-two")


def _without_ids(value):
    return [{key: item for key, item in each.items() if key != "ID"} for each in value] if isinstance(value, list) else value


def _configurations(s3):
    """Put, get, delete, what is put, and the code where nothing is there."""
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
    public = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    rule = {"Expiration": {"Days": 1}, "Filter": {"Prefix": "tmp/"}, "Status": "Enabled"}
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket-one/no/*"}
    cors = {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}
    return [
        (
            s3.put_bucket_encryption,
            s3.get_bucket_encryption,
            s3.delete_bucket_encryption,
            {"ServerSideEncryptionConfiguration": {"Rules": [default]}},
            "ServerSideEncryptionConfigurationNotFoundError",
        ),
        (
            s3.put_public_access_block,
            s3.get_public_access_block,
            s3.delete_public_access_block,
            {"PublicAccessBlockConfiguration": public},
            "NoSuchPublicAccessBlockConfiguration",
        ),
        (
            s3.put_bucket_lifecycle_configuration,
            s3.get_bucket_lifecycle_configuration,
            s3.delete_bucket_lifecycle,
            {"LifecycleConfiguration": {"Rules": [rule]}},
            "NoSuchLifecycleConfiguration",
        ),
        (
            s3.put_bucket_policy,
            s3.get_bucket_policy,
            s3.delete_bucket_policy,
            {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})},
            "NoSuchBucketPolicy",
        ),
        (
            s3.put_bucket_ownership_controls,
            s3.get_bucket_ownership_controls,
            s3.delete_bucket_ownership_controls,
            {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}},
            "OwnershipControlsNotFoundError",
        ),
        (
            s3.put_bucket_cors,
            s3.get_bucket_cors,
            s3.delete_bucket_cors,
            {"CORSConfiguration": {"CORSRules": [cors]}},
            "NoSuchCORSConfiguration",
        ),
        (
            s3.put_bucket_tagging,
            s3.get_bucket_tagging,
            s3.delete_bucket_tagging,
            {"Tagging": {"TagSet": [{"Key": "team", "Value": "blue"}]}},
            "NoSuchTagSet",
        ),
    ]


def objects(suite):
    s3 = suite.client("s3")
    ours = {"Bucket": "conformance-objects"}
    absent = {"Bucket": "conformance-absent"}
    s3.create_bucket(**ours)
    put = s3.put_object(**ours, Key="a/one", Body=b"one", ContentType="text/plain", Metadata={"colour": "red"}, Tagging="team=blue")
    for key in ("a/two", "b/three"):
        s3.put_object(**ours, Key=key, Body=key.encode(), ChecksumAlgorithm="SHA256")
    suite.fails("NoSuchBucket", s3.put_object, **absent, Key="k", Body=b"")
    suite.fails("PreconditionFailed", s3.put_object, **ours, Key="a/one", Body=b"", IfNoneMatch="*")
    got = s3.get_object(**ours, Key="a/one")
    suite.equal([got["Body"].read(), got["ETag"], got["Metadata"]], [b"one", put["ETag"], {"colour": "red"}], "s3: object")
    part = s3.get_object(**ours, Key="a/one", Range="bytes=1-")
    suite.equal([part["Body"].read(), part["ContentRange"]], [b"ne", "bytes 1-2/3"], "s3: range")
    suite.fails("InvalidRange", s3.get_object, **ours, Key="a/one", Range="bytes=9-")
    suite.fails("NoSuchKey", s3.get_object, **ours, Key="absent")
    suite.fails("304", s3.get_object, **ours, Key="a/one", IfNoneMatch=put["ETag"])
    head = s3.head_object(**ours, Key="a/one")
    suite.equal([head["ContentLength"], head["ContentType"]], [3, "text/plain"], "s3: head")
    suite.fails("404", s3.head_object, **ours, Key="absent")
    for operation in ("list_objects_v2", "list_objects"):
        listed = suite.pages("s3", operation, "Contents", **ours)
        suite.equal([each["Key"] for each in listed], ["a/one", "a/two", "b/three"], f"s3.{operation}")
        folded = getattr(s3, operation)(**ours, Delimiter="/")
        suite.equal([each["Prefix"] for each in folded["CommonPrefixes"]], ["a/", "b/"], f"s3.{operation}: prefixes")
        suite.fails("NoSuchBucket", getattr(s3, operation), **absent)
    suite.fails("InvalidArgument", s3.list_objects_v2, **ours, ContinuationToken="no token of ours")
    versions = suite.pages("s3", "list_object_versions", "Versions", **ours)
    suite.equal([each["VersionId"] for each in versions], ["null"] * 3, "s3: versions")
    suite.fails("NoSuchBucket", s3.list_object_versions, **absent)
    suite.equal(s3.get_object_acl(**ours, Key="a/one")["Grants"][0]["Permission"], "FULL_CONTROL", "s3: grants")
    suite.fails("NoSuchKey", s3.get_object_acl, **ours, Key="absent")
    suite.equal(s3.get_object_tagging(**ours, Key="a/one")["TagSet"], [{"Key": "team", "Value": "blue"}], "s3: tags")
    tags = {"TagSet": [{"Key": "stage", "Value": "test"}]}
    s3.put_object_tagging(**ours, Key="a/one", Tagging=tags)
    suite.equal(s3.get_object_tagging(**ours, Key="a/one")["TagSet"], tags["TagSet"], "s3: tags changed")
    s3.delete_object_tagging(**ours, Key="a/one")
    for call, params in [(s3.get_object_tagging, {}), (s3.put_object_tagging, {"Tagging": tags}), (s3.delete_object_tagging, {})]:
        suite.fails("NoSuchKey", call, **ours, Key="absent", **params)
    copied = s3.copy_object(**ours, Key="c", CopySource="conformance-objects/a/one")
    suite.equal(copied["CopyObjectResult"]["ETag"], put["ETag"], "s3: copy")
    suite.fails("NoSuchKey", s3.copy_object, **ours, Key="c", CopySource="conformance-objects/absent")
    suite.fails("BucketNotEmpty", s3.delete_bucket, **ours)
    s3.delete_object(**ours, Key="c")
    suite.fails("NoSuchBucket", s3.delete_object, **absent, Key="c")
    doomed = [{"Key": key} for key in ("a/one", "a/two", "b/three")]
    deleted = s3.delete_objects(**ours, Delete={"Objects": doomed})
    suite.equal(len(deleted["Deleted"]), 3, "s3: deleted")
    suite.fails("MalformedXML", s3.delete_objects, **ours, Delete={"Objects": []})
    _parts(suite, s3, ours)


def _parts(suite, s3, ours):
    s3.put_object(**ours, Key="source", Body=b"s" * _PART)
    large = {**ours, "Key": "large"}
    upload = {**large, "UploadId": s3.create_multipart_upload(**large)["UploadId"]}
    other = {**ours, "Key": "other"}
    other["UploadId"] = s3.create_multipart_upload(**other)["UploadId"]
    suite.fails("NoSuchBucket", s3.create_multipart_upload, Bucket="conformance-absent", Key="large")
    listed = suite.pages("s3", "list_multipart_uploads", "Uploads", **ours)
    suite.equal([each["Key"] for each in listed], ["large", "other"], "s3: uploads")
    suite.fails("NoSuchBucket", s3.list_multipart_uploads, Bucket="conformance-absent")
    copied = s3.upload_part_copy(**upload, PartNumber=1, CopySource="conformance-objects/source")["CopyPartResult"]["ETag"]
    sent = s3.upload_part(**upload, PartNumber=2, Body=b"end")["ETag"]
    gone = {**large, "UploadId": "absent"}
    suite.fails("NoSuchUpload", s3.upload_part, **gone, PartNumber=1, Body=b"")
    suite.fails("NoSuchUpload", s3.upload_part_copy, **gone, PartNumber=1, CopySource="conformance-objects/source")
    parts = suite.pages("s3", "list_parts", "Parts", **upload)
    suite.equal([each["ETag"] for each in parts], [copied, sent], "s3: parts")
    suite.fails("NoSuchUpload", s3.list_parts, **gone)
    wrong = {"Parts": [{"PartNumber": 1, "ETag": sent}, {"PartNumber": 2, "ETag": sent}]}
    suite.fails("InvalidPart", s3.complete_multipart_upload, **upload, MultipartUpload=wrong)
    right = {"Parts": [{"PartNumber": 1, "ETag": copied}, {"PartNumber": 2, "ETag": sent}]}
    s3.complete_multipart_upload(**upload, MultipartUpload=right)
    suite.equal(s3.head_object(**large)["ContentLength"], _PART + 3, "s3: size of the whole")
    suite.fails("NoSuchUpload", s3.complete_multipart_upload, **gone, MultipartUpload=right)
    s3.abort_multipart_upload(**other)
    suite.fails("NoSuchUpload", s3.abort_multipart_upload, **other)
