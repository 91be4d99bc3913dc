use local_cloud::Inventory;
use local_cloud::services::s3::ObjectAttributes;

use crate::support::{Parameters, TestCloud, template};

#[tokio::test(flavor = "multi_thread")]
async fn the_foundation_comes_and_goes() {
    let test = TestCloud::start().await;
    let outputs = test.foundation().await;
    assert!(outputs["ArtifactsBucket"].starts_with("artifacts-bucket-"), "{outputs:?}");
    assert!(outputs["RepositoryUri"].ends_with(&outputs["RepositoryName"]), "{outputs:?}");
    assert_eq!(outputs["PublicSubnetIds"].split(',').count(), 2);
    assert!(
        outputs["TopicArn"].starts_with("arn:aws:sns:us-east-1:000000000000:topic-Topic-"),
        "{outputs:?}"
    );
    for stem in ["topic", "network", "artifacts"] {
        assert_eq!(test.delete(stem).await, "DELETE_COMPLETE", "{}", test.reasons(stem));
    }
    assert_eq!(test.cloud.router().inventory(), Inventory::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_with_objects_stays_until_it_is_empty() {
    let test = TestCloud::start().await;
    let outputs = test.created("artifacts", &template("foundation/artifacts"), &Parameters::new()).await;
    let (s3, bucket) = (&test.services().s3, &outputs["ArtifactsBucket"]);
    s3.put_object(bucket, "key", "content".into(), ObjectAttributes::default()).await.unwrap();
    assert_eq!(test.delete("artifacts").await, "DELETE_FAILED");
    let reasons = test.reasons("artifacts");
    assert!(reasons.contains("Bucket DELETE_FAILED: Resource handler returned message: \"The bucket you tried to delete is not empty"), "{reasons}");
    s3.bucket(bucket).unwrap().delete("key", None);
    assert_eq!(test.delete("artifacts").await, "DELETE_COMPLETE");
}
