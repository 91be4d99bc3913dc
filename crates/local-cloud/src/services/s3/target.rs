//! What an S3 request is about: bucket and key, from the path or from the host.

use crate::wire::{WireRequest, percent_decode};

/// Bucket and key of a request; either may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    pub bucket: Option<String>,
    pub key: Option<String>,
}

impl Target {
    /// Reads `/bucket/key`, or the bucket from a host such as `bucket.s3.us-east-1.amazonaws.com` or `bucket.localhost:4566`.
    #[must_use]
    pub fn of(request: &WireRequest) -> Self {
        let path = request.uri.path().trim_start_matches('/');
        let host = request.header("host").or_else(|| request.uri.host()).unwrap_or_default();
        if let Some(bucket) = bucket_of_host(host) {
            return Self { bucket: Some(bucket.to_owned()), key: not_empty(path) };
        }
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        Self { bucket: not_empty(bucket), key: not_empty(key) }
    }
}

fn not_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| percent_decode(text))
}

fn bucket_of_host(host: &str) -> Option<&str> {
    let name = host.rsplit_once(':').map_or(host, |(name, _port)| name);
    for (at, _) in name.match_indices(".s3") {
        let rest = &name[at + 3..];
        if at > 0 && (rest.is_empty() || rest.starts_with('.') || rest.starts_with('-')) {
            return Some(&name[..at]);
        }
    }
    name.strip_suffix(".localhost").filter(|bucket| !bucket.is_empty() && *bucket != "s3")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{HeaderMap, Method};

    fn target(host: &str, path: &str) -> (Option<String>, Option<String>) {
        let mut headers = HeaderMap::new();
        headers.insert("host", host.parse().unwrap());
        let request = WireRequest::new(Method::GET, path.parse().unwrap(), headers, Bytes::new());
        let target = Target::of(&request);
        (target.bucket, target.key)
    }

    #[test]
    fn reads_path_and_host() {
        let both = (Some("b.c".to_owned()), Some("k/l m".to_owned()));
        assert_eq!(target("127.0.0.1:4566", "/b.c/k/l%20m"), both);
        for host in
            ["b.c.s3.amazonaws.com", "b.c.s3.eu-west-1.amazonaws.com", "b.c.localhost:80", "b.c.s3.localhost"]
        {
            assert_eq!(target(host, "/k/l%20m"), both, "{host}");
        }
        assert_eq!(target("localhost:4566", "/"), (None, None));
        assert_eq!(target("s3.us-east-1.amazonaws.com", "/b/"), (Some("b".to_owned()), None));
    }
}
