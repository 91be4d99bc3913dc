//! A table of items on an embedded cloud, which the real SDK talks to, and an authority whose tokens open it.

#![allow(dead_code, reason = "several tests share this module, and each uses a part of it")]

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use data_plane::launcher::Launcher;
use local_cloud::{Cloud, CloudOptions};
use workload::crud::Caller;
use workload::crud::token::{Authority, Mint, Secret};

pub const TABLE: &str = "items";
pub const SECRET: &str = "a secret of more than thirty-two bytes";

pub struct Table {
    pub cloud: Cloud,
    pub config: aws_config::SdkConfig,
    directory: tempfile::TempDir,
}

impl Table {
    /// Starts the cloud and makes the table.
    pub async fn start() -> Table {
        let directory = tempfile::tempdir().unwrap();
        let launcher = Launcher::new(std::env::current_exe().unwrap(), Vec::new());
        let listener = CloudOptions::bind(0).await.unwrap();
        let cloud = Cloud::start(CloudOptions::new(listener, directory.path().to_owned(), launcher));
        let cloud = cloud.await.unwrap();
        let credentials = aws_credential_types::Credentials::new("test", "test", None, None, "test");
        let config = workload::aws::loader()
            .endpoint_url(cloud.endpoint())
            .region(aws_config::Region::new("us-east-1"))
            .credentials_provider(credentials)
            .load()
            .await;
        let client = aws_sdk_dynamodb::Client::new(&config);
        let mut call = client.create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
        for (name, kind) in [("subject", KeyType::Hash), ("id", KeyType::Range)] {
            let attribute = AttributeDefinition::builder().attribute_name(name);
            let attribute = attribute.attribute_type(ScalarAttributeType::S).build().unwrap();
            let key = KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
            call = call.attribute_definitions(attribute).key_schema(key);
        }
        call.send().await.unwrap();
        Table { cloud, config, directory }
    }

    /// What a program must find in its environment to work on the table.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("TABLE_NAME", TABLE.to_owned()),
            ("AWS_ENDPOINT_URL", self.cloud.endpoint().to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ]
    }
}

/// What a program must find in its environment to check tokens.
pub fn identity() -> Vec<(&'static str, String)> {
    vec![
        ("TOKEN_SECRET", SECRET.to_owned()),
        ("TOKEN_ISSUER", "issuer".to_owned()),
        ("TOKEN_AUDIENCE", "items".to_owned()),
    ]
}

/// A valid `Authorization` header.
pub fn bearer(subject: &str, scopes: &str) -> String {
    let authority = Authority { issuer: "issuer".to_owned(), audience: "items".to_owned() };
    let mint = Mint::new(authority, &Secret::new(SECRET.to_owned()).unwrap());
    let caller = Caller::new(subject, scopes).unwrap();
    format!("Bearer {}", mint.token(&caller, SystemTime::now(), Duration::from_mins(5)).unwrap())
}
