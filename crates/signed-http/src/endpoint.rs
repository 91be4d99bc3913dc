//! Where a service is.

/// The address of a service, without a trailing slash: the configured one, or AWS's regional one.
///
/// S3 is addressed path-style, so that one host and one certificate serve every bucket name.
/// <https://docs.aws.amazon.com/general/latest/gr/rande.html>
pub(crate) fn resolve(configured: Option<&str>, service: &str, region: &str) -> String {
    if let Some(endpoint) = configured {
        return endpoint.trim_end_matches('/').to_owned();
    }
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    match service {
        // Services that are the same in every region.
        "iam" | "route53" => format!("https://{service}.{suffix}"),
        "ecr" => format!("https://api.ecr.{region}.{suffix}"),
        _ => format!("https://{service}.{region}.{suffix}"),
    }
}

/// The region that a request is signed for: that of the service's endpoint.
pub(crate) fn signing_region<'a>(service: &str, region: &'a str) -> &'a str {
    match (service, region) {
        ("iam", region) if region.starts_with("cn-") => "cn-north-1",
        ("route53", region) if region.starts_with("cn-") => "cn-northwest-1",
        ("iam" | "route53", _) => "us-east-1",
        _ => region,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_found_by_region_and_partition() {
        assert_eq!(resolve(None, "logs", "eu-west-1"), "https://logs.eu-west-1.amazonaws.com");
        assert_eq!(resolve(None, "s3", "us-east-1"), "https://s3.us-east-1.amazonaws.com");
        assert_eq!(resolve(None, "ecr", "us-east-1"), "https://api.ecr.us-east-1.amazonaws.com");
        assert_eq!(resolve(None, "sts", "cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn");
        assert_eq!(resolve(None, "iam", "eu-west-1"), "https://iam.amazonaws.com");
        assert_eq!(resolve(None, "route53", "eu-west-1"), "https://route53.amazonaws.com");
        assert_eq!(signing_region("iam", "eu-west-1"), "us-east-1");
        assert_eq!(signing_region("route53", "eu-west-1"), "us-east-1");
        assert_eq!(signing_region("logs", "eu-west-1"), "eu-west-1");
    }

    #[test]
    fn a_configured_endpoint_wins() {
        assert_eq!(resolve(Some("http://127.0.0.1:4566/"), "ecr", "us-east-1"), "http://127.0.0.1:4566");
    }
}
