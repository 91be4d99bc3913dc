//! S3 over raw HTTP: bodies, checksums, listings and errors as clients see them.

mod support;

use support::TestCloud;

#[tokio::test]
async fn objects_come_back_as_they_were_put() {
    let cloud = TestCloud::start().await;
    assert_eq!(cloud.send("PUT", "/bucket", &[], "").await.status, 200);
    let headers =
        [("content-type", "text/x"), ("x-amz-meta-who", "me"), ("x-amz-checksum-crc32", "NhCmhg==")];
    let put = cloud.send("PUT", "/bucket/a%20key/%C3%BC", &headers, "hello").await;
    assert_eq!((put.status.as_u16(), put.header("etag")), (200, "\"5d41402abc4b2a76b9719d911017c592\""));
    let got = cloud.send("GET", "/bucket/a%20key/%C3%BC", &[], "").await;
    assert_eq!(
        (got.text().as_str(), got.header("content-type"), got.header("x-amz-meta-who")),
        ("hello", "text/x", "me")
    );
    let range = cloud.send("GET", "/bucket/a%20key/%C3%BC", &[("range", "bytes=1-3")], "").await;
    assert_eq!(
        (range.status.as_u16(), range.text().as_str(), range.header("content-range")),
        (206, "ell", "bytes 1-3/5")
    );
    let head = cloud.send("HEAD", "/bucket/a%20key/%C3%BC", &[], "").await;
    assert_eq!((head.status.as_u16(), head.header("content-length"), head.body.len()), (200, "5", 0));
    let host =
        cloud.send("GET", "/a%20key/%C3%BC", &[("host", "bucket.s3.us-east-1.amazonaws.com")], "").await;
    assert_eq!(host.text(), "hello");
    let fresh =
        cloud.send("GET", "/bucket/a%20key/%C3%BC", &[("if-none-match", put.header("etag"))], "").await;
    assert_eq!(fresh.status, 304);
    cloud.stop().await;
}

#[tokio::test]
async fn chunked_uploads_are_unwrapped_and_checked() {
    let cloud = TestCloud::start().await;
    cloud.send("PUT", "/bucket", &[], "").await;
    let headers = [
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "5"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    ];
    let body = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    assert_eq!(cloud.send("PUT", "/bucket/k", &headers, body).await.status, 200);
    let got = cloud.send("GET", "/bucket/k", &[], "").await;
    assert_eq!((got.text().as_str(), got.header("content-encoding")), ("hello", ""));
    let wrong = "5\r\nhellO\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    let refused = cloud.send("PUT", "/bucket/k", &headers, wrong).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("<Code>BadDigest</Code>"), "{}", refused.text());
    assert_eq!(cloud.send("GET", "/bucket/k", &[], "").await.text(), "hello");
    cloud.stop().await;
}

