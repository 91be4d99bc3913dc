use std::net::SocketAddr;
use std::sync::Arc;

use http::StatusCode;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Parameters, TestCloud};

const TEMPLATE: &str = r#"
Parameters:
  Answer: {Type: String, Default: one}
  VpcId: {Type: String}
  PublicSubnetIds: {Type: "List<AWS::EC2::Subnet::Id>"}
Resources:
  Zone:
    Type: AWS::Route53::HostedZone
    Properties: {Name: example.com}
  Certificate:
    Type: AWS::CertificateManager::Certificate
    Properties:
      DomainName: web.example.com
      SubjectAlternativeNames: [api.example.com]
      ValidationMethod: DNS
      DomainValidationOptions:
        - {DomainName: web.example.com, HostedZoneId: !Ref Zone}
        - {DomainName: api.example.com, HostedZoneId: !Ref Zone}
  WebRecord:
    Type: AWS::Route53::RecordSet
    Properties:
      HostedZoneId: !Ref Zone
      Name: web.example.com
      Type: A
      AliasTarget: {DNSName: !GetAtt Balancer.DNSName, HostedZoneId: !GetAtt Balancer.CanonicalHostedZoneID}
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Subnets: !Ref PublicSubnetIds}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Port: 80
      Protocol: HTTP
      DefaultActions:
        - {Type: redirect, RedirectConfig: {Protocol: HTTPS, Port: "443", StatusCode: HTTP_301}}
  SecureListener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Port: 443
      Protocol: HTTPS
      SslPolicy: ELBSecurityPolicy-TLS13-1-2-2021-06
      Certificates: [{CertificateArn: !Ref Certificate}]
      DefaultActions:
        - {Type: fixed-response, FixedResponseConfig: {StatusCode: "200", MessageBody: !Ref Answer}}
  ApiRecord:
    Type: AWS::Route53::RecordSet
    Properties:
      HostedZoneName: example.com.
      Name: api.example.com
      Type: A
      AliasTarget: {DNSName: !GetAtt Domain.RegionalDomainName, HostedZoneId: !GetAtt Domain.RegionalHostedZoneId}
  Domain:
    Type: AWS::ApiGateway::DomainName
    Properties:
      DomainName: api.example.com
      RegionalCertificateArn: !Ref Certificate
      EndpointConfiguration: {Types: [REGIONAL]}
      SecurityPolicy: TLS_1_2
  Mapping:
    Type: AWS::ApiGateway::BasePathMapping
    Properties: {DomainName: !Ref Domain, RestApiId: !Ref Api, Stage: !Ref Stage}
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties: {Name: api}
  Method:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: GET
      AuthorizationType: NONE
      Integration:
        Type: MOCK
        RequestTemplates: {application/json: '{"statusCode":200}'}
        IntegrationResponses:
          - {StatusCode: "200", ResponseTemplates: {application/json: '{"path":"$context.path"}'}}
      MethodResponses: [{StatusCode: "200"}]
  Deployment:
    Type: AWS::ApiGateway::Deployment
    DependsOn: Method
    Properties: {RestApiId: !Ref Api}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: v1}
Outputs:
  Zone: {Value: !Ref Zone}
  Certificate: {Value: !Ref Certificate}
  BalancerArn: {Value: !Ref Balancer}
  Web: {Value: "https://web.example.com"}
  Plain: {Value: "http://web.example.com"}
  Api: {Value: "https://api.example.com"}
"#;

/// What trusts a cloud.
struct Client(Arc<ClientConfig>);

