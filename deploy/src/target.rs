//! The endpoint that a command works on, with clients for it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use signed_http::{SignedHttpError, Transport};
use stacks::{DeployedStack, Pacing};

use crate::failure::{Failure, chain};
use crate::local::{self, DEFAULT_REGION, Geography, Presence, Record, StateDir};
use crate::plan::Standing;
use crate::printer::Printer;
use crate::settings::{Distance, Settings, TargetKind};

/// Clients for one account and region.
#[derive(Clone)]
pub struct Target {
    pub kind: TargetKind,
    pub region: String,
    pub cloudformation: aws_sdk_cloudformation::Client,
    pub sqs: aws_sdk_sqs::Client,
    pub signed: signed_http::Client,
    pub pacing: Pacing,
    /// Whether what is made there costs money.
    pub costs: bool,
    /// The embedded cloud's address, for questions beside the AWS APIs.
    pub local_endpoint: Option<String>,
    /// PEM files of authorities that are trusted beside those of the machine.
    pub roots: Vec<PathBuf>,
    /// How far apart the embedded cloud's regions are made to be.
    pub distance: Distance,
    /// All regions of the embedded cloud; those of AWS are not known beforehand.
    pub regions: Vec<String>,
    config: SdkConfig,
}

/// Who the credentials belong to.
#[derive(Clone, Debug)]
pub struct Identity {
    pub account: String,
    pub arn: String,
}

