//! ARNs: the engine writes those of a region and an account of its own.

use std::borrow::Cow;

use super::DynamoDbError;

/// The prefix of ARNs as this cloud has it, and as the engine has it.
#[derive(Debug)]
pub struct Arns {
    region: String,
    presented: String,
    stored: String,
}

impl Arns {
    pub fn new(region: &str, account: &str) -> Self {
        let prefix = |region: &str, account: &str| format!("arn:aws:dynamodb:{region}:{account}:");
        Self {
            region: region.to_owned(),
            presented: prefix(region, account),
            stored: prefix(dynoxide::streams::LOCAL_REGION, dynoxide::streams::LOCAL_ACCOUNT),
        }
    }

    /// The region that stream records name.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// An answer about tables, indexes or streams with the cloud's ARNs in place of the engine's. Names in such answers
    /// have no colon, so that nothing else can look like an ARN.
    pub fn present(&self, answer: String) -> String {
        if answer.contains(&self.stored) { answer.replace(&self.stored, &self.presented) } else { answer }
    }

    /// A request that names a stream by its ARN, in the engine's words.
    pub fn store<'a>(&self, request: &'a str) -> Cow<'a, str> {
        if request.contains(&self.presented) {
            Cow::Owned(request.replace(&self.presented, &self.stored))
        } else {
            Cow::Borrowed(request)
        }
    }

    /// Refuses the ARN of another region's or account's resource.
    pub fn check_own(&self, arn: &str) -> Result<(), DynamoDbError> {
        if arn.starts_with(&self.presented) {
            return Ok(());
        }
        Err(DynamoDbError::validation(format!(
            "Invalid TableArn: Invalid ResourceArn provided as input {arn}"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_those_of_the_region_and_the_account() {
        let arns = Arns::new("eu-west-1", "123456789012");
        let stored = dynoxide::streams::index_arn("Music", "Genre");
        let presented = "arn:aws:dynamodb:eu-west-1:123456789012:table/Music/index/Genre";
        assert_eq!(arns.present(stored.clone()), presented);
        assert_eq!(arns.store(presented), stored);
        assert!(arns.check_own(presented).is_ok());
        assert!(arns.check_own("arn:aws:dynamodb:eu-west-2:123456789012:table/Music").is_err());
    }
}
