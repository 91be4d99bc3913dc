use data_plane::tls::{Certificate, TlsError};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber,
};
use time::{Duration, OffsetDateTime};

/// How long certificates are valid: as long as those of ACM.
/// <https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html>
const VALIDITY: Duration = Duration::days(198);
/// How long the authority itself is valid; it ends with the cloud.
const OWN_VALIDITY: Duration = Duration::days(3650);
/// Clocks of clients may be slow.
const SLACK: Duration = Duration::hours(1);

/// What signs the certificates of one cloud. Its key is made when the cloud starts and never leaves memory.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    loopback: Certificate,
}

/// A certificate that was just signed.
pub struct Issued {
    /// What a port shows.
    pub certificate: Certificate,
    pub pem: String,
    /// Pairs of hex digits with colons between them.
    pub serial: String,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
}

/// Why nothing could be signed.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("the certificate of {name} cannot be made: {source}")]
    Certificate { name: String, source: rcgen::Error },
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Authority {
    /// The name under which it signs.
    pub const NAME: &'static str = "Embedded cloud";

    /// A new authority.
    ///
    /// # Errors
    /// There is no randomness for a key.
    pub fn new() -> Result<Self, AuthorityError> {
        let wrong = |source| AuthorityError::Certificate { name: Self::NAME.to_owned(), source };
        let mut params = params(&[], OWN_VALIDITY).map_err(wrong)?;
        params.distinguished_name.push(DnType::CommonName, Self::NAME);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(wrong)?;
        let pem = params.self_signed(&key).map_err(wrong)?.pem();
        let issuer = Issuer::new(params, key);
        let own = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let loopback = issue(&issuer, &own)?.certificate;
        Ok(Self { issuer, pem, loopback })
    }

    /// Its certificate, which clients have to trust.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// For clients that connect to an address since names of the cloud do not resolve: `127.0.0.1` and `localhost`.
    #[must_use]
    pub fn loopback(&self) -> &Certificate {
        &self.loopback
    }

    /// Signs a certificate for `names`, the first of which is its subject.
    ///
    /// # Errors
    /// A name cannot stand in a certificate.
    pub fn issue(&self, names: &[String]) -> Result<Issued, AuthorityError> {
        issue(&self.issuer, names)
    }
}

fn params(names: &[String], validity: Duration) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    let now = OffsetDateTime::now_utc();
    let now = now.replace_nanosecond(0).unwrap_or(now);
    params.not_before = now - SLACK;
    params.not_after = now + validity;
    Ok(params)
}

fn issue(issuer: &Issuer<'_, KeyPair>, names: &[String]) -> Result<Issued, AuthorityError> {
    let name = names.first().cloned().unwrap_or_default();
    let wrong = |source| AuthorityError::Certificate { name: name.clone(), source };
    let mut params = params(names, VALIDITY).map_err(wrong)?;
    params.distinguished_name.push(DnType::CommonName, name.clone());
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    // The first bit is clear, so that the number is positive as it is.
    let mut serial = *uuid::Uuid::new_v4().as_bytes();
    serial[0] &= 0x7f;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    let key = KeyPair::generate().map_err(wrong)?;
    let signed = params.signed_by(&key, issuer).map_err(wrong)?;
    let certificate = Certificate::new(names, vec![signed.der().to_vec()], key.serialize_der())?;
    let serial: Vec<String> = serial.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Issued {
        certificate,
        pem: signed.pem(),
        serial: serial.join(":"),
        not_before: params.not_before,
        not_after: params.not_after,
    })
}
