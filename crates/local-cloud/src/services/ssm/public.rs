//! The public parameters of AWS that name machine images. The images do not exist here: their names differ, as they do
//! from region to region, and the same name always gives the same image.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-ami.html>

use sha2::{Digest, Sha256};

use super::Parameter;

const FOLDER: &str = "/aws/service/ami-amazon-linux-latest/";
const NAMES: [&str; 10] = [
    "al2023-ami-kernel-default-x86_64",
    "al2023-ami-kernel-default-arm64",
    "al2023-ami-kernel-6.1-x86_64",
    "al2023-ami-kernel-6.1-arm64",
    "al2023-ami-minimal-kernel-default-x86_64",
    "al2023-ami-minimal-kernel-default-arm64",
    "al2023-ami-minimal-kernel-6.1-x86_64",
    "al2023-ami-minimal-kernel-6.1-arm64",
    "amzn2-ami-kernel-5.10-hvm-x86_64-gp2",
    "amzn2-ami-kernel-5.10-hvm-arm64-gp2",
];

/// The public parameter of a name, with or without the slash at its front.
pub(super) fn parameter(name: &str, region: &str) -> Option<Parameter> {
    let name = format!("/{}", name.trim_start_matches('/'));
    let image = name.strip_prefix(FOLDER)?;
    if !NAMES.contains(&image) {
        return None;
    }
    Some(Parameter {
        arn: format!("arn:aws:ssm:{region}::parameter{name}"),
        kind: "String".to_owned(),
        data_type: "aws:ec2:image".to_owned(),
        description: None,
        allowed_pattern: None,
        tags: std::collections::BTreeMap::new(),
        values: vec![image_id(image, region)],
        version: 1,
        modified_at: 0,
        name,
    })
}

/// The processor that an image is for, if one of the parameters names it.
pub(super) fn architecture(image: &str, region: &str) -> Option<&'static str> {
    let name = NAMES.into_iter().find(|name| image_id(name, region) == image)?;
    Some(if name.contains("arm64") { "arm64" } else { "x86_64" })
}

fn image_id(name: &str, region: &str) -> String {
    let digest = hex::encode(Sha256::digest(format!("{region} {name}")));
    format!("ami-0{}", &digest[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_have_stable_names_in_each_region() {
        let name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
        let image = |region| parameter(name, region).unwrap().value().to_owned();
        assert_eq!(image("us-east-1"), image("us-east-1"));
        assert_ne!(image("us-east-1"), image("eu-west-1"));
        assert!(image("us-east-1").starts_with("ami-0") && image("us-east-1").len() == 21);
        assert!(parameter("/aws/service/ami-amazon-linux-latest/other", "us-east-1").is_none());
        assert_eq!(architecture(&image("us-east-1"), "us-east-1"), Some("x86_64"));
        assert_eq!(architecture(&image("us-east-1"), "eu-west-1"), None);
        assert!(parameter("/mine", "us-east-1").is_none());
    }
}