impl Target {
    /// An embedded cloud that serves, with the PEM file of its authority.
    pub fn local(endpoint: &str, ca: &Path, region: Option<&str>, geography: &Geography) -> Self {
        let region = region.unwrap_or(DEFAULT_REGION).to_owned();
        // Nothing is read from the environment: the embedded cloud takes any credentials.
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.clone()))
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "test",
                "test",
                None,
                None,
                "the embedded cloud",
            )))
            .http_client(http_client())
            .timeout_config(timeouts())
            .build();
        let target = Self::of(&config, TargetKind::Local, region, Pacing::LOOPBACK);
        Self {
            local_endpoint: Some(endpoint.to_owned()),
            roots: vec![ca.to_owned()],
            signed: target.signed.with_transport(Transport::trusting(ca)),
            distance: geography.distance,
            regions: geography.regions.clone(),
            ..target
        }
    }

    /// AWS, or the endpoint of the settings, with the SDK's credential chain.
    pub async fn aws(settings: &Settings) -> Result<(Self, Identity), Failure> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client())
            .timeout_config(timeouts());
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.as_str().to_owned()));
        }
        if let Some(profile) = &settings.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(endpoint) = &settings.endpoint {
            loader = loader.endpoint_url(endpoint.as_str());
        }
        let config = loader.load().await;
        let Some(region) = config.region().map(|region| region.as_ref().to_owned()) else {
            return Err(Failure::new("no AWS region is configured").hint(
                "pass --region, or set AWS_REGION or a region in the profile; or take --target local",
            ));
        };
        let loopback = settings.endpoint.as_ref().is_some_and(crate::settings::Endpoint::is_loopback);
        let pacing = if loopback { Pacing::LOOPBACK } else { Pacing::AWS };
        let target = Self { costs: !loopback, ..Self::of(&config, TargetKind::Aws, region, pacing) };
        let identity = target.identity(settings).await?;
        Ok((target, identity))
    }

    fn of(config: &SdkConfig, kind: TargetKind, region: String, pacing: Pacing) -> Self {
        Self {
            kind,
            region,
            cloudformation: aws_sdk_cloudformation::Client::new(config),
            sqs: aws_sdk_sqs::Client::new(config),
            signed: signed_http::Client::new(config),
            pacing,
            costs: false,
            local_endpoint: None,
            roots: Vec::new(),
            distance: Distance::default(),
            regions: Vec::new(),
            config: config.clone(),
        }
    }

    /// The same account in another region.
    pub fn at(&self, region: &str) -> Self {
        if region == self.region {
            return self.clone();
        }
        let config = self.config.clone().into_builder().region(Region::new(region.to_owned())).build();
        let target = Self::of(&config, self.kind, region.to_owned(), self.pacing);
        Self {
            costs: self.costs,
            local_endpoint: self.local_endpoint.clone(),
            roots: self.roots.clone(),
            distance: self.distance,
            regions: self.regions.clone(),
            signed: target.signed.with_transport(self.signed.transport().clone()),
            ..target
        }
    }

    /// The same account in a region, or here where none is named.
    pub fn in_region(&self, region: Option<&str>) -> Self {
        self.at(region.unwrap_or(&self.region))
    }

    /// What stands here, for a plan.
    pub fn standing<'a>(&'a self, stacks: &'a [DeployedStack]) -> Standing<'a> {
        Standing { home: &self.region, stacks }
    }

    /// Refuses a region that the embedded cloud does not have. AWS answers for its own.
    pub fn has(&self, region: &str) -> Result<(), Failure> {
        if self.regions.is_empty() || self.regions.iter().any(|known| known == region) {
            return Ok(());
        }
        Err(Failure::new(format!(
            "the embedded cloud has no region {region}, only {}",
            self.regions.join(", ")
        ))
        .hint("name one of these"))
    }

    async fn identity(&self, settings: &Settings) -> Result<Identity, Failure> {
        let profile = settings.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok());
        let profile = profile.unwrap_or_else(|| "default".to_owned());
        let answer =
            self.signed.query("sts", "2011-06-15", "GetCallerIdentity", &[]).await.map_err(|error| {
                match error {
                    SignedHttpError::Credentials { .. } => Failure::new(format!(
                        "no AWS credentials found (profile \"{profile}\", region {})",
                        self.region
                    ))
                    .hint("aws sso login, or --target local"),
                    other => Failure::new(format!(
                        "the AWS credentials cannot be used (profile \"{profile}\", region {}): {}",
                        self.region,
                        chain(&other)
                    ))
                    .hint("aws sso login, another --profile, or --target local"),
                }
            })?;
        let text = |name| signed_http::xml::first_text(&answer, name);
        match (text("Account"), text("Arn")) {
            (Some(account), Some(arn)) => Ok(Identity { account, arn }),
            _ => Err(Failure::unexpected("the answer to GetCallerIdentity names no account")),
        }
    }

    /// The target of a command that works on what stands: `None` where no embedded cloud runs.
    pub async fn existing(
        settings: &Settings,
        state: &StateDir,
        printer: &Printer,
    ) -> Result<Option<Self>, Failure> {
        if settings.target == TargetKind::Aws {
            return Self::aws(settings).await.map(|(target, _)| Some(target));
        }
        match local::find(state).await {
            Presence::Serving(record) => Self::of_record(&record, settings).map(Some),
            Presence::Died(record) => {
                printer.warn(&format!("{}; `deploy up` starts a new one", local::died(&record)));
                Ok(None)
            }
            Presence::Mute(record) => Err(mute(&record)),
            Presence::Absent => Ok(None),
        }
    }

    /// The target of a command that makes something: starts the embedded cloud where none runs.
    pub async fn ensured(settings: &Settings, state: &StateDir, printer: &Printer) -> Result<Self, Failure> {
        if settings.target == TargetKind::Aws {
            return Self::aws(settings).await.map(|(target, _)| target);
        }
        let record = match local::find(state).await {
            Presence::Serving(record) => record,
            Presence::Mute(record) => return Err(mute(&record)),
            Presence::Died(record) => {
                printer.warn(&format!("{}; starting a new one", local::died(&record)));
                local::start(state, 0, settings).await?
            }
            Presence::Absent => local::start(state, 0, settings).await?,
        };
        Self::of_record(&record, settings)
    }

    fn of_record(record: &Record, settings: &Settings) -> Result<Self, Failure> {
        let region = settings.region.as_ref().map(crate::settings::Region::as_str);
        if let Some(region) = region.filter(|region| !record.regions.iter().any(|known| known == region)) {
            return Err(Failure::new(format!(
                "the embedded cloud at {} has no region {region}, only {}",
                record.endpoint,
                record.regions.join(", ")
            ))
            .hint("leave --region out, or `deploy local stop` and `deploy up` again"));
        }
        let distance = Distance::from(record.distance_ms);
        let geography = Geography { regions: record.regions.clone(), distance };
        if settings.distance != Distance::default() && settings.distance != distance {
            return Err(Failure::new(format!(
                "calls to another region of the embedded cloud at {} take {} ms longer, not {} ms",
                record.endpoint,
                distance.millis(),
                settings.distance.millis()
            ))
            .hint("leave --distance-ms out, or `deploy local stop` and `deploy up` again"));
        }
        Ok(Self::local(&record.endpoint, &record.ca, region, &geography))
    }

    /// How the target is named in a heading.
    pub fn describe(&self) -> String {
        match (&self.local_endpoint, self.kind) {
            (Some(endpoint), _) => {
                let apart = match self.distance.millis() {
                    0 => String::new(),
                    millis => format!("   calls to another region take {millis} ms longer"),
                };
                format!(
                    "local (embedded cloud at {endpoint}; latencies are this machine's, not AWS's)   region {}{apart}",
                    self.region
                )
            }
            (None, kind) => format!("{}   region {}", kind.name(), self.region),
        }
    }
}

fn mute(record: &Record) -> Failure {
    Failure::new(format!("the embedded cloud (pid {}) at {} does not answer", record.pid, record.endpoint))
        .hint(format!("its log is {}; `deploy local stop` ends it", record.log.display()))
}

/// ring starts faster than the SDK's default provider.
fn http_client() -> aws_sdk_cloudformation::config::SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_mins(1))
        .build()
}