impl Client {
    fn of(test: &TestCloud) -> Self {
        let authority = CertificateDer::from_pem_file(test.cloud.authority_file()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(authority).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        Self(Arc::new(builder.unwrap().with_root_certificates(roots).with_no_client_auth()))
    }

    /// The answer to a GET over TLS for `name`, whose certificate must hold.
    async fn get(&self, address: SocketAddr, name: &str, path: &str) -> String {
        let stream = TcpStream::connect(address).await.unwrap();
        let server = ServerName::try_from(name.to_owned()).unwrap();
        let connector = tokio_rustls::TlsConnector::from(Arc::clone(&self.0));
        let stream =
            connector.connect(server, stream).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        exchange(stream, name, path).await
    }
}

async fn exchange(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin, host: &str, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A server that closes without saying so has still said everything.
    let _end = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

/// The address in an output, which must begin with `scheme`.
fn address(url: &str, scheme: &str) -> SocketAddr {
    url.strip_prefix(scheme).unwrap_or_else(|| panic!("{url}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn domains_are_served_with_tls() {
    let test = TestCloud::start().await;
    let mut parameters = test.foundation().await;
    let outputs = test.created("named", TEMPLATE, &parameters).await;
    let client = Client::of(&test);

    let (web, api) = (address(&outputs["Web"], "https://"), address(&outputs["Api"], "https://"));
    for name in ["web.example.com", "127.0.0.1", "localhost"] {
        let answer = client.get(web, name, "/").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("one"), "{answer}");
    }
    let answer = client.get(api, "api.example.com", "/").await;
    assert!(answer.ends_with(r#"{"path":"/"}"#), "the stage is not part of the path: {answer}");
    let plain = TcpStream::connect(address(&outputs["Plain"], "http://")).await.unwrap();
    let answer = exchange(plain, "web.example.com", "/a?b=c").await;
    assert!(answer.starts_with("HTTP/1.1 301"), "{answer}");
    assert!(answer.contains("location: https://web.example.com:443/a?b=c\r\n"), "{answer}");

    described(&test, &outputs).await;

    // A change of the listener is seen at the same port.
    parameters.insert("Answer".to_owned(), "two".to_owned());
    test.updated("named", TEMPLATE, &parameters).await;
    assert!(client.get(web, "web.example.com", "/").await.ends_with("two"));

    // The records that proved the names stay behind, as on AWS, and keep the zone from being deleted.
    assert_eq!(test.delete("named").await, "DELETE_FAILED");
    assert!(
        test.reasons("named").contains("contains non-required resource record sets"),
        "{}",
        test.reasons("named")
    );
    let zone = test.services().route53.zone(&outputs["Zone"]).unwrap();
    let left: Vec<&str> = zone.records().map(|record| record.kind.name()).collect();
    assert_eq!(left, ["NS", "SOA", "CNAME", "CNAME"]);
    let inventory = test.cloud.router().inventory();
    let about = |kind: &str| inventory.others.iter().filter(|other| other.starts_with(kind)).count();
    assert_eq!(
        ["certificate", "domain-name", "load-balancer", "hosted-zone", "validation-record"].map(about),
        [0, 0, 0, 1, 2]
    );
    test.cloud.stop().await;
}

/// What the APIs say about it all.
async fn described(test: &TestCloud, outputs: &Parameters) {
    let arn = &outputs["Certificate"];
    let asked = json!({"CertificateArn": arn});
    let described = test.aws_json("acm", "CertificateManager.DescribeCertificate", &asked).await;
    let certificate = &described["Certificate"];
    assert_eq!(
        (&certificate["Status"], &certificate["DomainName"]),
        (&json!("ISSUED"), &json!("web.example.com"))
    );
    assert_eq!(certificate["InUseBy"].as_array().unwrap().len(), 2, "{certificate}");
    let record = &certificate["DomainValidationOptions"][0]["ResourceRecord"];
    let zone = test.services().route53.zone(&outputs["Zone"]).unwrap();
    let cname = zone.records().find(|found| record["Name"] == json!(found.name)).unwrap();
    assert_eq!(json!(cname.values[0]), record["Value"]);

    let (status, domain) = test.rest("apigateway", "GET", "/domainnames/api.example.com", "").await;
    assert_eq!((status, &domain["regionalCertificateArn"]), (StatusCode::OK, &json!(arn)));
    let (_, mappings) =
        test.rest("apigateway", "GET", "/domainnames/api.example.com/basepathmappings", "").await;
    assert_eq!(
        (&mappings["item"][0]["basePath"], &mappings["item"][0]["stage"]),
        (&json!("(none)"), &json!("v1"))
    );
    let listeners = test.services().elbv2.listeners(&outputs["BalancerArn"]);
    let tls: Vec<_> =
        listeners.iter().map(|listener| listener.tls.as_ref().map(|tls| &tls.certificates)).collect();
    assert_eq!(tls, [None, Some(&vec![arn.clone()])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_proved_is_refused() {
    for (from, to, reason) in [
        (", HostedZoneId: !Ref Zone}", "}", "web.example.com has no hosted zone in DomainValidationOptions"),
        (
            "Properties: {Name: example.com}",
            "Properties: {Name: example.net}",
            "is not permitted in zone example.net.",
        ),
        (
            "      SslPolicy: ELBSecurityPolicy-TLS13-1-2-2021-06\n",
            "",
            "'ELBSecurityPolicy-2016-08' is not offered here",
        ),
        (
            "      Certificates: [{CertificateArn: !Ref Certificate}]\n",
            "",
            "A certificate must be specified for HTTPS listeners",
        ),
        ("{Types: [REGIONAL]}", "{Types: [EDGE]}", "EDGE"),
    ] {
        assert!(TEMPLATE.contains(from), "{from}");
        let test = TestCloud::start().await;
        let parameters = test.foundation().await;
        test.create("refused", &TEMPLATE.replace(from, to), &parameters).await;
        let reasons = test.reasons("refused");
        assert!(reasons.contains(reason), "{reason}: {reasons}");
        test.cloud.stop().await;
    }
}
