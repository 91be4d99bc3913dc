//! AWS Certificate Manager: certificates that the cloud's own authority signs once a hosted zone has proved the name.

mod authority;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_plane::tls;
use sha2::{Digest as _, Sha256};

pub use authority::{Authority, AuthorityError, Issued};
pub use wire::CertificateManagerApi;

use super::RegionContext;
use super::route53::{Record, RecordType, Route53, Route53Error};
use crate::wire::epoch_millis;

/// How long resolvers may remember the record that validates a name, in seconds.
const VALIDATION_TTL: u32 = 300;

/// Certificates of one region.
pub struct CertificateManager {
    context: Arc<RegionContext>,
    authority: Arc<Authority>,
    zones: Arc<Route53>,
    certificates: Mutex<BTreeMap<String, Certificate>>,
}

/// A certificate that was issued.
#[derive(Clone)]
pub struct Certificate {
    pub arn: String,
    /// The first name.
    pub domain: String,
    /// All names, the first among them.
    pub names: Vec<String>,
    pub validations: Vec<Validation>,
    pub serial: String,
    pub pem: String,
    pub chain: String,
    /// Milliseconds since the epoch, as all times here.
    pub created_at: i64,
    pub not_before: i64,
    pub not_after: i64,
    pub tags: BTreeMap<String, String>,
    /// What a port shows.
    pub tls: tls::Certificate,
}

/// How a name was proved: by a record in a hosted zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    pub name: String,
    pub zone: String,
    /// Name and value of the CNAME.
    pub record: (String, String),
}

/// Why Certificate Manager refuses.
#[derive(Debug, thiserror::Error)]
pub enum AcmError {
    #[error("Could not find certificate {0}.")]
    NotFound(String),
    #[error("Certificate {arn} in account {account} is in use by {}.", users.join(", "))]
    InUse { arn: String, account: String, users: Vec<String> },
    #[error(
        "{name} has no hosted zone in DomainValidationOptions; name the HostedZoneId, since only a zone of this cloud can prove a name here"
    )]
    NoZone { name: String },
    #[error(transparent)]
    Zone(#[from] Route53Error),
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

impl CertificateManager {
    /// A region without certificates.
    #[must_use]
    pub fn new(context: Arc<RegionContext>, authority: Arc<Authority>, zones: Arc<Route53>) -> Self {
        Self { context, authority, zones, certificates: Mutex::default() }
    }

    fn certificates(&self) -> MutexGuard<'_, BTreeMap<String, Certificate>> {
        self.certificates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What signs here.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Proves each name by a record in its zone of `zones`, and signs. The record stays when the certificate goes, as it does
    /// on AWS, since another certificate for the name may rely on it.
    ///
    /// # Errors
    /// A name has no zone, or one that it does not belong to.
    pub fn issue(
        &self,
        names: &[String],
        zones: &BTreeMap<String, String>,
        tags: BTreeMap<String, String>,
    ) -> Result<Certificate, AcmError> {
        let names: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        let mut validations: Vec<Validation> = Vec::new();
        for name in &names {
            let zone = zones.get(name).ok_or_else(|| AcmError::NoZone { name: name.clone() })?;
            validations.push(self.validation(name, zone));
        }
        for validation in &validations {
            let (name, value) = &validation.record;
            let record = Record::plain(name, RecordType::Cname, VALIDATION_TTL, vec![value.clone()]);
            self.zones.upsert(&validation.zone, record)?;
        }
        let issued = self.authority.issue(&names)?;
        let millis = |time: time::OffsetDateTime| time.unix_timestamp() * 1000;
        let certificate = Certificate {
            arn: self.context.arn("acm", &format!("certificate/{}", uuid::Uuid::new_v4())),
            domain: names.first().cloned().unwrap_or_default(),
            names,
            validations,
            serial: issued.serial,
            pem: issued.pem,
            chain: self.authority.pem().to_owned(),
            created_at: epoch_millis(),
            not_before: millis(issued.not_before),
            not_after: millis(issued.not_after),
            tags,
            tls: issued.certificate,
        };
        self.certificates().insert(certificate.arn.clone(), certificate.clone());
        Ok(certificate)
    }

    /// The record is the same for every certificate that an account has for a name.
    fn validation(&self, name: &str, zone: &str) -> Validation {
        let base = name.strip_prefix("*.").unwrap_or(name);
        let digest = hex::encode(Sha256::digest(format!("{}/{base}", self.context.account)));
        let (own, value) = digest.split_at(32);
        let record = (format!("_{own}.{base}."), format!("_{}.acm-validations.aws.", &value[..32]));
        Validation { name: name.to_owned(), zone: zone.to_owned(), record }
    }

    /// A certificate by ARN.
    pub fn certificate(&self, arn: &str) -> Result<Certificate, AcmError> {
        self.certificates().get(arn).cloned().ok_or_else(|| AcmError::NotFound(arn.to_owned()))
    }

    /// All certificates.
    #[must_use]
    pub fn all(&self) -> Vec<Certificate> {
        self.certificates().values().cloned().collect()
    }

    /// Changes the tags of a certificate.
    pub fn tag(&self, arn: &str, tags: BTreeMap<String, String>) -> Result<(), AcmError> {
        let mut certificates = self.certificates();
        let certificate = certificates.get_mut(arn).ok_or_else(|| AcmError::NotFound(arn.to_owned()))?;
        certificate.tags = tags;
        Ok(())
    }

    /// Deletes a certificate that nobody uses; one that is gone already is a success.
    ///
    /// # Errors
    /// `users` are not empty.
    pub fn delete(&self, arn: &str, users: Vec<String>) -> Result<(), AcmError> {
        if !users.is_empty() && self.certificates().contains_key(arn) {
            let account = self.context.account.clone();
            return Err(AcmError::InUse { arn: arn.to_owned(), account, users });
        }
        self.certificates().remove(arn);
        Ok(())
    }

    /// What a port shows that has these certificates, the first to clients that ask for an unknown name.
    ///
    /// # Errors
    /// There is no such certificate.
    pub fn tls(&self, arns: &[String], least: tls::TlsVersion) -> Result<tls::TlsSpec, AcmError> {
        let certificates = arns.iter().map(|arn| Ok(self.certificate(arn)?.tls));
        Ok(tls::TlsSpec {
            certificates: certificates.collect::<Result<_, AcmError>>()?,
            nameless: Some(self.authority.loopback().clone()),
            least,
        })
    }
}