#[tokio::test]
async fn parts_make_one_object() {
    let cloud = TestCloud::start().await;
    cloud.send("PUT", "/bucket", &[], "").await;
    let started = cloud.send("POST", "/bucket/big?uploads", &[], "").await.text();
    let id = started.split("<UploadId>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let first = vec![1_u8; 5 * 1024 * 1024];
    let mut etags = Vec::new();
    for (number, part) in [(1, first.clone()), (2, vec![2_u8; 10])] {
        let path = format!("/bucket/big?partNumber={number}&uploadId={id}");
        etags.push(cloud.send("PUT", &path, &[], part).await.header("etag").to_owned());
    }
    let part = |number: usize, etag: &str| {
        format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
    };
    let path = format!("/bucket/big?uploadId={id}");
    let document = |parts: String| format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    let order = document(part(2, &etags[1]) + &part(1, &etags[0]));
    assert!(cloud.send("POST", &path, &[], order).await.text().contains("<Code>InvalidPartOrder</Code>"));
    let unknown = document(part(1, "\"x\""));
    assert!(cloud.send("POST", &path, &[], unknown).await.text().contains("<Code>InvalidPart</Code>"));
    let done = cloud.send("POST", &path, &[], document(part(1, &etags[0]) + &part(2, &etags[1]))).await;
    assert!(done.text().contains("-2&quot;</ETag>"), "{}", done.text());
    let got = cloud.send("GET", "/bucket/big", &[("range", "bytes=5242870-")], "").await;
    assert_eq!(got.body.len(), 20);
    assert_eq!(&got.body[..], &[&[1_u8; 10][..], &[2_u8; 10][..]].concat());
    assert_eq!(cloud.send("DELETE", &path, &[], "").await.status, 404, "the upload is over");
    cloud.stop().await;
}

#[tokio::test]
async fn lists_prefixes_pages_and_versions() {
    let cloud = TestCloud::start().await;
    cloud.send("PUT", "/bucket", &[], "").await;
    for key in ["a", "d/1", "d/2", "e"] {
        cloud.send("PUT", &format!("/bucket/{key}"), &[], key).await;
    }
    let list = cloud.send("GET", "/bucket?list-type=2&delimiter=/&max-keys=2", &[], "").await.text();
    assert!(list.contains("<CommonPrefixes><Prefix>d/</Prefix></CommonPrefixes>"), "{list}");
    assert!(list.contains("<IsTruncated>true</IsTruncated><KeyCount>2</KeyCount>"), "{list}");
    let token = list.split("<NextContinuationToken>").nth(1).unwrap().split('<').next().unwrap();
    let next = format!("/bucket?list-type=2&delimiter=/&continuation-token={token}");
    let rest = cloud.send("GET", &next, &[], "").await.text();
    assert!(
        rest.contains("<Key>e</Key>") && !rest.contains("<Key>a</Key>") && !rest.contains("d/"),
        "{rest}"
    );
    let versioning = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    cloud.send("PUT", "/bucket?versioning", &[], versioning).await;
    assert_eq!(cloud.send("DELETE", "/bucket/a", &[], "").await.header("x-amz-delete-marker"), "true");
    let versions = cloud.send("GET", "/bucket?versions&prefix=a", &[], "").await.text();
    assert!(
        versions.contains("<DeleteMarker>") && versions.contains("<VersionId>null</VersionId>"),
        "{versions}"
    );
    let delete = "<Delete><Object><Key>d/1</Key><VersionId>null</VersionId></Object><Object><Key>gone</Key></Object></Delete>";
    let deleted = cloud.send("POST", "/bucket?delete", &[], delete).await.text();
    assert!(deleted.contains("<Deleted><Key>d/1</Key><VersionId>null</VersionId></Deleted>"), "{deleted}");
    cloud.stop().await;
}

#[tokio::test]
async fn refuses_what_s3_refuses() {
    let cloud = TestCloud::start().await;
    cloud.send("PUT", "/bucket", &[], "").await;
    cloud.send("PUT", "/bucket/k", &[], "x").await;
    for (method, path, status, code) in [
        ("GET", "/none", 404, "NoSuchBucket"),
        ("GET", "/bucket/none", 404, "NoSuchKey"),
        ("DELETE", "/bucket", 409, "BucketNotEmpty"),
        ("PUT", "/No_Bucket", 400, "InvalidBucketName"),
        ("GET", "/bucket?encryption", 404, "ServerSideEncryptionConfigurationNotFoundError"),
        ("GET", "/bucket?tagging", 404, "NoSuchTagSet"),
        ("GET", "/bucket?website", 501, "NotImplemented"),
        ("POST", "/bucket?delete", 400, "MalformedXML"),
        ("PUT", "/bucket/k?partNumber=1&uploadId=none", 404, "NoSuchUpload"),
    ] {
        let answer = cloud.send(method, path, &[], "").await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(
            answer.text().contains(&format!("<Code>{code}</Code>")),
            "{method} {path}: {}",
            answer.text()
        );
    }
    let exists = cloud.send("PUT", "/bucket/k", &[("if-none-match", "*")], "y").await;
    assert_eq!(exists.status, 412);
    assert_eq!(cloud.send("GET", "/bucket/k", &[("range", "bytes=9-")], "").await.status, 416);
    cloud.stop().await;
}
